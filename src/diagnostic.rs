//! What is wrong, where it stands and how to put it right.
//!
//! Every stage collects all its faults and returns them together. The library never prints: [`Diagnostic`]'s `Display`
//! is the text that the command line shows.

pub mod lint;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use lint::Lint;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing is published.
    Error,
    /// The build goes on.
    Warning,
}

/// Whose fault it is: it decides the exit code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Something under `content/`, a template, a string: exit code 1.
    #[default]
    Content,
    /// The call or `site.yaml`: exit code 2.
    Setup,
}

/// A place in a file. Lines and columns count from 1; columns count characters, not bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Location {
    /// The path below the site's root, with `/`.
    pub file: Arc<str>,
    /// The line, from 1; 0 where the whole file is meant.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// How many characters are meant, at least 1.
    pub length: u32,
    /// The line itself, for the snippet.
    pub text: String,
}

/// One fault or warning.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// Whose fault it is.
    #[serde(skip)]
    pub origin: Origin,
    /// What is wrong: lower case, no full stop, the writer's text in backticks.
    pub message: String,
    /// Where.
    pub location: Option<Location>,
    /// A second place that belongs to it (the other source of one URL, the first of two dividers).
    pub also: Option<Location>,
    /// What to do about it.
    pub help: Option<String>,
    /// What kind of finding it is, where it has a name of its own; see [`Diagnostic::lint`].
    #[serde(default, rename = "lint", skip_serializing_if = "Option::is_none")]
    pub named: Option<Lint>,
}

impl Diagnostic {
    /// An error in content.
    #[must_use]
    pub fn error(message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            origin: Origin::Content,
            message: message.into(),
            location: None,
            also: None,
            help: None,
            named: None,
        }
    }

    /// The files that it is about.
    pub fn files(&self) -> impl Iterator<Item = Arc<str>> + use<> {
        let places = [&self.location, &self.also].map(|place| place.as_ref().map(|place| Arc::clone(&place.file)));
        places.into_iter().flatten()
    }

    /// A warning.
    #[must_use]
    pub fn warning(message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(message) }
    }

    /// An error in the call or in `site.yaml`.
    #[must_use]
    pub fn setup(message: impl Into<String>) -> Self {
        Self { origin: Origin::Setup, ..Self::error(message) }
    }

    /// The same, with its place.
    #[must_use]
    pub fn at(self, location: Location) -> Self {
        Self { location: Some(location), ..self }
    }

    /// The same, with a second place.
    #[must_use]
    pub fn also(self, location: Location) -> Self {
        Self { also: Some(location), ..self }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }

    /// The same, as a finding of a kind that has a name.
    #[must_use]
    pub fn named(self, lint: Lint) -> Self {
        Self { named: Some(lint), ..self }
    }

    /// What kind of finding it is.
    #[must_use]
    pub fn lint(&self) -> Lint {
        self.named.unwrap_or(match self.severity {
            Severity::Error => Lint::BuildError,
            Severity::Warning => Lint::BuildWarning,
        })
    }

    /// Whether this stops the build.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// What diagnostics are sorted by: file, line, column, then text.
    fn key(&self) -> (Option<&Location>, Severity, &str) {
        (self.location.as_ref(), self.severity, &self.message)
    }
}

/// Puts diagnostics in source order and drops exact repetitions.
pub fn sort(diagnostics: &mut Vec<Diagnostic>) {
    diagnostics.sort_by(|a, b| a.key().cmp(&b.key()));
    diagnostics.dedup();
}

/// Reads diagnostics that were written as JSON; what is not of their form is passed over.
#[must_use]
pub fn read(written: &serde_json::Value) -> Vec<Diagnostic> {
    Vec::deserialize(written).unwrap_or_default()
}

/// Whether any of them stops the build.
#[must_use]
pub fn any_error(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(Diagnostic::is_error)
}

/// A value with the bytes of its file that it was read from.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// A byte range of the whole file, see [`Source::locate`].
    pub span: Range<usize>,
}

impl<T> Spanned<T> {
    /// Joins a value and its place.
    pub fn new(value: T, span: Range<usize>) -> Self {
        Self { value, span }
    }
}

