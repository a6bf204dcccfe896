//! Every rule as a timeline that a seller can read: `tests/members/*.yaml`.

use std::path::{Path, PathBuf};

use tierpress::load::timeline;
use tierpress::members::simulate::simulate;

pub(super) fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/members");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml"));
    files.sort();
    files
}

#[test]
fn every_timeline_comes_out_as_it_says() {
    let files = files();
    assert!(files.len() >= 60, "{}", files.len());
    let mut faults = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let mut diagnostics = Vec::new();
        let timeline = timeline::load(&file, &mut diagnostics);
        faults.extend(diagnostics.iter().map(ToString::to_string));
        let Some(timeline) = timeline else { continue };
        if timeline.title.is_empty() || timeline.expected.is_empty() {
            faults.push(format!("{name} says nothing"));
        }
        if timeline.page_expectation().is_some() {
            // Those are played with a manifest, in `pages`.
            continue;
        }
        faults.extend(simulate(&timeline, None).failures.iter().map(ToString::to_string));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
}
