//! Reads YAML, `site.yaml` and front matter between `---` lines, into a [`Node`].
//!
//! YAML 1.2: only `true` and `false` are booleans, so that `hidden: yes` is text and can be refused by name. Aliases are
//! expanded up to a bound, merge keys (`<<`) are merged, tags (`!thing`) mean nothing.
#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is no map and no text")]

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::document::{DEEPEST, Fault, Map, Node, Value};
use super::frame;
use crate::diagnostic::Spanned;

/// More values than this, aliases expanded, are refused.
const MOST: usize = 100_000;

/// Reads the part of a file that `range` names; an empty one is [`Value::Null`]. Places count from the file's beginning.
///
/// # Errors
/// The first fault of the text: bad syntax, a key written twice, a key that is no scalar, nesting deeper than
/// [`DEEPEST`], more aliases than a page can mean.
pub fn read(file: &str, range: Range<usize>) -> Result<Node, Fault> {
    let mut text = file.get(range.clone()).unwrap_or_default().to_owned();
    let mut places = Places::new(&text, range.start);
    loop {
        match parse(&text, &places) {
            Ok(node) => return Ok(node),
            Err(Stop::Fault(fault)) => return Err(fault),
            Err(Stop::Outdented(quote)) => {
                text = indented(&text, quote, &mut places)?;
            }
        }
    }
}

fn parse(text: &str, places: &Places) -> Result<Node, Stop> {
    let mut reader = Reader { parser: Parser::new_from_str(text), places, anchors: BTreeMap::new(), count: 0 };
    loop {
        match reader.next()? {
            (Event::StreamStart | Event::DocumentStart(_), _) => {}
            (Event::StreamEnd | Event::DocumentEnd, span) => return Ok(Node { value: Value::Null, span }),
            (event, span) => {
                let node = reader.node(event, span, 0)?;
                reader.finish()?;
                return Ok(node);
            }
        }
    }
}

