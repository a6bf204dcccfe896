//! Reads TOML, front matter between `+++` lines, into a [`Node`].

use std::ops::Range;

use toml::de::{DeInteger, DeTable, DeValue};

use super::document::{DEEPEST, Fault, Map, Node, Value};
use crate::diagnostic::Spanned;

/// Reads the part of a file that `range` names. Places count from the file's beginning.
///
/// # Errors
/// The first fault of the text, or nesting deeper than [`DEEPEST`].
pub fn read(file: &str, range: Range<usize>) -> Result<Map, Fault> {
    let base = range.start;
    let text = file.get(range).unwrap_or_default();
    let table = DeTable::parse(text).map_err(|error| fault(&error, text, base))?;
    map(table.get_ref(), base, 0)
}

fn fault(error: &toml::de::Error, text: &str, base: usize) -> Fault {
    let span = error.span().unwrap_or(0..0);
    let span = base + span.start..base + span.end.max(span.start);
    let words = error.message().lines().collect::<Vec<_>>().join(", ");
    match words.strip_prefix("duplicate key") {
        Some(_) => {
            let key = text.get(span.start - base..span.end - base).unwrap_or_default();
            Fault::new(format!("the key `{key}` is written twice"), span)
        }
        None => Fault::new(format!("not valid TOML: {words}"), span),
    }
}

fn map(table: &DeTable<'_>, base: usize, depth: usize) -> Result<Map, Fault> {
    let mut entries = Vec::with_capacity(table.len());
    for (key, value) in table {
        let span = key.span();
        let key = Spanned::new(key.get_ref().to_string(), base + span.start..base + span.end);
        let value = node(value.get_ref(), base + value.span().start..base + value.span().end, (base, depth + 1))?;
        entries.push((key, value));
    }
    // The parser hands tables over sorted by key: put them back as they are written.
    entries.sort_by_key(|(key, _)| key.span.start);
    Ok(Map { entries })
}

fn node(value: &DeValue<'_>, span: Range<usize>, (base, depth): (usize, usize)) -> Result<Node, Fault> {
    if depth > DEEPEST {
        return Err(Fault::new("nested too deep", span));
    }
    let value = match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => integer(number),
        DeValue::Float(number) => float(number.as_str()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(date) => Value::Date(date.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| node(item.get_ref(), base + item.span().start..base + item.span().end, (base, depth + 1)))
                .collect::<Result<_, _>>()?,
        ),
        DeValue::Table(table) => Value::Map(map(table, base, depth)?),
    };
    Ok(Node { value, span })
}

fn integer(number: &DeInteger<'_>) -> Value {
    match i64::from_str_radix(number.as_str(), number.radix()) {
        Ok(number) => Value::Number(number.into()),
        Err(_) => float(number.as_str()),
    }
}

/// Infinities and numbers beyond all range stay text: JSON knows none.
fn float(text: &str) -> Value {
    let number = text.parse().ok().and_then(serde_json::Number::from_f64);
    number.map_or_else(|| Value::Text(text.to_owned()), Value::Number)
}
