//! No gated byte for those whose it is not, and nothing missing for those whose it is.
//!
//! Each test is a site whose every secret is a *canary*, a word that begins with `zq`, and a table that says which of
//! them each reader finds: exactly those, whatever they ask for. All routes are asked for, all redirects, the same
//! without their slashes and some that are not there; what is searched is every byte served, every address that turns
//! out to exist, and every place a reader is sent to. All sites are compressed: each br and gzip, in the store and in the
//! trees, is decoded and must be what it stands beside.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use tierpress::access::entitlement::{Reader, parse_reader};
use tierpress::build;
use tierpress::edge::{Decision, Outcome, Request, decide};
use tierpress::load::{config, dates};
use tierpress::manifest::Manifest;
use tierpress::publish::Modes;
use tierpress::time::Timestamp;

use crate::built::contents;
use crate::encoded;
use crate::fixture::Fixture;

mod again;
mod badges;
mod body;
mod files;
mod hidden;
mod inherit;
mod themes;
mod time;
mod trees;

/// The settings of a site that does not bring its own.
pub(crate) const SITE: &str = "\
title: Test
base_url: https://learn.example
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic, also: [bronze]}
    - {id: pro, title: Pro, includes: [sheets]}
  bundles:
    - {id: course, title: Course}
    - {id: other, title: Other}
    - {id: sheets, title: Sheets}
  default_tier: free
";

/// A built site, as edges and readers see it.
pub(crate) struct Built {
    fixture: Fixture,
    manifest: Manifest,
    config: tierpress::config::Config,
    clock: Timestamp,
}

/// What a reader was given.
#[derive(Default)]
pub(crate) struct Given {
    canaries: BTreeSet<String>,
}

impl Built {
    /// Builds the site of a string.
    #[track_caller]
    pub(crate) fn new(text: &str) -> Self {
        Self::at(text, "2026-12-01")
    }

    /// The same for another instant.
    #[track_caller]
    pub(crate) fn at(text: &str, now: &str) -> Self {
        let clock = dates::parse(now, &jiff::tz::TimeZone::UTC).expect("a date").first;
        Self::of(fixture(text), clock)
    }

    /// Changes a file of the site.
    pub(crate) fn write(&self, name: &str, text: &str) {
        self.fixture.write(name, text);
    }

    /// Builds the site once more, into the same folder.
    #[track_caller]
    pub(crate) fn again(self) -> Self {
        Self::of(self.fixture, self.clock)
    }

    #[track_caller]
    fn of(fixture: Fixture, clock: Timestamp) -> Self {
        let (root, out) = (fixture.root(), fixture.out());
        let modes = Modes { compress: true, ..Modes::default() };
        let request =
            build::Request { root: &root, out: &out, now: clock, created: clock, modes, ..build::Request::default() };
        if let Err(faults) = build::build(&request) {
            panic!("the site does not build: {faults:#?}");
        }
        let manifest = fs::read(fixture.out().join("manifest.json")).unwrap();
        let manifest = Manifest::parse(&manifest).expect("the manifest is well formed");
        let config = config::load(&fixture.root(), &mut Vec::new()).expect("the settings are well formed");
        Self { fixture, manifest, config, clock }
    }

    /// A reader as the command line takes it, and when they come.
    #[track_caller]
    pub(crate) fn reader(&self, text: &str) -> (Reader, Timestamp) {
        let dates = |text: &str| dates::parse(text, &self.config.zone);
        match parse_reader(text, &self.config.catalogue, &dates, self.clock) {
            Ok(reader) => reader,
            Err(fault) => panic!("{text}: {fault}"),
        }
    }

