//! What lies in the site's folder: pages, the files beside them, static files.
//!
//! Every file is found, or there is an error that names it; nothing vanishes because a folder could not be read. What is
//! inside a page is not looked at here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use walkdir::{DirEntry, WalkDir};

use super::again::Original;
use super::names::{self, Naming};
use crate::diagnostic::{Diagnostic, Location, Source};
use crate::fs;

/// Everything below a site's root that a build reads, each list ordered by path.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    /// Markdown in `content/`.
    pub pages: Vec<PageSource>,
    /// Everything else in `content/`.
    pub files: Vec<FileSource>,
    /// `static/`.
    pub static_files: Vec<FileSource>,
    /// All folders below `content/`, it included: each is a section or a page folder.
    pub folders: Vec<Arc<str>>,
    /// Whether any of this was found by a symbolic link: then one file may have many names.
    pub linked: bool,
    /// Of what was found in `content/` by a link and lies in `content/` itself: where, by the path of the link's way.
    pub originals: BTreeMap<Arc<str>, Original>,
}

/// A Markdown file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageSource {
    /// Below the site's root: `content/course/01-ownership.md`.
    pub path: Arc<str>,
    /// Where it is on this machine.
    pub disk: PathBuf,
    /// The folder it lies in: `content/course`.
    pub folder: Arc<str>,
    /// What its name makes it.
    pub kind: Kind,
    /// What its name says; of an `index.md` or `_index.md`, what its folder's name says.
    pub naming: Naming,
}

/// What a Markdown file's name makes it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// `_index.md`: the folder's own page, whose gate keys are inherited below it.
    Section,
    /// `index.md`: a page that owns its folder.
    PageFolder,
    /// Any other name.
    Page,
    /// `content/404.md`.
    NotFound,
}

/// A file that is published as it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FileSource {
    /// Below the site's root: `content/course/sheet.pdf`.
    pub path: Arc<str>,
    /// Where it is on this machine.
    pub disk: PathBuf,
    /// The folder it lies in: `content/course`.
    pub folder: Arc<str>,
    /// Its name: `sheet.pdf`.
    pub name: String,
}

/// Finds everything below a site's root. Faults are added to `diagnostics`.
#[must_use]
pub fn find(root: &Path, diagnostics: &mut Vec<Diagnostic>) -> Sources {
    let content = walk(root, "content", diagnostics);
    let fixed = walk(root, "static", diagnostics);
    let mut sources = Sources {
        static_files: fixed.files,
        folders: content.folders,
        linked: content.linked || fixed.linked,
        originals: if content.linked { originals(root, &content.files) } else { BTreeMap::new() },
        ..Sources::default()
    };
    for file in content.files {
        match names::markdown_stem(&file.name) {
            Some(stem) => sources.pages.push(page(stem, &file)),
            None => sources.files.push(file),
        }
    }
    for file in sources.files.iter().chain(&sources.static_files) {
        if let Some(fault) = names::url_fault(&format!("/{}", file.name)) {
            diagnostics.push(
                Diagnostic::error(format!("no edge would serve a file of this name: {fault}"))
                    .at(Location::file(&file.path))
                    .help("rename the file"),
            );
        }
    }
    sources
}

/// Which of these files are others of `content/`, and by which link. What cannot be followed was said already.
fn originals(root: &Path, files: &[FileSource]) -> BTreeMap<Arc<str>, Original> {
    let Ok(boundary) = Boundary::of(root) else { return BTreeMap::new() };
    let below = |path: &Path| boundary.site_path(&fs::canonicalize(path).ok()?);
    let original = |file: &FileSource| {
        let path = below(&file.disk).filter(|path| *path != file.path && path.starts_with("content/"))?;
        // The first part of the way that is not where it seems to be is the link.
        let ways = file.path.match_indices('/').map(|(end, _)| end).chain([file.path.len()]);
        let way =
            ways.filter_map(|end| file.path.get(..end)).find(|way| below(&root.join(way)).as_deref() != Some(way));
        Some((Arc::clone(&file.path), Original { path, link: way.unwrap_or(&file.path).into() }))
    };
    files.iter().filter_map(original).collect()
}