/// Why the parser stopped.
enum Stop {
    /// For good.
    Fault(Fault),
    /// At a quoted text that goes on at the margin: where it begins, in characters. Other parsers read that, and people
    /// write it, so it is indented and read again.
    Outdented(usize),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The text with the lines of a quoted scalar moved to the right of its quote.
///
/// A line that looks like a key is refused: a forgotten quote must not swallow an `access:` below it.
fn indented(text: &str, quote: usize, places: &mut Places) -> Result<String, Fault> {
    let (before, scalar) = text.split_at(text.char_indices().nth(quote).map_or(text.len(), |(at, _)| at));
    let column = before.chars().rev().take_while(|c| *c != '\n').count();
    let (scalar, after) = scalar.split_at(quoted_length(scalar));
    let mut moved = before.to_owned();
    let mut index = quote;
    for (number, line) in scalar.split_inclusive('\n').enumerate() {
        if number > 0 && !line.trim().is_empty() {
            let start = places.byte(index);
            if frame::key_of(line).is_some() {
                let fault =
                    Fault::new("this line is swallowed by the quote above it", start..start + line.trim_end().len());
                return Err(Fault {
                    also: Some(places.byte(quote)..places.byte(quote) + 1),
                    ..fault.help("close the quote, or indent the line")
                });
            }
            let missing = (column + 1).saturating_sub(line.chars().take_while(|c| *c == ' ').count());
            moved.extend(std::iter::repeat_n(' ', missing));
            places.insert(index, missing);
            index += missing;
        }
        moved.push_str(line);
        index += line.chars().count();
    }
    moved.push_str(after);
    Ok(moved)
}

/// How long a quoted scalar is, quotes included; to the end of the text where it is not closed.
fn quoted_length(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    let Some((_, quote)) = characters.next() else { return 0 };
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' if quote == '"' => {
                characters.next();
            }
            '\'' if quote == '\'' && characters.peek().is_some_and(|(_, next)| *next == '\'') => {
                characters.next();
            }
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    places: &'a Places,
    anchors: BTreeMap<usize, (Node, usize)>,
    count: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Range<usize>), Stop> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.places.range(span))),
            Some(Err(error)) => Err(self.stop(&error)),
            None => Ok((Event::StreamEnd, self.places.end()..self.places.end())),
        }
    }

    /// A file holds one document.
    fn finish(&mut self) -> Result<(), Stop> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd, _) => {}
                (_, span) => return Err(Fault::new("a second YAML document begins here", span).into()),
            }
        }
    }

    fn stop(&self, error: &ScanError) -> Stop {
        let index = error.marker().index();
        if error.info() == "invalid indentation in quoted scalar" {
            return Stop::Outdented(index);
        }
        let at = self.places.byte(index);
        if let Some(tab) = self.places.indenting_tab(at) {
            return Stop::Fault(Fault::new("a tab cannot indent YAML", tab).help("indent with spaces"));
        }
        if error.info().ends_with("found unexpected end of stream") && self.places.after(at).starts_with(['"', '\'']) {
            let quote = self.places.after(at).get(..1).unwrap_or_default();
            let fault = Fault::new("this quote is never closed", at..at + 1);
            return Stop::Fault(fault.help(format!("put a `{quote}` where the text ends")));
        }
        let fault = self.in_our_words(error.info(), at);
        let Some(open) = self.places.open_bracket(at) else { return Stop::Fault(fault) };
        let closing = if self.places.after(open.start).starts_with('[') { ']' } else { '}' };
        if self.places.after(at).contains(closing) {
            return Stop::Fault(Fault { also: Some(open), ..fault });
        }
        Stop::Fault(Fault::new("this bracket is never closed", open).help(format!("put a `{closing}` where it ends")))
    }

    /// What most often lies behind the parser's words, and what to do about it.
    fn in_our_words(&self, info: &str, at: usize) -> Fault {
        const QUOTE: &str = "if it is text, put the whole value in quotes: `key: \"value\"`";
        let first = self.places.after(at).chars().next().unwrap_or(' ');
        let here = at..at + first.len_utf8();
        if info.starts_with("mapping values are not allowed") {
            return if frame::key_of(self.places.line_before(at).trim_start()).is_some_and(|key| !key.is_empty()) {
                Fault::new("a value cannot hold a colon and a space", here)
                    .help(self.places.quoted(at).unwrap_or_else(|| QUOTE.to_owned()))
            } else {
                Fault::new("this line is indented further than the one above it allows", here)
                    .help("begin keys that belong together in the same column, or put a text of two lines in quotes")
            };
        }
        if info.starts_with("unexpected character") {
            return Fault::new(format!("a value cannot begin with `{first}`").replace("```", "a backtick"), here)
                .help(QUOTE);
        }
        if info.contains("unknown anchor") {
            let message = "a value that begins with `*` stands for another one, and there is none of this name";
            return Fault::new(message, here).help(QUOTE);
        }
        if info.contains("unknown escape character") {
            let message = "a backslash in double quotes begins an escape, and this one is unknown";
            return Fault::new(message, here).help("write `\\\\` for a backslash, or use single quotes");
        }
        if info.contains("did not find expected key") {
            return Fault::new("this belongs to no key and to no value", here).help(QUOTE);
        }
        Fault::new(format!("not valid YAML: {}", info.trim_end_matches('.')), at..at)
    }

    fn count(&mut self, more: usize, span: &Range<usize>) -> Result<(), Fault> {
        self.count = self.count.saturating_add(more);
        if self.count > MOST { Err(Fault::new("too many values: is an alias repeated?", span.clone())) } else { Ok(()) }
    }

    fn node(&mut self, event: Event<'a>, span: Range<usize>, depth: usize) -> Result<Node, Stop> {
        if depth > DEEPEST {
            return Err(Fault::new("nested too deep", span).into());
        }
        self.count(1, &span)?;
        let before = self.count;
        let (value, anchor, end) = match event {
            Event::Alias(anchor) => return Ok(self.alias(anchor, span)?),
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style), anchor, span.end),
            Event::SequenceStart(anchor, _) => {
                let (items, end) = self.list(depth)?;
                (Value::List(items), anchor, end)
            }
            Event::MappingStart(anchor, _) => {
                let (map, end) = self.map(depth)?;
                (Value::Map(map), anchor, end)
            }
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::SequenceEnd
            | Event::MappingEnd => return Err(Fault::new("not valid YAML: a value is missing", span).into()),
        };
        let node = Node { value, span: self.places.trim(span.start..end) };
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), self.count - before + 1));
        }
        Ok(node)
    }

    fn alias(&mut self, anchor: usize, span: Range<usize>) -> Result<Node, Fault> {
        let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
            return Err(Fault::new("this alias has no anchor before it", span));
        };
        self.count(size, &span)?;
        Ok(Node { value: node.value, span })
    }

    fn list(&mut self, depth: usize) -> Result<(Vec<Node>, usize), Stop> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => return Ok((items, span.end)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<(Map, usize), Stop> {
        let mut map = Map::default();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                merge(&mut map, merged);
                return Ok((map, span.end));
            }
            let plain = matches!(event, Event::Scalar(_, ScalarStyle::Plain, ..));
            let key = self.key(event, span, depth)?;
            let (event, span) = self.next()?;
            let mut node = self.node(event, span, depth + 1)?;
            if node.value == Value::Null && node.span.is_empty() {
                node.span = key.span.clone();
            }
            if plain && key.value == "<<" {
                merged.push((key, node));
                continue;
            }
            if let Some((first, _)) = map.entry(&key.value) {
                let also = Some(first.span.clone());
                let message = format!("the key `{}` is written twice", key.value);
                return Err(Fault { also, ..Fault::new(message, key.span).help("keep one of the two") }.into());
            }
            map.entries.push((key, node));
        }
    }

    fn key(&mut self, event: Event<'a>, span: Range<usize>, depth: usize) -> Result<Spanned<String>, Stop> {
        let event = match event {
            Event::Scalar(text, ..) => return Ok(Spanned::new(text.into_owned(), self.places.trim(span))),
            other => other,
        };
        let node = self.node(event, span, depth + 1)?;
        match node.value {
            Value::Text(text) => Ok(Spanned::new(text, node.span)),
            other => Err(Fault::new(format!("a key is text, not {}", other.kind()), node.span).into()),
        }
    }
}

