//! Addresses in content: which page or file of this site each one means.
//!
//! Writers link as their editor likes it: `other.md`, `../x/index.md#anchor`, `@/path.md` from the root of `content/`,
//! or the URL a reader will see. The first reading that leads to something wins, sources before URLs. Whether the
//! target may be revealed where the link stands is not decided here.

use std::collections::BTreeMap;
use std::ops::Range;

use percent_encoding::percent_decode_str;

use crate::config::Links;
use crate::diagnostic::lint::Lint;
use crate::diagnostic::{Diagnostic, Source};
use crate::load::markdown::Resolved;
use crate::path;

/// What an address leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Target {
    /// A page that was read, an index into the pages as they were read.
    Page(usize),
    /// A file beside pages, an index into the files as they were found.
    File(usize),
    /// A file that everybody may have.
    Static(usize),
    /// A section without a page, an index into the sections.
    Section(usize),
    /// A tag page, a former address, a file this program makes: always there.
    Generated,
}

/// Everything that can be linked.
#[derive(PartialEq, Eq, Debug, Default)]
pub struct Index {
    /// By path below `content/`, as it is on disk: the decoded URL and the target.
    pub by_source: BTreeMap<String, (String, Target)>,
    /// By root-relative URL, decoded: the URL itself and the target.
    pub by_url: BTreeMap<String, (String, Target)>,
    /// `https://learn.example`
    pub base_url: String,
    /// Paths that another server answers.
    pub passthrough: Vec<String>,
    /// What a broken link is.
    pub broken: Links,
}

/// The page an address stands in.
#[derive(Clone, Copy, Debug)]
pub struct From<'a> {
    /// Its folder below `content/`, without slashes at the ends.
    pub folder: &'a str,
    /// Its URL.
    pub url: &'a str,
    /// Its own number.
    pub page: usize,
    /// Its text, for places in messages.
    pub source: Source<'a>,
}

/// What came of looking an address up.
enum Looked {
    Ours {
        url: String,
        target: Target,
        fragment: Option<String>,
    },
    Elsewhere,
    /// It holds another generator's tag.
    Tag,
    /// Nothing has this decoded path.
    Nowhere(String),
}

impl Index {
    /// Resolves an address that stands at `range` of the page's file.
    #[must_use]
    pub fn resolve(&self, from: From<'_>, address: &str, range: Range<usize>) -> Resolved<Target> {
        match self.look(from, address) {
            Looked::Ours { url, target, fragment } => Resolved::Ours { url, target, fragment },
            Looked::Elsewhere => Resolved::Elsewhere,
            Looked::Tag => Resolved::Broken(self.broken(from, address, range, "holds another generator's tag")),
            Looked::Nowhere(path) => {
                let fault = self.broken(from, address, range, "leads nowhere");
                Resolved::Broken(match self.near(from, &path) {
                    Some(near) => fault.help(format!("did you mean `{near}`?")),
                    None => fault,
                })
            }
        }
    }

    /// The URL and target of an address; nothing, and no fault, where it is not ours or leads nowhere.
    #[must_use]
    pub fn quietly(&self, from: From<'_>, address: &str) -> Option<(String, Target)> {
        match self.look(from, address) {
            Looked::Ours { url, target, .. } => Some((url, target)),
            Looked::Elsewhere | Looked::Tag | Looked::Nowhere(_) => None,
        }
    }

    fn look(&self, from: From<'_>, address: &str) -> Looked {
        if address.contains("{{") || address.contains("{%") {
            return Looked::Tag;
        }
        let local = match address.strip_prefix(self.base_url.as_str()) {
            Some(rest) if !self.base_url.is_empty() && (rest.is_empty() || rest.starts_with(['/', '#', '?'])) => rest,
            _ if is_elsewhere(address) => return Looked::Elsewhere,
            _ => address,
        };
        let (path, fragment) = local.split_once('#').map_or((local, None), |(path, fragment)| (path, Some(fragment)));
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let decoded_fragment = fragment.map(|text| percent_decode_str(text).decode_utf8_lossy().into_owned());
        if path.is_empty() && local.len() == address.len() {
            return match fragment {
                Some(fragment) => Looked::Ours {
                    url: format!("#{fragment}"),
                    target: Target::Page(from.page),
                    fragment: decoded_fragment,
                },
                None => Looked::Elsewhere,
            };
        }
        let path = if path.is_empty() { "/" } else { path };
        let path = percent_decode_str(path).decode_utf8_lossy();
        if self.passthrough.iter().any(|prefix| path.starts_with(prefix.as_str())) {
            return Looked::Elsewhere;
        }
        match self.find(from, &path) {
            Some((url, target)) => {
                let mut url = path::encode(&url);
                for (mark, part) in [('?', query), ('#', fragment)] {
                    if let Some(part) = part {
                        url.push(mark);
                        url.push_str(part);
                    }
                }
                Looked::Ours { url, target, fragment: decoded_fragment.filter(|text| !text.is_empty()) }
            }
            None => Looked::Nowhere(path.into_owned()),
        }
    }

