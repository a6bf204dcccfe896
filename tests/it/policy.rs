//! What the default theme and the generator write meets the `Content-Security-Policy` that edges send with every page.
//!
//! Every object of three sites is read with a tokenizer that follows the HTML standard: the school of this repository, the
//! site of `tierpress init`, and one with all that Markdown can become. A block of JSON-LD is data, which no policy stops.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use html5gum::{Token, Tokenizer};
use tierpress::edge::answer::CSP;

use crate::built::{build, contents};
use crate::fixture::Fixture;

/// What a page has that the policy would stop.
fn violations(html: &str) -> Vec<String> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let mut found = Vec::new();
    let mut data: Option<String> = None;
    for token in Tokenizer::new(html) {
        let Ok(token) = token;
        match token {
            Token::StartTag(tag) => {
                let name = text(&tag.name);
                let attributes: BTreeMap<String, String> =
                    tag.attributes.iter().map(|(key, value)| (text(key), text(value))).collect();
                let value = |key: &str| attributes.get(key).map(String::as_str).unwrap_or_default();
                let is_data = name == "script" && value("type") == "application/ld+json" && value("src").is_empty();
                let inline = attributes.keys().any(|key| key == "style" || key.starts_with("on"));
                let script =
                    attributes.values().any(|value| value.trim_start().to_lowercase().starts_with("javascript:"));
                let forbidden = ["script", "style", "object", "embed", "applet", "base"].contains(&name.as_str());
                let elsewhere =
                    name == "link" && value("rel") == "stylesheet" && !value("href").starts_with("/_tierpress/");
                if inline || script || elsewhere || (forbidden && !is_data) {
                    found.push(format!("<{name} {attributes:?}>"));
                }
                data = is_data.then(String::new);
            }
            Token::String(string) => {
                if let Some(data) = &mut data {
                    data.push_str(&text(&string));
                }
            }
            Token::EndTag(tag) if &**tag.name == b"script" => {
                if let Some(data) = data.take()
                    && serde_json::from_str::<serde_json::Value>(&data).is_err()
                {
                    found.push(format!("no JSON: {data}"));
                }
            }
            _ => {}
        }
    }
    found
}

/// Looks through all pages of an output, and gives their number.
#[track_caller]
fn check(out: &Path) -> usize {
    let pages: BTreeMap<String, Vec<u8>> =
        contents(&out.join("objects")).into_iter().filter(|(name, _)| name.ends_with(".html")).collect();
    for (name, bytes) in &pages {
        let html = String::from_utf8(bytes.clone()).unwrap();
        assert_eq!(violations(&html), Vec::<String>::new(), "{name}: {html}");
    }
    pages.len()
}

#[test]
fn violations_are_seen() {
    for html in [
        "<p style=\"color: red\">",
        "<td STYLE='text-align: right'>",
        "<a href=\"/\" onclick=\"x()\">",
        "<a href=\" JavaScript:x()\">",
        "<script>x()</script>",
        "<script src=\"/x.js\"></script>",
        "<script type=\"application/ld+json\" src=\"/x.js\"></script>",
        "<script type=\"application/ld+json\">{broken</script>",
        "<style>p {}</style>",
        "<object data=\"x.svg\">",
        "<base href=\"https://x.example\">",
        "<link rel=\"stylesheet\" href=\"https://x.example/x.css\">",
    ] {
        assert_eq!(violations(html).len(), 1, "{html}");
    }
    let sound = "<p class=\"style\">style=\"x\"</p><script type=\"application/ld+json\">{\"a\": \"onclick=\"}</script>";
    assert_eq!(violations(sound), Vec::<String>::new());
}

#[test]
fn the_policy_allows_nothing_inline() {
    assert!(CSP.contains("default-src 'self'") && !CSP.contains("unsafe") && !CSP.contains("script-src"), "{CSP}");
}

#[test]
fn the_school_meets_it() {
    let folder = tempfile::tempdir().unwrap();
    build(Path::new(env!("CARGO_MANIFEST_DIR")), folder.path()).well();
    assert!(check(folder.path()) > 80);
}

#[test]
fn the_site_of_init_meets_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("site");
    let made = Command::new(env!("CARGO_BIN_EXE_tierpress")).arg("init").arg(&root).output().unwrap();
    assert!(made.status.success());
    build(&root, &folder.path().join("out")).well();
    assert!(check(&folder.path().join("out")) > 10);
}

#[test]
fn all_that_markdown_becomes_meets_it() {
    let fixture = Fixture::new(
        "//- content/_index.md
---
title: Home
---
//- content/a.md
---
title: \"A title </script><script>alert(1)</script> & more\"
description: \"<b onclick=x>described</b>\"
access: pro
tags: [\"one\"]
image: picture.png
date: 2026-11-01
---
Above[^1], $x^2$ and ~~gone~~ <https://x.example>, ![a picture](picture.png \"its title\").

| left | centre | right | none |
|:-----|:------:|------:|------|
| 1    | 2      | 3     | 4    |

<!-- more -->

- [x] done
- [ ] to do

> [!WARNING]
> Careful.

Term
: Definition

## A heading {#named}

```rust
fn main() {}
```

$$x = y$$

<!-- access: basic -->
More.
<!-- /access -->

[^1]: A note.
//- content/b.md
---
release: 2026-12-20
announce: true
access: pro
---
Waiting.
//- content/c.md
---
access: [pro, rust-course]
drip: 7d
---
Dripped.
//- content/picture.png
x
//- content/404.md
Not here.
",
    );
    fixture.build().unwrap();
    let pages = check(&fixture.out());
    assert!(pages > 15, "{pages}");
    let page = fs::read_to_string(fixture.out().join("tiers/pro/a/index.html")).unwrap();
    for wanted in ["<th class=\"tp-left\">left</th>", "<td class=\"tp-center\">2</td>", "<td class=\"tp-right\">3</td>"]
    {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
}
