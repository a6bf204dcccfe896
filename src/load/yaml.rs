//! Reads YAML, `site.yaml` and front matter between `---` lines, into a [`Node`].
//!
//! YAML 1.2: only `true` and `false` are booleans, so that `hidden: yes` is text and can be refused by name. Aliases are
//! expanded up to a bound, merge keys (`<<`) are merged, tags (`!thing`) mean nothing.

use std::collections::BTreeMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::document::{DEEPEST, Fault, Map, Node, Value};
use crate::diagnostic::Spanned;

/// More values than this, aliases expanded, are refused.
const MOST: usize = 100_000;

/// Reads the part of a file that `range` names; an empty one is [`Value::Null`]. Places count from the file's beginning.
///
/// # Errors
/// The first fault of the text: bad syntax, a key written twice, a key that is no scalar, nesting deeper than
/// [`DEEPEST`], more aliases than a page can mean.
pub fn read(file: &str, range: Range<usize>) -> Result<Node, Fault> {
    let text = file.get(range.clone()).unwrap_or_default();
    let places = Places::new(text, range.start);
    let mut reader =
        Reader { parser: Parser::new_from_str(text), places, anchors: BTreeMap::new(), count: 0, end: range.end };
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

struct Reader<'a> {
    parser: Parser<'a, saphyr_parser::StrInput<'a>>,
    places: Places,
    anchors: BTreeMap<usize, (Node, usize)>,
    count: usize,
    end: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<(Event<'a>, Range<usize>), Fault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.places.range(span))),
            Some(Err(error)) => Err(self.fault(&error)),
            None => Ok((Event::StreamEnd, self.end..self.end)),
        }
    }

    /// A file holds one document.
    fn finish(&mut self) -> Result<(), Fault> {
        loop {
            match self.next()? {
                (Event::StreamEnd, _) => return Ok(()),
                (Event::DocumentEnd, _) => {}
                (_, span) => return Err(Fault::new("a second YAML document begins here", span)),
            }
        }
    }

    fn fault(&self, error: &ScanError) -> Fault {
        let at = self.places.byte(error.marker().index()).min(self.end);
        let words = error.info().trim_end_matches('.');
        Fault::new(format!("not valid YAML: {words}"), at..at)
    }

    fn count(&mut self, more: usize, span: &Range<usize>) -> Result<(), Fault> {
        self.count = self.count.saturating_add(more);
        if self.count > MOST { Err(Fault::new("too many values: is an alias repeated?", span.clone())) } else { Ok(()) }
    }

    fn node(&mut self, event: Event<'a>, span: Range<usize>, depth: usize) -> Result<Node, Fault> {
        if depth > DEEPEST {
            return Err(Fault::new("nested too deep", span));
        }
        self.count(1, &span)?;
        let before = self.count;
        let (value, anchor, end) = match event {
            Event::Alias(anchor) => return self.alias(anchor, span),
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
            | Event::MappingEnd => return Err(Fault::new("not valid YAML: a value is missing", span)),
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

    fn list(&mut self, depth: usize) -> Result<(Vec<Node>, usize), Fault> {
        let mut items = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, span) => return Ok((items, span.end)),
                (event, span) => items.push(self.node(event, span, depth + 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<(Map, usize), Fault> {
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
                return Err(Fault { also, ..Fault::new(message, key.span) });
            }
            map.entries.push((key, node));
        }
    }

    fn key(&mut self, event: Event<'a>, span: Range<usize>, depth: usize) -> Result<Spanned<String>, Fault> {
        let event = match event {
            Event::Scalar(text, ..) => return Ok(Spanned::new(text.into_owned(), self.places.trim(span))),
            other => other,
        };
        let node = self.node(event, span, depth + 1)?;
        match node.value {
            Value::Text(text) => Ok(Spanned::new(text, node.span)),
            other => Err(Fault::new(format!("a key is text, not {}", other.kind()), node.span)),
        }
    }
}

/// What is written in the map itself comes before what is merged into it.
fn merge(map: &mut Map, merged: Vec<(Spanned<String>, Node)>) {
    for (key, node) in merged {
        let maps = match node.value {
            Value::Map(more) => vec![more],
            Value::List(items) => items.into_iter().filter_map(into_map).collect(),
            other => {
                map.entries.push((key, Node { value: other, span: node.span }));
                continue;
            }
        };
        for (key, node) in maps.into_iter().flat_map(|more| more.entries) {
            if map.get(&key.value).is_none() {
                map.entries.push((key, node));
            }
        }
    }
}

fn into_map(node: Node) -> Option<Map> {
    if let Value::Map(map) = node.value { Some(map) } else { None }
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
    text: String,
    base: usize,
    /// Byte offsets of all characters, unless the text is ASCII.
    offsets: Option<Vec<usize>>,
}

impl Places {
    fn new(text: &str, base: usize) -> Self {
        let offsets = (!text.is_ascii()).then(|| text.char_indices().map(|(offset, _)| offset).collect());
        Self { text: text.to_owned(), base, offsets }
    }

    fn byte(&self, index: usize) -> usize {
        let offset = match &self.offsets {
            None => index,
            Some(offsets) => offsets.get(index).copied().unwrap_or(self.text.len()),
        };
        self.base + offset.min(self.text.len())
    }

    fn range(&self, span: Span) -> Range<usize> {
        let start = self.byte(span.start.index());
        start..self.byte(span.end.index()).max(start)
    }

    /// The same without the blanks that follow a value.
    fn trim(&self, range: Range<usize>) -> Range<usize> {
        let text = self.text.get(range.start - self.base..range.end - self.base).unwrap_or_default();
        range.start..range.start + text.trim_end().len()
    }
}
