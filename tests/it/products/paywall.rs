//! What a paywall says of products: golden pages, for people and for search engines.

use expect_test::{Expect, expect};
use serde_json::Value;

use super::{page, part};
use crate::fixture::Fixture;

/// Tiers and bundles that need no words about money.
const ACCESS: &str = "\
title: School
base_url: https://school.example
check: {allow: [unsold]}
access:
  default: public
  tiers:
    - {id: free, title: Free, free: true, buy: /account/join}
    - {id: basic, title: Basic}
    - {id: pro, title: Pro, includes: [sheets]}
  bundles:
    - {id: rust-course, title: Rust from zero}
    - {id: sheets, title: Cheat sheets}
    - {id: year, title: The year of 2026, expires_after: 1 year}
  default_tier: free
products:
";

/// A lesson with this `access`, in a site with these products.
fn lesson(access: &str, products: &str, more: &str) -> Fixture {
    let fixture = Fixture::new(&format!(
        "//- site.yaml\n{more}{ACCESS}{products}\n//- content/a.md\n---\ntitle: A lesson\ndescription: d\naccess: {access}\n---\nabove\n"
    ));
    fixture.build().unwrap_or_else(|faults| panic!("{faults:#?}"));
    fixture
}

#[track_caller]
fn check(access: &str, products: &str, expected: &Expect) {
    let page = page(&lesson(access, products, ""), "a");
    expected.assert_eq(part(&page, "<ul class=\"ways\">", "</ul>"));
}

fn offers(access: &str, products: &str) -> Value {
    let page = page(&lesson(access, products, ""), "a");
    let data = part(&page, "<script type=\"application/ld+json\">", "</script>");
    let data = data.trim_start_matches("<script type=\"application/ld+json\">").trim_end_matches("</script>");
    let data: Value = serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"));
    assert_eq!(data["isAccessibleForFree"], false);
    data["offers"].clone()
}

const MONTHLY: &str = "  - {id: basic-monthly, sells: basic, price: {amount: 900, currency: eur}, billing: {every: 1 month}, \
    trial: {length: 14d}, buy: \"https://buy.example/basic\"}\n";
const YEARLY: &str = "  - {id: basic-yearly, sells: basic, price: {amount: 9000, currency: eur}, billing: {every: 1 year}, buy: /buy/yearly}\n";
const PRO: &str = "  - {id: pro-monthly, sells: pro, price: {amount: 1900, currency: eur}, billing: {every: 1 month}, buy: /buy/pro}\n";
const ONCE: &str =
    "  - {id: rust-once, sells: rust-course, price: {amount: 19900, currency: eur}, billing: once, buy: /buy/rust}\n";
const PLAN: &str = "  - {id: rust-plan, sells: rust-course, price: {amount: 3500, currency: eur}, billing: {every: 1 month, payments: 6}, buy: /buy/plan}\n";