/// What is written in the map itself comes before what is merged into it.
fn merge(map: &mut Map, merged: Vec<(Spanned<String>, Node)>) {
    for (key, node) in merged {
        let items = if let Value::List(items) = &node.value { items.as_slice() } else { std::slice::from_ref(&node) };
        let maps: Option<Vec<Map>> = items.iter().map(as_map).collect();
        let Some(maps) = maps else {
            map.entries.push((key, node));
            continue;
        };
        for (key, node) in maps.into_iter().flat_map(|more| more.entries) {
            if map.get(&key.value).is_none() {
                map.entries.push((key, node));
            }
        }
    }
}

fn as_map(node: &Node) -> Option<Map> {
    if let Value::Map(map) = &node.value { Some(map.clone()) } else { None }
}

fn scalar(text: &str, style: ScalarStyle) -> Value {
    if style != ScalarStyle::Plain {
        return Value::Text(text.to_owned());
    }
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::Text(text.to_owned()), Value::Number),
    }
}

/// A number of YAML's core schema (YAML 1.2.2, 10.3.2). What no double holds stays text.
fn number(text: &str) -> Option<serde_json::Number> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return i64::from_str_radix(rest, radix).ok().map(Into::into);
        }
    }
    if !digits.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'.' | b'e' | b'E' | b'+' | b'-')) {
        return None;
    }
    match text.parse::<i64>() {
        Ok(number) => Some(number.into()),
        Err(_) => text.parse().ok().and_then(serde_json::Number::from_f64),
    }
}

/// Turns the parser's places, which count characters, into bytes of the file.
struct Places {
    /// For each character of the text that is parsed, its byte in the file; and one for the end.
    bytes: Vec<usize>,
    /// The text as it stands in the file.
    written: String,
}

