//! Addresses on other sites that stand in a page's text. A build has no use for them, so they are looked up on demand.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::diagnostic::{Location, Source};
use crate::load::markdown::{self, Resolved, Settings};
use crate::load::{frame, sources};

/// The `http` and `https` addresses of a page, with their places. None where the file cannot be read any more.
#[must_use]
pub fn addresses(root: &Path, file: &Arc<str>) -> Vec<(String, Location)> {
    let Ok(text) = sources::read_text(&root.join(file.as_ref()), file) else { return Vec::new() };
    let source = Source { file, text: &text };
    let Ok(frame) = frame::part(&text) else { return Vec::new() };
    let found = RefCell::new(Vec::new());
    let resolve = |address: &str, range| -> Resolved<()> {
        if ["http://", "https://"].iter().any(|scheme| address.starts_with(scheme)) {
            found.borrow_mut().push((address.to_owned(), source.locate(range)));
        }
        Resolved::Elsewhere
    };
    let settings = Settings { smart_punctuation: false, alerts: &BTreeMap::new(), resolve: &resolve };
    // Its faults are known: the page was built.
    drop(markdown::parse(source, frame.body, &settings, &mut Vec::new()));
    found.into_inner()
}
