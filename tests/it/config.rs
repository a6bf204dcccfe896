//! `site.yaml`: what is read, and every fault with its exact message.
#![allow(clippy::too_many_lines, reason = "a list of faults with their messages is data")]

use std::sync::Arc;

use expect_test::{Expect, expect};
use tierpress::access::catalogue::Cancellation;
use tierpress::access::tags::Tag;
use tierpress::config::{Config, Links};
use tierpress::diagnostic::{Diagnostic, Origin, Source};
use tierpress::load::config;

fn parse(text: &str) -> (Option<Config>, Vec<Diagnostic>) {
    let file: Arc<str> = config::FILE.into();
    let mut diagnostics = Vec::new();
    let config = config::parse(Source { file: &file, text }, &mut diagnostics);
    (config, diagnostics)
}

fn good(text: &str) -> Config {
    let (config, diagnostics) = parse(&format!("base_url: https://learn.example/\n{text}"));
    assert_eq!(diagnostics, []);
    config.unwrap()
}

/// What is said of a whole `site.yaml`; nothing of it is kept, and all of it is the call's fault.
fn bad(text: &str, expected: &Expect) {
    let (config, diagnostics) = parse(text);
    assert!(config.is_none());
    assert!(diagnostics.iter().all(|diagnostic| diagnostic.origin == Origin::Setup));
    let said: Vec<String> = diagnostics.iter().map(ToString::to_string).collect();
    expected.assert_eq(&said.join("\n"));
}

/// The same of an `access` section, in a site that is right otherwise.
fn bad_access(text: &str, expected: &Expect) {
    bad(&format!("base_url: https://learn.example\naccess:\n{text}\n"), expected);
}

#[test]
fn a_few_lines_are_enough() {
    let config = good("");
    assert_eq!(config.base_url, "https://learn.example");
    assert_eq!((config.language.as_str(), config.theme.as_str(), config.denied_status), ("en", "default", 403));
    assert_eq!((config.links, config.smart_punctuation), (Links::Error, true));
    assert_eq!(config.default_access, [Tag::public()]);
    assert!(config.catalogue.is_empty() && config.own_keys.is_empty());
    assert_eq!(config.token.issuer, "https://learn.example");
    assert_eq!(config.token.cookie, "__Host-tierpress");
    assert_eq!((config.token.max_ttl, config.token.max_entitlements), (900, 32));
    assert_eq!(config.release_horizon.seconds(), 90 * 86_400);
    assert_eq!(config.billing.overdue_max.seconds(), 30 * 86_400);
}

#[test]
fn every_key_is_read() {
    let config = good(
        "title: School\nlanguage: nl\ndescription: d\ntimezone: Europe/Amsterdam\ntheme: plain\nlinks: warn\n\
         smart_punctuation: false\nlogin_url: /account/\nrefresh_url: https://id.example/r\nupgrade_url: https://id.example/u\n\
         denied_status: 402\nrelease_horizon: 2w\npassthrough: [/account/]\nextra: {a: [1]}\nown_keys: [release]\n\
         token: {issuer: i, audience: a, claim: c, cookie: k, max_ttl: 60, max_entitlements: 5}\n\
         access:\n  default: members\n  default_tier: free\n  cancellation: keep-unlocked\n  overdue: keep\n  overdue_max: 10d\n\
         \x20 rejoin: resume\n  tiers:\n    - {id: free, free: true}\n    - {id: pro, title: Pro, price: €9, buy: \"https://b.example\", \
         also: [gold], includes: [sheets]}\n  bundles:\n    - {id: sheets, title: Cheat sheets}\n",
    );
    assert_eq!(config.zone.iana_name(), Some("Europe/Amsterdam"));
    assert_eq!((config.links, config.smart_punctuation, config.denied_status), (Links::Warn, false, 402));
    assert_eq!(config.catalogue.cancellation(), Cancellation::KeepUnlocked);
    let pro = &config.catalogue.tiers()[1];
    assert_eq!((pro.title.as_str(), pro.price.as_deref(), pro.also[0].as_str()), ("Pro", Some("€9"), "gold"));
    assert_eq!(config.catalogue.tiers()[0].title, "free");
    assert_eq!(config.catalogue.bundles()[0].title, "Cheat sheets");
    assert_eq!(config.passthrough, ["/account/"]);
    assert_eq!(config.extra["a"][0], 1);
    assert_eq!(config.own_keys, ["release"]);
    assert_eq!(config.token.max_ttl, 60);
}

