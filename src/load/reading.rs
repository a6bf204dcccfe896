//! What reading `site.yaml` and reading front matter have in common: collecting faults with their places.
#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is a fault")]

use std::ops::Range;

use super::document::{Fault, Node, Value};
use crate::diagnostic::lint::Lint;
use crate::diagnostic::{Diagnostic, Origin, Severity, Source};

/// Collects every fault of one file.
#[derive(Debug)]
pub(super) struct Faults<'a> {
    source: Source<'a>,
    origin: Origin,
    found: Vec<Diagnostic>,
}

impl<'a> Faults<'a> {
    pub(super) fn new(source: Source<'a>, origin: Origin) -> Self {
        Self { source, origin, found: Vec::new() }
    }

    pub(super) fn error(&mut self, fault: Fault) {
        self.push(Severity::Error, fault);
    }

    pub(super) fn warn(&mut self, fault: Fault) {
        self.push(Severity::Warning, fault);
    }

    /// A warning of a kind that has a name.
    pub(super) fn lint(&mut self, lint: Lint, fault: Fault) {
        self.warn(fault);
        if let Some(found) = self.found.last_mut() {
            found.named = Some(lint);
        }
    }

    /// Keeps the value, or the fault.
    pub(super) fn keep<T>(&mut self, result: Result<T, Fault>) -> Option<T> {
        result.map_err(|fault| self.error(fault)).ok()
    }

    /// Adds what was found in the same file elsewhere.
    pub(super) fn append(&mut self, other: Faults<'_>) {
        self.found.extend(other.found);
    }

    pub(super) fn any_error(&self) -> bool {
        crate::diagnostic::any_error(&self.found)
    }

    pub(super) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.found
    }

    /// The bytes of the file as they are written.
    pub(super) fn written(&self, span: &Range<usize>) -> &'a str {
        self.source.text.get(span.clone()).unwrap_or_default()
    }

    /// Where a part of a text value stands in the file; the whole value where it is written with escapes or folded.
    pub(super) fn place_in(&self, node: &Node, text: &str, part: &Range<usize>) -> Range<usize> {
        match self.written(&node.span).find(text) {
            Some(at) => node.span.start + at + part.start..node.span.start + at + part.end,
            None => node.span.clone(),
        }
    }

    fn push(&mut self, severity: Severity, fault: Fault) {
        let Fault { message, span, also, help } = fault;
        self.found.push(Diagnostic {
            severity,
            origin: self.origin,
            message,
            location: Some(self.source.locate(span)),
            also: also.map(|span| self.source.locate(span)),
            help,
            named: None,
        });
    }
}

/// A value that must be `true` or `false`.
pub(super) fn boolean(key: &str, node: &Node) -> Result<bool, Fault> {
    match &node.value {
        Value::Bool(value) => Ok(*value),
        other => Err(wrong(key, other, "true or false", node).help(format!("write `{key}: true` or `{key}: false`"))),
    }
}

/// A value that must be text.
pub(super) fn text<'n>(key: &str, node: &'n Node) -> Result<&'n str, Fault> {
    match &node.value {
        Value::Text(text) => Ok(text),
        other => Err(wrong(key, other, "text", node)),
    }
}

/// `access` is a number, not a list of tags.
pub(super) fn wrong(key: &str, value: &Value, wanted: &str, node: &Node) -> Fault {
    let message = match value {
        Value::Null => format!("`{key}` is empty"),
        Value::List(items) if items.is_empty() => format!("`{key}` is an empty list"),
        other => format!("`{key}` is {}, not {wanted}", other.kind()),
    };
    Fault::new(message, node.span.clone())
}
