//! The files of a site: what is found, what its name says, and what is refused.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use expect_test::{Expect, expect};
use tierpress::diagnostic::{Diagnostic, Location};
use tierpress::load::names::{self, UrlFault, alias_url, name_of, slugify, url_of, written_url};
use tierpress::load::sources::{self, Kind, Sources};

fn site(files: &[&str]) -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    for file in files {
        write(root.path(), file, b"text");
    }
    root
}

#[expect(clippy::disallowed_methods, reason = "a test makes the files that the library reads")]
fn write(root: &Path, file: &str, bytes: &[u8]) {
    let path = root.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, bytes).unwrap();
}

fn find(root: &Path) -> (Sources, String) {
    let mut diagnostics = Vec::new();
    let sources = sources::find(root, &mut diagnostics);
    (sources, said(&diagnostics))
}

fn said(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn pages_files_and_folders_are_found_in_order() {
    let root = site(&[
        "content/b.md",
        "content/_index.md",
        "content/404.md",
        "content/course/404.md",
        "content/course/02-borrowing/index.md",
        "content/course/02-borrowing/sheet.pdf",
        "content/course/A.MARKDOWN",
        "content/README.md",
        "static/logo.svg",
        "content/.hidden.md",
        "content/.git/x.md",
        "content/a.md~",
        "content/a.bak",
        "content/a.swp",
        "content/a.TMP",
    ]);
    let (sources, said) = find(root.path());
    assert_eq!(said, "");
    let pages: Vec<(&str, Kind)> = sources.pages.iter().map(|page| (&*page.path, page.kind)).collect();
    assert_eq!(
        pages,
        [
            ("content/404.md", Kind::NotFound),
            ("content/README.md", Kind::Page),
            ("content/_index.md", Kind::Section),
            ("content/b.md", Kind::Page),
            ("content/course/02-borrowing/index.md", Kind::PageFolder),
            ("content/course/404.md", Kind::Page),
            ("content/course/A.MARKDOWN", Kind::Page),
        ]
    );
    assert_eq!(
        sources.files.iter().map(|file| &*file.path).collect::<Vec<_>>(),
        ["content/course/02-borrowing/sheet.pdf"]
    );
    assert_eq!(
        (sources.files[0].name.as_str(), &*sources.files[0].folder),
        ("sheet.pdf", "content/course/02-borrowing")
    );
    assert_eq!(sources.static_files.iter().map(|file| &*file.path).collect::<Vec<_>>(), ["static/logo.svg"]);
    let folders: Vec<&str> = sources.folders.iter().map(|folder| &**folder).collect();
    assert_eq!(folders, ["content", "content/course", "content/course/02-borrowing"]);
}

#[test]
fn other_kinds_of_markdown_and_copies_of_pages_are_not_published() {
    let names = ["a.mdx", "a.mdown", "a.mkd", "a.Rmd", "a.qmd", "a.md.old", "a.md.1", "a.markdown.txt", "a.md_"];
    let files: Vec<String> = names.iter().map(|name| format!("content/{name}")).collect();
    let root = site(&files.iter().map(String::as_str).collect::<Vec<_>>());
    let (sources, said) = find(root.path());
    assert!(sources.pages.is_empty() && sources.files.is_empty());
    assert_eq!(said.matches("warning: this kind of Markdown is not read, and not published").count(), names.len());
}

#[test]
fn file_names_that_no_edge_would_serve_are_errors() {
    let root = site(&[
        "content/100%.pdf",
        "content/a;b.pdf",
        "content/a#b.pdf",
        "content/a\\b.pdf",
        "static/a\nb.txt",
        "content/what?.pdf",
    ]);
    let (_, said) = find(root.path());
    expect![[r#"
        error: this name holds a control character, such as a line's end
          --> static/a\u{a}b.txt
          help: rename it
        error: no edge would serve a file of this name: a URL cannot hold `%`
          --> content/100%.pdf
          help: rename the file
        error: no edge would serve a file of this name: a URL cannot hold `#`
          --> content/a#b.pdf
          help: rename the file
        error: no edge would serve a file of this name: a URL cannot hold `;`
          --> content/a;b.pdf
          help: rename the file
        error: no edge would serve a file of this name: a URL cannot hold `\`
          --> content/a\b.pdf
          help: rename the file"#]]
    .assert_eq(&said);
}

#[test]
fn links_that_leave_the_site_are_refused() {
    let outside = site(&["secret/key.md"]);
    let root = site(&["content/a.md", "shared/b.md"]);
    let link = |to: &Path, name: &str| std::os::unix::fs::symlink(to, root.path().join(name)).unwrap();
    link(&outside.path().join("secret"), "content/folder");
    link(&outside.path().join("secret/key.md"), "content/key.md");
    link(Path::new("nowhere"), "content/broken.md");
    link(Path::new(".."), "content/loop");
    link(&root.path().join("shared"), "content/inside");
    write(root.path(), "static/x.txt", b"x");
    link(&root.path().join("content"), "static/pages");
    let (sources, said) = find(root.path());
    let pages: Vec<&str> = sources.pages.iter().map(|page| &*page.path).collect();
    assert!(pages.contains(&"content/a.md") && pages.contains(&"content/inside/b.md"), "{pages:?}");
    assert!(!pages.iter().any(|page| page.contains("key")), "{pages:?}");
    expect![[r#"
        error: this link leads nowhere
          --> content/broken.md
        error: this link leaves the site
          --> content/folder
          help: put a copy in its place
        error: this link leaves the site
          --> content/key.md
          help: put a copy in its place
        error: this link leads nowhere
          --> content/loop/content/broken.md
        error: this link leaves the site
          --> content/loop/content/folder
          help: put a copy in its place
        error: this link leaves the site
          --> content/loop/content/key.md
          help: put a copy in its place
        error: this link leads back to `content/loop`, above it
          --> content/loop/content/loop
        error: this link leads back to `content`, above it
          --> content/loop/static/pages
        error: this link makes `content/` public
          --> static/pages
          help: put a copy in its place"#]]
    .assert_eq(&said);
}

#[test]
fn links_into_what_is_never_published_are_refused() {
    let root = site(&[
        "content/a.md",
        "static/x.txt",
        ".git/config",
        "shared/.keys/key.txt",
        "shared/b.txt",
        "out/site/.tierpress",
        "out/site/pro/secret.html",
        "tierpress-out/pro/secret.html",
        "content/built/.tierpress",
        "content/built/pro.html",
    ]);
    let link = |to: &str, name: &str| std::os::unix::fs::symlink(to, root.path().join(name)).unwrap();
    link("../.git", "static/git");
    link("../.git/config", "static/config.txt");
    link("../shared/.keys/key.txt", "content/key.txt");
    link("../shared", "static/shared");
    link("../out/site/pro", "static/pro");
    link("../out/site/pro/secret.html", "content/secret.html");
    link("../tierpress-out", "static/all");
    link("../out", "static/around");
    let (sources, said) = find(root.path());
    let found: Vec<&str> = sources.files.iter().chain(&sources.static_files).map(|file| &*file.path).collect();
    assert_eq!(found, ["static/shared/b.txt", "static/x.txt"]);
    expect![[r#"
        error: this folder is one that Tierpress has built: all of it would be published once more
          --> content/built
          help: move it out of the folder that is read
        error: this link leads into `.keys`, and what begins with a dot is never published
          --> content/key.txt
          help: put a copy in its place
        error: this link leads into `out/site`, which Tierpress has built
          --> content/secret.html
          help: put a copy in its place
        error: this link leads into `tierpress-out`, which Tierpress has built
          --> static/all
          help: put a copy in its place
        error: this folder is one that Tierpress has built: all of it would be published once more
          --> static/around/site
          help: move it out of the folder that is read
        error: this link leads into `.git`, and what begins with a dot is never published
          --> static/config.txt
          help: put a copy in its place
        error: this link leads into `.git`, and what begins with a dot is never published
          --> static/git
          help: put a copy in its place
        error: this link leads into `out/site`, which Tierpress has built
          --> static/pro
          help: put a copy in its place"#]]
    .assert_eq(&said);
}

#[test]
fn what_is_no_text_is_refused() {
    let file: Arc<str> = "content/a.md".into();
    let check = |bytes: &[u8], expected: &Expect| {
        expected.assert_eq(&sources::decode(bytes.to_vec(), &file).unwrap_err().to_string());
    };
    check(
        b"\xff\xfeh\0i\0",
        &expect![[r#"
        error: this file is UTF-16, not UTF-8
          --> content/a.md
          help: save the file as UTF-8"#]],
    );
    check(
        b"h\0e\0l\0l\0o\0",
        &expect![[r#"
        error: this file is UTF-16, not UTF-8
          --> content/a.md
          help: save the file as UTF-8"#]],
    );
    check(
        "ok\nähm \u{e9}".as_bytes().iter().copied().chain(*b"\xe9 x").collect::<Vec<_>>().as_slice(),
        &expect![[r#"
        error: this file is not valid UTF-8
          --> content/a.md:2:6
           |
         2 | ähm é�
           |      ^
          help: save the file as UTF-8"#]],
    );
    check(
        b"a\nb\xffc",
        &expect![[r#"
        error: this file is not valid UTF-8
          --> content/a.md:2:2
           |
         2 | b�
           |  ^
          help: save the file as UTF-8"#]],
    );
    check(
        "a\nbé\0c and more, so that it is not taken for something else".as_bytes(),
        &expect![[r#"
        error: this file is no text: it holds a NUL byte
          --> content/a.md:2:3
           |
         2 | bé␀
           |   ^
          help: save the file as UTF-8"#]],
    );
    assert_eq!(sources::decode(b"\xef\xbb\xbfok".to_vec(), &file).unwrap(), "\u{feff}ok");
    expect![[r#"
        error: this file cannot be read: no such file or directory
          --> content/a.md"#]]
    .assert_eq(&sources::read_text(Path::new("/nonexistent"), &file).unwrap_err().to_string());
}

#[test]
fn names_give_dates_numbers_and_slugs() {
    for (stem, slug, number, date) in [
        ("ownership", "ownership", None, None),
        ("01-ownership", "ownership", Some(1), None),
        ("12_a b", "a-b", Some(12), None),
        ("100.Ünï  cödé", "ünï-cödé", Some(100), None),
        ("2024-review", "2024-review", None, None),
        ("2026-11-01-hello", "hello", None, Some("2026-11-01")),
        ("2026-11-01_01-hello", "01-hello", None, Some("2026-11-01")),
        ("2026-13-01-hello", "2026-13-01-hello", None, None),
        ("2026-11-01", "2026-11-01", None, None),
        ("01-", "01-", None, None),
        ("01", "01", None, None),
        ("404", "404", None, None),
        ("Rust-1.69.0", "rust-1.69.0", None, None),
        ("C++ & Rust!", "c--rust", None, None),
        ("日本語", "日本語", None, None),
        ("u\u{308}ber", "über", None, None),
        ("हिन्दी", "हिन्दी", None, None),
        ("..", "", None, None),
        ("!!!", "", None, None),
    ] {
        let naming = name_of(stem);
        let date = date.map(|date| date.parse().unwrap());
        assert_eq!((naming.slug.as_str(), naming.number, naming.date), (slug, number, date), "{stem}");
        assert_eq!(slugify(slug), slug);
    }
}

#[test]
fn pages_lie_where_names_and_keys_say() {
    let root = site(&[
        "content/_index.md",
        "content/blog/2026-11-01-hello.md",
        "content/02-Course/_index.md",
        "content/02-Course/01-own.md",
        "content/02-Course/03-folder/index.md",
        "content/!!!.md",
    ]);
    let (sources, _) = find(root.path());
    let mut written = BTreeMap::new();
    let url = |path: &str, written_path, slug, written: &BTreeMap<Arc<str>, String>| {
        let page = sources.pages.iter().find(|page| &*page.path == path).unwrap();
        url_of(page, written_path, slug, written).map(|url| url.url)
    };
    assert_eq!(url("content/_index.md", None, None, &written).unwrap(), "/");
    assert_eq!(url("content/blog/2026-11-01-hello.md", None, None, &written).unwrap(), "/blog/hello/");
    assert_eq!(url("content/02-Course/_index.md", None, None, &written).unwrap(), "/course/");
    assert_eq!(url("content/02-Course/01-own.md", None, Some("My Own"), &written).unwrap(), "/course/my-own/");
    assert_eq!(url("content/02-Course/01-own.md", Some("a/b"), None, &written).unwrap(), "/a/b/");
    assert_eq!(url("content/!!!.md", None, None, &written), Err(UrlFault::Nameless));
    written.insert("content/02-Course".into(), "/rust/".to_owned());
    assert_eq!(url("content/02-Course/03-folder/index.md", None, None, &written).unwrap(), "/rust/folder/");
    assert_eq!(names::folder_url("content/02-Course/03-folder", &written), "/rust/folder/");
}

#[test]
fn written_paths_and_aliases_become_urls() {
    for (path, url, alias) in [
        ("a", "/a/", None),
        ("/a/b/", "/a/b/", None),
        ("/2014/09/15/Rust-1.0.html", "/2014/09/15/Rust-1.0/", Some("/2014/09/15/Rust-1.0.html")),
        ("/2018/05/10/Rust-1.26", "/2018/05/10/Rust-1.26/", None),
        ("/x/index.html", "/x/", Some("/x/index.html")),
        ("/index.html", "/", Some("/index.html")),
        ("/404.html", "/404/", Some("/404.html")),
        ("/u\u{308}/", "/ü/", None),
        ("/caf%C3%A9%20x/", "/café x/", None),
    ] {
        let page = written_url(path).unwrap();
        assert_eq!((page.url.as_str(), page.alias.as_deref()), (url, alias), "{path}");
    }
    for (alias, url) in [
        ("old", "/old/"),
        ("/a/b.html", "/a/b.html"),
        ("/feed.xml", "/feed.xml"),
        ("/Rust-1.0", "/Rust-1.0/"),
        ("/x.html/", "/x.html/"),
    ] {
        assert_eq!(alias_url(alias).unwrap(), url);
    }
    for (path, fault) in [
        ("/a//b/", UrlFault::EmptySegment),
        ("/a/./b/", UrlFault::DotSegment),
        ("/a/..", UrlFault::DotSegment),
        ("/a;b/", UrlFault::Character(';')),
        ("/a\u{7f}/", UrlFault::Character('\u{7f}')),
        ("/a\\b/", UrlFault::Character('\\')),
        ("/a%2Fb/", UrlFault::Character('%')),
        ("/a%25b/", UrlFault::Character('%')),
        ("/a%2e%2e/", UrlFault::Character('%')),
        ("/a%ff/", UrlFault::Character('%')),
        ("/a%+5/", UrlFault::Character('%')),
        ("/100%/", UrlFault::Character('%')),
    ] {
        assert_eq!(written_url(path), Err(fault), "{path}");
    }
    assert_eq!(written_url(&"é".repeat(400)), Err(UrlFault::TooLong));
}

#[test]
fn two_sources_for_one_url_are_named_both() {
    let at = |file: &str| Location::file(&Arc::from(file));
    let check = |urls: &[&str], expected: &Expect| {
        let sources =
            urls.iter().enumerate().map(|(index, url)| ((*url).to_owned(), at(&format!("content/{index}.md"))));
        expected.assert_eq(&said(&names::collisions(sources)));
    };
    check(&["/a/", "/b/", "/a.pdf", "/a/b/"], &expect![[""]]);
    check(
        &["/a/", "/a/", "/a/"],
        &expect![[r#"
            error: two sources for `/a/`
              --> content/1.md
              --> content/0.md
              help: rename one of the two; a page can also have a `slug` or a `path`
            error: two sources for `/a/`
              --> content/2.md
              --> content/0.md
              help: rename one of the two; a page can also have a `slug` or a `path`"#]],
    );
    check(
        &["/Über/", "/über/"],
        &expect![[r#"
            error: `/Über/` and `/über/` differ only in case
              --> content/1.md
              --> content/0.md
              help: rename one of the two; a page can also have a `slug` or a `path`"#]],
    );
    check(
        &["/\u{fc}/", "/u\u{308}/"],
        &expect![[r#"
            error: `/\u{fc}/` and `/u\u{308}/` look alike: they are two Unicode forms of one URL
              --> content/1.md
              --> content/0.md
              help: rename one of the two; a page can also have a `slug` or a `path`"#]],
    );
    check(
        &["/a/", "/a"],
        &expect![[r#"
            error: `/a/` and `/a` are one URL
              --> content/1.md
              --> content/0.md
              help: rename one of the two; a page can also have a `slug` or a `path`"#]],
    );
    check(
        &["/a/", "/a/index.html"],
        &expect![[r#"
            error: `/a/` and `/a/index.html` are one URL
              --> content/1.md
              --> content/0.md
              help: rename one of the two; a page can also have a `slug` or a `path`"#]],
    );
    check(
        &["/a", "/a/b/c/"],
        &expect![[r#"
        error: `/a` is a file, so nothing can lie below it at `/a/b/c/`
          --> content/1.md
          --> content/0.md"#]],
    );
    check(
        &["/", "/index.html"],
        &expect![[r#"
            error: `/` and `/index.html` are one URL
              --> content/1.md
              --> content/0.md
              help: rename one of the two; a page can also have a `slug` or a `path`"#]],
    );
}