    /// What is decided about a path.
    pub(crate) fn decide(&self, (reader, now): &(Reader, Timestamp), path: &str, html: bool) -> Decision<'_> {
        let target = encoded(path);
        let target = target.as_bytes();
        decide(&self.manifest, &Request { method: "GET", target, reader, now: *now, html_navigation: html })
    }

    /// Status and text of an answer.
    #[track_caller]
    pub(crate) fn get(&self, reader: &str, path: &str) -> (u16, String) {
        let decision = self.decide(&self.reader(reader), path, false);
        let text = decision.object.map(|name| String::from_utf8_lossy(&self.object(name)).into_owned());
        (decision.status, text.unwrap_or_default())
    }

    /// The bytes of an object.
    pub(crate) fn object(&self, name: &str) -> Vec<u8> {
        fs::read(self.out().join("objects").join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The output folder.
    pub(crate) fn out(&self) -> PathBuf {
        self.fixture.out()
    }

    /// The manifest.
    pub(crate) fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Every path there is, in all forms that somebody might try.
    pub(crate) fn paths(&self) -> BTreeSet<String> {
        let known: BTreeSet<&str> =
            self.manifest.routes.keys().chain(self.manifest.redirects.keys()).map(String::as_str).collect();
        let mut paths = BTreeSet::new();
        for path in known {
            let bare = path.trim_end_matches('/');
            let forms = [path.to_owned(), bare.to_owned(), format!("{bare}/"), format!("{bare}/index.html")];
            paths.extend(forms.into_iter().filter(|path| path.starts_with('/')));
            paths.extend([format!("{bare}.html"), format!("{bare}.md"), format!("{path}?x"), path.to_uppercase()]);
        }
        let own =
            ["/manifest.json", "/edge/root.json", "/.tierpress", "/README.txt", "/objects/", "/404.html", "/404/"];
        paths.extend(own.map(str::to_owned));
        paths
    }

    /// Everything a reader can get; every "not found" is checked to be the same as that of a path nobody made.
    #[track_caller]
    pub(crate) fn given(&self, reader: &str) -> Given {
        let who = self.reader(reader);
        let mut given = Given::default();
        let mut objects = BTreeSet::new();
        for html in [false, true] {
            let unknown = self.decide(&who, "/nobody/made/this/", html);
            for path in self.paths() {
                let decision = self.decide(&who, &path, html);
                if decision.outcome == Outcome::NotFound {
                    assert_eq!(decision, unknown, "{path} for {reader}");
                    assert_eq!((decision.status, decision.location.as_deref()), (404, None), "{path} for {reader}");
                } else {
                    given.search(path.as_bytes());
                }
                given.search(decision.location.unwrap_or_default().as_bytes());
                objects.extend(decision.object);
            }
        }
        objects.into_iter().for_each(|object| given.search(&self.object(object)));
        given
    }

    /// Compares what readers find with a table: `READER: canary canary`, one reader a line.
    #[track_caller]
    pub(crate) fn check(&self, table: &str) -> &Self {
        let mut faults = Vec::new();
        for line in table.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (reader, expected) = line.rsplit_once(": ").or_else(|| Some((line.strip_suffix(':')?, ""))).unwrap();
            let expected: BTreeSet<String> = expected.split_whitespace().map(|word| format!("zq{word}")).collect();
            let found = self.given(reader).canaries;
            faults.extend(found.difference(&expected).map(|canary| format!("LEAK of {canary} to {reader}")));
            faults.extend(expected.difference(&found).map(|canary| format!("MISSING {canary} for {reader}")));
        }
        faults.extend(self.tree_faults());
        faults.extend(encoded::faults(&self.out()));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        self
    }

    /// Canaries in trees that the tree's reader would not be served.
    fn tree_faults(&self) -> Vec<String> {
        let mut readers = vec![("public".to_owned(), "visitor".to_owned())];
        for control in &self.manifest.access_controls {
            let kind = if self.config.catalogue.tier(&control.id).is_some() { "tiers" } else { "bundles" };
            readers.push((format!("{kind}/{}", control.id), control.id.to_string()));
        }
        let mut faults = Vec::new();
        for (folder, reader) in readers {
            let mut laid = Given::default();
            for (name, bytes) in contents(&self.out().join(&folder)) {
                laid.search(name.as_bytes());
                laid.search(&encoded::seen_through(&name, bytes));
            }
            let given = self.given(&reader).canaries;
            faults.extend(laid.canaries.difference(&given).map(|canary| format!("LEAK of {canary} in {folder}")));
            if !folder.starts_with("bundles/") {
                let missing = given.difference(&laid.canaries);
                faults.extend(missing.map(|canary| format!("MISSING {canary} in {folder}")));
            }
        }
        faults
    }
}

impl Given {
    /// Remembers every canary of some bytes: `zq` and what follows of letters and digits.
    fn search(&mut self, bytes: &[u8]) {
        let lower = bytes.to_ascii_lowercase();
        for (at, _) in lower.windows(2).enumerate().filter(|(_, pair)| pair == b"zq") {
            let word: Vec<u8> = lower[at..].iter().copied().take_while(u8::is_ascii_alphanumeric).collect();
            self.canaries.insert(String::from_utf8(word).unwrap());
        }
    }
}

/// Builds a site and compares what readers find.
#[track_caller]
pub(crate) fn check(text: &str, table: &str) -> Built {
    let built = Built::new(text);
    built.check(table);
    built
}

/// The messages of a site that is refused.
#[track_caller]
pub(crate) fn refused(text: &str) -> Vec<String> {
    match fixture(text).build() {
        Ok(_) => panic!("the site builds: {text}"),
        Err(faults) => faults.into_iter().map(|fault| fault.message).collect(),
    }
}

fn fixture(text: &str) -> Fixture {
    let own = text.contains("//- site.yaml\n");
    if own { Fixture::new(text) } else { Fixture::new(&format!("//- site.yaml\n{SITE}{text}")) }
}

/// A path as a browser asks for it; what stands after `?` is left as it is.
fn encoded(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~?".contains(&byte);
    path.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