/// The files and folders below one folder, ordered by path. A folder that is not there is empty.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Files that are not ignored.
    pub files: Vec<FileSource>,
    /// Folders, the first one included.
    pub folders: Vec<Arc<str>>,
    /// Whether there are symbolic links.
    pub linked: bool,
}

/// Walks a folder of the site, named from its root: `static`, `themes/default/templates`.
///
/// Left out are dot files and folders, editors' leavings (`~ .bak .orig .swp .tmp`), copies of pages (`a.md.old`) and
/// other kinds of Markdown, the last two with a warning. Links are followed, unless they leave the site.
#[must_use]
pub fn walk(root: &Path, folder: &str, diagnostics: &mut Vec<Diagnostic>) -> Found {
    let mut found = Found::default();
    let top = root.join(folder);
    let fault = |message: String| Diagnostic::error(message).at(Location::file(&folder.into()));
    let boundary = match (fs::exists(&top), Boundary::of(root)) {
        (Ok(false), _) => return found,
        (Ok(true), Ok(boundary)) => boundary,
        (Err(error), _) | (_, Err(error)) => {
            diagnostics.push(fault(format!("this folder cannot be read: {}", error.cause())));
            return found;
        }
    };
    if let Some(message) = boundary.folder_fault(&top, folder) {
        diagnostics.push(fault(message).help("put a copy in its place"));
        return found;
    }
    let mut entries = WalkDir::new(&top).follow_links(true).sort_by_file_name().into_iter();
    while let Some(entry) = entries.next() {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => {
                diagnostics.push(walk_fault(root, &error));
                continue;
            }
        };
        found.linked |= entry.path_is_symlink();
        match visit(&entry, (root, &boundary)) {
            Ok(Visited::Skip) => skip(&entry, &mut entries),
            Ok(Visited::Folder(path)) => found.folders.push(path),
            Ok(Visited::File(file)) => found.files.push(file),
            Err(diagnostic) => {
                diagnostics.push(*diagnostic);
                skip(&entry, &mut entries);
            }
        }
    }
    found.files.sort_by(|a, b| a.path.cmp(&b.path));
    found.folders.sort();
    found
}

/// The text of a file.
///
/// # Errors
/// A file that cannot be read, is UTF-16, or is not UTF-8, with the place of the first bad byte.
pub fn read_text(disk: &Path, path: &Arc<str>) -> Result<String, Box<Diagnostic>> {
    let bytes = fs::read(disk).map_err(|error| {
        Box::new(Diagnostic::error(format!("this file cannot be read: {}", error.cause())).at(Location::file(path)))
    })?;
    decode(bytes, path)
}

/// Checks that bytes are text.
///
/// # Errors
/// UTF-16, or what is not UTF-8, with the place of the first bad byte.
pub fn decode(bytes: Vec<u8>, path: &Arc<str>) -> Result<String, Box<Diagnostic>> {
    let help = "save the file as UTF-8";
    if bytes.starts_with(&[0xff, 0xfe])
        || bytes.starts_with(&[0xfe, 0xff])
        || bytes.get(..64.min(bytes.len())).is_some_and(wide)
    {
        return Err(Box::new(Diagnostic::error("this file is UTF-16, not UTF-8").at(Location::file(path)).help(help)));
    }
    let bad = |valid: usize, bytes: &[u8], message: &str| {
        let text = String::from_utf8_lossy(bytes.get(..valid + 1).unwrap_or(bytes)).replace('\0', "\u{2400}");
        let location = Source { file: path, text: &text }.locate(valid..valid + 1);
        Box::new(Diagnostic::error(message).at(location).help(help))
    };
    let text = String::from_utf8(bytes)
        .map_err(|error| bad(error.utf8_error().valid_up_to(), error.as_bytes(), "this file is not valid UTF-8"))?;
    match text.find('\0') {
        Some(place) => Err(bad(place, text.as_bytes(), "this file is no text: it holds a NUL byte")),
        None => Ok(text),
    }
}

