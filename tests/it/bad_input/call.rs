//! The call itself, and what a failed build leaves: the program as people run it.

use std::process::{Command, Output};

use expect_test::{Expect, expect};
use serde_json::Value;

use crate::built::{NOW, NOW_SECONDS, contents, differences};
use crate::fixture::{Fixture, SCHOOL};

fn tierpress(fixture: &Fixture, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.current_dir(fixture.root()).args(arguments);
    command.env("SOURCE_DATE_EPOCH", NOW_SECONDS.to_string()).env_remove("TIERPRESS_BASE_URL");
    command.output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What the program says to standard error, and how it ends.
#[track_caller]
fn check_call(fixture: &Fixture, arguments: &[&str], expected: &Expect) {
    let output = tierpress(fixture, arguments);
    let folder = fixture.root().parent().unwrap().to_str().unwrap().to_owned();
    let said = stderr(&output).replace(&folder, "TEMP");
    expected.assert_eq(&format!("{said}exit {}\n", output.status.code().unwrap_or(-1)));
}

const GOOD: &str = "---\ntitle: A\n---\ntext\n";

#[test]
fn a_fault_in_content() {
    let fixture = Fixture::new("---\naccess: [prro, rust-course]\n---\n");
    check_call(
        &fixture,
        &["build"],
        &expect![[r#"
        error: unknown tier or bundle `prro`
          --> content/a.md:2:10
           |
         2 | access: [prro, rust-course]
           |          ^^^^
          help: did you mean `pro`?

        1 error; nothing was published
        exit 1
    "#]],
    );
    check_call(
        &fixture,
        &["check"],
        &expect![[r#"
            error: unknown tier or bundle `prro`
              --> content/a.md:2:10
               |
             2 | access: [prro, rust-course]
               |          ^^^^
              help: did you mean `pro`?

            1 error
            exit 1
        "#]],
    );
    check_call(
        &fixture,
        &["explain", "/a/"],
        &expect![[r#"
            error: unknown tier or bundle `prro`
              --> content/a.md:2:10
               |
             2 | access: [prro, rust-course]
               |          ^^^^
              help: did you mean `pro`?

            1 error
            exit 1
        "#]],
    );
}

#[test]
fn a_fault_in_the_call() {
    let fixture = Fixture::new(GOOD);
    check_call(
        &fixture,
        &["build", "--now", "nonsense"],
        &expect![[r#"
        error: `--now nonsense` is no date
          help: write 2026-12-01, or 2026-12-01T09:00:00Z

        1 error; nothing was published
        exit 2
    "#]],
    );
    check_call(
        &fixture,
        &["check", "--now", "2026-02-30"],
        &expect![[r#"
            error: `--now 2026-02-30` is no date
              help: write 2026-12-01, or 2026-12-01T09:00:00Z

            1 error
            exit 2
        "#]],
    );
    check_call(
        &fixture,
        &["build", "--root", "nowhere"],
        &expect![[r#"
            error: there is no site.yaml in `nowhere`
              help: go to a site's folder or name it with `--root`, or make a site: `tierpress init DIR`

            1 error; nothing was published
            exit 2
        "#]],
    );
    check_call(
        &fixture,
        &["build", "--base-url", "nonsense"],
        &expect![[r#"
            error: `--base-url`: `nonsense` is no address of a site
              help: write it like `https://learn.example`

            1 error; nothing was published
            exit 2
        "#]],
    );
    check_call(
        &fixture,
        &["explain", "/nowhere/"],
        &expect![[r#"
            error: there is no `/nowhere/`
              help: `tierpress list` shows all pages

            1 error
            exit 1
        "#]],
    );
    check_call(
        &fixture,
        &["explain", "/a/", "--as", "prro"],
        &expect![[r#"
            error: `--as prro`: unknown tier or bundle `prro`, did you mean `pro`?

            1 error
            exit 2
        "#]],
    );
    assert!(!fixture.root().join("tierpress-out").exists());
}

#[test]
fn no_site_yaml() {
    let fixture = Fixture::new(GOOD);
    std::fs::remove_file(fixture.root().join("site.yaml")).unwrap();
    check_call(
        &fixture,
        &["build"],
        &expect![[r#"
            error: there is no site.yaml in `.`
              help: go to a site's folder or name it with `--root`, or make a site: `tierpress init DIR`

            1 error; nothing was published
            exit 2
        "#]],
    );
    fixture.write("site.yml", SCHOOL);
    check_call(
        &fixture,
        &["build"],
        &expect![[r#"
            error: there is no site.yaml in `.`
              help: rename site.yml to site.yaml

            1 error; nothing was published
            exit 2
        "#]],
    );
}

#[test]
fn no_content() {
    let fixture = Fixture::new("//- site.yaml\ntitle: A\nbase_url: https://a.example\n");
    std::fs::remove_dir(fixture.root().join("content")).unwrap();
    check_call(
        &fixture,
        &["build"],
        &expect![[r#"
            error: there is no folder `content` in `.`
              help: pages lie in `content/`, beside site.yaml

            1 error; nothing was published
            exit 2
        "#]],
    );
}

#[test]
fn a_fault_in_site_yaml_and_in_content() {
    let fixture = Fixture::new(&format!("---\nacess: pro\n---\n//- site.yaml\n{SCHOOL}thme: x\n"));
    check_call(
        &fixture,
        &["build"],
        &expect![[r#"
        error: unknown key `thme`
          --> site.yaml:12:1
            |
         12 | thme: x
            | ^^^^
          help: did you mean `theme`?

        1 error; nothing was published
        exit 2
    "#]],
    );
}

#[test]
fn init_into_a_folder_that_is_not_empty() {
    let fixture = Fixture::new(GOOD);
    let before = contents(&fixture.root());
    check_call(
        &fixture,
        &["init", "."],
        &expect![[r#"
            error: `.` is not empty
              help: choose a folder that is empty or does not exist yet

            1 error
            exit 2
        "#]],
    );
    check_call(
        &fixture,
        &["init", "site.yaml"],
        &expect![[r#"
            error: cannot list `site.yaml`: not a directory

            1 error
            exit 2
        "#]],
    );
    assert_eq!(before, contents(&fixture.root()));
}

#[test]
fn a_foreign_folder_is_not_touched() {
    let fixture = Fixture::new(GOOD);
    std::fs::create_dir_all(fixture.out().join("photos")).unwrap();
    std::fs::write(fixture.out().join("photos/cat.jpg"), "cat").unwrap();
    let before = contents(&fixture.out());
    check_call(
        &fixture,
        &["build", "--out", "../out"],
        &expect![[r#"
        error: `../out` holds files and was not made by tierpress
          help: choose an empty folder with `--out`, or empty this one

        1 error; nothing was published
        exit 2
    "#]],
    );
    check_call(
        &fixture,
        &["build", "--out", "content"],
        &expect![[r#"
            error: the output cannot lie in `content/`, which the next build would read
              help: choose another folder with `--out`

            1 error; nothing was published
            exit 2
        "#]],
    );
    check_call(
        &fixture,
        &["build", "--out", "."],
        &expect![[r#"
        error: `.` holds files and was not made by tierpress
          help: choose an empty folder with `--out`, or empty this one

        1 error; nothing was published
        exit 2
    "#]],
    );
    check_call(
        &fixture,
        &["build", "--out", "site.yaml"],
        &expect![[r#"
        error: `site.yaml` holds files and was not made by tierpress
          help: choose an empty folder with `--out`, or empty this one

        1 error; nothing was published
        exit 2
    "#]],
    );
    check_call(
        &fixture,
        &["build", "--out", "content/out"],
        &expect![[r#"
            error: the output cannot lie in `content/`, which the next build would read
              help: choose another folder with `--out`

            1 error; nothing was published
            exit 2
        "#]],
    );
    assert_eq!(before, contents(&fixture.out()));
}

#[test]
fn a_failed_build_leaves_what_was_published() {
    let fixture = Fixture::new(GOOD);
    assert!(tierpress(&fixture, &["build"]).status.success());
    let out = fixture.root().join("tierpress-out");
    let before = contents(&out);
    for (file, bad) in [
        ("content/a.md", "---\naccess: prro\n---\n"),
        ("site.yaml", "title: [\n"),
        ("templates/page.html", "{{ page.titel }}"),
        ("templates/page.html", "{{ page.title + 1 }}"),
    ] {
        let good = std::fs::read(fixture.root().join(file)).ok();
        fixture.write(file, bad);
        assert!(!tierpress(&fixture, &["build"]).status.success());
        assert_eq!(before, contents(&out), "{file}: {bad}");
        match good {
            Some(good) => fixture.write(file, good),
            None => std::fs::remove_file(fixture.root().join(file)).unwrap(),
        }
    }
    assert!(tierpress(&fixture, &["build"]).status.success());
    assert_eq!(before, contents(&out));
}

#[test]
fn json_says_the_same() {
    let fixture =
        Fixture::new("---\naccess: [prro, rust-course]\ntitel: A\n---\n//- content/b.md\n---\nacess: pro\n---\n");
    for command in ["build", "check"] {
        let text = tierpress(&fixture, &[command]);
        let json = tierpress(&fixture, &[command, "--format", "json"]);
        assert_eq!(json.status.code(), text.status.code());
        assert_eq!(stderr(&json), "");
        let said: Value = serde_json::from_slice(&json.stdout).unwrap();
        let read = tierpress::diagnostic::read(&said["diagnostics"]);
        let printed: String = read.iter().map(|diagnostic| format!("{diagnostic}\n\n")).collect();
        assert!(!read.is_empty());
        assert!(stderr(&text).starts_with(&printed), "{}\n{printed}", stderr(&text));
    }
    let said = tierpress(&fixture, &["check", "--format", "json"]);
    expect![[r#"
        {
          "diagnostics": [
            {
              "severity": "error",
              "message": "unknown tier or bundle `prro`",
              "location": {
                "file": "content/a.md",
                "line": 2,
                "column": 10,
                "length": 4,
                "text": "access: [prro, rust-course]"
              },
              "also": null,
              "help": "did you mean `pro`?",
              "lint": "build-error"
            },
            {
              "severity": "warning",
              "message": "unknown key `titel`",
              "location": {
                "file": "content/a.md",
                "line": 3,
                "column": 1,
                "length": 5,
                "text": "titel: A"
              },
              "also": null,
              "help": "did you mean `title`?",
              "lint": "build-warning"
            },
            {
              "severity": "error",
              "message": "unknown key `acess`",
              "location": {
                "file": "content/b.md",
                "line": 2,
                "column": 1,
                "length": 5,
                "text": "acess: pro"
              },
              "also": null,
              "help": "did you mean `access`? Else put a key of your own under `extra`, or name it in `own_keys` of site.yaml",
              "lint": "build-error"
            }
          ]
        }
    "#]].assert_eq(&String::from_utf8(said.stdout).unwrap());
}

#[test]
fn warnings_fail_a_strict_build() {
    let fixture = Fixture::new("---\ntitel: A\n---\ntext\n");
    check_call(
        &fixture,
        &["build", "--strict"],
        &expect![[r#"
        warning: unknown key `titel`
          --> content/a.md:2:1
           |
         2 | titel: A
           | ^^^^^
          help: did you mean `title`?

        exit 3
    "#]],
    );
    check_call(
        &fixture,
        &["check", "--strict"],
        &expect![[r#"
        warning: unknown key `titel`
          --> content/a.md:2:1
           |
         2 | titel: A
           | ^^^^^
          help: did you mean `title`?

        exit 3
    "#]],
    );
    assert_eq!(tierpress(&fixture, &["build"]).status.code(), Some(0));
    let good = Fixture::new(GOOD);
    assert_eq!(tierpress(&good, &["build", "--strict", "--now", NOW]).status.code(), Some(0));
    good.write("content/a.md", "---\naccess: pro\n---\ntext\n");
    assert_eq!(tierpress(&good, &["build", "--strict"]).status.code(), Some(0));
    good.write("content/a.md", GOOD);
    // What is published stays as it is, however often that is asked.
    let files = || {
        let mut files = contents(&good.root().join("tierpress-out"));
        files.retain(|name, _| !name.ends_with('/'));
        files
    };
    let published = files();
    for _ in 0..2 {
        let opened = tierpress(&good, &["build", "--strict"]);
        assert_eq!(opened.status.code(), Some(3));
        let said = String::from_utf8(opened.stdout).unwrap();
        assert!(said.starts_with("would open /a/ to visitors"), "{said}");
        assert!(said.contains("; would open 1 page to visitors"), "{said}");
        let said = String::from_utf8(opened.stderr).unwrap();
        assert!(said.starts_with("error: nothing was published"), "{said}");
        let changed = differences(&published, &files());
        assert!(changed.is_empty(), "{changed:#?}");
    }
    let json = tierpress(&good, &["build", "--strict", "--format", "json"]);
    assert_eq!(json.status.code(), Some(3));
    let said: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!((&said["published"], &said["opened"][0]["path"]), (&false.into(), &"/a/".into()));
    let opened = tierpress(&good, &["build"]);
    assert_eq!(opened.status.code(), Some(0));
    assert!(String::from_utf8(opened.stdout).unwrap().starts_with("opened /a/ to "));
    assert!(!differences(&published, &files()).is_empty());
    assert_eq!(tierpress(&good, &["build", "--strict"]).status.code(), Some(0));
}

#[test]
fn faults_on_disk() {
    use std::os::unix::fs::PermissionsExt as _;
    let fixture = Fixture::new(GOOD);
    let page = fixture.root().join("content/a.md");
    std::fs::set_permissions(&page, std::fs::Permissions::from_mode(0o000)).unwrap();
    // Root reads everything; then there is nothing to see.
    if std::fs::read(&page).is_err() {
        check_call(&fixture, &["build"], &expect![[""]]);
    }
}