    fn broken(&self, from: From<'_>, address: &str, range: Range<usize>, what: &str) -> Diagnostic {
        let message = format!("the link `{address}` {what}");
        let fault = if self.broken == Links::Warn { Diagnostic::warning(message) } else { Diagnostic::error(message) };
        let help = "write the path of a page or file below `content/`, or the URL it is served at";
        fault.at(from.source.locate(range)).help(help).named(Lint::BrokenLink)
    }

    /// What was probably meant: a source in the same folder with a name that is near, or one of that name elsewhere.
    fn near(&self, from: From<'_>, path: &str) -> Option<String> {
        let rooted = path.strip_prefix("@/").or_else(|| path.strip_prefix('/'));
        let joined = rooted.map_or_else(|| join(from.folder, path), |rooted| join("", rooted))?;
        let (folder, name) = joined.rsplit_once('/').unwrap_or(("", &joined));
        let (stem, extension) = name.rsplit_once('.').unwrap_or((name, "md"));
        let alike = |source: &&String| {
            let (other_folder, other) = source.rsplit_once('/').unwrap_or(("", source));
            let Some((other_stem, other_extension)) = other.rsplit_once('.') else { return false };
            other_extension == extension && other_folder == folder && is_near(stem, other_stem)
        };
        let end = format!("/{name}");
        let of_name = |source: &&String| **source == name || source.ends_with(&end);
        let elsewhere = || {
            let mut named = self.by_source.keys().filter(of_name).filter(|_| name.contains('.'));
            named.next().filter(|_| named.next().is_none())
        };
        // What lies in a folder stands together, in the order of the paths.
        let inside = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let beside = self.by_source.range(inside.clone()..).map(|(source, _)| source);
        let near = beside.take_while(|source| source.starts_with(&inside)).find(alike).or_else(elsewhere)?;
        let written = near.rsplit_once('/').map_or(near.as_str(), |(_, name)| name);
        Some(match (rooted, path.rsplit_once('/')) {
            (None, Some((folder_written, _))) if alike(&near) => format!("{folder_written}/{written}"),
            (None, None) if alike(&near) => written.to_owned(),
            _ => format!("/{near}"),
        })
    }

    /// The URL and target of a decoded path.
    fn find(&self, from: From<'_>, path: &str) -> Option<(String, Target)> {
        if let Some(rooted) = path.strip_prefix("@/") {
            return self.source(rooted.trim_matches('/'));
        }
        if let Some(rooted) = path.strip_prefix('/') {
            return self.url(path).or_else(|| self.source(rooted.trim_end_matches('/')));
        }
        let parent = from.url.trim_end_matches('/').rsplit_once('/').map_or("", |(parent, _)| parent);
        join(from.folder, path)
            .and_then(|source| self.source(&source))
            .or_else(|| self.url(&format!("/{}", join(from.url.trim_matches('/'), path)?)))
            .or_else(|| self.url(&format!("/{}", join(parent.trim_matches('/'), path)?)))
    }

    fn source(&self, path: &str) -> Option<(String, Target)> {
        let path = path.trim_end_matches('/');
        let stem = path.strip_suffix(".html").or_else(|| path.strip_suffix(".htm")).unwrap_or(path);
        let forms = ["", ".md", ".markdown", "/_index.md", "/index.md", "/README.md"];
        let exact = std::iter::once(path.to_owned());
        let candidates =
            exact.chain(forms.iter().map(|form| format!("{stem}{form}").trim_start_matches('/').to_owned()));
        candidates.filter_map(|candidate| self.by_source.get(&candidate)).next().cloned()
    }

    fn url(&self, path: &str) -> Option<(String, Target)> {
        let bare = path.trim_end_matches('/');
        let stem = bare.strip_suffix("/index.html").or_else(|| bare.strip_suffix(".html")).unwrap_or(bare);
        let candidates = [path.to_owned(), format!("{bare}/"), bare.to_owned(), format!("{stem}/")];
        candidates.iter().find_map(|candidate| self.by_url.get(candidate)).cloned()
    }
}

/// Whether one name may have been meant by another: a few letters differ, or one goes on where the other ends.
fn is_near(name: &str, other: &str) -> bool {
    let (name, other) = (name.to_lowercase(), other.to_lowercase());
    let begins = name.len().min(other.len()) >= 4 && (name.starts_with(&other) || other.starts_with(&name));
    begins || name.len() >= 3 && crate::diagnostic::nearest(&name, [other.as_str()]).is_some()
}

/// Another site, another scheme, or a path relative to the scheme.
fn is_elsewhere(address: &str) -> bool {
    let scheme = address.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    });
    scheme || address.starts_with("//")
}

/// Joins and resolves `.` and `..`; nothing where that leaves the root.
fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let mut joined = parts.join("/");
    if path.ends_with('/') && !joined.is_empty() {
        joined.push('/');
    }
    Some(joined)
}
