//! Watches what a site is made of, and says which paths changed.
//!
//! Content, templates, themes and static files are watched with all below them, and `site.yaml` and `strings.yaml` beside
//! them; not the output, nor anything else that lies in the site's folder. Where the system cannot say what changed, anything
//! may have. What is said too much costs a build; nothing may be left unsaid.

mod seen;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use notify_debouncer_full::notify::event::{AccessKind, AccessMode, CreateKind, EventKind, ModifyKind, RemoveKind};
use notify_debouncer_full::notify::{self, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, DebouncedEvent, Debouncer, RecommendedCache, new_debouncer};

use crate::diagnostic::Diagnostic;
use crate::fs::{self, Kind};
use crate::load::names;
use crate::serve::keeper::Changes;
use seen::Seen;

/// For how long the events of a path are gathered, and how often it is seen whether that is over. A writer waits for it with
/// every save; a file that is still being written then is told of once more.
const GATHER: Duration = Duration::from_millis(5);
const TICK: Duration = Duration::from_micros(2_500);
/// After how long a site is looked at once more in which folders came and went: what is written into a folder before it is
/// watched has no event.
const SETTLE: Duration = Duration::from_millis(250);
/// How often it is seen whether the folders that are watched are still those that lie there: of one that is put into the place
/// of another, the system says nothing. What cannot be watched is looked at as often.
const LOOK: Duration = Duration::from_secs(2);

const FOLDERS: [&str; 4] = ["content", "static", "templates", "themes"];
const FILES: [&str; 2] = ["site.yaml", "strings.yaml"];

/// Watches for as long as it lives.
#[derive(Debug)]
pub struct Watch {
    stop: mpsc::Sender<Message>,
}

#[derive(Debug)]
enum Message {
    Events(Vec<DebouncedEvent>),
    /// The system did not say what happened.
    Lost(Vec<notify::Error>),
    Stop,
}

/// Watches the site in this folder: `sender` is told of changes, as absolute paths.
///
/// # Errors
///
/// A folder that cannot be watched.
pub fn watch(root: &Path, sender: mpsc::Sender<Changes>) -> Result<Watch, Box<Diagnostic>> {
    let root = fs::canonicalize(root).map_err(|error| Box::new(Diagnostic::setup(error.to_string())))?;
    let (stop, messages) = mpsc::channel();
    let mut watcher = Watcher::new(root, stop.clone())?;
    let own = watcher.own();
    watcher.watch_own()?;
    watcher.watch_linked();
    watcher.standing = [own, watcher.beside()].concat();
    std::thread::spawn(move || watcher.run(&messages, &sender));
    Ok(Watch { stop })
}

impl Drop for Watch {
    fn drop(&mut self) {
        // The thread may have ended already.
        drop(self.stop.send(Message::Stop));
    }
}

fn refused(path: &Path, error: &notify::Error) -> Box<Diagnostic> {
    let fault = Diagnostic::setup(format!("`{}` cannot be watched: {error}", path.display()));
    Box::new(if is_limit(error) { fault.help(RAISE) } else { fault })
}

const RAISE: &str = "Linux limits how many folders are watched: raise `fs.inotify.max_user_watches`";

fn is_limit(error: &notify::Error) -> bool {
    matches!(error.kind, notify::ErrorKind::MaxFilesWatch)
}

fn inode(path: &Path) -> Option<u64> {
    fs::metadata_followed(path).ok().flatten().map(|found| found.inode)
}

/// Whether there is something that the system does not watch, and whether that was said.
#[derive(Default)]
struct Unwatched {
    any: bool,
    untold: Option<Diagnostic>,
}

impl Unwatched {
    /// Takes note of it. A folder that vanished meanwhile need not be watched.
    fn note(&mut self, error: &notify::Error) {
        let gone = match &error.kind {
            notify::ErrorKind::PathNotFound | notify::ErrorKind::WatchNotFound => true,
            notify::ErrorKind::Io(error) => error.kind() == std::io::ErrorKind::NotFound,
            notify::ErrorKind::Generic(_) | notify::ErrorKind::InvalidConfig(_) | notify::ErrorKind::MaxFilesWatch => {
                false
            }
        };
        if gone || self.any {
            return;
        }
        let why = if is_limit(error) { "the system watches no more folders".to_owned() } else { error.to_string() };
        let warning = Diagnostic::warning(format!("a part of the site cannot be watched: {why}"));
        let seconds = LOOK.as_secs();
        let help = format!("the whole site is looked at every {seconds} seconds in its stead, so edits show later");
        let help = if is_limit(error) { format!("{RAISE}; {help}") } else { help };
        *self = Self { any: true, untold: Some(warning.help(help)) };
    }
}

