//! `site.yaml`: the catalogue and the rest.

use expect_test::expect;

use super::check_each;

#[test]
fn catalogues() {
    let free = "  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n";
    let bundle = "  bundles: [{id: kit, title: Kit}]\n";
    let cases = [
        format!("  default: public\n{free}{bundle}"),
        format!("  default: public\n{free}{bundle}  default_tier: pro\n"),
        format!("  default: public\n{free}{bundle}  default_tier: fre\n"),
        format!("  default: public\n{free}{bundle}  default_tier: kit\n"),
        format!("  default: public\n{free}{bundle}  default_tier:\n"),
        free.to_owned(),
        bundle.to_owned(),
        format!("  default: pubic\n{free}"),
        format!("  default:\n{free}"),
        format!("  default: +pro\n{free}"),
        format!("  default: []\n{free}"),
        "  default: public\n  tiers: [{id: pro, title: A}, {id: pro, title: B}]\n".to_owned(),
        "  default: public\n  tiers: [{id: pro, title: A, free: true}]\n  bundles: [{id: pro, title: B}]\n  default_tier: pro\n".to_owned(),
        "  default: public\n  tiers: [{id: pro, title: A, also: [old]}, {id: old, title: B}]\n".to_owned(),
        "  default: public\n  tiers:\n    - {id: public, title: A}\n    - {id: members, title: B}\n    - {id: every, title: C}\n".to_owned(),
        "  default: public\n  tiers:\n    - {id: Pro, title: A}\n    - {id: p_o, title: B}\n    - {id: -pro, title: C}\n    - {id: '', title: D}\n    - {id: a b, title: E}\n".to_owned(),
        "  default: public\n  tiers:\n    - {id: 2026, title: A}\n    - {id: '2026', title: B}\n    - {id: 1-2, title: C}\n".to_owned(),
        "  default: public\n  tiers:\n    - {title: A}\n    - {id: pro}\n    - pro\n    - {id: b, title: B, pirce: €9}\n    - {id: c, title: C, free: maybe}\n".to_owned(),
        "  default: public\n  tiers:\n    - {id: pro, title: A, includes: [kits]}\n  bundles: [{id: kit, title: Kit, free: true}]\n".to_owned(),
        "  default: public\n  tier:\n    - {id: pro, title: A}\n".to_owned(),
        "  default: public\n  cancellation: soft\n  tiers: pro\n".to_owned(),
        "".to_owned(),
        "  default: pro\n".to_owned(),
        "  default: public\n  tiers:\n    - {id: pro, title: A}\n  bundles:\n    - {id: kit, title: Kit, buy: \"javascript:alert(1)\"}\n".to_owned(),
    ];
    check_each(
        cases.iter().map(String::as_str),
        |access| format!("text\n//- site.yaml\ntitle: A\nbase_url: https://a.example\naccess:\n{access}"),
        &expect![[r#"
            ===   default: public\n  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n  bundles: [{id: kit, title: Kit}]\n
            error: there are tiers and bundles, but no `default_tier`
              --> site.yaml:6:3
               |
             6 |   bundles: [{id: kit, title: Kit}]
               |   ^^^^^^^
              help: it is what a bundle buyer without a tier is given; name a free tier: `free`
            exit 2
            ===   default: public\n  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n  bundles: [{id: kit, title: Kit}]\n  default_tier: pro\n
            error: `default_tier` is `pro`, which is not free
              --> site.yaml:7:17
               |
             7 |   default_tier: pro
               |                 ^^^
              help: name a free tier: `free`
            exit 2
            ===   default: public\n  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n  bundles: [{id: kit, title: Kit}]\n  default_tier: fre\n
            error: unknown tier `fre`
              --> site.yaml:7:17
               |
             7 |   default_tier: fre
               |                 ^^^
              help: did you mean `free`?
            exit 2
            ===   default: public\n  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n  bundles: [{id: kit, title: Kit}]\n  default_tier: kit\n
            error: `default_tier` is `kit`, which is a bundle
              --> site.yaml:7:17
               |
             7 |   default_tier: kit
               |                 ^^^
              help: name a free tier: `free`
            exit 2
            ===   default: public\n  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n  bundles: [{id: kit, title: Kit}]\n  default_tier:\n
            error: `access.default_tier` is empty
              --> site.yaml:7:3
               |
             7 |   default_tier:
               |   ^^^^^^^^^^^^
            exit 2
            ===   tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n
            error: `access.default` is missing
              --> site.yaml:3:1
               |
             3 | access:
               | ^^^^^^
              help: say who may read a page without `access`: `default: public`, or a tier or bundle
            exit 2
            ===   bundles: [{id: kit, title: Kit}]\n
            error: `access.default` is missing
              --> site.yaml:3:1
               |
             3 | access:
               | ^^^^^^
              help: say who may read a page without `access`: `default: public`, or a tier or bundle
            exit 2
            ===   default: pubic\n  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n
            error: unknown tier or bundle `pubic`
              --> site.yaml:4:12
               |
             4 |   default: pubic
               |            ^^^^^
              help: did you mean `public`?
            exit 2
            ===   default:\n  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n
            error: `access.default` is empty
              --> site.yaml:4:3
               |
             4 |   default:
               |   ^^^^^^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 2
            ===   default: +pro\n  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n
            error: `access.default` inherits nothing, so a tag in it has no leading `+`
              --> site.yaml:4:12
               |
             4 |   default: +pro
               |            ^^^^
            exit 2
            ===   default: []\n  tiers: [{id: free, title: Free, free: true}, {id: pro, title: Pro}]\n
            error: `access.default` is an empty list
              --> site.yaml:4:12
               |
             4 |   default: []
               |            ^^
              help: write a tier, a bundle, `members` or `public`, or a list of them
            exit 2
            ===   default: public\n  tiers: [{id: pro, title: A}, {id: pro, title: B}]\n
            error: the id `pro` is given twice
              --> site.yaml:5:37
               |
             5 |   tiers: [{id: pro, title: A}, {id: pro, title: B}]
               |                                     ^^^
              --> site.yaml:5:16
               |
             5 |   tiers: [{id: pro, title: A}, {id: pro, title: B}]
               |                ^^^
              help: tiers, bundles and their former ids share one namespace
            exit 2
            ===   default: public\n  tiers: [{id: pro, title: A, free: true}]\n  bundles: [{id: pro, title: B}]\n  default_tier: pro\n
            error: the id `pro` is given twice
              --> site.yaml:6:18
               |
             6 |   bundles: [{id: pro, title: B}]
               |                  ^^^
              --> site.yaml:5:16
               |
             5 |   tiers: [{id: pro, title: A, free: true}]
               |                ^^^
              help: tiers, bundles and their former ids share one namespace
            exit 2
            ===   default: public\n  tiers: [{id: pro, title: A, also: [old]}, {id: old, title: B}]\n
            error: the id `old` is given twice
              --> site.yaml:5:50
               |
             5 |   tiers: [{id: pro, title: A, also: [old]}, {id: old, title: B}]
               |                                                  ^^^
              --> site.yaml:5:38
               |
             5 |   tiers: [{id: pro, title: A, also: [old]}, {id: old, title: B}]
               |                                      ^^^
              help: tiers, bundles and their former ids share one namespace
            exit 2
            ===   default: public\n  tiers:\n    - {id: public, title: A}\n    - {id: members, title: B}\n    - {id: every, title: C}\n
            error: the id `public` is a reserved word
              --> site.yaml:6:12
               |
             6 |     - {id: public, title: A}
               |            ^^^^^^
            error: the id `members` is a reserved word
              --> site.yaml:7:12
               |
             7 |     - {id: members, title: B}
               |            ^^^^^^^
            error: the id `every` is a reserved word
              --> site.yaml:8:12
               |
             8 |     - {id: every, title: C}
               |            ^^^^^
            exit 2
            ===   default: public\n  tiers:\n    - {id: Pro, title: A}\n    - {id: p_o, title: B}\n    - {id: -pro, title: C}\n    - {id: \'\', title: D}\n    - {id: a b, title: E}\n
            error: `Pro` is no id: an id is lower-case letters, digits and `-`, and begins with a letter or a digit
              --> site.yaml:6:12
               |
             6 |     - {id: Pro, title: A}
               |            ^^^
            error: `p_o` is no id: an id is lower-case letters, digits and `-`, and begins with a letter or a digit
              --> site.yaml:7:12
               |
             7 |     - {id: p_o, title: B}
               |            ^^^
            error: `-pro` is no id: an id is lower-case letters, digits and `-`, and begins with a letter or a digit
              --> site.yaml:8:12
               |
             8 |     - {id: -pro, title: C}
               |            ^^^^
            error: `` is no id: an id cannot be empty
              --> site.yaml:9:12
               |
             9 |     - {id: '', title: D}
               |            ^^
            error: `a b` is no id: an id is lower-case letters, digits and `-`, and begins with a letter or a digit
              --> site.yaml:10:12
                |
             10 |     - {id: a b, title: E}
                |            ^^^
            exit 2
            ===   default: public\n  tiers:\n    - {id: 2026, title: A}\n    - {id: \'2026\', title: B}\n    - {id: 1-2, title: C}\n
            error: `2026` is no id: an id needs at least one letter
              --> site.yaml:6:12
               |
             6 |     - {id: 2026, title: A}
               |            ^^^^
            error: `2026` is no id: an id needs at least one letter
              --> site.yaml:7:12
               |
             7 |     - {id: '2026', title: B}
               |            ^^^^^^
            error: `1-2` is no id: an id needs at least one letter
              --> site.yaml:8:12
               |
             8 |     - {id: 1-2, title: C}
               |            ^^^
            exit 2
            ===   default: public\n  tiers:\n    - {title: A}\n    - {id: pro}\n    - pro\n    - {id: b, title: B, pirce: €9}\n    - {id: c, title: C, free: maybe}\n
            error: this tier has no id
              --> site.yaml:6:7
               |
             6 |     - {title: A}
               |       ^^^^^^^^^^
            error: an item of `access.tiers` is text, not a map
              --> site.yaml:8:7
               |
             8 |     - pro
               |       ^^^
              help: write `- {id: …, title: …}`
            error: unknown key `pirce`
              --> site.yaml:9:25
               |
             9 |     - {id: b, title: B, pirce: €9}
               |                         ^^^^^
              help: did you mean `price`?
            error: `free` is text, not true or false
              --> site.yaml:10:31
                |
             10 |     - {id: c, title: C, free: maybe}
                |                               ^^^^^
              help: write `free: true` or `free: false`
            exit 2
            ===   default: public\n  tiers:\n    - {id: pro, title: A, includes: [kits]}\n  bundles: [{id: kit, title: Kit, free: true}]\n
            error: unknown bundle `kits`
              --> site.yaml:6:38
               |
             6 |     - {id: pro, title: A, includes: [kits]}
               |                                      ^^^^
              help: did you mean `kit`?
            error: there are tiers and bundles, but no `default_tier`
              --> site.yaml:7:3
               |
             7 |   bundles: [{id: kit, title: Kit, free: true}]
               |   ^^^^^^^
              help: it is what a bundle buyer without a tier is given; make a tier `free: true` and name it here
            exit 2
            ===   default: public\n  tier:\n    - {id: pro, title: A}\n
            error: unknown key `access.tier`
              --> site.yaml:5:3
               |
             5 |   tier:
               |   ^^^^
              help: did you mean `tiers`?
            exit 2
            ===   default: public\n  cancellation: soft\n  tiers: pro\n
            error: `access.cancellation` cannot be `soft`
              --> site.yaml:5:17
               |
             5 |   cancellation: soft
               |                 ^^^^
              help: write `hard` or `keep-unlocked`
            error: `access.tiers` is text, not a list
              --> site.yaml:6:10
               |
             6 |   tiers: pro
               |          ^^^
              help: write `- {id: …, title: …}`, one on each line
            exit 2
            === 
            error: `access` is empty
              --> site.yaml:3:1
               |
             3 | access:
               | ^^^^^^
            exit 2
            ===   default: pro\n
            error: unknown tier or bundle `pro`
              --> site.yaml:4:12
               |
             4 |   default: pro
               |            ^^^
              help: site.yaml declares no tiers and no bundles
            exit 2
            ===   default: public\n  tiers:\n    - {id: pro, title: A}\n  bundles:\n    - {id: kit, title: Kit, buy: \"javascript:alert(1)\"}\n
            error: there are tiers and bundles, but no `default_tier`
              --> site.yaml:7:3
               |
             7 |   bundles:
               |   ^^^^^^^
              help: it is what a bundle buyer without a tier is given; make a tier `free: true` and name it here
            error: `javascript:alert(1)` is no web address
              --> site.yaml:8:34
               |
             8 |     - {id: kit, title: Kit, buy: "javascript:alert(1)"}
               |                                  ^^^^^^^^^^^^^^^^^^^^^
              help: write `https://…`, or a path on this site such as `/account/`
            exit 2
        "#]],
    );
}

#[test]
fn the_rest() {
    let cases = [
        "",
        "title: A\n",
        "title: A\nbase_url: a.example\n",
        "title: A\nbase_url: https://a.example\nbase_urls: x\n",
        "title: A\nbase_url: https://a.example\ntimezone: Europe/Amsterdm\n",
        "title: A\nbase_url: https://a.example\nlinks: ignore\n",
        "title: A\nbase_url: https://a.example\ndenied_status: 404\n",
        "title: A\nbase_url: https://a.example\n\taccess: x\n",
        "title: A\nbase_url: https://a.example\ntitle: B\n",
        "title: [A\nbase_url: https://a.example\n",
        "title: \"A\nbase_url: https://a.example\n",
        "- a\n",
        "title: A\nbase_url: https://a.example\naccess: pro\n",
        "title: A\nbase_url: https://a.example\nrelease_horizon: 7\n",
        "title: A\nbase_url: https://a.example\nlanguage: 7\n",
        "title: A\nbase_url: https://a.example\nAccess: {}\n",
        "title: A\nbase_url: https://a.example\npassthrough: account\n",
        "title: A\nbase_url: https://a.example/sub/\n",
    ];
    check_each(
        cases,
        |yaml| format!("text\n//- site.yaml\n{yaml}"),
        &expect![[r#"
            === 
            error: `base_url` is missing
              --> site.yaml:1:1
              help: write where the site will be: `base_url: https://learn.example`
            exit 2
            === title: A\n
            error: `base_url` is missing
              --> site.yaml:1:1
               |
             1 | title: A
               | ^
              help: write where the site will be: `base_url: https://learn.example`
            exit 2
            === title: A\nbase_url: a.example\n
            error: `a.example` is no address of a site
              --> site.yaml:2:11
               |
             2 | base_url: a.example
               |           ^^^^^^^^^
              help: write it like `https://learn.example`
            exit 2
            === title: A\nbase_url: https://a.example\nbase_urls: x\n
            error: unknown key `base_urls`
              --> site.yaml:3:1
               |
             3 | base_urls: x
               | ^^^^^^^^^
              help: did you mean `base_url`?
            exit 2
            === title: A\nbase_url: https://a.example\ntimezone: Europe/Amsterdm\n
            error: unknown time zone `Europe/Amsterdm`
              --> site.yaml:3:11
               |
             3 | timezone: Europe/Amsterdm
               |           ^^^^^^^^^^^^^^^
              help: did you mean `Europe/Amsterdam`?
            exit 2
            === title: A\nbase_url: https://a.example\nlinks: ignore\n
            error: `links` cannot be `ignore`
              --> site.yaml:3:8
               |
             3 | links: ignore
               |        ^^^^^^
              help: write `error` or `warn`
            exit 2
            === title: A\nbase_url: https://a.example\ndenied_status: 404\n
            error: `denied_status` cannot be `404`
              --> site.yaml:3:16
               |
             3 | denied_status: 404
               |                ^^^
              help: write `402` or `403`
            exit 2
            === title: A\nbase_url: https://a.example\n\taccess: x\n
            error: a tab cannot indent YAML
              --> site.yaml:3:1
               |
             3 | 	access: x
               | ^
              help: indent with spaces
            exit 2
            === title: A\nbase_url: https://a.example\ntitle: B\n
            error: the key `title` is written twice
              --> site.yaml:3:1
               |
             3 | title: B
               | ^^^^^
              --> site.yaml:1:1
               |
             1 | title: A
               | ^^^^^
              help: keep one of the two
            exit 2
            === title: [A\nbase_url: https://a.example\n
            error: this bracket is never closed
              --> site.yaml:1:8
               |
             1 | title: [A
               |        ^
              help: put a `]` where it ends
            exit 2
            === title: \"A\nbase_url: https://a.example\n
            error: this line is swallowed by the quote above it
              --> site.yaml:2:1
               |
             2 | base_url: https://a.example
               | ^^^^^^^^^^^^^^^^^^^^^^^^^^^
              --> site.yaml:1:8
               |
             1 | title: "A
               |        ^
              help: close the quote, or indent the line
            exit 2
            === - a\n
            error: this is a list, not keys with values
              --> site.yaml:1:1
               |
             1 | - a
               | ^^^
            exit 2
            === title: A\nbase_url: https://a.example\naccess: pro\n
            error: `access` is text, not a map
              --> site.yaml:3:9
               |
             3 | access: pro
               |         ^^^
            exit 2
            === title: A\nbase_url: https://a.example\nrelease_horizon: 7\n
            error: `7` is not a length: a length needs a unit
              --> site.yaml:3:18
               |
             3 | release_horizon: 7
               |                  ^
              help: write it like `12h`, `7d` or `2w`
            exit 2
            === title: A\nbase_url: https://a.example\nlanguage: 7\n
            error: `language` is a number, not text
              --> site.yaml:3:11
               |
             3 | language: 7
               |           ^
            exit 2
            === title: A\nbase_url: https://a.example\nAccess: {}\n
            error: unknown key `Access`
              --> site.yaml:3:1
               |
             3 | Access: {}
               | ^^^^^^
              help: did you mean `access`?
            exit 2
            === title: A\nbase_url: https://a.example\npassthrough: account\n
            error: `account` cannot be passed through
              --> site.yaml:3:14
               |
             3 | passthrough: account
               |              ^^^^^^^
              help: write a folder of the site: `/account/`
            exit 2
            === title: A\nbase_url: https://a.example/sub/\n
            error: `https://a.example/sub/` has a path, but a site lies at the root of its host
              --> site.yaml:2:11
               |
             2 | base_url: https://a.example/sub/
               |           ^^^^^^^^^^^^^^^^^^^^^^
              help: give the site a host of its own, such as `https://learn.example`
            exit 2
        "#]],
    );
}
