//! Where front matter begins and ends.
//!
//! Whatever looks like front matter and is none is an error: read as text, its keys would gate nothing, and the page
//! would be open to everybody. So a blank line above it, a dash too many, a missing last line and other tools' formats
//! are refused by name.

use std::ops::Range;

use super::document::Fault;
use super::keys;

/// The parts of a page's file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// The front matter between its lines, if there is any.
    pub front_matter: Option<(Format, Range<usize>)>,
    /// The rest.
    pub body: Range<usize>,
}

/// The language of front matter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// Between `---` lines; `...` closes it as well.
    Yaml,
    /// Between `+++` lines.
    Toml,
}

/// Parts a file.
///
/// # Errors
/// A first line that looks like front matter where none can be read.
pub fn part(text: &str) -> Result<Frame, Fault> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let Some(first) = lines(text, start).find(|line| !is_blank(line.text)) else {
        return Ok(Frame { front_matter: None, body: start..text.len() });
    };
    let format = match first.text.trim_end() {
        "---" => Format::Yaml,
        "+++" => Format::Toml,
        _ => {
            refuse(text, &first)?;
            return Ok(Frame { front_matter: None, body: start..text.len() });
        }
    };
    if first.start != start {
        let fault = Fault::new("front matter begins on the first line of a file", first.span());
        return Err(fault.help("delete the blank lines above it"));
    }
    let closes = |line: &Line<'_>| match format {
        Format::Yaml => matches!(line.text.trim_end(), "---" | "..."),
        Format::Toml => line.text.trim_end() == "+++",
    };
    let Some(last) = lines(text, first.end).find(closes) else {
        let fault = Fault::new("this front matter is never closed", first.span());
        return Err(fault.help(format!("end it with a line of its own: `{}`", first.text.trim_end())));
    };
    Ok(Frame { front_matter: Some((format, first.end..last.start)), body: last.end..text.len() })
}

/// Refuses a first line that is no front matter but looks like it.
fn refuse(text: &str, first: &Line<'_>) -> Result<(), Fault> {
    let line = first.text.trim_matches(is_invisible);
    let at = |line: &str| {
        let start = first.start + first.text.find(line).unwrap_or(0);
        start..start + line.len()
    };
    let ordinary = "front matter is YAML between lines of exactly `---`, or TOML between `+++`";
    if line.starts_with("---") || line.starts_with("+++") || is_dashes(line) || line == ";;;" {
        let fault = Fault::new("this looks like front matter, but is not well formed", at(line));
        return Err(fault.help(format!("{ordinary}; a rule at the top of a page can be written `***`")));
    }
    let brace = line.strip_prefix('{').map(str::trim_start);
    if brace.is_some_and(|rest| rest.is_empty() || rest.starts_with('"')) {
        return Err(Fault::new("front matter in braces is not read", at(line)).help(ordinary));
    }
    if let Some(line) = headless(text, first) {
        return Err(Fault::new("these keys are not front matter: no `---` stands above them", line.span())
            .help("begin the file with a line `---`, and end the keys with another"));
    }
    if line.starts_with("<!--")
        && let Some(line) = below_comments(text, first)
    {
        return Err(Fault::new("front matter begins on the first line of a file", line.span())
            .help("move the comment above it below it"));
    }
    Ok(())
}

/// A line of dashes that a word processor may have made of `---`.
fn is_dashes(line: &str) -> bool {
    let dash = |c: char| matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}');
    line.chars().count() > 1 && line.chars().all(dash) || (line.chars().all(dash) && line.chars().any(|c| c != '-'))
}

/// Keys without the line above them: the first line is a key of ours, and a line below it closes front matter or is a gate
/// key.
fn headless<'a>(text: &'a str, first: &Line<'a>) -> Option<Line<'a>> {
    let known = |line: &Line<'_>| key_of(line.text).filter(|key| keys::is_known(key)).map(str::to_owned);
    known(first)?;
    let mut paragraph = lines(text, first.start).take_while(|line| !is_blank(line.text));
    let gates = |line: &Line<'_>| known(line).is_some_and(|key| keys::is_gate(&key));
    let closes = |line: &Line<'_>| matches!(line.text.trim_end(), "---" | "+++" | "...");
    paragraph.any(|line| closes(&line) || gates(&line)).then_some(*first)
}

/// Front matter below comments: `---` or `+++` with a key on the next line.
fn below_comments<'a>(text: &'a str, first: &Line<'a>) -> Option<Line<'a>> {
    let mut at = first.start;
    loop {
        let rest = text.get(at..)?;
        let blank = rest.len() - rest.trim_start().len();
        if !rest.trim_start().starts_with("<!--") {
            break;
        }
        at += blank + rest.trim_start().find("-->")? + 3;
    }
    let mut below = lines(text, at).skip_while(|line| is_blank(line.text));
    let line = below.next()?;
    let key = below.next().and_then(|line| key_of(line.text));
    (matches!(line.text.trim(), "---" | "+++") && key.is_some()).then_some(line)
}

/// `title` of `title: x` or `title = x`.
pub(super) fn key_of(line: &str) -> Option<&str> {
    let length = line.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-')))?;
    let (key, rest) = line.split_at_checked(length)?;
    let rest = rest.trim_start().strip_prefix([':', '='])?;
    (!key.is_empty() && (rest.is_empty() || rest.starts_with(char::is_whitespace))).then_some(key)
}

fn is_invisible(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{00ad}')
}

fn is_blank(line: &str) -> bool {
    line.chars().all(is_invisible)
}

#[derive(Clone, Copy)]
struct Line<'a> {
    /// Without its end.
    text: &'a str,
    start: usize,
    /// Where the next line begins.
    end: usize,
}

impl Line<'_> {
    fn span(&self) -> Range<usize> {
        self.start..self.start + self.text.trim_end().len()
    }
}

fn lines(text: &str, from: usize) -> impl Iterator<Item = Line<'_>> {
    let mut start = from;
    text.get(from..).unwrap_or_default().split_inclusive('\n').map(move |line| {
        let end = start + line.len();
        let line = Line { text: line.trim_end_matches(['\r', '\n']), start, end };
        start = end;
        line
    })
}
