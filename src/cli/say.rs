//! Says things: the only place that writes to the terminal.

#![expect(clippy::print_stderr, reason = "this is where the program speaks")]

use std::io::{IsTerminal as _, Write as _};

use tierpress::diagnostic::{self, Diagnostic, Severity};

use super::Format;

/// Says all diagnostics, in their order.
pub(super) fn diagnostics(found: &[Diagnostic], format: Format) {
    if format == Format::Json {
        return;
    }
    for diagnostic in found {
        one(diagnostic.severity, &diagnostic.to_string());
    }
}

/// Says all findings, in their order, each with the id of its kind where that has a name of its own.
pub(super) fn findings(found: &[Diagnostic]) {
    for finding in found {
        let text = finding.to_string();
        match (finding.named, text.split_once(':')) {
            (Some(lint), Some((word, rest))) => one(finding.severity, &format!("{word}[{lint}]:{rest}")),
            (Some(_) | None, _) => one(finding.severity, &text),
        }
    }
}

fn one(severity: Severity, text: &str) {
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    match (color, text.split_once(':')) {
        (true, Some((word, rest))) => {
            let shade = if severity == Severity::Error { "31" } else { "33" };
            eprintln!("\u{1b}[1;{shade}m{word}\u{1b}[0m:{rest}\n");
        }
        _ => eprintln!("{text}\n"),
    }
}

/// Says how many errors and warnings there were.
pub(super) fn count(found: &[Diagnostic], format: Format, therefore: &str) {
    let errors = found.iter().filter(|diagnostic| diagnostic.is_error()).count();
    if format == Format::Text && errors > 0 {
        let rest = found.len() - errors;
        let warnings = if rest > 0 { format!(", {}", number(rest, "warning")) } else { String::new() };
        eprintln!("{}{warnings}{therefore}", number(errors, "error"));
    }
}

/// Says a line of an answer.
pub(super) fn line(text: &str) {
    // A reader that has gone away (`| head`) is no fault of ours.
    let written = writeln!(std::io::stdout(), "{}", diagnostic::printable(text, "\n\t"));
    drop(written);
}

/// Says a line of something that must arrive whole.
pub(super) fn line_or_error(text: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{text}")
}

/// Says a text that ends its own lines.
pub(super) fn text(text: &str) {
    let written = write!(std::io::stdout(), "{text}");
    drop(written);
}

/// Says a value for machines.
pub(super) fn json(value: &serde_json::Value) {
    let written = writeln!(std::io::stdout(), "{value:#}");
    drop(written);
}

/// A word as a shell takes it for one.
pub(super) fn word(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./,:@%+=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

/// `1 page`, `812 pages`, `1,204 objects`.
pub(super) fn number(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {noun}{plural}", grouped(count))
}

pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