struct Watcher {
    root: PathBuf,
    debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    /// What is watched beside [`FOLDERS`]: folders that a symbolic link leads to, with all below them, those in which such a
    /// file lies, and files that have other names.
    linked: BTreeMap<PathBuf, bool>,
    /// What symbolic links lead to, wherever it lies: what happens there may be anything.
    targets: BTreeSet<PathBuf>,
    /// Which folders they were that were watched last.
    standing: Vec<Option<u64>>,
    /// What lay there when it was looked at last, and what was told since; where it is not known, anything may.
    seen: Option<Seen>,
    /// Whether the site is to be looked at once more.
    settling: bool,
    unwatched: Unwatched,
}

impl Watcher {
    /// One that watches nothing yet, and sends what it will be told.
    fn new(root: PathBuf, events: mpsc::Sender<Message>) -> Result<Self, Box<Diagnostic>> {
        let tell = move |gathered: DebounceEventResult| {
            // Where nobody watches any more, nobody is to be told.
            drop(events.send(gathered.map_or_else(Message::Lost, Message::Events)));
        };
        let debouncer = new_debouncer(GATHER, Some(TICK), tell).map_err(|error| refused(&root, &error))?;
        Ok(Self {
            root,
            debouncer,
            linked: BTreeMap::new(),
            targets: BTreeSet::new(),
            standing: Vec::new(),
            seen: None,
            settling: false,
            unwatched: Unwatched::default(),
        })
    }

    /// Until nobody listens any more.
    fn run(mut self, messages: &mpsc::Receiver<Message>, sender: &mpsc::Sender<Changes>) {
        loop {
            let changes = match messages.recv_timeout(if self.settling { SETTLE } else { LOOK }) {
                Ok(Message::Events(events)) => self.happened(&events),
                Ok(Message::Lost(errors)) => {
                    errors.iter().for_each(|error| self.unwatched.note(error));
                    // A build opens thousands of files, which the system tells as well. It must not bring about the next one.
                    self.unseen()
                }
                Err(RecvTimeoutError::Timeout) => self.quiet(),
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            };
            let changes = match self.unwatched.untold.take() {
                Some(warning) => Some(Changes::Unwatched(warning)),
                None => changes,
            };
            if changes.is_some_and(|changes| sender.send(changes).is_err()) {
                return;
            }
        }
    }

    /// What there is to tell of events.
    fn happened(&mut self, events: &[DebouncedEvent]) -> Option<Changes> {
        let changes = self.changes(events);
        let (again, is_lost) = (self.follow(events), events.iter().any(|event| event.need_rescan()));
        self.settling |= again;
        if again || is_lost {
            // Before anybody is told: what is written from now on is seen when all has settled.
            let unseen = self.unseen();
            return if is_lost { unseen.or(changes) } else { changes.or(unseen) };
        }
        match &changes {
            Some(Changes::Paths(paths)) => self.seen.iter_mut().for_each(|seen| seen.renew(paths)),
            Some(Changes::Everything | Changes::Unwatched(_)) => self.seen = None,
            None => {}
        }
        changes
    }

    /// What there is to tell when nothing happened for a while.
    fn quiet(&mut self) -> Option<Changes> {
        let own = self.own();
        if !self.settling && [own.clone(), self.beside()].concat() == self.standing {
            return if self.unwatched.any { self.unseen() } else { None };
        }
        self.settling = false;
        if fs::exists(&self.root).unwrap_or(false) {
            // What stood there before is not what is watched now.
            for folder in std::iter::once(self.root.clone()).chain(FOLDERS.map(|folder| self.root.join(folder))) {
                drop(self.debouncer.unwatch(folder));
            }
            for gone in std::mem::take(&mut self.linked).keys() {
                drop(self.debouncer.unwatch(gone));
            }
            let watched = self.watch_own();
            self.watch_linked();
            if watched.is_ok() {
                self.standing = [own, self.beside()].concat();
            }
        }
        self.unseen()
    }

