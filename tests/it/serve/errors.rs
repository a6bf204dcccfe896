//! Errors where the writer looks: over the page, in the terminal, and gone when they are mended.

use super::running::{PATIENCE, Serve, command};
use crate::fixture::Fixture;

const GOOD: &str = "---\ntitle: A page\naccess: pro\n---\nText.\n";

/// Waits until the terminal has said so much.
#[track_caller]
fn wait_for(serve: &Serve, word: &str) -> String {
    let begin = std::time::Instant::now();
    loop {
        let said = serve.output().join("\n");
        if said.contains(word) {
            return said;
        }
        assert!(begin.elapsed() < PATIENCE, "`{word}` is not said: {said}\n{}", serve.errors().join("\n"));
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn a_fault_is_told_and_the_last_good_site_stays() {
    let fixture = Fixture::new(GOOD);
    let serve = Serve::start(&fixture.root(), &["--as", "pro"]);
    let mut events = serve.listen();
    assert_eq!(events.next("fault"), serde_json::json!([]));
    let first = events.next("state");
    assert_eq!(first["number"], 1);
    fixture.write("content/a.md", GOOD.replace("pro", "prro"));
    fixture.write("content/b.md", "[away](/nowhere/)\n");
    let mut faults = events.next("fault");
    // The two files may be seen one after the other.
    while faults.as_array().unwrap().len() < 2 {
        faults = events.next("fault");
    }
    assert!(events.next("state")["number"].as_u64() > first["number"].as_u64());
    let built = fixture.build().unwrap_err();
    assert_eq!(faults, serde_json::to_value(&built).unwrap(), "the faults are those of a build");
    let page = serve.visit("/a/", &[]);
    assert_eq!((page.status, page.text().contains("Text.")), (200, true));
    let said = wait_for(&serve, "2 errors; the last good site is served");
    assert!(said.contains("content/"), "{said}");
    let terminal = serve.errors().join("\n");
    for fault in &built {
        assert!(terminal.contains(&fault.to_string()), "{fault} is not in\n{terminal}");
    }
    fixture.write("content/a.md", GOOD.replace("Text.", "Mended."));
    fixture.write("content/b.md", "Here.\n");
    while events.next("fault") != serde_json::json!([]) {}
    let page = serve.visit("/a/", &[]);
    assert_eq!((page.status, page.text().contains("Mended.")), (200, true));
}

#[test]
fn the_same_errors_are_said_once() {
    let fixture = Fixture::new(&GOOD.replace("pro", "prro"));
    let serve = Serve::start(&fixture.root(), &[]);
    let errors = || serve.errors().iter().filter(|line| line.starts_with("error")).count();
    assert_eq!(errors(), 1);
    fixture.write("content/b.md", "Another page.\n");
    let said = wait_for(&serve, "still 1 error; nothing is served yet");
    assert!(!said.contains("built: still"), "{said}");
    assert_eq!(errors(), 1);
    fixture.write("content/b.md", "[away](/nowhere/)\n");
    wait_for(&serve, ": 2 errors; nothing is served yet");
    assert_eq!(errors(), 3, "all of them again, now that they are others");
}

/// A warning about a file that no build reads goes away with the file.
#[test]
fn a_warning_goes_away_with_its_file() {
    let fixture = Fixture::new(GOOD);
    fixture.write("content/lonely.txt", "Nobody shows this.\n");
    fixture.write("content/other.mdx", "# Another kind of Markdown\n");
    let serve = Serve::start(&fixture.root(), &[]);
    let mut events = serve.listen();
    let files = |warnings: &serde_json::Value| -> Vec<String> {
        let warnings = warnings.as_array().unwrap().iter();
        warnings.filter_map(|warning| warning["location"]["file"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(files(&events.next("warning")), ["content/lonely.txt", "content/other.mdx"]);
    std::fs::remove_file(fixture.root().join("content/other.mdx")).unwrap();
    assert_eq!(files(&events.next("warning")), ["content/lonely.txt"]);
    std::fs::remove_file(fixture.root().join("content/lonely.txt")).unwrap();
    assert_eq!(files(&events.next("warning")), Vec::<String>::new());
}

#[test]
fn before_there_is_a_site_its_faults_are_the_page() {
    let fixture = Fixture::new("---\ntitle: A\naccess: [prro, \"<b>\"]\n---\nText.\n");
    let serve = Serve::start(&fixture.root(), &[]);
    let page = serve.visit("/a/", &[]);
    assert_eq!(page.status, 503);
    for word in ["unknown tier or bundle `prro`", "content/a.md:3:", "did you mean `pro`?", "bar.js", "`&lt;b&gt;`"] {
        assert!(page.text().contains(word), "`{word}` is not in {}", page.text());
    }
    let bare = serve.get("/a/", &[]);
    assert_eq!((bare.status, bare.header("content-type")), (503, Some("text/plain; charset=utf-8")));
    assert!(bare.text().contains("unknown tier or bundle `prro`") && !bare.text().contains("bar.js"));
    for name in ["page?path=/", "readers"] {
        assert_eq!(serve.get(&format!("/_tierpress/serve/{name}"), &[]).status, 503, "{name}");
    }
    let mut events = serve.listen();
    events.next("state");
    fixture.write("content/a.md", GOOD);
    events.next("state");
    assert_eq!(serve.visit("/a/", &[]).status, 200);
}

#[test]
fn a_fault_of_a_template_names_template_line_and_page() {
    let fixture = Fixture::new(GOOD);
    fixture.write(
        "templates/page.html",
        "{% extends \"base.html\" %}\n{% block main %}\n{{ page.title + 1 }}\n{% endblock %}\n",
    );
    assert!(fixture.build().is_err());
    let serve = Serve::start(&fixture.root(), &["--as", "pro"]);
    let page = serve.visit("/a/", &[]);
    assert!(page.status >= 500, "{}", page.status);
    for word in ["templates/page.html:3", "content/a.md", "bar.js"] {
        assert!(page.text().contains(word), "`{word}` is not in {}", page.text());
    }
}

#[test]
fn warnings_are_said_once() {
    let fixture = Fixture::new(GOOD);
    fixture.write("content/lonely.txt", "Nobody shows this.\n");
    let serve = Serve::run(&mut command(&fixture.root(), &["--port", "0"]));
    let warnings = || serve.errors().iter().filter(|line| line.starts_with("warning")).count();
    let begin = std::time::Instant::now();
    // What is written to standard error is read by a thread of its own.
    while warnings() == 0 {
        assert!(begin.elapsed() < PATIENCE, "{:?}", serve.errors());
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let at_first = warnings();
    for number in 0..3 {
        fixture.write("content/a.md", GOOD.replace("Text.", &format!("Text {number}.")));
        let begin = std::time::Instant::now();
        while !serve.get("/a/?view-as=pro", &[]).text().contains(&format!("Text {number}.")) {
            assert!(begin.elapsed() < PATIENCE, "it is not built again");
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
    assert_eq!(warnings(), at_first);
    let said = wait_for(&serve, "content/a.md");
    assert!(said.lines().any(|line| line.starts_with("content/a.md: ") && line.ends_with(" ms")), "{said}");
}
