//! From names on disk to URLs: which names are read, what a name says, and which URLs an edge would refuse.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::civil;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::sources::{Kind, PageSource};
use crate::diagnostic::{Diagnostic, Location};

/// What the name of a page or a folder says.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Naming {
    /// Its part of the URL; empty where the name has nothing to make one from.
    pub slug: String,
    /// The order number in front, `1` of `01-ownership`.
    pub number: Option<u32>,
    /// The date in front, `2026-11-01` of `2026-11-01-hello`.
    pub date: Option<civil::Date>,
    /// The rest of the name, as it is written: what a title can be made from.
    pub rest: String,
}

/// Reads a name without its extension: a leading date is taken off, else an order number of 1 to 3 digits with the
/// `-`, `_` or `.` behind it; neither where nothing would remain.
#[must_use]
pub fn name_of(stem: &str) -> Naming {
    if let Some((date, rest)) = leading_date(stem) {
        return Naming { slug: slugify(rest), number: None, date: Some(date), rest: rest.to_owned() };
    }
    if let Some((number, rest)) = leading_number(stem) {
        return Naming { slug: slugify(rest), number: Some(number), date: None, rest: rest.to_owned() };
    }
    Naming { slug: slugify(stem), number: None, date: None, rest: stem.to_owned() }
}

/// What the last part of a folder's path says; of `content` itself, nothing.
#[must_use]
pub fn folder_naming(folder: &str) -> Naming {
    folder
        .strip_prefix("content/")
        .map_or_else(Naming::default, |below| name_of(below.rsplit_once('/').map_or(below, |(_, name)| name)))
}

fn leading_date(stem: &str) -> Option<(civil::Date, &str)> {
    let (day, rest) = stem.split_at_checked(10)?;
    let rest = rest.strip_prefix(['-', '_', '.', ' '])?;
    let digits_only = day.bytes().all(|c| c.is_ascii_digit() || c == b'-');
    let date = if digits_only { day.parse().ok()? } else { return None };
    (!slugify(rest).is_empty()).then_some((date, rest))
}

fn leading_number(stem: &str) -> Option<(u32, &str)> {
    let digits = stem.find(|c: char| !c.is_ascii_digit())?;
    let (number, rest) = stem.split_at_checked(digits)?;
    let rest = rest.strip_prefix(['-', '_', '.'])?;
    if !(1..=3).contains(&digits) || slugify(rest).is_empty() {
        return None;
    }
    Some((number.parse().ok()?, rest))
}

/// A part of a URL: lower case, blanks as `-`, letters and digits of any script and `-_.` kept, the rest dropped.
///
/// Empty where neither a letter nor a digit is left.
#[must_use]
pub fn slugify(text: &str) -> String {
    let lower: String = text.nfc().collect::<String>().to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let kept = |c: &char| c.is_alphanumeric() || is_combining_mark(*c) || matches!(c, '-' | '_' | '.');
    let slug: String = words.join("-").chars().filter(kept).nfc().collect();
    if slug.chars().any(char::is_alphanumeric) { slug } else { String::new() }
}

/// A title made from a name: its words, the first letter a capital.
#[must_use]
pub fn title_of(naming: &Naming) -> String {
    let words = naming.rest.replace(['-', '_'], " ");
    let words = words.trim();
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The URL of a folder below `content/`, with the slash at its end. `written` holds the URLs of folders whose own page
/// writes one, by `slug` or `path`; what lies in them follows.
#[must_use]
pub fn folder_url(folder: &str, written: &BTreeMap<Arc<str>, String>) -> String {
    if let Some(url) = written.get(folder) {
        return url.clone();
    }
    match folder.rsplit_once('/') {
        Some((parent, _)) => format!("{}{}/", folder_url(parent, written), folder_naming(folder).slug),
        None => "/".to_owned(),
    }
}

/// Where a page lies, and the old address that leads there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PageUrl {
    /// Begins and ends with `/`.
    pub url: String,
    /// A written path that ended in `.html`.
    pub alias: Option<String>,
}

/// The URL of a page: a written `path`, else its folder's URL with a written `slug` or what its name says.
///
/// `written` holds the URLs of the folders above it that write one, as in [`folder_url`].
///
/// # Errors
/// A URL that an edge would refuse, or a name from which none can be made.
pub fn url_of(
    page: &PageSource,
    path: Option<&str>,
    slug: Option<&str>,
    written: &BTreeMap<Arc<str>, String>,
) -> Result<PageUrl, UrlFault> {
    if let Some(path) = path {
        return written_url(path);
    }
    let own_folder = matches!(page.kind, Kind::Section | Kind::PageFolder);
    let parent = match (own_folder, page.folder.rsplit_once('/')) {
        (true, None) => return Ok(PageUrl { url: "/".to_owned(), alias: None }),
        (true, Some((parent, _))) => parent,
        (false, _) => &page.folder,
    };
    let slug = slug.map_or_else(|| page.naming.slug.clone(), slugify);
    if slug.is_empty() {
        return Err(UrlFault::Nameless);
    }
    let url = format!("{}{slug}/", folder_url(parent, written));
    checked(url).map(|url| PageUrl { url, alias: None })
}

