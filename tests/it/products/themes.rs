//! What templates are told of products, and where nothing of them may be: in the manifest, and in pages that do not name them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::page;
use crate::fixture::Fixture;

const SITE: &str = "\
//- site.yaml
title: School
base_url: https://school.example
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true}
    - {id: basic, title: Basic}
    - {id: pro, title: Pro}
  bundles:
    - {id: rust-course, title: Rust from zero}
    - {id: vault, title: zqvault}
  default_tier: free
products:
  - {id: zqbasic, sells: basic, price: {amount: 987, currency: eur}, billing: {every: 1 month}, stripe: {prices: [price_zq], links: [plink_zq]}, buy: https://buy.example/zqbuy}
  - {id: zqpro, sells: pro, price: {amount: 1987, currency: eur}, billing: {every: 1 month}}
  - {id: zqrust, sells: rust-course, price: {amount: 19876, currency: eur}, billing: once}
  - {id: zqsecret, sells: vault, price: {amount: 49876, currency: eur}, billing: once}
//- content/_index.md
---
title: Home
---
Open to all.
//- content/basic.md
---
title: For basic
description: d
access: basic
---
b
//- content/rust.md
---
title: For rust
description: d
access: [rust-course, pro]
---
r
//- content/both.md
---
title: For both
description: d
access: basic+rust-course
---
r
//- content/vault.md
---
title: Hidden
description: d
access: vault
hidden: true
---
v
";

fn manifest(fixture: &Fixture) -> Value {
    serde_json::from_slice(&std::fs::read(fixture.out().join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn a_manifest_knows_no_prices() {
    let fixture = Fixture::new(SITE);
    fixture.build().unwrap();
    let text = std::fs::read_to_string(fixture.out().join("manifest.json")).unwrap();
    for word in ["zq", "price", "product", "eur", "EUR", "buy.example", "plink", "billing"] {
        assert!(!text.contains(word), "{word}");
    }
    let keys: Vec<String> = manifest(&fixture).as_object().unwrap().keys().cloned().collect();
    assert!(!keys.contains(&"products".to_owned()) && keys.contains(&"access_controls".to_owned()));
}

/// Another price changes the pages that name it, and of the manifest their objects alone.
#[test]
fn a_price_changes_the_pages_that_name_it() {
    let fixture = Fixture::new(SITE);
    fixture.build().unwrap();
    let before = manifest(&fixture);
    let site = SITE.split("//- site.yaml\n").nth(1).unwrap().split("//- ").next().unwrap();
    fixture.write("site.yaml", site.replace("amount: 987,", "amount: 988,"));
    fixture.build().unwrap();
    let after = manifest(&fixture);
    let changed: BTreeSet<&str> = before["routes"]
        .as_object()
        .unwrap()
        .iter()
        .filter(|(path, route)| after["routes"][path.as_str()] != **route)
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(changed, BTreeSet::from(["/basic/", "/both/"]));
    for key in ["access_controls", "rules", "policies", "pages", "site", "token", "redirects"] {
        assert_eq!(before[key], after[key], "{key}");
    }
}

#[test]
fn templates_list_what_is_for_sale() {
    let fixture = Fixture::new(SITE);
    fixture.write(
        "templates/home.html",
        "{% for product in site.products %}{{ product.id }} {{ product.sells }} {{ product.title }} {{ product.kind }} {{ product.price }} \
         {{ product.amount }} {{ product.total }} {{ product.currency }} {{ product.billing }} {{ product.payments }}\
         {% if product.every %} {{ product.every.count }} {{ product.every.unit }} {{ product.every.iso }}{% endif %}\n{% endfor %}",
    );
    fixture.write("templates/page.html", "{% for product in page.products %}{{ product.id }} {% endfor %}");
    fixture.build().unwrap();
    // What hidden pages alone need has a title that tells of them.
    expect_test::expect![[r#"
        zqbasic basic Basic tier €9.87 a month 9.87 9.87 EUR subscription 0 1 month P1M
        zqpro pro Pro tier €19.87 a month 19.87 19.87 EUR subscription 0 1 month P1M
        zqrust rust-course Rust from zero bundle €198.76, paid once 198.76 198.76 EUR once 1
    "#]]
    .assert_eq(&page(&fixture, ""));
    assert_eq!(page(&fixture, "basic"), "zqbasic ");
    // Cheaper first; and what is needed together is no way in by itself.
    assert_eq!(page(&fixture, "rust"), "zqpro zqrust ");
    assert_eq!(page(&fixture, "both"), "");
    let of_basic = fixture.out().join("tiers/basic/basic/index.html");
    assert_eq!(std::fs::read_to_string(of_basic).unwrap(), "");
}

/// A visitor meets the hidden bundle in none of the bytes that lie there for everybody.
#[test]
fn a_hidden_bundle_is_not_offered() {
    let fixture = Fixture::new(SITE);
    fixture.write(
        "templates/home.html",
        "{% for product in site.products %}{{ product.title }}{{ product.price }}{% endfor %}",
    );
    fixture.build().unwrap();
    for (name, bytes) in crate::built::contents(&fixture.out().join("public")) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("zqvault") && !text.contains("498.76"), "{name}");
    }
    assert!(page(&fixture, "").contains("Rust from zero"));
    let open =
        Fixture::new(&format!("{SITE}//- content/open.md\n---\ntitle: Seen\ndescription: d\naccess: vault\n---\no\n"));
    open.write("templates/home.html", "{% for product in site.products %}{{ product.title }}{% endfor %}");
    open.build().unwrap();
    assert!(page(&open, "").contains("zqvault"));
}
