//! The README's five minutes, typed in as they stand there.

use std::fs;
use std::path::Path;

use crate::built::build;

/// The files of the tour: a paragraph that begins with a file name in backticks, and the next fenced block.
fn files(readme: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    let mut name = None;
    let mut lines = readme.lines();
    let mut blank = true;
    while let Some(line) = lines.next() {
        if line.starts_with("```") {
            let text: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            files.extend(name.take().map(|name| (name, text.join("\n") + "\n")));
        } else if blank && let Some((path, _)) = line.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
            name = Some(path.to_owned());
        }
        blank = line.is_empty();
    }
    files
}

#[test]
fn the_tour_of_the_readme() {
    let folder = tempfile::tempdir().unwrap();
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let files = files(&readme);
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    let lessons = ["content/bread/_index.md", "content/bread/01-flour.md", "content/bread/02-dough.md"];
    assert_eq!(names[..2], ["site.yaml", "content/_index.md"]);
    assert_eq!(names[2..], lessons);
    for (name, text) in &files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let out = folder.path().join("tierpress-out");
    build(folder.path(), &out).well();

    let read = |path: &str| fs::read_to_string(out.join(path)).unwrap();
    let (teaser, recipe) = ("Dough is flour that has met water.", "350 g of water");
    let visitor = read("public/bread/dough/index.html");
    assert!(visitor.contains(teaser) && visitor.contains("Pro") && !visitor.contains(recipe), "{visitor}");
    for tree in ["tiers/pro", "bundles/bread"] {
        let page = read(&format!("{tree}/bread/dough/index.html"));
        assert!(page.contains(teaser) && page.contains(recipe), "{tree}: {page}");
    }
    assert!(read("public/bread/flour/index.html").contains("milled grain"));
    assert!(!read("public/bread/flour/index.html").contains("list of mills"));
    assert!(read("tiers/pro/bread/flour/index.html").contains("list of mills"));
}