/// The URL that a written `path` means. One that ends in `.html` becomes a folder, with the old one as an alias.
///
/// # Errors
/// A URL that an edge would refuse.
pub fn written_url(path: &str) -> Result<PageUrl, UrlFault> {
    let path = with_slash(path);
    let stem = path.strip_suffix("/index.html").or_else(|| path.strip_suffix("/index.htm"));
    let stem = stem.or_else(|| path.strip_suffix(".html")).or_else(|| path.strip_suffix(".htm"));
    match stem {
        Some(stem) => Ok(PageUrl { url: checked(folder(stem))?, alias: Some(checked(path.clone())?) }),
        None => Ok(PageUrl { url: checked(folder(&path))?, alias: None }),
    }
}

/// The URL that an alias means: like a folder, unless its last part has the ending of a web page or a feed.
///
/// # Errors
/// A URL that an edge would refuse.
pub fn alias_url(alias: &str) -> Result<String, UrlFault> {
    const ENDINGS: [&str; 12] =
        ["html", "htm", "xhtml", "shtml", "php", "asp", "aspx", "jsp", "cgi", "xml", "rss", "atom"];
    let alias = with_slash(alias);
    let ending = alias.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let is_file = ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()));
    checked(if is_file { alias } else { folder(&alias) })
}

fn with_slash(path: &str) -> String {
    let path: String = decoded(path.trim()).nfc().collect();
    if path.starts_with('/') { path } else { format!("/{path}") }
}

/// Takes away the percent-encoding that other tools ask for. What an edge refuses even encoded keeps its `%`, and is
/// refused for it.
fn decoded(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let byte = after.get(..2).filter(|_| *first == b'%').and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = byte.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match byte.filter(|byte| *byte >= b' ' && !br"/\%;.".contains(byte) && *byte != 0x7f) {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| path.to_owned())
}

fn folder(path: &str) -> String {
    if path.ends_with('/') { path.to_owned() } else { format!("{path}/") }
}

fn checked(url: String) -> Result<String, UrlFault> {
    match url_fault(&url) {
        Some(fault) => Err(fault),
        None => Ok(url),
    }
}

/// Why an edge would refuse a URL, or why there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum UrlFault {
    /// Nothing of the name can stand in a URL.
    #[error("there is no letter and no digit in its name")]
    Nameless,
    /// One of the characters that edges and the servers behind them read differently.
    #[error("a URL cannot hold {}", Shown(*.0))]
    Character(char),
    /// `//`.
    #[error("a URL cannot hold `//`")]
    EmptySegment,
    /// `.` or `..` between slashes.
    #[error("a URL cannot hold `.` or `..` as a part of its own")]
    DotSegment,
    /// No file can have such a name.
    #[error("a part of a URL between slashes has at most 255 bytes")]
    LongSegment,
    /// More than 2,048 bytes as it is sent.
    #[error("a URL has at most 2048 bytes")]
    TooLong,
}

struct Shown(char);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_control() { f.write_str("control characters") } else { write!(f, "`{}`", self.0) }
    }
}

/// What file systems take as a name: every part of a URL is a file or a folder in some tree.
const LONGEST_SEGMENT: usize = 255;

/// The folder in which the build puts what it makes for all pages.
const OWN: &str = "/_tierpress";

/// Whether a URL lies where the build puts its own files.
#[must_use]
pub fn is_own(url: &str) -> bool {
    folded_path(url).strip_prefix(OWN).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Why an edge would refuse this URL, written unencoded (see [`crate::edge`]).
#[must_use]
pub fn url_fault(url: &str) -> Option<UrlFault> {
    let refused = |c: &char| c.is_control() || matches!(c, '\\' | ';' | '#' | '%');
    if let Some(character) = url.chars().find(refused) {
        return Some(UrlFault::Character(character));
    }
    if url.contains("//") {
        return Some(UrlFault::EmptySegment);
    }
    if url.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Some(UrlFault::DotSegment);
    }
    let plain = |c: u8| c.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@/".contains(&c);
    let sent: usize = url.bytes().map(|c| if plain(c) { 1 } else { 3 }).sum();
    let long = || url.split('/').any(|segment| segment.len() > LONGEST_SEGMENT).then_some(UrlFault::LongSegment);
    if sent > 2048 { Some(UrlFault::TooLong) } else { long() }
}

