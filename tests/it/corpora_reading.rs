//! Every page of the corpora is read without a panic, and what is refused is known by name.

use std::path::{Path, PathBuf};

use jiff::tz::TimeZone;
use tierpress::access::catalogue::Catalogue;
use tierpress::diagnostic::{self, Diagnostic, Source};
use tierpress::load::frame::{self, Format};
use tierpress::load::front_matter::{self, Context};
use tierpress::load::{sources, yaml};

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

/// The first line of each diagnostic with its place.
fn short(diagnostics: &[Diagnostic]) -> Vec<String> {
    diagnostics.iter().map(|found| format!("{}: {}", found.location.as_ref().unwrap(), found.message)).collect()
}

#[test]
fn every_page_of_the_corpora_is_read() {
    for (name, count) in [
        ("eng-practices", 14),
        ("hpc-intro", 20),
        ("hugo-docs-part", 36),
        ("jekyll-docs", 205),
        ("opensource-guide", 74),
        ("rust-by-example", 198),
        ("seed-post", 1),
    ] {
        let (pages, diagnostics) = read(name, &[]);
        assert_eq!((pages, short(&diagnostics)), (count, Vec::new()), "{name}");
    }
}

/// Eleventy writes no page for `permalink: false`; here it is one, and the writer is told.
#[test]
fn what_eleventy_does_not_write_is_said() {
    let (pages, diagnostics) = read("18f-blog", &[]);
    assert_eq!((pages, diagnostics.len()), (567, 5));
    let expected =
        |found: &&Diagnostic| !found.is_error() && found.message == "`permalink: false` holds nothing back here";
    assert!(diagnostics.iter().all(|found| expected(&found)), "{:?}", short(&diagnostics));
}

/// `[extra] release = true` marks posts about releases: the site says so once, in `own_keys`.
#[test]
fn a_foreign_release_key_is_refused_until_the_site_says_it_is_its_own() {
    let (pages, diagnostics) = read("rust-blog", &[]);
    assert_eq!((pages, diagnostics.len()), (132, 26));
    assert!(diagnostics.iter().all(|found| found.message == "`release` under `extra` gates nothing"));
    assert_eq!(read("rust-blog", &["release"]), (132, Vec::new()));
}

/// What is read is what another parser, libyaml's, reads in the same front matter.
#[test]
fn yaml_means_what_libyaml_says() {
    let mut compared = 0;
    for name in ["18f-blog", "hpc-intro", "hugo-docs-part", "jekyll-docs", "opensource-guide", "seed-post"] {
        for page in sources::find(&corpora().join(name), &mut Vec::new()).pages {
            let text = sources::read_text(&page.disk, &page.path).unwrap();
            let Some((Format::Yaml, range)) = frame::part(&text).unwrap().front_matter else { continue };
            let theirs: serde_json::Value = serde_yaml::from_str(&text[range.clone()]).unwrap();
            let ours = yaml::read(&text, range).unwrap();
            assert_eq!(ours.value.to_json(), theirs, "{name}/{}", page.path);
            compared += 1;
        }
    }
    assert!(compared > 850, "{compared}");
}
