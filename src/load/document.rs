//! The tree that front matter and `site.yaml` are read into, the same for YAML and TOML.
//!
//! Every key and every value knows its bytes in the file, so that a fault can be shown where it stands. An empty value
//! stays [`Value::Null`] and never turns into an empty list: an empty `access:` must not open a page. Nothing here knows
//! what a key means.

use std::ops::Range;

use crate::diagnostic::Spanned;

/// A value and its place in the file.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// What was written.
    pub value: Value,
    /// Its bytes in the file. An empty value has the place of its key.
    pub span: Range<usize>,
}

/// What can be written as a value.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, whole or not.
    Number(serde_json::Number),
    /// Text; a date in YAML is text as well.
    Text(String),
    /// A date of TOML, as it is written.
    Date(String),
    /// A list.
    List(Vec<Node>),
    /// A map.
    Map(Map),
}

/// A map in the order it is written in. No key stands in it twice.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Map {
    /// Keys with their values.
    pub entries: Vec<(Spanned<String>, Node)>,
}

/// Why a document cannot be read.
#[derive(Clone, PartialEq, Debug)]
pub struct Fault {
    /// What is wrong, in the words of a message.
    pub message: String,
    /// Where.
    pub span: Range<usize>,
    /// A second place that belongs to it.
    pub also: Option<Range<usize>>,
    /// What to do about it.
    pub help: Option<String>,
}

/// Deeper documents are refused: nobody writes them, and recursion needs a bound.
pub const DEEPEST: usize = 32;

impl Map {
    /// The value of a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, node)| node)
    }

    /// A key with its value.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&(Spanned<String>, Node)> {
        self.entries.iter().find(|(name, _)| name.value == key)
    }
}

impl Value {
    /// What it is, for messages: `a number`, `a list`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "empty",
            Self::Bool(_) => "true or false",
            Self::Number(_) => "a number",
            Self::Text(_) => "text",
            Self::Date(_) => "a date",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// The same without places, for templates.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Bool(value) => serde_json::Value::Bool(*value),
            Self::Number(number) => serde_json::Value::Number(number.clone()),
            Self::Text(text) | Self::Date(text) => serde_json::Value::String(text.clone()),
            Self::List(items) => items.iter().map(|item| item.value.to_json()).collect(),
            Self::Map(map) => serde_json::Value::Object(map.to_json()),
        }
    }
}

impl Map {
    /// The same without places, for templates.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Map<String, serde_json::Value> {
        self.entries.iter().map(|(key, node)| (key.value.clone(), node.value.to_json())).collect()
    }
}

impl Fault {
    /// A fault with its place.
    #[must_use]
    pub fn new(message: impl Into<String>, span: Range<usize>) -> Self {
        Self { message: message.into(), span, also: None, help: None }
    }

    /// The same, with what to do about it.
    #[must_use]
    pub fn help(self, help: impl Into<String>) -> Self {
        Self { help: Some(help.into()), ..self }
    }
}