/// The errors of all sources that want one URL, also where they differ only in case or Unicode form, in the slash at the
/// end, or in `index.html`; and of files that stand where another URL needs a folder.
#[must_use]
pub fn collisions(sources: impl IntoIterator<Item = (String, Location)>) -> Vec<Diagnostic> {
    let mut places: BTreeMap<String, (String, Location)> = BTreeMap::new();
    let mut diagnostics = Vec::new();
    for (url, location) in sources {
        if is_own(&url) {
            let fault =
                Diagnostic::error(format!("`{url}` belongs to the build, which puts files of its own into `{OWN}/`"));
            diagnostics.push(
                fault
                    .at(location)
                    .help("rename it, or the folder it lies in; a page can also have a `slug` or a `path`"),
            );
            continue;
        }
        let key = folded(&url);
        match places.get(&key) {
            Some((first, also)) => {
                let message = collision((first, &also.file), (&url, &location.file));
                let fault = Diagnostic::error(message).at(location).also(also.clone());
                diagnostics.push(fault.help("rename one of the two; a page can also have a `slug` or a `path`"));
            }
            None => {
                places.insert(key, (url, location));
            }
        }
    }
    for (key, (url, location)) in &places {
        let above = key.match_indices('/').skip(1).filter_map(|(at, _)| places.get(key.get(..at)?));
        for (file, also) in above.filter(|(above, _)| !above.ends_with('/')) {
            let message = format!("`{file}` is a file, so nothing can lie below it at `{url}`");
            diagnostics.push(Diagnostic::error(message).at(location.clone()).also(also.clone()));
        }
    }
    diagnostics
}

fn folded(url: &str) -> String {
    let path = folded_path(url);
    path.strip_suffix("/index.html").unwrap_or(&path).to_owned()
}

/// A URL less case, Unicode form and the slash at its end: what may stand for one thing only.
#[must_use]
pub fn folded_path(url: &str) -> String {
    let lower: String = url.nfc().collect::<String>().to_lowercase();
    let lower: String = lower.nfc().collect();
    lower.trim_end_matches('/').to_owned()
}

/// Two texts that look alike, with the code points written out in which they differ.
fn told_apart(first: &str, second: &str) -> (String, String) {
    let (a, b): (Vec<char>, Vec<char>) = (first.chars().collect(), second.chars().collect());
    let start = a.iter().zip(&b).take_while(|(a, b)| a == b).count();
    // A mark belongs to the letter before it.
    let start = (0..=start).rev().find(|at| !a.get(*at).into_iter().chain(b.get(*at)).any(|c| is_combining_mark(*c)));
    let start = start.unwrap_or_default();
    let most = a.len().min(b.len()) - start;
    let end = a.iter().rev().zip(b.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    let written = |letters: &[char]| -> String {
        let middle = start..letters.len() - end;
        let shown = letters.iter().enumerate().map(|(at, c)| match c {
            c if middle.contains(&at) && !c.is_ascii() => c.escape_unicode().to_string(),
            c => c.to_string(),
        });
        shown.collect()
    };
    (written(&a), written(&b))
}

fn collision((first, first_file): (&str, &str), (second, second_file): (&str, &str)) -> String {
    let form = |url: &str| url.nfc().collect::<String>();
    if first == second && first_file != second_file && form(first_file) == form(second_file) {
        let (first, second) = told_apart(first_file, second_file);
        format!("`{first}` and `{second}` look alike: they are two Unicode forms of one name")
    } else if first == second {
        format!("two sources for `{first}`")
    } else if form(first) == form(second) {
        let (first, second) = told_apart(first, second);
        format!("`{first}` and `{second}` look alike: they are two Unicode forms of one URL")
    } else if form(first).to_lowercase() == form(second).to_lowercase() {
        format!("`{first}` and `{second}` differ only in case")
    } else {
        format!("`{first}` and `{second}` are one URL")
    }
}

/// The name without `.md` or `.markdown`, in any case, if it has such an ending.
#[must_use]
pub fn markdown_stem(name: &str) -> Option<&str> {
    let (stem, ending) = name.rsplit_once('.')?;
    (is_page_ending(ending) && !stem.is_empty()).then_some(stem)
}

fn is_page_ending(ending: &str) -> bool {
    ending.eq_ignore_ascii_case("md") || ending.eq_ignore_ascii_case("markdown")
}

/// Whether a file or folder is left out without a word: dot files and what editors leave behind.
#[must_use]
pub fn is_ignored(name: &str) -> bool {
    const ENDINGS: [&str; 5] = ["bak", "orig", "swp", "swo", "tmp"];
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    name.starts_with('.')
        || name.ends_with('~')
        || (name.starts_with('#') && name.ends_with('#'))
        || ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str()))
}

/// Whether a file is Markdown that no page is made from: another kind, or a copy of a page (`lesson.md.old`).
#[must_use]
pub fn is_unread_markdown(name: &str) -> bool {
    const OTHER: [&str; 13] =
        ["mdx", "mdown", "mkd", "mkdn", "mdwn", "mkdown", "mdtxt", "mdtext", "markdn", "rmd", "qmd", "ronn", "mdoc"];
    const COPIES: [&str; 10] = ["old", "save", "txt", "copy", "rej", "part", "new", "disabled", "draft", "enc"];
    let Some((stem, ending)) = name.rsplit_once('.') else { return false };
    let ending = ending.to_ascii_lowercase();
    let of_a_page = stem.rsplit_once('.').is_some_and(|(_, ending)| is_page_ending(ending));
    let copied = COPIES.contains(&ending.as_str()) || ending.bytes().all(|c| c.is_ascii_digit());
    let marked = ending.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    OTHER.contains(&ending.as_str()) || (of_a_page && copied) || (marked != ending && is_page_ending(marked))
}
