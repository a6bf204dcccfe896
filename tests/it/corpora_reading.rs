//! Every page of the corpora is read without a panic, and what is refused is known by name.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use tierpress::access::catalogue::Catalogue;
use tierpress::diagnostic::{self, Diagnostic, Source};
use tierpress::load::front_matter::{self, Context};
use tierpress::load::sources;

fn corpora() -> PathBuf {
    let path = std::env::var_os("TIERPRESS_CORPORA")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"), PathBuf::from);
    assert!(path.is_dir(), "no corpora at {}: set TIERPRESS_CORPORA", path.display());
    path
}

/// Reads a site: how many pages, and all that is said of them.
fn read(name: &str, own_keys: &[&str]) -> (usize, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let found = sources::find(&corpora().join(name), &mut diagnostics);
    let catalogue = Catalogue::empty();
    let own_keys: Vec<String> = own_keys.iter().map(|key| (*key).to_owned()).collect();
    let context = Context { zone: &TimeZone::UTC, catalogue: &catalogue, own_keys: &own_keys };
    for page in &found.pages {
        let text = sources::read_text(&page.disk, &page.path).unwrap();
        let source = Source { file: &page.path, text: &text };
        let before = diagnostics.len();
        let parsed = front_matter::read(source, &context, &mut diagnostics);
        assert_eq!(parsed.is_none(), diagnostic::any_error(&diagnostics[before..]), "{}", page.path);
    }
    diagnostic::sort(&mut diagnostics);
    (found.pages.len(), diagnostics)
}

#[test]
fn explore() {
    for name in [
        "18f-blog",
        "eng-practices",
        "hpc-intro",
        "hugo-docs-part",
        "jekyll-docs",
        "opensource-guide",
        "rust-blog",
        "rust-by-example",
        "seed-post",
    ] {
        let (pages, diagnostics) = read(name, &["release"]);
        println!("== {name}: {pages} pages, {} diagnostics", diagnostics.len());
        for diagnostic in diagnostics.iter().take(250) {
            println!("{diagnostic}");
        }
    }
}
