//! Catalogues of one kind, former ids, bundles that come with others; and what lies in the trees.

use super::{Built, check};
use crate::built::contents;

#[test]
fn joint_access_and_bundles_without_a_tier() {
    check(
        "\
//- content/a.md
---
access: course+other
---
zqa
//- content/b.md
---
access: [pro, basic+course]
---
zqb
//- content/c.md
---
access: course
---
zqc
//- content/d.md
---
access: members
---
zqd
//- content/e.md
---
access: sheets
---
zqe
//- content/f.md
---
access: bronze
---
zqf
",
        "visitor:
         free: d
         course: c d
         course+other: a c d
         basic+course: b c d f
         pro: b d e f
         sheets: d e
         basic: d f
         bronze: d f
         course+free!expired: 
         course+other+basic!expired: 
         course!expired+free: d
         sheets+pro!expired: ",
    );
}

#[test]
fn former_ids_open_in_tokens_too() {
    use tierpress::access::entitlement::{Entitlement, Reader};
    use tierpress::time::Timestamp;
    let built = Built::new("//- content/a.md\n---\naccess: basic\n---\nzqa\n");
    let held = |id: &str| Reader::Member(vec![Entitlement::new(id.parse().unwrap(), Timestamp::MIN)]);
    let now = built.reader("visitor").1;
    assert_eq!(built.decide(&(held("bronze"), now), "/a/", false).outcome, tierpress::edge::Outcome::Open);
    assert_eq!(built.decide(&(held("silver"), now), "/a/", false).outcome, tierpress::edge::Outcome::Preview);
}

#[test]
fn catalogues_of_one_kind() {
    let tiers = "//- site.yaml\ntitle: T\nbase_url: https://learn.example\naccess:\n  default: low\n  tiers:\n    \
                 - {id: low, title: Low}\n    - {id: high, title: High}\n";
    let pages = "//- content/a.md\nzqa\n//- content/b.md\n---\naccess: high\n---\nzqb\n//- content/c.md\n---\naccess: public\n---\nzqc\n";
    check(&format!("{tiers}{pages}"), "visitor: c\nlow: a c\nhigh: a b c");
    let bundles = "//- site.yaml\ntitle: T\nbase_url: https://learn.example\naccess:\n  default: low\n  bundles:\n    \
                   - {id: low, title: Low}\n    - {id: high, title: High}\n";
    check(&format!("{bundles}{pages}"), "visitor: c\nlow: a c\nhigh: b c\nlow+high: a b c");
}

#[test]
fn the_public_tree_is_what_a_visitor_is_served() {
    let built = Built::new(
        "//- content/_index.md\n---\ntitle: Home\n---\n//- content/a.md\n---\naccess: pro\n---\nzqa\n\n![x](f.txt)\n\
         //- content/f.txt\nzqf\n//- content/g.txt\nzqg\n//- content/b.md\n---\nrelease: 2026-12-10\n---\nzqb\n",
    );
    let who = built.reader("visitor");
    let mut expected = std::collections::BTreeMap::new();
    for path in built.manifest().routes.keys() {
        let decision = built.decide(&who, path, false);
        if let (200, Some(object)) = (decision.status, decision.object) {
            let file = if path.ends_with('/') { format!("{path}index.html") } else { path.clone() };
            expected.insert(file.trim_start_matches('/').to_owned(), built.object(object));
        }
    }
    expected.insert("404.html".to_owned(), built.object(built.manifest().pages.not_found.as_str()));
    let mut tree = contents(&built.out().join("public"));
    // What is encoded is looked at as what it encodes.
    built.check("visitor: \npro: a f");
    tree.retain(|name, _| ![".br", ".gz", "/"].iter().any(|end| name.ends_with(end)));
    assert_eq!(tree.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    assert!(tree == expected);
    assert!(!tree.contains_key("f.txt") && !tree.contains_key("b/index.html"));
}

#[test]
fn nothing_of_the_content_lies_beside_the_trees() {
    let built = Built::new(
        "//- content/a.md\n---\naccess: pro\ntitle: zqtitle\nhidden: true\n---\nzqa\n\n![x](zqf.txt)\n//- content/zqf.txt\nzqbytes\n\
         //- content/zqg.txt\nx\n",
    );
    for (name, bytes) in contents(&built.out()) {
        let own = ["objects/", "tiers/", "bundles/", "edge/", "manifest.json"];
        if !own.iter().any(|folder| name.starts_with(folder)) {
            let text = String::from_utf8_lossy(&bytes);
            assert!(!name.contains("zq") && (name.starts_with(".tierpress") || !text.contains("zq")), "{name}: {text}");
        }
    }
    assert!(std::fs::read_to_string(built.out().join(".htaccess")).unwrap().contains("denied"));
}

#[test]
fn what_is_closed_again_leaves_the_trees() {
    let open = "//- content/a/index.md\n---\naliases: [/old/]\n---\nzqa\n\n![x](f.txt)\n//- content/a/f.txt\nzqf\n\
                //- content/box/b.md\nzqb\n";
    let built = Built::new(open);
    built.check("visitor: a f b");
    built.write("content/a/index.md", "---\naccess: pro\nhidden: true\n---\nzqa\n\n![x](f.txt)\n");
    built.write("content/box/b.md", "---\ndraft: true\n---\nzqb\n");
    let built = built.again();
    built.check("visitor: \nbasic: \npro: a f");
    let names: Vec<String> = contents(&built.out().join("public")).into_keys().collect();
    assert!(!names.iter().any(|name| name.starts_with("a/") || name.starts_with("box/")), "{names:?}");
}

#[test]
fn time_alone_closes_and_opens_the_public_tree() {
    let text = "//- content/a.md\n---\nuntil: 2026-12-05\n---\nzqa\n//- content/b.md\n---\nrelease: 2026-12-05\n---\nzqb\n\
                //- content/c.md\n---\nrelease: 2028-12-05\n---\nzqc\n";
    Built::at(text, "2026-12-05T23:59:59").check("visitor: a b");
    Built::at(text, "2026-12-06").check("visitor: b");
    Built::at(text, "2026-12-04")
        .check("visitor: a\nvisitor@2026-12-05: a b\nvisitor@2026-12-06: b\nvisitor@2029-01-01: b");
}
