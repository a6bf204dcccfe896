//! Answers about a plan without publishing it.

use serde::Serialize;

use crate::build::{Objects, contract};
use crate::digest::ObjectName;
use crate::manifest::Manifest;
use crate::plan::{Form, Output, Plan, Subject, view};
use crate::publish::Stored;

/// What there is to say of a path.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Explained {
    /// The file it is made from, or what makes it; none for an unknown path.
    pub source: Option<String>,
    /// The ways in, as its tags say.
    pub ways: Vec<Way>,
    /// Its forms in the order in which an edge tries them: what each is, and its requirement.
    pub forms: Vec<String>,
    /// For whom it opens at the build's clock: visitors, tiers, bundles with the default tier.
    pub opens_for: Vec<String>,
}

/// One way in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Way {
    /// Who.
    pub words: String,
    /// When, or empty.
    pub span: String,
}

/// Explains a path: of a page, a list, or a file.
#[must_use]
pub fn explain(plan: &Plan, path: &str) -> Explained {
    let site = plan.site();
    let readers = contract::readers(site);
    let open_to = |rules: &[crate::access::gated::RuleId]| {
        let holds = |reader| rules.iter().any(|rule| plan.book().rule(*rule).holds(reader, site.clock));
        readers.iter().filter(|(_, reader)| holds(reader)).map(|(folder, _)| folder.clone()).collect()
    };
    if let Some(output) = plan.outputs.iter().find(|output| output.url.as_deref() == Some(path)) {
        let open = output.shape.variants.iter().take(output.shape.open);
        let open: Vec<_> = open.map(|variant| variant.requirement).collect();
        return Explained {
            source: Some(source(plan, output)),
            ways: ways(plan, output),
            forms: forms(plan, output),
            opens_for: open_to(&open),
        };
    }
    if let Some(file) = site.files.iter().find(|file| file.url == path) {
        let words = view::rule_words(plan.book().rule(file.rule));
        let hidden = if file.hidden { "hidden; " } else { "" };
        let forms = vec![format!("{hidden}for {words}")];
        return Explained {
            source: Some(file.source.to_string()),
            ways: Vec::new(),
            forms,
            opens_for: open_to(&[file.rule]),
        };
    }
    if site.statics.iter().any(|file| file.url == path) {
        let source = Some("a file for everybody".to_owned());
        return Explained {
            source,
            opens_for: readers.iter().map(|(folder, _)| folder.clone()).collect(),
            ..Explained::default()
        };
    }
    let moved = site.redirects.get(path).map(|to| format!("a former address of {to}"));
    Explained { source: moved, ..Explained::default() }
}

fn source(plan: &Plan, output: &Output) -> String {
    match output.subject {
        Subject::Page(page) => plan.site().page(page).map(|page| page.source.to_string()).unwrap_or_default(),
        Subject::Section(_) => "a list of a folder without _index.md".to_owned(),
        Subject::Tag(_) | Subject::Tags => "a list of tags".to_owned(),
        Subject::Unlock(_) => "a stylesheet that takes lock badges away".to_owned(),
        Subject::Sitemap | Subject::Robots => "made for search engines".to_owned(),
        Subject::NotFound | Subject::Denial(_) => "shown in place of a page".to_owned(),
    }
}

fn ways(plan: &Plan, output: &Output) -> Vec<Way> {
    let Subject::Page(page) = output.subject else { return Vec::new() };
    let Some(page) = plan.site().page(page) else { return Vec::new() };
    let way = |tag: &crate::access::tags::Tag| {
        let mut span = String::new();
        if tag.since_joining {
            span.push_str(" since joining");
        }
        for (word, bound) in [("from", tag.from), ("until", tag.until)] {
            if let Some(bound) = bound {
                span.push_str(&format!(" {word} {bound}"));
            }
        }
        Way { words: tag.words(), span }
    };
    page.access.tags.iter().map(way).collect()
}

fn forms(plan: &Plan, output: &Output) -> Vec<String> {
    let words = |form: Form| match form {
        Form::Open => "the page",
        Form::Waiting => "its waiting form",
        Form::Teaser => "its teaser",
        Form::Cover => "title, description and what opens it",
    };
    let line = |variant: &crate::plan::Variant| {
        format!("{}: for {}", words(variant.form), view::rule_words(plan.book().rule(variant.requirement)))
    };
    output.shape.variants.iter().map(line).collect()
}

/// A manifest with every route, policy and rule of a plan, for decisions; its object names stand for bytes that were
/// never rendered.
#[must_use]
pub fn model(plan: &Plan) -> Manifest {
    let stand_in = |url: &str, number: usize| {
        let name = ObjectName::of(format!("{url} {number}").as_bytes(), "html");
        Stored { name, size: 0 }
    };
    let outputs = plan.outputs.iter().map(|output| {
        let url = output.url.as_deref().unwrap_or_default();
        (0..output.shape.variants.len()).map(|number| stand_in(url, number)).collect()
    });
    let site = plan.site();
    let objects = Objects {
        outputs: outputs.collect(),
        files: site.files.iter().map(|file| stand_in(&file.url, 0)).collect(),
        statics: site.statics.iter().map(|file| stand_in(&file.url, 0)).collect(),
    };
    contract::manifest(plan, &objects, site.clock)
}