    /// Watches the site's own folders.
    fn watch_own(&mut self) -> Result<(), Box<Diagnostic>> {
        let below = FOLDERS.map(|folder| (self.root.join(folder), RecursiveMode::Recursive));
        let mut first = None;
        for (folder, mode) in std::iter::once((self.root.clone(), RecursiveMode::NonRecursive)).chain(below) {
            let is_folder = fs::metadata_followed(&folder).ok().flatten().is_some_and(|is| is.kind == Kind::Folder);
            if let Some(error) = is_folder.then(|| self.debouncer.watch(&folder, mode).err()).flatten() {
                self.unwatched.note(&error);
                first = first.or(Some(refused(&folder, &error)));
            }
        }
        first.map_or(Ok(()), Err)
    }

    /// A link tells nothing of what is written to the file that it leads to, nor does a folder of what is written to a file by
    /// another name that it has.
    fn watch_linked(&mut self) {
        let mut linked = BTreeMap::new();
        let mut targets = BTreeSet::new();
        let is_link = |path: &Path| fs::metadata(path).ok().flatten().is_some_and(|found| found.kind == Kind::Symlink);
        // What cannot be read is a fault of the build.
        let below = FOLDERS.iter().flat_map(|folder| fs::walk(&self.root.join(folder)).unwrap_or_default());
        let (links, files): (Vec<_>, Vec<_>) = below.partition(|entry| entry.kind == Kind::Symlink);
        let top = || FOLDERS.iter().chain(&FILES).map(|name| self.root.join(name));
        for link in links.into_iter().map(|entry| entry.path).chain(top().filter(|path| is_link(path))) {
            let Ok(target) = fs::canonicalize(&link) else { continue };
            let is_folder = fs::metadata(&target).ok().flatten().is_some_and(|found| found.kind == Kind::Folder);
            let folder = if is_folder { Some(target.as_path()) } else { target.parent() };
            if let Some(folder) = folder {
                *linked.entry(folder.to_owned()).or_insert(false) |= is_folder;
            }
            targets.insert(target);
        }
        self.targets = targets;
        linked.retain(|folder, _| !FOLDERS.iter().any(|ours| folder.starts_with(self.root.join(ours))));
        linked.remove(&self.root);
        let files = files.into_iter().filter(|entry| entry.kind == Kind::File).map(|entry| entry.path);
        let named = files.chain(top()).filter(|path| fs::has_other_names(path).unwrap_or(false));
        linked.extend(named.map(|path| (path, false)));
        for gone in self.linked.keys().filter(|path| !linked.contains_key(*path)) {
            drop(self.debouncer.unwatch(gone));
        }
        for (come, below) in linked.iter().filter(|(path, below)| self.linked.get(*path) != Some(*below)) {
            let mode = if *below { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            if let Err(error) = self.debouncer.watch(come, mode) {
                self.unwatched.note(&error);
            }
        }
        self.linked = linked;
    }

    /// Which folders are the site's own now.
    fn own(&self) -> Vec<Option<u64>> {
        std::iter::once(inode(&self.root)).chain(FOLDERS.map(|folder| inode(&self.root.join(folder)))).collect()
    }

    /// What else is watched, as it lies there now.
    fn beside(&self) -> Vec<Option<u64>> {
        self.linked.keys().map(|path| inode(path)).collect()
    }

    fn look(&self) -> Seen {
        let below = FOLDERS.iter().flat_map(|folder| fs::walk(&self.root.join(folder)).unwrap_or_default());
        let own = below.map(|entry| entry.path).chain(FILES.map(|file| self.root.join(file)));
        let linked = self.targets.iter().flat_map(|target| fs::walk(target).unwrap_or_default());
        Seen::of(own.filter(|path| self.is_source(path)).chain(linked.map(|entry| entry.path)))
    }

    /// Everything, where something is not as it was seen last.
    fn unseen(&mut self) -> Option<Changes> {
        let now = self.look();
        let changed = self.seen.as_ref() != Some(&now);
        self.seen = Some(now);
        changed.then_some(Changes::Everything)
    }

    /// Whether the site is to be looked at once more after these: folders, links and files with other names came or went.
    fn follow(&self, events: &[DebouncedEvent]) -> bool {
        events.iter().filter(|event| !event.kind.is_access()).any(|event| {
            let of_folder =
                matches!(event.kind, EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder));
            let came = matches!(event.kind, EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)));
            let went = matches!(event.kind, EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_)));
            event.paths.iter().any(|path| {
                let is_plain = || {
                    let found = fs::metadata(path).ok().flatten();
                    found.is_none_or(|found| found.kind == Kind::File) && !fs::has_other_names(path).unwrap_or(false)
                };
                let is_top = path.parent() == Some(&self.root);
                (went && (*path == self.root || self.linked.contains_key(path)))
                    || (self.is_source(path) && (of_folder || (came && (is_top || !is_plain()))))
            })
        })
    }

    fn changes(&self, events: &[DebouncedEvent]) -> Option<Changes> {
        let changed = events.iter().filter(|event| match event.kind {
            // To read a file is no change of it.
            EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
            EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => {
                true
            }
        });
        let mut paths = BTreeSet::new();
        for path in changed.flat_map(|event| &event.paths) {
            if path.ancestors().any(|part| self.targets.contains(part)) {
                return Some(Changes::Everything);
            }
            if self.is_source(path) {
                paths.insert(path.clone());
            }
        }
        (!paths.is_empty()).then_some(Changes::Paths(paths))
    }

    /// Whether a build reads what lies there, or looks for it.
    fn is_source(&self, path: &Path) -> bool {
        let Ok(below) = path.strip_prefix(&self.root) else { return false };
        let mut names = below.components().map(|name| name.as_os_str().to_string_lossy());
        let Some(first) = names.next() else { return false };
        FILES.contains(&first.as_ref())
            || (FOLDERS.contains(&first.as_ref()) && !names.any(|name| names::is_ignored(&name)))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use notify_debouncer_full::notify::Event;
    use notify_debouncer_full::notify::event::{CreateKind, Flag};

    use super::*;

    /// The system says that it lost some: a file that it told of and that is gone since must not stay.
    #[test]
    fn what_is_lost_is_missed_though_all_is_as_it_was_before() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(&root.join("content")).unwrap();
        fs::write_new(&root.join("content/a.md"), b"a").unwrap();
        let mut watcher = Watcher::new(root.clone(), mpsc::channel().0).unwrap();
        let event = |kind, path: Option<&Path>| {
            let event = path.into_iter().fold(Event::new(kind), |event, path| event.add_path(path.to_owned()));
            DebouncedEvent { event, time: Instant::now() }
        };
        let lost = || {
            let DebouncedEvent { event, time } = event(EventKind::Other, None);
            DebouncedEvent { event: event.set_flag(Flag::Rescan), time }
        };
        assert_eq!(watcher.happened(&[lost()]), Some(Changes::Everything), "nothing was known yet");
        assert_eq!(watcher.happened(&[lost()]), None);
        let new = root.join("content/b.md");
        fs::write_new(&new, b"b").unwrap();
        let created = event(EventKind::Create(CreateKind::File), Some(&new));
        assert_eq!(watcher.happened(&[created]), Some(Changes::Paths([new.clone()].into())));
        assert_eq!(watcher.happened(&[lost()]), None, "it was told");
        fs::remove_file(&new).unwrap();
        assert_eq!(watcher.happened(&[lost()]), Some(Changes::Everything));
        assert_eq!(watcher.happened(&[lost()]), None);
        // A folder came, and something was lost with the same word.
        fs::create_dir_all(&root.join("content/new")).unwrap();
        let created = event(EventKind::Create(CreateKind::Folder), Some(&root.join("content/new")));
        assert_eq!(watcher.happened(&[created, lost()]), Some(Changes::Everything));
    }

    #[test]
    fn what_cannot_be_watched_is_said_once() {
        let mut unwatched = Unwatched::default();
        unwatched.note(&notify::Error::path_not_found());
        assert!(!unwatched.any, "a folder that is gone");
        unwatched.note(&notify::Error::new(notify::ErrorKind::MaxFilesWatch));
        let said = unwatched.untold.take().map(|said| said.to_string()).unwrap_or_default();
        assert!(said.contains("cannot be watched") && said.contains("fs.inotify.max_user_watches"), "{said}");
        unwatched.note(&notify::Error::new(notify::ErrorKind::MaxFilesWatch));
        assert!(unwatched.any && unwatched.untold.is_none());
    }
}