/// Text in UTF-16 without a mark has a zero in every other byte.
fn wide(bytes: &[u8]) -> bool {
    let zeros = bytes.iter().filter(|byte| **byte == 0).count();
    bytes.len() >= 4 && zeros * 3 >= bytes.len()
}

enum Visited {
    Skip,
    Folder(Arc<str>),
    File(FileSource),
}

fn visit(entry: &DirEntry, (root, boundary): (&Path, &Boundary)) -> Result<Visited, Box<Diagnostic>> {
    let lossy = site_path(root, entry.path());
    let name = entry.file_name().to_str();
    let is_folder = entry.file_type().is_dir();
    let inside = entry.depth() > 0;
    if inside && name.is_some_and(names::is_ignored) {
        return Ok(Visited::Skip);
    }
    if entry.file_name().as_encoded_bytes().iter().any(u8::is_ascii_control) {
        let fault = Diagnostic::error("this name holds a control character, such as a line's end");
        return Err(Box::new(fault.at(Location::file(&lossy)).help("rename it")));
    }
    let Some(name) = name.filter(|_| entry.path().strip_prefix(root).is_ok_and(|below| below.to_str().is_some()))
    else {
        return Err(Box::new(
            Diagnostic::error("this name is not Unicode").at(Location::file(&lossy)).help("rename it"),
        ));
    };
    if entry.path_is_symlink()
        && let Some(message) = boundary.link_fault(entry.path(), &lossy)
    {
        return Err(Box::new(Diagnostic::error(message).at(Location::file(&lossy)).help("put a copy in its place")));
    }
    if is_folder {
        if inside && is_output(entry.path()) {
            let fault = Diagnostic::error(
                "this folder is one that Tierpress has built: all of it would be published once more",
            );
            return Err(Box::new(fault.at(Location::file(&lossy)).help("move it out of the folder that is read")));
        }
        return Ok(Visited::Folder(lossy));
    }
    if !entry.file_type().is_file() {
        return Err(Box::new(Diagnostic::error("this is neither a file nor a folder").at(Location::file(&lossy))));
    }
    if names::is_unread_markdown(name) {
        let warning = Diagnostic::warning("this kind of Markdown is not read, and not published");
        return Err(Box::new(warning.at(Location::file(&lossy)).help("pages end in `.md` or `.markdown`")));
    }
    let folder = lossy.rsplit_once('/').map_or("", |(folder, _)| folder).into();
    Ok(Visited::File(FileSource { folder, path: lossy, disk: entry.path().to_owned(), name: name.to_owned() }))
}

/// Where a site ends, with all links followed.
struct Boundary {
    root: PathBuf,
    /// `content/`, which may be a link itself.
    content: PathBuf,
}

impl Boundary {
    fn of(root: &Path) -> Result<Self, fs::Error> {
        let root = fs::canonicalize(root)?;
        let content = root.join("content");
        let content = if fs::exists(&content)? { fs::canonicalize(&content).unwrap_or(content) } else { content };
        Ok(Self { root, content })
    }

    /// What a place is called in the site; `None` for one outside of it.
    fn site_path(&self, real: &Path) -> Option<Arc<str>> {
        match real.strip_prefix(&self.content) {
            Ok(below) if below.as_os_str().is_empty() => Some("content".into()),
            Ok(below) => Some(format!("content/{}", site_path(&self.content, below)).into()),
            Err(_) => Some(site_path(&self.root, real.strip_prefix(&self.root).ok()?)),
        }
    }

    fn shares_content(&self, real: &Path) -> bool {
        real.starts_with(&self.content) || self.content.starts_with(real)
    }