impl Places {
    fn new(text: &str, base: usize) -> Self {
        let ends = std::iter::once(text.len());
        let bytes = text.char_indices().map(|(at, _)| at).chain(ends).map(|at| base + at).collect();
        Self { bytes, written: text.to_owned() }
    }

    /// Notes that blanks were put before a character: they stand where it does.
    fn insert(&mut self, index: usize, count: usize) {
        let index = index.min(self.bytes.len());
        let byte = self.byte(index);
        self.bytes.splice(index..index, std::iter::repeat_n(byte, count));
    }

    fn byte(&self, index: usize) -> usize {
        self.bytes.get(index).copied().unwrap_or(self.end())
    }

    fn end(&self) -> usize {
        self.bytes.last().copied().unwrap_or_default()
    }

    /// What is written from a byte of the file on.
    fn after(&self, byte: usize) -> &str {
        self.written.get(byte.saturating_sub(self.end() - self.written.len())..).unwrap_or_default()
    }

    /// The line of a byte with its value in quotes, where that is all it takes.
    fn quoted(&self, byte: usize) -> Option<String> {
        let rest = self.after(byte).lines().next().unwrap_or_default();
        let line = format!("{}{rest}", self.line_before(byte));
        let (key, value) = line.trim().split_once(": ")?;
        let plain = |text: &str| !text.contains(['"', '`', '\\', '#']);
        let is_word = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        (is_word && plain(value))
            .then(|| format!("if it is text, put all of it in quotes: `{key}: \"{}\"`", value.trim()))
    }

    /// The line of a byte of the file, up to it.
    fn line_before(&self, byte: usize) -> &str {
        let base = self.end() - self.written.len();
        let before = self.written.get(..byte.saturating_sub(base)).unwrap_or_default();
        before.rsplit('\n').next().unwrap_or_default()
    }

    /// The innermost bracket or brace that is open at a byte of the file. Only those are taken for brackets that stand
    /// where a value begins; those within words, quotes and comments are not.
    fn open_bracket(&self, byte: usize) -> Option<Range<usize>> {
        let base = self.end() - self.written.len();
        let before = self.written.get(..byte.saturating_sub(base))?;
        let mut open = Vec::new();
        let mut last = '\n';
        let mut skipped = 0;
        for (at, c) in before.char_indices() {
            if at < skipped {
                continue;
            }
            let begins = matches!(last, '\n' | ':' | '-' | ',' | '[' | '{');
            match c {
                '[' | '{' if begins => open.push(base + at),
                ']' | '}' => {
                    open.pop();
                }
                '"' | '\'' if begins => skipped = at + quoted_length(before.get(at..)?),
                '#' if before.get(..at)?.ends_with(char::is_whitespace) || at == 0 => {
                    skipped = before.get(at..)?.find('\n').map_or(before.len(), |newline| at + newline);
                }
                _ => {}
            }
            if c == '\n' || !c.is_whitespace() {
                last = c;
            }
        }
        open.last().map(|at| *at..*at + 1)
    }

    /// A tab before the first word of the line at a byte of the file, or of the line after it, where parsers stumble.
    fn indenting_tab(&self, byte: usize) -> Option<Range<usize>> {
        let base = self.end() - self.written.len();
        let before = self.written.get(..byte.saturating_sub(base))?;
        let mut start = before.rfind('\n').map_or(0, |newline| newline + 1);
        for line in self.written.get(start..)?.split_inclusive('\n').take(2) {
            let indent = line.len() - line.trim_start_matches([' ', '\t']).len();
            if let Some(tab) =
                line.get(..indent).and_then(|indent| indent.find('\t')).filter(|_| !line.trim().is_empty())
            {
                return Some(base + start + tab..base + start + tab + 1);
            }
            start += line.len();
        }
        None
    }

    fn range(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }

    /// The same without the blanks that follow a value.
    fn trim(&self, range: Range<usize>) -> Range<usize> {
        let base = self.end() - self.written.len();
        let text = self.written.get(range.start - base..range.end - base).unwrap_or_default();
        range.start..range.start + text.trim_end().len()
    }
}
