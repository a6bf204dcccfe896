//! Findings in the forms that other programs read.

use std::path::Path;

use serde_json::{Value, json};
use tierpress::diagnostic::lint::Lint;
use tierpress::diagnostic::{Diagnostic, Location, Severity};
use tierpress::path;
use tierpress::review::links::ByReader;

/// Every finding with the id of its kind; links, where they were asked for.
pub(super) fn json(findings: &[Diagnostic], links: Option<&[ByReader]>) -> Value {
    let named: Vec<Diagnostic> = findings.iter().map(|finding| finding.clone().named(finding.lint())).collect();
    let mut said = json!({ "diagnostics": named });
    if let (Some(links), Some(said)) = (links, said.as_object_mut()) {
        said.insert("links".to_owned(), json!(links));
    }
    said
}

/// `content/a.md:3:10 → /course/two/: visitor cover; basic later, open`
pub(super) fn link(link: &ByReader) -> String {
    let reader = |seen: &tierpress::review::links::Seen| {
        let given: Vec<&str> = seen.given.iter().map(|given| given.as_str()).collect();
        format!("{} {}", seen.reader, given.join(", "))
    };
    let readers: Vec<String> = link.readers.iter().map(reader).collect();
    format!("{} leads to {}: {}", link.location, link.url, readers.join("; "))
}

/// Workflow commands of GitHub Actions, one a line.
///
/// Paths are those of the repository where the site's folder is given relative to it.
pub(super) fn github(findings: &[Diagnostic], root: &Path) -> Vec<String> {
    findings.iter().map(|finding| command(finding, root)).collect()
}

fn command(finding: &Diagnostic, root: &Path) -> String {
    let name = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let mut properties = Vec::new();
    if let Some(place) = &finding.location {
        properties.push(format!("file={}", property(&in_repository(root, &place.file))));
        if place.line > 0 {
            let end = place.column + place.length;
            properties.push(format!("line={},col={},endColumn={end}", place.line, place.column));
        }
    }
    properties.push(format!("title={}", property(&format!("tierpress: {}", finding.lint()))));
    let mut message = finding.message.clone();
    if let Some(also) = &finding.also {
        message.push_str(&format!("\nsee also {also}"));
    }
    if let Some(help) = &finding.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    format!("::{name} {}::{}", properties.join(","), data(&message))
}

/// Text of a workflow command, as the runner unescapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a workflow command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A path from where the program was called.
fn in_repository(root: &Path, file: &str) -> String {
    let root = root.to_string_lossy().replace('\\', "/");
    let root = root.trim_start_matches("./").trim_end_matches('/');
    if root.is_empty() || root == "." { file.to_owned() } else { format!("{root}/{file}") }
}

/// A log of the Static Analysis Results Interchange Format, version 2.1.0 (OASIS).
pub(super) fn sarif(findings: &[Diagnostic], root: &Path) -> Value {
    let rules: Vec<Value> = Lint::ALL.into_iter().map(rule).collect();
    let results: Vec<Value> = findings.iter().map(|finding| result(finding, root)).collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "tierpress", "semanticVersion": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "all but three are warnings")]
fn rule(lint: Lint) -> Value {
    let level = match lint {
        Lint::BuildError | Lint::BrokenLink | Lint::RevealingLink => "error",
        _ => "warning",
    };
    json!({
        "id": lint.id(),
        "shortDescription": {"text": lint.title()},
        "defaultConfiguration": {"level": level},
    })
}

fn result(finding: &Diagnostic, root: &Path) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let lint = finding.lint();
    let text = match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    };
    let mut result = json!({
        "ruleId": lint.id(),
        "ruleIndex": Lint::ALL.iter().position(|known| *known == lint),
        "level": level,
        "message": {"text": text},
    });
    let places = [("locations", &finding.location), ("relatedLocations", &finding.also)];
    for (name, place) in places {
        if let (Some(place), Some(result)) = (place, result.as_object_mut()) {
            result.insert(name.to_owned(), json!([{"physicalLocation": physical(place, root)}]));
        }
    }
    result
}

fn physical(place: &Location, root: &Path) -> Value {
    let uri = path::encode_strictly(&in_repository(root, &place.file));
    let artifact = if uri.starts_with('/') {
        json!({"uri": format!("file://{uri}")})
    } else {
        json!({"uri": uri, "uriBaseId": "%SRCROOT%"})
    };
    if place.line == 0 {
        return json!({"artifactLocation": artifact});
    }
    json!({
        "artifactLocation": artifact,
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endColumn": place.column + place.length,
            "snippet": {"text": place.text},
        },
    })
}
