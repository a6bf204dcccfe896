//! Tera's errors as diagnostics: in our words, at their place in the template.

use std::collections::BTreeMap;
use std::ops::Range;

use tera::ErrorKind;

use super::lists::place_of;
use super::{TextFile, quoted};
use crate::diagnostic::{Diagnostic, Location, nearest};

type Files = BTreeMap<String, TextFile>;

/// A syntax error of a single file; `None` for anything else, which is judged when all files are known.
pub(super) fn syntax(error: &tera::Error, files: &Files) -> Option<Diagnostic> {
    let ErrorKind::SyntaxError(report) = error.kind() else { return None };
    Some(fault(report.message(), files.get(report.filename()), report.span().range.clone()))
}

/// What is wrong between templates: unknown filters, includes, parents and blocks.
pub(super) fn linking(error: &tera::Error, files: &Files) -> Vec<Diagnostic> {
    let place = |name: &str| files.get(name).map(|file| Location::file(&file.path));
    let kind = error.kind();
    if let ErrorKind::MissingParent { current, parent } = kind {
        let fault = Diagnostic::error(format!("unknown template `{parent}`"));
        let help = nearest(parent, files.keys().map(String::as_str)).map(|near| format!("did you mean `{near}`?"));
        let fault = Diagnostic { help, ..fault };
        return vec![with_place(fault, files.get(current).map(|file| place_of(file, parent)))];
    }
    if let ErrorKind::CircularExtend { tpl, .. } = kind {
        return vec![with_place(Diagnostic::error(format!("`{tpl}` extends itself")), place(tpl))];
    }
    if let ErrorKind::CircularInclude { tpl, include_chain } = kind {
        let chain = quoted(include_chain.iter().map(String::as_str));
        let fault = Diagnostic::error(format!("`{tpl}` includes itself, by way of {chain}"));
        return vec![with_place(fault, place(tpl))];
    }
    let text = error.to_string();
    let found = printed_reports(&text, files);
    if found.is_empty() { vec![Diagnostic::error(sentence(&text))] } else { found }
}

/// What went wrong in rendering one page.
pub(super) fn rendering(error: &tera::Error, page: &str, files: &Files) -> Diagnostic {
    let fault = if let ErrorKind::RenderingError(report) = error.kind() {
        fault(report.message(), files.get(report.filename()), report.span().range.clone())
    } else {
        Diagnostic::error(sentence(&error.to_string()))
    };
    Diagnostic { message: format!("{}, while rendering `{page}`", fault.message), ..fault }
}

/// Tera joins these faults into one text; each begins with `error:` and has its place on the next line.
fn printed_reports(text: &str, files: &Files) -> Vec<Diagnostic> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for pair in lines.windows(2) {
        let [first, second] = pair else { continue };
        let Some(message) = first.strip_prefix("error: ") else { continue };
        let Some((_, place)) = second.split_once("--> ") else { continue };
        let mut parts = place.rsplitn(3, ':');
        let column = parts.next().and_then(|part| part.parse::<usize>().ok());
        let line = parts.next().and_then(|part| part.parse::<usize>().ok());
        let file = parts.next().and_then(|name| files.get(name));
        let range = match (file, line, column) {
            (Some(file), Some(line), Some(column)) => range_at(&file.text, line, column),
            _ => 0..0,
        };
        found.push(fault(message, file, range));
    }
    found
}

/// The word at a line and column, both from 1.
fn range_at(text: &str, line: usize, column: usize) -> Range<usize> {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let rest = text.get(start..).unwrap_or_default();
    let skipped: usize = rest.chars().take(column.saturating_sub(1)).map(char::len_utf8).sum();
    let start = start + skipped;
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
    let rest = text.get(start..).unwrap_or_default();
    let length = match rest.strip_prefix('"') {
        Some(quoted) => quoted.find('"').map_or(1, |end| end + 2),
        None => rest.find(|c: char| !word(c)).unwrap_or(rest.len()),
    };
    start..start + length
}

fn fault(message: &str, file: Option<&TextFile>, range: Range<usize>) -> Diagnostic {
    let code = file.and_then(|file| file.text.get(range.clone())).unwrap_or_default();
    let (message, help) = reword(message, code);
    let fault = with_place(Diagnostic::error(message), file.map(|file| file.source().locate(range)));
    Diagnostic { help, ..fault }
}

fn with_place(fault: Diagnostic, place: Option<Location>) -> Diagnostic {
    Diagnostic { location: place, ..fault }
}

/// Tera's words in ours, with a help line where it names what there is.
fn reword(message: &str, code: &str) -> (String, Option<String>) {
    if message.starts_with("Tried to render a variable that is undefined") {
        return (format!("`{code}` does not exist here"), None);
    }
    let (head, known) = [" Available fields: ", " Available variables: "]
        .iter()
        .find_map(|mark| message.split_once(mark))
        .map_or((message, None), |(head, known)| (head, Some(known)));
    let name = head.split('`').nth(1).unwrap_or_default();
    let head = if head.starts_with("Field `") && head.contains("is not defined") {
        format!("unknown field `{name}`")
    } else if head.starts_with("Variable `") && head.contains("is not defined") {
        format!("unknown name `{name}`")
    } else {
        sentence(head)
    };
    let help = known.map(|known| match nearest(name, known.split(", ")) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("known are {}", quoted(known.split(", "))),
    });
    match head.as_str() {
        "unexpected end of input" => {
            let help = "close what is open above: a `{% for %}` needs its `{% endfor %}`, and so on".to_owned();
            ("the template ends while something in it is still open".to_owned(), Some(help))
        }
        "unknown tag" => {
            let help = "is the tag misspelt, or its beginning missing?".to_owned();
            ("nothing of that kind can stand here".to_owned(), Some(help))
        }
        _ => (head.replace("expected }}", "expected `}}`").replace("expected %}", "expected `%}`"), help),
    }
}

/// Lower case at the start, no full stop at the end, one line.
fn sentence(text: &str) -> String {
    let text = text.lines().next().unwrap_or_default().trim_end_matches('.');
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => "the template cannot be rendered".to_owned(),
    }
}