/// A file's name and whole text: what byte offsets are turned into places with.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// The path below the site's root, with `/`.
    pub file: &'a Arc<str>,
    /// The whole text of the file, byte order mark included.
    pub text: &'a str,
}

impl Source<'_> {
    /// The place of a byte range of [`Source::text`]. A range over several lines is cut at the end of its first line.
    #[must_use]
    pub fn locate(&self, range: Range<usize>) -> Location {
        let start = floor_char_boundary(self.text, range.start);
        let (before, after) = self.text.split_at(start);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = after.find('\n').map_or(self.text.len(), |newline| start + newline);
        let end = floor_char_boundary(self.text, range.end).clamp(start, line_end);
        let count = |from: usize, to: usize| self.text.get(from..to).map_or(0, |part| part.chars().count());
        let mark = usize::from(line_start == 0 && self.text.starts_with('\u{feff}') && start >= 3);
        let line = self.text.get(line_start..line_end).unwrap_or_default();
        Location {
            file: Arc::clone(self.file),
            line: number(before.matches('\n').count() + 1),
            column: number(count(line_start, start) + 1 - mark),
            length: number(count(start, end).max(1)),
            text: line.trim_start_matches('\u{feff}').trim_end_matches('\r').to_owned(),
        }
    }
}

impl Location {
    /// A whole file: shown without a line.
    #[must_use]
    pub fn file(file: &Arc<str>) -> Self {
        Self { file: Arc::clone(file), line: 0, column: 0, length: 1, text: String::new() }
    }
}

/// `file:line:column`, or `file` alone.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = printable(&self.file, "");
        if self.line == 0 { f.write_str(&file) } else { write!(f, "{file}:{}:{}", self.line, self.column) }
    }
}

/// The message, its place with the line and a caret, and the help, as the command line shows it.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{word}: {}", printable(&self.message, "\n\t"))?;
        for place in [&self.location, &self.also].into_iter().flatten() {
            snippet(place, f)?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n  help: {}", printable(help, "\n\t"))?;
        }
        Ok(())
    }
}

fn snippet(place: &Location, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "\n  --> {place}")?;
    if place.line == 0 || place.text.is_empty() {
        return Ok(());
    }
    let line = place.line.to_string();
    let margin = " ".repeat(line.len() + 2);
    let column = place.column.saturating_sub(1) as usize;
    // Tabs stay tabs under the line, so that the caret stands below its text in any terminal.
    let pad: String = place.text.chars().take(column).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let carets = "^".repeat(place.length as usize);
    // One letter for each, so that the caret stands where it should.
    let text: String =
        place.text.chars().map(|c| if c != '\t' && is_unprintable(c) { '\u{fffd}' } else { c }).collect();
    write!(f, "\n{margin}|\n {line} | {text}\n{margin}| {pad}{carets}")
}

/// A text in which nothing moves the cursor, rings a bell or turns the order of letters round: such characters are written
/// as `\u{1b}`, but for those that may stay.
#[must_use]
pub fn printable<'a>(text: &'a str, stay: &str) -> Cow<'a, str> {
    let is_bad = |c: char| is_unprintable(c) && !stay.contains(c);
    if !text.contains(is_bad) {
        return Cow::Borrowed(text);
    }
    let shown = text.chars().map(|c| if is_bad(c) { c.escape_unicode().to_string() } else { c.to_string() });
    Cow::Owned(shown.collect())
}

/// Control characters, and those that turn the direction of a text (Unicode Standard Annex 9, section 2).
fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn floor_char_boundary(text: &str, index: usize) -> usize {
    let mut index = index.min(text.len());
    while !text.is_char_boundary(index) {
        index -= 1;
    }
    index
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// The candidate nearest to a word, if one is near enough to be what was meant.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_within(word, candidates, if word.chars().count() < 6 { 1 } else { 2 })
}

/// The candidate nearest to a text, if no more than `reach` letters are wrong.
#[must_use]
pub fn nearest_within<'a>(text: &str, candidates: impl IntoIterator<Item = &'a str>, reach: usize) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(text, candidate), candidate))
        .filter(|(distance, _)| *distance <= reach)
        .min()
        .map(|(_, candidate)| candidate)
}