#[test]
fn what_is_missing_is_said() {
    bad(
        "",
        &expect![[r#"
        error: `base_url` is missing
          --> site.yaml:1:1
          help: write where the site will be: `base_url: https://learn.example`"#]],
    );
    bad(
        "- a\n",
        &expect![[r#"
        error: this is a list, not keys with values
          --> site.yaml:1:1
           |
         1 | - a
           | ^^^"#]],
    );
    let root = tempfile::tempdir().unwrap();
    let mut diagnostics = Vec::new();
    assert!(config::load(root.path(), &mut diagnostics).is_none());
    expect![[r#"
        error: there is no site.yaml in `ROOT`
          help: go to a site's folder or name it with `--root`, or make a site: `tierpress init DIR`"#]]
    .assert_eq(&diagnostics[0].to_string().replace(root.path().to_str().unwrap(), "ROOT"));
    assert_eq!(diagnostics[0].origin, Origin::Setup);
}

#[test]
fn unknown_keys_are_errors() {
    bad(
        "base_url: https://a.example\ntitel: x\n",
        &expect![[r#"
        error: unknown key `titel`
          --> site.yaml:2:1
           |
         2 | titel: x
           | ^^^^^
          help: did you mean `title`?"#]],
    );
    bad(
        "base_url: https://a.example\ncolour: x\n",
        &expect![[r#"
            error: unknown key `colour`
              --> site.yaml:2:1
               |
             2 | colour: x
               | ^^^^^^
              help: the keys here are `title`, `base_url`, `language`, `description`, `timezone`, `theme`, `links`, `smart_punctuation`, `access`, `products`, `token`, `login_url`, `refresh_url`, `upgrade_url`, `denied_status`, `release_horizon`, `passthrough`, `extra`, `own_keys`, `check`"#]],
    );
    bad_access(
        "  defualt: public",
        &expect![[r#"
        error: unknown key `access.defualt`
          --> site.yaml:3:3
           |
         3 |   defualt: public
           |   ^^^^^^^
          help: did you mean `default`?"#]],
    );
    bad_access(
        "  default: public\n  tiers:\n    - {id: pro, prize: 9}",
        &expect![[r#"
        error: unknown key `prize`
          --> site.yaml:5:17
           |
         5 |     - {id: pro, prize: 9}
           |                 ^^^^^
          help: did you mean `price`?"#]],
    );
    bad_access(
        "  default: public\n  bundles:\n    - {id: a, includes: [b]}",
        &expect![[r#"
        error: unknown key `includes`
          --> site.yaml:5:15
           |
         5 |     - {id: a, includes: [b]}
           |               ^^^^^^^^
          help: the keys here are `id`, `title`, `free`, `price`, `buy`, `also`, `expires_after`"#]],
    );
}

#[test]
fn ids_are_checked() {
    bad_access(
        "  default: public\n  tiers:\n    - {id: pro}\n    - {id: pro}",
        &expect![[r#"
        error: the id `pro` is given twice
          --> site.yaml:6:12
           |
         6 |     - {id: pro}
           |            ^^^
          --> site.yaml:5:12
           |
         5 |     - {id: pro}
           |            ^^^
          help: tiers, bundles and their former ids share one namespace"#]],
    );
    bad_access(
        "  default: public\n  default_tier: free\n  tiers:\n    - {id: free, free: true}\n  bundles:\n    - {id: a, also: [free]}",
        &expect![[r#"
        error: the id `free` is given twice
          --> site.yaml:8:22
           |
         8 |     - {id: a, also: [free]}
           |                      ^^^^
          --> site.yaml:6:12
           |
         6 |     - {id: free, free: true}
           |            ^^^^
          help: tiers, bundles and their former ids share one namespace"#]],
    );
    bad_access(
        "  default: public\n  tiers:\n    - {id: Pro}\n    - {id: members}\n    - {id: 2024}\n    - {id: ''}\n    - {title: x}\n    - x",
        &expect![[r#"
        error: `Pro` is no id: an id is lower-case letters, digits and `-`, and begins with a letter or a digit
          --> site.yaml:5:12
           |
         5 |     - {id: Pro}
           |            ^^^
        error: the id `members` is a reserved word
          --> site.yaml:6:12
           |
         6 |     - {id: members}
           |            ^^^^^^^
        error: `2024` is no id: an id needs at least one letter
          --> site.yaml:7:12
           |
         7 |     - {id: 2024}
           |            ^^^^
        error: `` is no id: an id cannot be empty
          --> site.yaml:8:12
           |
         8 |     - {id: ''}
           |            ^^
        error: this tier has no id
          --> site.yaml:9:7
           |
         9 |     - {title: x}
           |       ^^^^^^^^^^
        error: an item of `access.tiers` is text, not a map
          --> site.yaml:10:7
            |
         10 |     - x
            |       ^
          help: write `- {id: …, title: …}`"#]],
    );
    bad_access(
        "  default: public\n  tiers:\n    - {id: pro, includes: [sheats]}\n  bundles: [{id: sheets}]\n  default_tier: sheats",
        &expect![[r#"
        error: unknown bundle `sheats`
          --> site.yaml:5:28
           |
         5 |     - {id: pro, includes: [sheats]}
           |                            ^^^^^^
          help: did you mean `sheets`?
        error: unknown tier `sheats`
          --> site.yaml:7:17
           |
         7 |   default_tier: sheats
           |                 ^^^^^^
          help: did you mean `sheets`?"#]],
    );
    bad_access(
        "  default: public\n  tiers: {id: pro}",
        &expect![[r#"
        error: `access.tiers` is a map, not a list
          --> site.yaml:4:10
           |
         4 |   tiers: {id: pro}
           |          ^^^^^^^^^
          help: write `- {id: …, title: …}`, one on each line"#]],
    );
}

#[test]
fn the_default_tier_is_checked() {
    bad_access(
        "  default: public\n  tiers: [{id: free, free: true}]\n  bundles: [{id: a}]",
        &expect![[r#"
        error: there are tiers and bundles, but no `default_tier`
          --> site.yaml:5:3
           |
         5 |   bundles: [{id: a}]
           |   ^^^^^^^
          help: it is what a bundle buyer without a tier is given; name a free tier: `free`"#]],
    );
    bad_access(
        "  default: public\n  tiers: [{id: pro}]\n  bundles: [{id: a}]\n  default_tier: pro",
        &expect![[r#"
        error: `default_tier` is `pro`, which is not free
          --> site.yaml:6:17
           |
         6 |   default_tier: pro
           |                 ^^^
          help: make a tier `free: true` and name it here"#]],
    );
    bad_access(
        "  default: public\n  tiers: [{id: free, free: true}]\n  default_tier: fre",
        &expect![[r#"
        error: unknown tier `fre`
          --> site.yaml:5:17
           |
         5 |   default_tier: fre
           |                 ^^^
          help: did you mean `free`?"#]],
    );
    bad_access(
        "  default: public\n  tiers: [{id: free, free: true}]\n  default_tier: 7",
        &expect![[r#"
        error: `7` is no id: an id needs at least one letter
          --> site.yaml:5:17
           |
         5 |   default_tier: 7
           |                 ^"#]],
    );
}

#[test]
fn the_default_is_required_and_checked() {
    bad_access(
        "  tiers: [{id: pro}]",
        &expect![[r#"
            error: `access.default` is missing
              --> site.yaml:2:1
               |
             2 | access:
               | ^^^^^^
              help: say who may read a page without `access`: `default: public`, or a tier or bundle"#]],
    );
    bad_access(
        "  bundles: [{id: a}]",
        &expect![[r#"
            error: `access.default` is missing
              --> site.yaml:2:1
               |
             2 | access:
               | ^^^^^^
              help: say who may read a page without `access`: `default: public`, or a tier or bundle"#]],
    );
    bad_access(
        "  default:\n  tiers: [{id: pro}]",
        &expect![[r#"
        error: `access.default` is empty
          --> site.yaml:3:3
           |
         3 |   default:
           |   ^^^^^^^
          help: write a tier, a bundle, `members` or `public`, or a list of them"#]],
    );
    bad_access(
        "  default: prro\n  tiers: [{id: pro}]",
        &expect![[r#"
        error: unknown tier or bundle `prro`
          --> site.yaml:3:12
           |
         3 |   default: prro
           |            ^^^^
          help: did you mean `pro`?"#]],
    );
    bad_access(
        "  default: [public, pro]\n  tiers: [{id: pro}]",
        &expect![[r#"
        error: a bare `public` beside another tag opens this to everybody
          --> site.yaml:3:13
           |
         3 |   default: [public, pro]
           |             ^^^^^^
          help: take it out, or give it a window: `public from 2026-12-15`"#]],
    );
    bad_access(
        "  default: +pro\n  tiers: [{id: pro}]",
        &expect![[r#"
        error: `access.default` inherits nothing, so a tag in it has no leading `+`
          --> site.yaml:3:12
           |
         3 |   default: +pro
           |            ^^^^"#]],
    );
}

#[test]
fn values_are_checked_all_in_one_run() {
    bad(
        "base_url: learn.example\nlanguage: 5\ntimezone: Europe/Amsterdm\ntheme: ../x\nlinks: maybe\nsmart_punctuation: yes\n\
         login_url: 'javascript:x'\ndenied_status: 404\nrelease_horizon: 90\npassthrough: [account, '/a;b/', '/']\nextra: 5\n\
         own_keys: [access, title]\ntoken: {cookie: 'a b', max_ttl: 0, issuer: ''}\ntitle:\naccess: {cancellation: soft}\n",
        &expect![[r#"
            error: `learn.example` is no address of a site
              --> site.yaml:1:11
               |
             1 | base_url: learn.example
               |           ^^^^^^^^^^^^^
              help: write it like `https://learn.example`
            error: `language` is a number, not text
              --> site.yaml:2:11
               |
             2 | language: 5
               |           ^
            error: unknown time zone `Europe/Amsterdm`
              --> site.yaml:3:11
               |
             3 | timezone: Europe/Amsterdm
               |           ^^^^^^^^^^^^^^^
              help: did you mean `Europe/Amsterdam`?
            error: `../x` is no name of a theme
              --> site.yaml:4:8
               |
             4 | theme: ../x
               |        ^^^^
              help: a theme is named by its folder below `themes/`
            error: `links` cannot be `maybe`
              --> site.yaml:5:8
               |
             5 | links: maybe
               |        ^^^^^
              help: write `error` or `warn`
            error: `smart_punctuation` is text, not true or false
              --> site.yaml:6:20
               |
             6 | smart_punctuation: yes
               |                    ^^^
              help: write `smart_punctuation: true` or `smart_punctuation: false`
            error: `javascript:x` is no web address
              --> site.yaml:7:12
               |
             7 | login_url: 'javascript:x'
               |            ^^^^^^^^^^^^^^
              help: write `https://…`, or a path on this site such as `/account/`
            error: `denied_status` cannot be `404`
              --> site.yaml:8:16
               |
             8 | denied_status: 404
               |                ^^^
              help: write `402` or `403`
            error: `90` is not a length: a length needs a unit
              --> site.yaml:9:18
               |
             9 | release_horizon: 90
               |                  ^^
              help: write it like `12h`, `7d` or `2w`
            error: `account` cannot be passed through
              --> site.yaml:10:15
                |
             10 | passthrough: [account, '/a;b/', '/']
                |               ^^^^^^^
              help: write a folder of the site: `/account/`
            error: `/a;b/` cannot be passed through: a URL cannot hold `;`
              --> site.yaml:10:24
                |
             10 | passthrough: [account, '/a;b/', '/']
                |                        ^^^^^^^
            error: `/` cannot be passed through
              --> site.yaml:10:33
                |
             10 | passthrough: [account, '/a;b/', '/']
                |                                 ^^^
              help: write a folder of the site: `/account/`
            error: `extra` is a number, not a map
              --> site.yaml:11:8
                |
             11 | extra: 5
                |        ^
            error: `access` cannot be a key of your own
              --> site.yaml:12:12
                |
             12 | own_keys: [access, title]
                |            ^^^^^^
              help: a page that says so would be open to everybody
            error: `title` cannot be a key of your own
              --> site.yaml:12:20
                |
             12 | own_keys: [access, title]
                |                    ^^^^^
            error: `a b` is no name of a cookie
              --> site.yaml:13:17
                |
             13 | token: {cookie: 'a b', max_ttl: 0, issuer: ''}
                |                 ^^^^^
            error: `token.max_ttl` cannot be `0`
              --> site.yaml:13:33
                |
             13 | token: {cookie: 'a b', max_ttl: 0, issuer: ''}
                |                                 ^
              help: write a number from 1 to 86400
            error: `token.issuer` is empty
              --> site.yaml:13:44
                |
             13 | token: {cookie: 'a b', max_ttl: 0, issuer: ''}
                |                                            ^^
            error: `title` is empty
              --> site.yaml:14:1
                |
             14 | title:
                | ^^^^^
            error: `access.cancellation` cannot be `soft`
              --> site.yaml:15:24
                |
             15 | access: {cancellation: soft}
                |                        ^^^^
              help: write `hard` or `keep-unlocked`"#]],
    );
    bad(
        "base_url: https://a.example/docs\n",
        &expect![[r#"
            error: `https://a.example/docs` has a path, but a site lies at the root of its host
              --> site.yaml:1:11
               |
             1 | base_url: https://a.example/docs
               |           ^^^^^^^^^^^^^^^^^^^^^^
              help: give the site a host of its own, such as `https://learn.example`"#]],
    );
    bad(
        "base_url: https://a.example\ntitle: A\ntitle: B\n",
        &expect![[r#"
            error: the key `title` is written twice
              --> site.yaml:3:1
               |
             3 | title: B
               | ^^^^^
              --> site.yaml:2:1
               |
             2 | title: A
               | ^^^^^
              help: keep one of the two"#]],
    );
    bad(
        "base_url: https://a.example\ntitle: [A\n",
        &expect![[r#"
        error: this bracket is never closed
          --> site.yaml:2:8
           |
         2 | title: [A
           |        ^
          help: put a `]` where it ends"#]],
    );
}
