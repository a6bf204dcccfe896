//! A page is broken, another one is written on meanwhile, the first is mended: what is held is not what it was.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use tierpress::serve::keeper::{Changes, Keeper};

use super::edits::Edit;
use super::rebuild::{Beside, faults, settings};
use crate::fixture::Fixture;
use crate::generated::course::Random;

fn touch(keeper: &mut Keeper, paths: &[&Path]) {
    keeper.rebuild(&Changes::Paths(paths.iter().map(|path| path.to_path_buf()).collect()));
}

/// Breaks a page, writes on another one, tells a keeper of both, and mends the first; that is left to be told.
pub(super) fn mend(root: &Path, random: &mut Random, (number, keeper): (usize, &mut Keeper)) -> Edit {
    let files = walkdir::WalkDir::new(root.join("content")).sort_by_file_name();
    let files = files.into_iter().map(|entry| entry.unwrap().into_path());
    let pages: Vec<PathBuf> = files.filter(|path| path.to_str().unwrap().ends_with(".md")).collect();
    if pages.is_empty() {
        return Edit { what: "nothing".to_owned(), paths: Vec::new() };
    }
    let [broken, other] = [(); 2].map(|()| pages[random.below(pages.len())].clone());
    let text = std::fs::read_to_string(&broken).unwrap();
    std::fs::write(&broken, format!("{text}\n<!-- access: pro -->\nNever closed {number}.\n")).unwrap();
    touch(keeper, &[&broken]);
    if other != broken {
        let text = std::fs::read_to_string(&other).unwrap();
        std::fs::write(&other, format!("{text}\nMore words {number}.\n")).unwrap();
        touch(keeper, &[&other]);
    }
    std::fs::write(&broken, text).unwrap();
    let what = format!("{} broken, {} + words, mended", broken.display(), other.display());
    Edit { what, paths: vec![broken] }
}

#[test]
fn what_was_written_while_another_page_was_broken_is_shown() {
    let site = Fixture::new("One.\n//- content/b.md\nTwo.\n//- content/c.md\nThree.\n");
    let (root, out) = (site.root(), site.out());
    let settings = settings(&root);
    let beside = Beside::of(&settings, &out);
    let mut keeper = Keeper::new(settings.clone());
    keeper.rebuild(&Changes::Everything);
    let steps: [(&str, &str, bool); 5] = [
        ("b.md", "Two.\n\n<!-- access: pro -->\nNever closed.\n", false),
        ("a.md", "One, with other words.\n", false),
        ("c.md", "Three, with other words.\n", false),
        ("b.md", "Two.\n", true),
        ("a.md", "One.\n", true),
    ];
    for (number, (name, text, good)) in steps.into_iter().enumerate() {
        let path = root.join("content").join(name);
        std::fs::write(&path, text).unwrap();
        let state = keeper.rebuild(&Changes::Paths(BTreeSet::from([path])));
        assert_eq!(state.faults.is_empty(), good, "{number}");
        if good {
            assert_eq!(faults(&state, None, &beside), Vec::<String>::new(), "{number}");
        }
    }
}

/// That only gated places show a file of `static/` is seen from all of them.
#[test]
fn a_gated_page_that_shows_a_static_file_is_warned_of_at_once() {
    let lesson = "---\naccess: pro\ntitle: L\n---\nText.\n";
    let site = Fixture::new(&format!(
        "Open.\n//- content/b.md\n---\naccess: pro\ntitle: B\n---\nText.\n//- content/l.md\n{lesson}//- static/p.png\npicture\n"
    ));
    let (root, out) = (site.root(), site.out());
    let settings = settings(&root);
    let beside = Beside::of(&settings, &out);
    let mut keeper = Keeper::new(settings.clone());
    keeper.rebuild(&Changes::Everything);
    let shown = format!("{lesson}\n![p](/p.png)\n");
    let steps: [(&str, &str, usize); 5] = [
        ("l.md", &shown, 1),
        ("a.md", "Open.\n\n![p](/p.png)\n", 0),
        ("b.md", "---\naccess: pro\ntitle: B\n---\nText.\n\n![p](/p.png)\n", 0),
        ("a.md", "Open.\n", 1),
        ("l.md", lesson, 1),
    ];
    for (number, (name, text, warnings)) in steps.into_iter().enumerate() {
        let path = root.join("content").join(name);
        std::fs::write(&path, text).unwrap();
        let state = keeper.rebuild(&Changes::Paths(BTreeSet::from([path])));
        assert_eq!(state.warnings.len(), warnings, "{number}: {:#?}", state.warnings);
        assert_eq!(faults(&state, None, &beside), Vec::<String>::new(), "{number}");
    }
}
