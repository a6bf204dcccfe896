//! Watches what a site is made of, and says which paths changed.
//!
//! Content, templates, themes and static files are watched with all below them, and `site.yaml` and `strings.yaml` beside
//! them; not the output, nor anything else that lies in the site's folder. Where the system cannot say what changed, anything
//! may have. What is said too much costs a build; nothing may be left unsaid.

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

/// For how long the events of a path are gathered.
const GATHER: Duration = Duration::from_millis(10);
/// After how long a site is looked at once more in which folders came and went: what is written into a folder before it is
/// watched has no event.
const SETTLE: Duration = Duration::from_millis(250);

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
    Lost,
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
    let events = stop.clone();
    let tell = move |gathered: DebounceEventResult| {
        // Where nobody watches any more, nobody is to be told.
        drop(events.send(gathered.map_or(Message::Lost, Message::Events)));
    };
    let debouncer = new_debouncer(GATHER, None, tell).map_err(|error| refused(&root, &error))?;
    let mut watcher = Watcher { root, debouncer, beside: BTreeMap::new(), targets: BTreeSet::new() };
    watcher.watch_all()?;
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
    let help = "Linux limits how many folders are watched: raise `fs.inotify.max_user_watches`";
    Box::new(if matches!(error.kind, notify::ErrorKind::MaxFilesWatch) { fault.help(help) } else { fault })
}

/// What lies in the folders that are watched, as far as it can be told without opening anything.
type Seen = Vec<(PathBuf, Option<fs::Metadata>)>;

struct Watcher {
    root: PathBuf,
    debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    /// Folders outside of [`FOLDERS`] that a symbolic link leads to, with all below them, or in which such a file lies.
    beside: BTreeMap<PathBuf, bool>,
    /// What symbolic links lead to, wherever it lies: what happens there may be anything.
    targets: BTreeSet<PathBuf>,
}

impl Watcher {
    fn watch_all(&mut self) -> Result<(), Box<Diagnostic>> {
        let root = self.root.clone();
        self.debouncer.watch(&root, RecursiveMode::NonRecursive).map_err(|error| refused(&root, &error))?;
        for folder in FOLDERS {
            self.watch_folder(&root.join(folder))?;
        }
        self.watch_linked();
        Ok(())
    }

    fn watch_folder(&mut self, folder: &Path) -> Result<(), Box<Diagnostic>> {
        if fs::metadata_followed(folder).ok().flatten().is_some_and(|found| found.kind == Kind::Folder) {
            self.debouncer.watch(folder, RecursiveMode::Recursive).map_err(|error| refused(folder, &error))?;
        }
        Ok(())
    }

    /// A link tells nothing of what is written to the file that it leads to.
    fn watch_linked(&mut self) {
        let mut beside = BTreeMap::new();
        let mut targets = BTreeSet::new();
        let is_link = |path: &Path| fs::metadata(path).ok().flatten().is_some_and(|found| found.kind == Kind::Symlink);
        // What cannot be read is a fault of the build.
        let below = FOLDERS.iter().flat_map(|folder| fs::walk(&self.root.join(folder)).unwrap_or_default());
        let links = below.filter(|entry| entry.kind == Kind::Symlink).map(|entry| entry.path);
        let top = FOLDERS.iter().chain(&FILES).map(|name| self.root.join(name)).filter(|path| is_link(path));
        for link in links.chain(top) {
            let Ok(target) = fs::canonicalize(&link) else { continue };
            let is_folder = fs::metadata(&target).ok().flatten().is_some_and(|found| found.kind == Kind::Folder);
            let folder = if is_folder { Some(target.as_path()) } else { target.parent() };
            if let Some(folder) = folder {
                *beside.entry(folder.to_owned()).or_insert(false) |= is_folder;
            }
            targets.insert(target);
        }
        self.targets = targets;
        beside.retain(|folder, _| !FOLDERS.iter().any(|ours| folder.starts_with(self.root.join(ours))));
        beside.remove(&self.root);
        for gone in self.beside.keys().filter(|folder| !beside.contains_key(*folder)) {
            drop(self.debouncer.unwatch(gone));
        }
        for (come, below) in beside.iter().filter(|(folder, below)| self.beside.get(*folder) != Some(*below)) {
            let mode = if *below { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
            // A folder that vanished meanwhile is one that no link leads to.
            drop(self.debouncer.watch(come, mode));
        }
        self.beside = beside;
    }

    /// Until nobody listens any more.
    fn run(mut self, messages: &mpsc::Receiver<Message>, sender: &mpsc::Sender<Changes>) {
        let mut settling = false;
        let mut seen = Seen::new();
        loop {
            let message = match settling {
                true => messages.recv_timeout(SETTLE),
                false => messages.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            let (lost, changes) = match message {
                Ok(Message::Events(events)) => {
                    if self.follow(&events) {
                        settling = true;
                        // Before anybody is told: what is written from now on is seen when all has settled.
                        seen = self.look();
                    }
                    (events.iter().any(|event| event.need_rescan()), self.changes(&events))
                }
                Ok(Message::Lost) => (true, None),
                Err(RecvTimeoutError::Timeout) => {
                    settling = false;
                    self.watch_linked();
                    (true, None)
                }
                Ok(Message::Stop) | Err(RecvTimeoutError::Disconnected) => return,
            };
            // A build opens thousands of files, which the system tells as well. It must not bring about the next one.
            let changes = if lost { self.unseen(&mut seen) } else { changes };
            if changes.is_some_and(|changes| sender.send(changes).is_err()) {
                return;
            }
        }
    }

    fn look(&self) -> Seen {
        let below = FOLDERS.iter().flat_map(|folder| fs::walk(&self.root.join(folder)).unwrap_or_default());
        let paths = below.map(|entry| entry.path).chain(FILES.map(|file| self.root.join(file)));
        let metadata = |path: &Path| fs::metadata_followed(path).ok().flatten();
        paths
            .filter(|path| self.is_source(path))
            .map(|path| (metadata(&path), path))
            .map(|(found, path)| (path, found))
            .collect()
    }

    /// Everything, where something is not as it was seen last.
    fn unseen(&self, seen: &mut Seen) -> Option<Changes> {
        let now = self.look();
        let changed = *seen != now;
        *seen = now;
        changed.then_some(Changes::Everything)
    }

    /// Watches folders that came; whether the site is to be looked at once more.
    fn follow(&mut self, events: &[DebouncedEvent]) -> bool {
        let mut again = false;
        for event in events.iter().filter(|event| !event.kind.is_access()) {
            let of_folder =
                matches!(event.kind, EventKind::Create(CreateKind::Folder) | EventKind::Remove(RemoveKind::Folder));
            let sources: Vec<&PathBuf> = event.paths.iter().filter(|path| self.is_source(path)).collect();
            for path in sources {
                let is_no_file = || fs::metadata(path).ok().flatten().is_some_and(|found| found.kind != Kind::File);
                let came = matches!(event.kind, EventKind::Create(_) | EventKind::Modify(ModifyKind::Name(_)));
                again |= of_folder || (came && is_no_file());
                if path.parent() == Some(&self.root) {
                    // What stood there before is not what is watched now.
                    drop(self.debouncer.unwatch(path));
                    again |= self.watch_folder(path).is_err();
                }
            }
        }
        again
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