#[test]
fn a_tier_with_a_trial() {
    check(
        "basic",
        MONTHLY,
        &expect![[r#"
        <ul class="ways">
        <li>
        <p class="offer"><strong>Basic</strong> <span class="price">€9.00 a month, first 14 days free</span> <a class="button" href="https://buy.example/basic">Get Basic</a></p>
        </li>
        </ul>"#]],
    );
}

#[test]
fn a_tier_by_the_month_and_by_the_year() {
    check(
        "basic",
        &format!("{YEARLY}{MONTHLY}"),
        &expect![[r#"
            <ul class="ways">
            <li>
            <p class="offer"><strong>Basic</strong></p>
            <p class="offer"><span class="price">€9.00 a month, first 14 days free</span> <a class="button" href="https://buy.example/basic" aria-label="Get Basic: €9.00 a month, first 14 days free">Get</a></p>
            <p class="offer"><span class="price">€90.00 a year</span> <a class="button" href="/buy/yearly" aria-label="Get Basic: €90.00 a year">Get</a></p>
            </li>
            </ul>"#]],
    );
}

#[test]
fn a_bundle_at_once_and_in_parts() {
    check(
        "rust-course",
        &format!("{ONCE}{PLAN}"),
        &expect![[r#"
            <ul class="ways">
            <li>
            <p class="offer"><strong>Rust from zero</strong></p>
            <p class="offer"><span class="price">€35.00 a month, 6 times: €210.00 in all</span> <a class="button" href="/buy/plan" aria-label="Get Rust from zero: €35.00 a month, 6 times: €210.00 in all">Get</a></p>
            <p class="offer"><span class="price">€199.00, paid once</span> <a class="button" href="/buy/rust" aria-label="Get Rust from zero: €199.00, paid once">Get</a></p>
            </li>
            </ul>"#]],
    );
}

/// Either is enough; the cheaper way stands first, whatever the page says first.
#[test]
fn a_hybrid() {
    check(
        "[rust-course, pro]",
        &format!("{ONCE}{PRO}"),
        &expect![[r#"
        <ul class="ways">
        <li>
        <p class="offer"><strong>Pro</strong> <span class="price">€19.00 a month</span> <a class="button" href="/buy/pro">Get Pro</a></p>
        </li>
        <li>
        <p class="offer"><strong>Rust from zero</strong> <span class="price">€199.00, paid once</span> <a class="button" href="/buy/rust">Get Rust from zero</a></p>
        </li>
        </ul>"#]],
    );
}

/// Both are needed: neither is offered as enough.
#[test]
fn a_joint_tag() {
    check(
        "basic+rust-course",
        &format!("{ONCE}{MONTHLY}"),
        &expect![[r#"
        <ul class="ways">
        <li>
        <p class="offer"><strong>Basic</strong> <span class="price">€9.00 a month, first 14 days free</span> <a class="button" href="https://buy.example/basic">Get Basic</a></p>
        <p class="with">together with</p>
        <p class="offer"><strong>Rust from zero</strong> <span class="price">€199.00, paid once</span> <a class="button" href="/buy/rust">Get Rust from zero</a></p>
        </li>
        </ul>"#]],
    );
    let offers = offers("[basic+rust-course, pro]", &format!("{ONCE}{MONTHLY}{PRO}"));
    let names: Vec<&str> = offers.as_array().unwrap().iter().map(|offer| offer["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Pro", "Basic together with Rust from zero"]);
    assert_eq!(offers[1].as_object().unwrap().len(), 2, "{offers}");
}

/// A tier that nothing sells is got by way of the one above it; so is a bundle that comes with a tier.
#[test]
fn what_is_sold_by_way_of_a_tier_above() {
    check(
        "basic",
        PRO,
        &expect![[r#"
        <ul class="ways">
        <li>
        <p class="offer"><strong>Pro</strong> <span class="price">€19.00 a month</span> <a class="button" href="/buy/pro">Get Pro</a></p>
        </li>
        </ul>"#]],
    );
    check(
        "sheets",
        PRO,
        &expect![[r#"
        <ul class="ways">
        <li>
        <p class="offer"><strong>Pro</strong> <span class="price">€19.00 a month</span> <a class="button" href="/buy/pro">Get Pro</a></p>
        </li>
        </ul>"#]],
    );
    check(
        "members",
        PRO,
        &expect![[r#"
        <ul class="ways">
        <li>
        <p class="offer"><strong>Free</strong> <span class="price">free</span> <a class="button" href="/account/join">Join Free</a></p>
        </li>
        </ul>"#]],
    );
}

#[test]
fn what_ends_and_what_is_paid_for_at_first() {
    let products = "  - {id: year, sells: year, price: {amount: 129900, currency: eur}, billing: once}\n";
    check(
        "year",
        products,
        &expect![[r#"
        <ul class="ways">
        <li>
        <p class="offer"><strong>The year of 2026</strong> <span class="price">€1,299.00, paid once, for 1 year</span></p>
        </li>
        </ul>"#]],
    );
    let products = "  - {id: paid, sells: basic, price: {amount: 900, currency: eur}, billing: {every: 2 weeks}, trial: {length: 1 month, amount: 100}}\n";
    check(
        "basic",
        &products.replace("2 weeks", "2w"),
        &expect![[r#"
        <ul class="ways">
        <li>
        <p class="offer"><strong>Basic</strong> <span class="price">€9.00 every 2 weeks, first month for €1.00</span></p>
        </li>
        </ul>"#]],
    );
}

#[test]
fn search_engines_are_told_the_price() {
    let said = offers("[basic, rust-course]", &format!("{MONTHLY}{ONCE}{PLAN}"));
    expect![[r#"
        [
          {
            "@type": "Offer",
            "name": "Basic",
            "category": "tier",
            "description": "€9.00 a month, first 14 days free",
            "price": "9.00",
            "priceCurrency": "EUR",
            "priceSpecification": {
              "@type": "UnitPriceSpecification",
              "priceComponentType": "https://schema.org/Subscription",
              "price": "9.00",
              "priceCurrency": "EUR",
              "billingIncrement": 1,
              "billingDuration": 1,
              "unitCode": "MON"
            },
            "url": "https://buy.example/basic"
          },
          {
            "@type": "Offer",
            "name": "Rust from zero",
            "category": "bundle",
            "description": "€35.00 a month, 6 times: €210.00 in all",
            "price": "210.00",
            "priceCurrency": "EUR",
            "priceSpecification": {
              "@type": "UnitPriceSpecification",
              "priceComponentType": "https://schema.org/Installment",
              "price": "35.00",
              "priceCurrency": "EUR",
              "billingIncrement": 1,
              "billingDuration": 6,
              "unitCode": "MON"
            },
            "url": "https://school.example/buy/plan"
          },
          {
            "@type": "Offer",
            "name": "Rust from zero",
            "category": "bundle",
            "description": "€199.00, paid once",
            "price": "199.00",
            "priceCurrency": "EUR",
            "url": "https://school.example/buy/rust"
          }
        ]"#]]
    .assert_eq(&format!("{said:#}"));
}

/// The same price in the words of each language; where nobody has said how they are, codes.
#[test]
fn prices_are_written_as_the_language_does() {
    let products = "  - {id: a, sells: basic, price: {amount: 123456, currency: CUR}, billing: {every: 3 months, payments: 2}, trial: {length: 1 year}}\n";
    let mut said = String::new();
    for language in ["en", "en-AU", "nl", "de", "fr", "pl"] {
        for currency in ["eur", "usd", "chf", "jpy", "kwd"] {
            let fixture = lesson("basic", &products.replace("CUR", currency), &format!("language: {language}\n"));
            let page = page(&fixture, "a");
            let price = part(&page, "<span class=\"price\">", "</span>");
            let price = price.trim_start_matches("<span class=\"price\">").trim_end_matches("</span>");
            said.push_str(&format!("{language}: {price}\n"));
        }
    }
    let shown = said.replace('\u{a0}', "~").replace('\u{202f}', "^");
    expect![[r#"
        en: €1,234.56 every 3 months, 2 times: €2,469.12 in all, first year free
        en: $1,234.56 every 3 months, 2 times: $2,469.12 in all, first year free
        en: 1,234.56 CHF every 3 months, 2 times: 2,469.12 CHF in all, first year free
        en: ¥123,456 every 3 months, 2 times: ¥246,912 in all, first year free
        en: 123.456 KWD every 3 months, 2 times: 246.912 KWD in all, first year free
        en-AU: €1,234.56 every 3 months, 2 times: €2,469.12 in all, first year free
        en-AU: 1,234.56 USD every 3 months, 2 times: 2,469.12 USD in all, first year free
        en-AU: 1,234.56 CHF every 3 months, 2 times: 2,469.12 CHF in all, first year free
        en-AU: ¥123,456 every 3 months, 2 times: ¥246,912 in all, first year free
        en-AU: 123.456 KWD every 3 months, 2 times: 246.912 KWD in all, first year free
        nl: €~1.234,56 per 3 maanden, 2 keer: samen €~2.469,12, het eerste jaar gratis
        nl: 1.234,56~USD per 3 maanden, 2 keer: samen 2.469,12~USD, het eerste jaar gratis
        nl: 1.234,56~CHF per 3 maanden, 2 keer: samen 2.469,12~CHF, het eerste jaar gratis
        nl: 123.456~JPY per 3 maanden, 2 keer: samen 246.912~JPY, het eerste jaar gratis
        nl: 123,456~KWD per 3 maanden, 2 keer: samen 246,912~KWD, het eerste jaar gratis
        de: 1.234,56~€ alle 3 Monate, 2-mal: zusammen 2.469,12~€, das erste Jahr kostenlos
        de: 1.234,56~USD alle 3 Monate, 2-mal: zusammen 2.469,12~USD, das erste Jahr kostenlos
        de: 1.234,56~CHF alle 3 Monate, 2-mal: zusammen 2.469,12~CHF, das erste Jahr kostenlos
        de: 123.456~JPY alle 3 Monate, 2-mal: zusammen 246.912~JPY, das erste Jahr kostenlos
        de: 123,456~KWD alle 3 Monate, 2-mal: zusammen 246,912~KWD, das erste Jahr kostenlos
        fr: 1^234,56~€ tous les 3 mois, 2 fois : 2^469,12~€ en tout, la première année sans frais
        fr: 1^234,56~USD tous les 3 mois, 2 fois : 2^469,12~USD en tout, la première année sans frais
        fr: 1^234,56~CHF tous les 3 mois, 2 fois : 2^469,12~CHF en tout, la première année sans frais
        fr: 123^456~JPY tous les 3 mois, 2 fois : 246^912~JPY en tout, la première année sans frais
        fr: 123,456~KWD tous les 3 mois, 2 fois : 246,912~KWD en tout, la première année sans frais
        pl: 1234.56 EUR every 3 months, 2 times: 2469.12 EUR in all, first year free
        pl: 1234.56 USD every 3 months, 2 times: 2469.12 USD in all, first year free
        pl: 1234.56 CHF every 3 months, 2 times: 2469.12 CHF in all, first year free
        pl: 123456 JPY every 3 months, 2 times: 246912 JPY in all, first year free
        pl: 123.456 KWD every 3 months, 2 times: 246.912 KWD in all, first year free
    "#]]
    .assert_eq(&shown);
}

/// One and many of each unit, in every language that has words: none is missing, none is another's.
#[test]
fn every_length_has_words() {
    let mut said = String::new();
    for language in ["en", "nl", "de", "fr"] {
        for unit in ["h", "d", "w", " month", " year"] {
            for count in [1, 3] {
                let products = format!(
                    "  - {{id: a, sells: basic, price: {{amount: 900, currency: eur}}, billing: {{every: {count}{unit}}}, trial: {{length: {count}{unit}, amount: 100}}}}\n"
                );
                let page = page(&lesson("basic", &products, &format!("language: {language}\n")), "a");
                let price = part(&page, "<span class=\"price\">", "</span>");
                let price = price.trim_start_matches("<span class=\"price\">").trim_end_matches("</span>");
                said.push_str(&format!("{language}: {price}\n"));
            }
        }
    }
    assert!(!said.contains("every_") && !said.contains('{'), "{said}");
    expect![[r#"
        en: €9.00 an hour, first hour for €1.00
        en: €9.00 every 3 hours, first 3 hours for €1.00
        en: €9.00 a day, first day for €1.00
        en: €9.00 every 3 days, first 3 days for €1.00
        en: €9.00 a week, first week for €1.00
        en: €9.00 every 3 weeks, first 3 weeks for €1.00
        en: €9.00 a month, first month for €1.00
        en: €9.00 every 3 months, first 3 months for €1.00
        en: €9.00 a year, first year for €1.00
        en: €9.00 every 3 years, first 3 years for €1.00
        nl: €~9,00 per uur, het eerste uur voor €~1,00
        nl: €~9,00 per 3 uur, de eerste 3 uur voor €~1,00
        nl: €~9,00 per dag, de eerste dag voor €~1,00
        nl: €~9,00 per 3 dagen, de eerste 3 dagen voor €~1,00
        nl: €~9,00 per week, de eerste week voor €~1,00
        nl: €~9,00 per 3 weken, de eerste 3 weken voor €~1,00
        nl: €~9,00 per maand, de eerste maand voor €~1,00
        nl: €~9,00 per 3 maanden, de eerste 3 maanden voor €~1,00
        nl: €~9,00 per jaar, het eerste jaar voor €~1,00
        nl: €~9,00 per 3 jaar, de eerste 3 jaar voor €~1,00
        de: 9,00~€ pro Stunde, die erste Stunde für 1,00~€
        de: 9,00~€ alle 3 Stunden, die ersten 3 Stunden für 1,00~€
        de: 9,00~€ pro Tag, der erste Tag für 1,00~€
        de: 9,00~€ alle 3 Tage, die ersten 3 Tage für 1,00~€
        de: 9,00~€ pro Woche, die erste Woche für 1,00~€
        de: 9,00~€ alle 3 Wochen, die ersten 3 Wochen für 1,00~€
        de: 9,00~€ pro Monat, der erste Monat für 1,00~€
        de: 9,00~€ alle 3 Monate, die ersten 3 Monate für 1,00~€
        de: 9,00~€ pro Jahr, das erste Jahr für 1,00~€
        de: 9,00~€ alle 3 Jahre, die ersten 3 Jahre für 1,00~€
        fr: 9,00~€ par heure, la première heure pour 1,00~€
        fr: 9,00~€ toutes les 3 heures, les 3 premières heures pour 1,00~€
        fr: 9,00~€ par jour, le premier jour pour 1,00~€
        fr: 9,00~€ tous les 3 jours, les 3 premiers jours pour 1,00~€
        fr: 9,00~€ par semaine, la première semaine pour 1,00~€
        fr: 9,00~€ toutes les 3 semaines, les 3 premières semaines pour 1,00~€
        fr: 9,00~€ par mois, le premier mois pour 1,00~€
        fr: 9,00~€ tous les 3 mois, les 3 premiers mois pour 1,00~€
        fr: 9,00~€ par an, la première année pour 1,00~€
        fr: 9,00~€ tous les 3 ans, les 3 premières années pour 1,00~€
    "#]]
    .assert_eq(&said.replace('\u{a0}', "~"));
}

/// Titles and addresses are escaped, in HTML and in JSON.
#[test]
fn what_sellers_type_is_escaped() {
    let site = ACCESS.replace("title: Basic}", "title: \"<b>\\\"Basic\\\"</script>\"}");
    let fixture = Fixture::new(&format!(
        "//- site.yaml\n{site}{YEARLY}{MONTHLY}\n//- content/a.md\n---\ntitle: A\ndescription: d\naccess: basic\n---\nb\n"
    ));
    fixture.build().unwrap();
    let page = page(&fixture, "a");
    assert!(!page.contains("<b>") && page.matches("</script>").count() == 1, "{page}");
    assert!(page.contains("aria-label=\"Get &lt;b&gt;&quot;Basic&quot;&lt;/script&gt;: €9.00 a month"), "{page}");
}

/// A paywall is for those to whom the page is closed: whoever has it sees no price.
#[test]
fn the_open_page_names_no_price() {
    let fixture = lesson("basic", MONTHLY, "");
    let open = std::fs::read_to_string(fixture.out().join("tiers/basic/a/index.html")).unwrap();
    assert!(open.contains("above") && !open.contains("9.00") && !open.contains("buy.example"), "{open}");
}
