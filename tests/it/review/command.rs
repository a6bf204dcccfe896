//! `tierpress diff` and `tierpress matrix` as they are called: sides, exit codes, formats, git.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use expect_test::{Expect, expect};
use serde_json::Value;

use crate::built::{NOW, contents, differences};
use crate::fixture::Fixture;

fn tierpress(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.current_dir(folder).args(arguments).env("SOURCE_DATE_EPOCH", crate::built::NOW_SECONDS.to_string());
    command.stdin(Stdio::null()).output().expect("the program starts")
}

fn git(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(folder).args([
        "-c",
        "user.name=A",
        "-c",
        "user.email=a@b.example",
        "-c",
        "commit.gpgsign=false",
    ]);
    let output = command.args(arguments).output().expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[track_caller]
fn check(output: &Output, code: i32, expected: &Expect) {
    let said = format!("{}---\n{}", text(&output.stdout), text(&output.stderr));
    expected.assert_eq(&said);
    assert_eq!(output.status.code(), Some(code), "{said}");
}

/// A repository with a site in a folder of it: a revision `old`, a newer one, and a work tree that is newer still.
fn repository() -> Fixture {
    let site = Fixture::new("---\naccess: pro\n---\n//- content/b.md\n---\naccess: pro\ndrip: 7d\n---\n");
    let root = site.root();
    git(root.parent().unwrap(), &["init", "--quiet", "."]);
    git(&root, &["add", "."]);
    git(&root, &["commit", "--quiet", "-m", "one"]);
    git(&root, &["tag", "old"]);
    site.write("content/a.md", "---\naccess: basic\n---\n");
    git(&root, &["commit", "--quiet", "-am", "two"]);
    site.write("content/a.md", "---\naccess: public\n---\n");
    site.write("content/b.md", "---\naccess: pro\ndrip: 14d\n---\n");
    site
}

#[test]
fn revisions_are_built_without_touching_the_work_tree() {
    let site = repository();
    let folder = site.root().parent().unwrap().to_owned();
    let before = contents(&folder);
    check(
        &tierpress(&site.root(), &["diff", "old", "HEAD"]),
        0,
        &expect![[r#"
        opened /a/ to members of basic
        ---
    "#]],
    );
    check(
        &tierpress(&site.root(), &["diff", "HEAD"]),
        0,
        &expect![[r#"
        opened /a/ to visitors, members of free
        locked again /b/ for members of pro of 7 to 13 days
        ---
    "#]],
    );
    check(
        &tierpress(&folder, &["diff", "HEAD", "--root", "site"]),
        0,
        &expect![[r#"
        opened /a/ to visitors, members of free
        locked again /b/ for members of pro of 7 to 13 days
        ---
    "#]],
    );
    check(
        &tierpress(&site.root(), &["diff", "HEAD", "HEAD"]),
        0,
        &expect![[r#"
        nothing opened, closed, moved or vanished
        ---
    "#]],
    );
    let changed = differences(&before, &contents(&folder));
    assert!(changed.is_empty(), "{changed:#?}");
}

#[test]
fn nothing_that_is_built_for_a_comparison_stays() {
    let fixture = repository();
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
    command.current_dir(fixture.root()).args(["diff", "HEAD", "--now", NOW]).env("TMPDIR", scratch.path());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(std::fs::read_dir(scratch.path()).unwrap().count(), 0);
}

#[test]
fn gated_bytes_that_are_published_once_more_are_an_opening() {
    let fixture = repository();
    fixture.write("content/keys.md", "---\naccess: pro\n---\n[the answers](answers.txt)\n");
    fixture.write("content/answers.txt", "All the answers.\n");
    fixture.write("content/plan.md", "---\naccess: public\n---\n![the plan](plan.txt)\n");
    fixture.write("content/plan.txt", "The plan.\n");
    git(&fixture.root(), &["add", "."]);
    git(&fixture.root(), &["commit", "-qm", "more"]);
    let diff = ["diff", "HEAD", "--now", NOW, "--fail-on", "open"];
    // What everybody has may lie anywhere.
    fixture.write("static/more/plan.txt", "The plan.\n");
    let output = tierpress(&fixture.root(), &diff);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
    fixture.write("static/more/answers.txt", "All the answers.\n");
    let output = tierpress(&fixture.root(), &diff);
    assert_eq!(output.status.code(), Some(3), "{}{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("opened /more/answers.txt to visitors"), "{}", text(&output.stdout));
}

#[test]
fn a_gated_text_on_another_page_is_an_opening() {
    let fixture = repository();
    let root = fixture.root();
    let secret = "The canary sings in the cellar. It is yellow, and it is blind.";
    fixture.write("content/p.md", format!("---\naccess: pro\n---\n{secret}\n"));
    git(&root, &["add", "."]);
    git(&root, &["commit", "-qm", "more"]);
    std::fs::remove_file(root.join("content/p.md")).unwrap();
    fixture.write("content/q.md", format!("---\naccess: public\n---\nNow it is told.\n\n{secret}\n"));
    let diff = |more: &[&str]| tierpress(&root, &[&["diff", "HEAD", "--fail-on", "open"], more].concat());
    let output = diff(&[]);
    assert_eq!(output.status.code(), Some(3));
    let line = "opened a part of /q/ to visitors, members of free or basic: it was in /p/, for members of pro\n";
    assert!(text(&output.stdout).contains(line), "{}", text(&output.stdout));
    assert!(text(&output.stderr).contains("a part of `/q/` is open to more readers"), "{}", text(&output.stderr));
    let json: Value = serde_json::from_slice(&diff(&["--format", "json"]).stdout).unwrap();
    let changes = json["changes"].as_array().unwrap();
    let brought = &changes.iter().find(|change| change["path"] == "/q/").unwrap()["brought"];
    assert_eq!((&brought[0]["was"], &brought[0]["readers"]), (&"/p/".into(), &"members of pro".into()));
    // For the same readers it is none.
    fixture.write("content/q.md", format!("---\naccess: pro\n---\nNow it is told.\n\n{secret}\n"));
    fixture.write("content/a.md", "---\naccess: basic\n---\n");
    let output = diff(&[]);
    assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
}

#[test]
fn a_pipeline_is_stopped_by_what_nobody_allowed() {
    let site = repository();
    let root = site.root();
    check(
        &tierpress(&root, &["diff", "old", "--fail-on", "open,relocked"]),
        3,
        &expect![[r#"
        opened /a/ to visitors, members of free or basic
        locked again /b/ for members of pro of 7 to 13 days
        ---
        error: `/a/` is open to more readers

        error: `/b/` is locked again for members who had it
          help: where that is meant, name the path and a reason in the file of `--allow`

    "#]],
    );
    site.write("allow.txt", "# what is meant\n/a/   the first letter is free\n/b/*  no page is there\n");
    let allowed = ["diff", "old", "--fail-on", "open", "--allow", "allow.txt"];
    check(
        &tierpress(&root, &allowed),
        0,
        &expect![[r#"
        opened /a/ to visitors, members of free or basic
        locked again /b/ for members of pro of 7 to 13 days
        ---
        warning: `/b/*` allows nothing
          --> allow.txt:3:1
          help: take it out

    "#]],
    );
    check(
        &tierpress(&root, &["diff", "old", "--fail-on", "closed,vanished,appeared,revealed"]),
        0,
        &expect![[r#"
        opened /a/ to visitors, members of free or basic
        locked again /b/ for members of pro of 7 to 13 days
        ---
    "#]],
    );
    site.write("allow.txt", "/a/\nblog because\n/[a because\n");
    check(
        &tierpress(&root, &allowed),
        2,
        &expect![[r#"
        ---
        error: `/a/` has no reason
          --> allow.txt:1:1
           |
         1 | /a/
           | ^^^
          help: write a glob and a reason: `/blog/** the blog is free now`

        error: `blog` is no path: it begins with `/`, or with `site.yaml:` for a setting
          --> allow.txt:2:1
           |
         2 | blog because
           | ^^^^^^^^^^^^
          help: write a glob and a reason: `/blog/** the blog is free now`

        error: `/[a` is no glob: unclosed character class; missing ']'
          --> allow.txt:3:1
           |
         3 | /[a because
           | ^^^^^^^^^^^
          help: write a glob and a reason: `/blog/** the blog is free now`

        3 errors; nothing was compared
    "#]],
    );
}

#[test]
fn sides_that_are_none_are_said() {
    let site = repository();
    let root = site.root();
    check(
        &tierpress(&root, &["diff", "nowhere"]),
        2,
        &expect![[r#"
            ---
            error: `nowhere` is neither there nor a git revision
              help: name an output folder, a manifest, or a revision of the repository that the site is in

            1 error; nothing was compared
        "#]],
    );
    git(&root, &["branch", "published"]);
    let near = text(&tierpress(&root, &["diff", "publishd"]).stderr);
    assert!(near.contains("did you mean `published`?"), "{near}");
    let option = text(&tierpress(&root, &["diff", "--", "--all"]).stderr);
    assert!(option.contains("`--all` is neither there nor a git revision"), "{option}");
    let outside = Fixture::new("A\n");
    check(
        &tierpress(&outside.root(), &["diff", "main"]),
        2,
        &expect![[r#"
        ---
        error: `main` is not there, and can be no git revision: the site is in no git repository
          help: name an output folder or a manifest; to compare revisions, keep the site in git

        1 error; nothing was compared
    "#]],
    );
    check(
        &tierpress(&root, &["diff", "content"]),
        2,
        &expect![[r#"
        ---
        error: there is no manifest.json in `content`
          help: name the output folder of a build, a manifest, or a git revision

        1 error; nothing was compared
    "#]],
    );
    site.write("content/a.md", "---\naccess: prro\n---\n");
    git(&root, &["commit", "--quiet", "-am", "broken"]);
    check(
        &tierpress(&root, &["diff", "HEAD", "old"]),
        2,
        &expect![[r#"
        ---
        error: `HEAD` does not build

        error: unknown tier or bundle `prro`
          --> content/a.md:2:9
           |
         2 | access: prro
           |         ^^^^
          help: did you mean `pro`?

        2 errors; nothing was compared
    "#]],
    );
}

/// Called by a hook, git says which repository it is busy with; that may be another one, and its index is not to be touched.
#[test]
fn the_repository_is_the_one_that_the_site_lies_in() {
    let (site, other) = (repository(), repository());
    git(&other.root(), &["tag", "--delete", "old"]);
    let call = |with: &[(&str, std::path::PathBuf)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tierpress"));
        command.current_dir(site.root()).args(["diff", "old", "HEAD", "--now", NOW]).env("LC_ALL", "de_DE.UTF-8");
        command.envs(with.iter().map(|(name, value)| (*name, value)));
        let output = command.output().unwrap();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let usual = call(&[]);
    assert_eq!((usual.0, usual.2.as_str()), (Some(0), ""), "{usual:?}");
    let theirs = other.root().parent().unwrap().join(".git");
    let index = std::fs::read(theirs.join("index")).unwrap();
    let hooked = call(&[
        ("GIT_DIR", theirs.clone()),
        ("GIT_INDEX_FILE", theirs.join("index")),
        ("GIT_WORK_TREE", other.root()),
        ("GIT_OBJECT_DIRECTORY", theirs.join("objects")),
    ]);
    assert_eq!(hooked, usual);
    assert_eq!(std::fs::read(theirs.join("index")).unwrap(), index);
}

#[test]
fn outputs_manifests_and_envelopes_are_sides() {
    let site = repository();
    let root = site.root();
    let run = |arguments: &[&str]| {
        let output = tierpress(&root, arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        output
    };
    run(&["build", "--now", NOW, "--out", "../one"]);
    site.write("content/a.md", "---\naccess: pro\n---\n");
    run(&["build", "--now", NOW, "--out", "../two"]);
    run(&["keygen", "--purpose", "manifest", "--out", "../key.pem"]);
    run(&["sign", "--key", "../key.pem", "--out", "../two"]);
    let expected = "closed /a/ to visitors, members of free or basic\n";
    for new in ["../two", "../two/manifest.json", "../two/manifest.json.dsse"] {
        let output = run(&["diff", "../one", new]);
        assert_eq!(text(&output.stdout), expected, "{new}");
        let warned = text(&output.stderr).contains("was not checked");
        assert_eq!(warned, new.ends_with("dsse"), "{new}");
    }
    let public = std::fs::read_dir(root.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    let public = public.map(|name| name.into_string().unwrap()).find(|name| name.contains("pub")).unwrap();
    let key = format!("../{public}");
    let output = run(&["diff", "../two/manifest.json.dsse", "../two/manifest.json.dsse", "--public-key", &key]);
    assert_eq!(text(&output.stdout), "nothing opened, closed, moved or vanished\n");
    assert_eq!(text(&output.stderr), "");
    let unsigned = tierpress(&root, &["diff", "../one", "../two", "--public-key", &key]);
    assert_eq!(unsigned.status.code(), Some(2), "an unsigned manifest is believed");
}

#[test]
fn what_may_be_open_is_not_said_to_be() {
    let block = |text: &str| format!("<!-- access: pro -->\n\n{text}\n\n<!-- /access -->\n\n");
    let (first, second) = ("The first secret is this one.", "The second secret is that one.");
    let fixture = Fixture::new(&format!("---\naccess: public\n---\nOpen.\n\n{}{}", block(first), block(second)));
    let root = fixture.root();
    assert!(tierpress(&root, &["build", "--out", "../one"]).status.success());
    fixture.write("content/a.md", format!("---\naccess: public\n---\nOpen.\n\n{first}\n\n{}", block(second)));
    check(
        &tierpress(&root, &["diff", "../one", "--fail-on", "open"]),
        3,
        &expect![[r#"
        opened a part of /a/ to visitors, members of free or basic
        ---
        error: a part of `/a/` is open to more readers
          help: where that is meant, name the path and a reason in the file of `--allow`

    "#]],
    );
    fixture.write("content/a.md", "---\naccess: public\n---\nOpen.\n\nSecrets are said in other words here.\n");
    check(
        &tierpress(&root, &["diff", "../one", "--fail-on", "open"]),
        3,
        &expect![[r#"
        a part may have opened in /a/, whose text changed too: parts for everybody, before for members of pro
        ---
        error: a part of `/a/` may be open to more readers
          help: where that is meant, name the path and a reason in the file of `--allow`

    "#]],
    );
    check(
        &tierpress(&root, &["diff", "../one", "--format", "markdown"]),
        0,
        &expect![[r#"
        ### What this opens and closes

        | what | paths |
        | --- | ---: |
        | a part may have opened | 1 |

        <details><summary>Each change</summary>

        - a part may have opened in /a/, whose text changed too: parts for everybody, before for members of pro

        </details>
        ---
    "#]],
    );
    // A manifest alone knows no texts; nor does one with what another build left.
    fixture.write("content/a.md", format!("---\naccess: public\n---\nOpen.\n\n{first}\n\n{}", block(second)));
    assert!(tierpress(&root, &["build", "--out", "../two"]).status.success());
    let folder = root.parent().unwrap();
    std::fs::create_dir(folder.join("alone")).unwrap();
    std::fs::copy(folder.join("one/manifest.json"), folder.join("alone/manifest.json")).unwrap();
    check(
        &tierpress(&root, &["diff", "../alone", "../two", "--content"]),
        0,
        &expect![[r#"
        changed /a/
        ---
        warning: there is no review.json of that build beside `../alone/manifest.json`, so a text that moved in front of its gate is not seen
          help: compare whole output folders, or revisions

    "#]],
    );
    std::fs::copy(folder.join("two/review.json"), folder.join("alone/review.json")).unwrap();
    let said = text(&tierpress(&root, &["diff", "../two", "../alone/manifest.json"]).stderr);
    assert!(said.contains("no review.json of that build beside `../alone/manifest.json`"), "{said}");
}

#[test]
fn formats() {
    let site = repository();
    let root = site.root();
    check(
        &tierpress(&root, &["diff", "old", "--format", "markdown"]),
        0,
        &expect![[r#"
        ### What this opens and closes

        | what | paths |
        | --- | ---: |
        | opened | 1 |
        | locked again by a drip | 1 |

        <details><summary>Each change</summary>

        - opened /a/ to visitors, members of free or basic
        - locked again /b/ for members of pro of 7 to 13 days

        </details>
        ---
    "#]],
    );
    let json: Value = serde_json::from_slice(&tierpress(&root, &["diff", "old", "--format", "json"]).stdout).unwrap();
    expect![[r#"
        {
          "format": "tierpress-diff/1",
          "clock": 1796083200,
          "changes": [
            {
              "path": "/a/",
              "what": "kept",
              "opened": [
                {
                  "words": "visitors",
                  "needs": [],
                  "visitors": true
                },
                {
                  "words": "members of free or basic",
                  "needs": [
                    {
                      "any": [
                        "basic",
                        "free"
                      ],
                      "at_least": 0
                    }
                  ]
                }
              ],
              "closed": [],
              "relocked": [],
              "content": true
            },
            {
              "path": "/b/",
              "what": "kept",
              "opened": [],
              "closed": [],
              "relocked": [
                {
                  "words": "members of pro of 7 to 13 days",
                  "needs": [
                    {
                      "any": [
                        "pro"
                      ],
                      "at_least": 604800,
                      "below": 1209600
                    }
                  ]
                }
              ],
              "content": true
            }
          ]
        }"#]]
    .assert_eq(&format!("{json:#}"));
    let json: Value =
        serde_json::from_slice(&tierpress(&root, &["matrix", "--format", "json", "--at", "2026-12-24"]).stdout)
            .unwrap();
    assert_eq!(json["columns"], serde_json::json!(["visitor", "free", "basic", "pro", "rust-course"]));
    let csv = text(&tierpress(&root, &["matrix", "--format", "csv"]).stdout);
    assert!(csv.starts_with("path,visitor,free,basic,pro,rust-course\r\n"), "{csv}");
    for schema in ["diff", "matrix"] {
        let schema: Value = serde_json::from_slice(&tierpress(&root, &["schema", schema]).stdout).unwrap();
        assert_eq!(schema["type"], "object");
    }
}

#[test]
fn many_alike_are_one_line() {
    let files: String = (0..30).map(|number| format!("//- content/blog/p{number:02}.md\nText.\n")).collect();
    let site = Fixture::new(&format!("Text.\n{files}//- content/blog/_index.md\n---\ncascade: {{access: pro}}\n---\n"));
    let root = site.root();
    assert!(tierpress(&root, &["build", "--out", "../one"]).status.success());
    site.write("content/blog/_index.md", "---\naccess: public\ncascade: {access: public}\n---\n");
    check(
        &tierpress(&root, &["diff", "../one"]),
        0,
        &expect![[r#"
        opened 30 paths to visitors, members of free or basic: /blog/p00/, /blog/p01/, /blog/p02/, /blog/p03/, /blog/p04/ and 25 more
        ---
    "#]],
    );
    let all = text(&tierpress(&root, &["diff", "../one", "--all"]).stdout);
    assert_eq!(all.lines().count(), 30, "{all}");
}