    /// A link stays within the site, out of what is left out of it, and no folder that is public as a whole shows
    /// `content/`, which is not.
    fn link_fault(&self, disk: &Path, path: &str) -> Option<String> {
        let Ok(target) = fs::canonicalize(disk) else { return Some("this link leads nowhere".to_owned()) };
        if !target.starts_with(&self.root) {
            return Some("this link leaves the site".to_owned());
        }
        if !is_in_content(path) && self.shares_content(&target) {
            return Some("this link makes `content/` public".to_owned());
        }
        self.left_out(&target)
    }

    /// The same of a folder that is about to be walked, for it may be one by a link above it: `themes/own` as a whole.
    fn folder_fault(&self, top: &Path, folder: &str) -> Option<String> {
        // What is a link itself is looked at where links are; one that cannot be followed, too.
        let is_link = fs::metadata(top).ok().flatten().is_some_and(|top| top.kind == fs::Kind::Symlink);
        let real = fs::canonicalize(top).ok().filter(|_| !is_link && !is_in_content(folder))?;
        if self.shares_content(&real) {
            return Some("by a link this folder is one with `content/`, and all of it would be public".to_owned());
        }
        if real == self.root.join(folder) { None } else { self.left_out(&real) }
    }

    /// What is said of a link into what is left out of the site.
    fn left_out(&self, target: &Path) -> Option<String> {
        let below = target.strip_prefix(&self.root).ok()?;
        let mut way = self.root.clone();
        for part in below {
            way.push(part);
            if part.as_encoded_bytes().starts_with(b".") {
                return Some(format!(
                    "this link leads into `{}`, and what begins with a dot is never published",
                    part.display()
                ));
            }
            if below.starts_with("tierpress-out") || is_output(&way) {
                let way = site_path(&self.root, &way);
                return Some(format!("this link leads into `{way}`, which Tierpress has built"));
            }
        }
        None
    }
}

/// Whether a path below the site's root is `content` or lies in it.
fn is_in_content(path: &str) -> bool {
    path.strip_prefix("content").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a build has written this folder.
fn is_output(folder: &Path) -> bool {
    fs::exists(&folder.join(fs::OUTPUT_MARK)).unwrap_or(false)
}

fn skip(entry: &DirEntry, entries: &mut walkdir::IntoIter) {
    if entry.file_type().is_dir() {
        entries.skip_current_dir();
    }
}

fn walk_fault(root: &Path, error: &walkdir::Error) -> Diagnostic {
    let path = site_path(root, error.path().unwrap_or(root));
    let message = match (error.loop_ancestor(), error.io_error()) {
        (Some(ancestor), _) => format!("this link leads back to `{}`, above it", site_path(root, ancestor)),
        (None, Some(error)) if error.kind() == std::io::ErrorKind::NotFound => "this link leads nowhere".to_owned(),
        (None, Some(error)) => format!("this cannot be read: {error}"),
        (None, None) => "this cannot be read".to_owned(),
    };
    Diagnostic::error(message).at(Location::file(&path))
}

/// A path below the root, with `/`.
fn site_path(root: &Path, path: &Path) -> Arc<str> {
    let below = path.strip_prefix(root).unwrap_or(path);
    let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    parts.join("/").into()
}

fn page(stem: &str, file: &FileSource) -> PageSource {
    let kind = match stem.to_lowercase().as_str() {
        "_index" => Kind::Section,
        "index" => Kind::PageFolder,
        "404" if &*file.folder == "content" => Kind::NotFound,
        _ => Kind::Page,
    };
    let naming = match kind {
        Kind::Page | Kind::NotFound => names::name_of(stem),
        Kind::Section | Kind::PageFolder => names::folder_naming(&file.folder),
    };
    PageSource { path: Arc::clone(&file.path), disk: file.disk.clone(), folder: Arc::clone(&file.folder), kind, naming }
}
