//! The arithmetic: dates for every day of four years, bytes of real tokens, and what names a product.

use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{ToSpan as _, civil};
use serde_json::json;
use tierpress::access::entitlement::Entitlement;
use tierpress::config::largest::{COOKIE, SUBJECT, largest};
use tierpress::config::product::dates::{BEFORE_END, first_too_late, tightest};
use tierpress::config::{Config, Token};
use tierpress::diagnostic::{Diagnostic, Source};
use tierpress::edge::token::issue::{Claims, SigningKey};
use tierpress::id::Id;
use tierpress::load::config;
use tierpress::manifest;
use tierpress::members::event::{Event, Terms};
use tierpress::members::{Rules, fold};
use tierpress::time::Timestamp;

fn parse(text: &str) -> (Option<Config>, Vec<Diagnostic>) {
    let file: Arc<str> = config::FILE.into();
    let mut diagnostics = Vec::new();
    let text = format!("base_url: https://school.example\n{text}");
    let config = config::parse(Source { file: &file, text: &text }, &mut diagnostics);
    (config, diagnostics)
}

#[track_caller]
fn good(text: &str) -> Config {
    let (config, found) = parse(text);
    assert_eq!(found, []);
    config.unwrap()
}

/// A tier that ends, and a plan that buys it.
fn plan(ends: &str, every: &str, payments: u32, trial: &str, zone: &str) -> String {
    let trial = if trial.is_empty() { String::new() } else { format!(", trial: {{length: {trial}}}") };
    format!(
        "timezone: {zone}\naccess:\n  default: public\n  tiers: [{{id: pro, expires_after: {ends}}}]\nproducts:\n  \
         - {{id: plan, sells: pro, price: {{amount: 900, currency: eur}}, billing: {{every: {every}, payments: {payments}}}{trial}}}\n"
    )
}

#[test]
fn eight_days_are_enough_and_seven_are_not() {
    for (ends, every, payments, trial, zone, left) in [
        // 30 days pass between the two payments.
        ("37d", "30d", 2, "", "UTC", Some("only 7 days before")),
        ("38d", "30d", 2, "", "UTC", None),
        ("39d", "30d", 2, "", "UTC", None),
        // A month has up to 31 days; in Berlin one of those with 31 is an hour longer.
        ("38d", "1 month", 2, "", "UTC", Some("only 7 days before")),
        ("39d", "1 month", 2, "", "UTC", None),
        ("39d", "1 month", 2, "", "Europe/Berlin", Some("only 7 days and 23 hours before")),
        ("40d", "1 month", 2, "", "Europe/Berlin", None),
        // A trial puts everything off.
        ("38d", "30d", 2, "1d", "UTC", Some("only 7 days before")),
        ("39d", "30d", 2, "1d", "UTC", None),
        ("1 year", "1 month", 12, "", "Europe/Berlin", None),
        ("1 year", "1 month", 12, "14d", "Europe/Berlin", None),
        ("1 year", "1 month", 12, "21d", "Europe/Berlin", Some("only 6 days and 23 hours before")),
        ("1 year", "1 month", 13, "", "UTC", Some("can be due when `pro` ends")),
        ("1 year", "1 month", 13, "1 month", "UTC", Some("31 days after `pro` has ended")),
    ] {
        let (config, found) = parse(&plan(ends, every, payments, trial, zone));
        let said: Vec<&str> = found.iter().map(|found| found.message.as_str()).collect();
        match left {
            None => assert!(config.is_some() && said.is_empty(), "{ends} {every} {payments} {trial} {zone}: {said:?}"),
            Some(left) => {
                assert!(
                    said.len() == 1 && said[0].contains(left),
                    "{ends} {every} {payments} {trial} {zone}: {said:?}"
                );
            }
        }
    }
}

/// Every hour of the four years, not midnight and noon alone.
#[test]
fn no_hour_is_worse_than_what_is_found() {
    for (ends, every, trial, zone) in [
        ("3 months", "1 month", "", "Europe/Berlin"),
        ("3 months", "4w", "14d", "America/St_Johns"),
        ("100d", "1 month", "1 month", "Australia/Lord_Howe"),
        ("1 year", "5 months", "", "Africa/Casablanca"),
    ] {
        let mut config = good(&plan("90 years", every, 2, trial, zone));
        let product = config.products.remove(0);
        let (ends, zone) = (ends.parse().unwrap(), TimeZone::get(zone).unwrap());
        let found = tightest(&product, ends, &zone).unwrap();
        let mut hour = civil::date(2027, 1, 1).at(0, 0, 0, 0).to_zoned(zone.clone()).unwrap();
        let mut worst = i64::MAX;
        while hour.year() < 2031 {
            let start = Timestamp::saturating(hour.timestamp().as_second());
            let first = product.trial.map_or(start, |trial| trial.length.after(start, 1, &zone));
            let last = every.parse::<tierpress::time::period::Period>().unwrap().after(first, 1, &zone);
            worst = worst.min(ends.after(start, 1, &zone).seconds() - last.seconds());
            hour = hour.checked_add(1.hour()).unwrap();
        }
        assert_eq!(found.left(), worst, "{ends} {every} {trial}: {found:?}");
        assert!(found.left() > BEFORE_END);
    }
}

#[test]
fn a_subscription_is_told_the_payment_that_buys_nothing() {
    let config = good(
        "access:\n  default: public\n  tiers: [{id: pro}]\nproducts:\n  - {id: a, sells: pro, price: {amount: 900, currency: eur}, \
         billing: {every: 1 month}}\n",
    );
    let late = |ends: &str| first_too_late(&config.products[0], ends.parse().unwrap(), &TimeZone::UTC).unwrap();
    assert_eq!((late("1 year").payment, late("1 year").left()), (13, 0));
    assert_eq!((late("1h").payment, late("32d").payment), (2, 3));
    assert_eq!(late("100 years").payment, 1_201);
}

/// Somebody holds everything, for as long as dates go: the cookie is never longer than what was counted.
#[test]
fn the_largest_token_is_the_largest() {
    let keys = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/keys/");
    let keys = ["rs256.pem", "es256.pem", "eddsa.pem"]
        .map(|name| SigningKey::read(&std::fs::read(format!("{keys}{name}")).unwrap()).unwrap());
    let moment = Timestamp::try_from(9_999_999_999).unwrap();
    for (mode, token) in [
        ("hard", ""),
        ("keep-unlocked", ""),
        (
            "keep-unlocked",
            "token: {issuer: 'https://\"id\".example', audience: é, claim: \"https://school.example/entitlements\", max_ttl: 86400}\n",
        ),
    ] {
        let config = good(&format!(
            "{token}access:\n  default: public\n  cancellation: {mode}\n  default_tier: f\n  tiers: [{{id: f, free: true}}, {{id: basic}}, \
             {{id: pro}}]\n  bundles: [{{id: rust-course}}, {{id: a-bundle-with-a-name-that-is-longer-than-most}}]\n"
        ));
        let counted = largest(&config.catalogue, &config.token);
        let keeps = mode == "keep-unlocked";
        assert_eq!(counted.entitlements, if keeps { 10 } else { 5 });
        let entry = |frozen| {
            move |value: &Id| Entitlement { value: value.clone(), since: moment, until: Some(Timestamp::MAX), frozen }
        };
        let mut held: Vec<Entitlement> = config.catalogue.ids().map(entry(None)).collect();
        held.extend(config.catalogue.ids().filter(|_| keeps).map(entry(Some(moment))));
        let settings = manifest::Token {
            audience: config.token.audience.clone(),
            claim: config.token.claim.clone(),
            cookie: config.token.cookie.clone(),
            issuer: config.token.issuer.clone(),
            max_entitlements: config.token.max_entitlements,
            max_ttl: config.token.max_ttl,
        };
        let cookie = |key: &SigningKey, held: &[Entitlement]| {
            let subject = "m".repeat(SUBJECT);
            let claims = Claims {
                settings: &settings,
                subject: Some(&subject),
                issued: moment,
                expires: moment,
                entitlements: held,
            };
            let (name, token, age) = (&settings.cookie, key.sign(&claims).unwrap(), settings.max_ttl);
            format!("{name}={token}; Path=/; Max-Age={age}; HttpOnly; Secure; SameSite=Lax").len()
        };
        assert_eq!(cookie(&keys[0], &held), counted.cookie, "{mode}");
        assert_eq!(cookie(&keys[0], &[]), counted.empty, "{mode}");
        assert!(keys.iter().all(|key| cookie(key, &held) <= counted.cookie));
        // What a member comes to hold who buys everything, cancels all of it, and buys it again until the last day.
        let mut events = Vec::new();
        for (number, id) in
            ["pro", "rust-course", "a-bundle-with-a-name-that-is-longer-than-most"].into_iter().enumerate()
        {
            let granted =
                json!({"kind": "granted", "access_control": id, "why": "complimentary", "until": Timestamp::MAX});
            let cancelled = json!({"kind": "cancelled", "by": "member"});
            // Bundles are cancelled before the tier that they need, and come after it.
            let days = [number, 20 - number, 30 + number];
            for (round, what) in [granted.clone(), cancelled, granted].into_iter().enumerate() {
                let grant = if round == 2 { format!("again-{id}") } else { id.to_owned() };
                let mut event = json!({"source": "s", "id": format!("{number}-{round}"), "member": "m", "grant": grant,
                    "at": 1_795_000_000 + 86_400 * days[round]});
                event.as_object_mut().unwrap().extend(what.as_object().unwrap().clone());
                events.push(serde_json::from_value::<Event>(event).unwrap());
            }
        }
        let rules = Rules { catalogue: &config.catalogue, billing: config.billing, zone: &config.zone };
        let now = Timestamp::saturating(1_800_000_000);
        let member = fold(&events, &rules, now);
        let held = member.entitlements(&rules, 1_000);
        assert_eq!(held.len(), if keeps { 10 } else { 5 }, "{held:#?}");
        let cookies = keys.iter().map(|key| cookie(key, &held)).max().unwrap();
        assert!(cookies <= counted.cookie && cookies + 200 > counted.cookie, "{cookies} {counted:?}");
        // An issuer leaves out what is too much: so does the count, of whichever entries are the longest.
        for max_entitlements in 5..10 {
            let token = Token { max_entitlements, ..config.token.clone() };
            let counted = largest(&config.catalogue, &token);
            let most = usize::try_from(max_entitlements).unwrap();
            let cookies = keys.iter().map(|key| cookie(key, &member.entitlements(&rules, most))).max().unwrap();
            assert!(
                cookies <= counted.cookie
                    && (!keeps || counted.cookie < largest(&config.catalogue, &config.token).cookie)
            );
        }
    }
}

/// A catalogue that is one bundle too large is refused, and one smaller is not; without products neither is.
#[test]
fn the_bound_is_where_a_browser_has_it() {
    let site = |bundles: usize, products: &str| {
        let bundles: Vec<String> = (0..bundles).map(|number| format!("{{id: course-{number:03}}}")).collect();
        format!(
            "token: {{max_entitlements: 1000}}\ncheck: {{allow: [unsold]}}\naccess:\n  default: public\n  bundles: [{}]\n{products}",
            bundles.join(", ")
        )
    };
    let products = "products:\n  - {id: a, sells: course-000, price: {amount: 900, currency: eur}, billing: once}\n";
    let fits = |count: usize| parse(&site(count, products)).0.is_some();
    let most = (1..100).rev().find(|count| fits(*count)).unwrap();
    assert!(most > 30 && most < 60 && (1..=most).all(fits), "{most}");
    let size = |count: usize| {
        let config = good(&site(count, ""));
        largest(&config.catalogue, &config.token).cookie
    };
    assert!(size(most) <= COOKIE && size(most + 1) > COOKIE);
}

#[test]
fn products_are_found_by_all_their_names() {
    let config = good(
        "timezone: Europe/Amsterdam\naccess:\n  default: public\n  tiers: [{id: free, free: true}, {id: basic}, {id: pro, expires_after: 1 year, \
         downgrade_to: free}]\n  bundles: [{id: rust-course, expires_after: 2 years}]\n  default_tier: free\nproducts:\n  \
         - {id: basic-monthly, sells: basic, price: {amount: 900, currency: EUR}, billing: {every: 1 month}, trial: {length: 14d, amount: 100}, \
         stripe: {prices: [price_123, price_old], links: [plink_1]}, buy: /join/}\n  \
         - {id: pro-once, sells: pro, price: {amount: 9900, currency: eur}, billing: once}\n  \
         - {id: rust-plan, sells: rust-course, price: {amount: 3500, currency: eur}, billing: {every: 1 month, payments: 6}, member_cancel: false, \
         stripe: {prices: price_rust}}\n",
    );
    let ids = config.products.iter().map(|product| product.id.as_str());
    assert_eq!(ids.collect::<Vec<_>>(), ["basic-monthly", "pro-once", "rust-plan"]);
    let named = |found: Option<&tierpress::config::product::Product>| found.map(|product| product.id.to_string());
    assert_eq!(named(config.product_of_stripe_price("price_old")).as_deref(), Some("basic-monthly"));
    assert_eq!(named(config.product_of_stripe_price("price_rust")).as_deref(), Some("rust-plan"));
    assert_eq!(named(config.product_of_stripe_link("plink_1")).as_deref(), Some("basic-monthly"));
    for name in ["plink_1", "price_", "price_12", ""] {
        assert_eq!(named(config.product_of_stripe_price(name)), None, "{name}");
    }
    assert_eq!(named(config.product_of_stripe_link("price_123")), None);
    assert_eq!(config.products_of(&"rust-course".parse().unwrap()).count(), 1);
    let plan = config.product(&"rust-plan".parse().unwrap()).unwrap();
    assert!(!plan.member_cancel && config.product(&"rust".parse().unwrap()).is_none());
    let terms = Terms::of(plan, config.catalogue.expires_after(&plan.sells));
    assert_eq!(
        serde_json::to_value(&terms).unwrap(),
        serde_json::json!({"product": "rust-plan", "access_control": "rust-course", "price": {"amount": 3500, "currency": "eur"},
            "billing": {"kind": "plan", "every": "1 month", "payments": 6}, "expires_after": "2 years"})
    );
    assert_eq!(config.catalogue.tiers()[2].downgrade_to.as_ref().map(|id| id.as_str()), Some("free"));
    assert_eq!(config.products[0].buy.as_deref(), Some("/join/"));
}

/// A former id sells what it is called now, in the catalogue and in everything that is read from the product.
#[test]
fn former_ids_are_sold_by_todays_name() {
    let (config, found) = parse(
        "access:\n  default: public\n  tiers: [{id: basic, also: [bronze]}]\nproducts:\n  \
         - {id: bronze-monthly, sells: bronze, price: {amount: 900, currency: eur}, billing: {every: 1 month}}\n",
    );
    assert_eq!(found.len(), 1);
    assert_eq!(config.unwrap().products[0].sells.as_str(), "basic");
}

/// Several faults are said in one run, in the order of the file.
#[test]
fn all_faults_are_said_at_once() {
    let (config, found) = parse(
        "access:\n  default: public\n  tiers: [{id: basic}]\nproducts:\n  - basic\n  - {sells: basic, prize: 9}\n  \
         - {id: a, sells: basic, price: {amount: -9, currency: €}, billing: {payments: 3}, trial: {amount: 1}, member_cancel: maybe, \
         stripe: {price: price_1, prices: [x], links: [price_2]}, buy: 'javascript:x'}\n",
    );
    assert!(config.is_none());
    let said: Vec<String> = found.iter().map(ToString::to_string).collect();
    expect_test::expect![[r#"
        error: an item of `products` is text, not a map
          --> site.yaml:6:5
           |
         6 |   - basic
           |     ^^^^^
          help: write `- {id: …, sells: …, price: …, billing: …}`
        error: this product does not say how it is paid
          --> site.yaml:7:5
           |
         7 |   - {sells: basic, prize: 9}
           |     ^^^^^^^^^^^^^^^^^^^^^^^^
          help: write `once`, `{every: 1 month}` for a subscription, or `{every: 1 month, payments: 6}` for a payment plan
        error: this product has no id
          --> site.yaml:7:5
           |
         7 |   - {sells: basic, prize: 9}
           |     ^^^^^^^^^^^^^^^^^^^^^^^^
          help: give it one that never changes: what people bought is kept under it
        error: this product has no price
          --> site.yaml:7:5
           |
         7 |   - {sells: basic, prize: 9}
           |     ^^^^^^^^^^^^^^^^^^^^^^^^
          help: write what one payment costs, in minor units: `price: {amount: 900, currency: eur}`
        error: unknown key `prize`
          --> site.yaml:7:20
           |
         7 |   - {sells: basic, prize: 9}
           |                    ^^^^^
          help: did you mean `price`?
        error: `price.amount` cannot be `-9`
          --> site.yaml:8:43
           |
         8 |   - {id: a, sells: basic, price: {amount: -9, currency: €}, billing: {payments: 3}, trial: {amount: 1}, member_cancel: maybe, stripe: {price: price_1, prices: [x], links: [price_2]}, buy: 'javascript:x'}
           |                                           ^^
          help: write whole minor units (cents, pence): 9.00 is `amount: 900`
        error: unknown currency `€`
          --> site.yaml:8:57
           |
         8 |   - {id: a, sells: basic, price: {amount: -9, currency: €}, billing: {payments: 3}, trial: {amount: 1}, member_cancel: maybe, stripe: {price: price_1, prices: [x], links: [price_2]}, buy: 'javascript:x'}
           |                                                         ^
          help: write `eur`
        error: `billing.every` is missing
          --> site.yaml:8:70
           |
         8 |   - {id: a, sells: basic, price: {amount: -9, currency: €}, billing: {payments: 3}, trial: {amount: 1}, member_cancel: maybe, stripe: {price: price_1, prices: [x], links: [price_2]}, buy: 'javascript:x'}
           |                                                                      ^^^^^^^^^^^^^
          help: say how often is paid: `{every: 1 month}`
        error: `trial.length` is missing
          --> site.yaml:8:92
           |
         8 |   - {id: a, sells: basic, price: {amount: -9, currency: €}, billing: {payments: 3}, trial: {amount: 1}, member_cancel: maybe, stripe: {price: price_1, prices: [x], links: [price_2]}, buy: 'javascript:x'}
           |                                                                                            ^^^^^^^^^^^
          help: write `trial: {length: 14d}`, and `amount` beside it if the trial is paid
        error: `member_cancel` is text, not true or false
          --> site.yaml:8:120
           |
         8 |   - {id: a, sells: basic, price: {amount: -9, currency: €}, billing: {payments: 3}, trial: {amount: 1}, member_cancel: maybe, stripe: {price: price_1, prices: [x], links: [price_2]}, buy: 'javascript:x'}
           |                                                                                                                        ^^^^^
          help: write `member_cancel: true` or `member_cancel: false`
        error: unknown key `stripe.price`
          --> site.yaml:8:136
           |
         8 |   - {id: a, sells: basic, price: {amount: -9, currency: €}, billing: {payments: 3}, trial: {amount: 1}, member_cancel: maybe, stripe: {price: price_1, prices: [x], links: [price_2]}, buy: 'javascript:x'}
           |                                                                                                                                        ^^^^^
          help: did you mean `prices`?
        error: `x` is no id of a price at Stripe
          --> site.yaml:8:161
           |
         8 |   - {id: a, sells: basic, price: {amount: -9, currency: €}, billing: {payments: 3}, trial: {amount: 1}, member_cancel: maybe, stripe: {price: price_1, prices: [x], links: [price_2]}, buy: 'javascript:x'}
           |                                                                                                                                                                 ^
          help: Stripe's dashboard shows it: it begins with `price_`
        error: `price_2` is no id of a payment link at Stripe
          --> site.yaml:8:173
           |
         8 |   - {id: a, sells: basic, price: {amount: -9, currency: €}, billing: {payments: 3}, trial: {amount: 1}, member_cancel: maybe, stripe: {price: price_1, prices: [x], links: [price_2]}, buy: 'javascript:x'}
           |                                                                                                                                                                             ^^^^^^^
          help: this is a price: it belongs under `stripe.prices`
        error: `javascript:x` is no web address
          --> site.yaml:8:189
           |
         8 |   - {id: a, sells: basic, price: {amount: -9, currency: €}, billing: {payments: 3}, trial: {amount: 1}, member_cancel: maybe, stripe: {price: price_1, prices: [x], links: [price_2]}, buy: 'javascript:x'}
           |                                                                                                                                                                                             ^^^^^^^^^^^^^^
          help: write `https://…`, or a path on this site such as `/account/`"#]].assert_eq(&said.join("\n"));
}

/// What is sold, the price, how it is paid and the trial, each with each: what is refused is what a second reading of the
/// rules refuses, which counts on the calendar by itself.
#[test]
fn every_combination_is_judged_as_the_rules_say() {
    type Plan = (&'static str, i64, i64);
    let zone = TimeZone::get("Europe/Berlin").unwrap();
    let sold = [("free", 0, 0), ("basic", 0, 0), ("pro", 12, 0), ("course", 3, 0), ("week", 0, 38)];
    let billings: [(&str, Option<Plan>); 9] = [
        ("once", None),
        ("{every: 1 month}", Some(("month", 1, 0))),
        ("{every: 1 month, payments: 2}", Some(("month", 1, 2))),
        ("{every: 1 month, payments: 3}", Some(("month", 1, 3))),
        ("{every: 1 month, payments: 12}", Some(("month", 1, 12))),
        ("{every: 1 month, payments: 13}", Some(("month", 1, 13))),
        ("{every: 5 months, payments: 3}", Some(("month", 5, 3))),
        ("{every: 30d, payments: 2}", Some(("day", 30, 2))),
        ("{every: 4w, payments: 13}", Some(("day", 28, 13))),
    ];
    let trials = [
        ("", 0, 0),
        (", trial: {length: 14d}", 14, 0),
        (", trial: {length: 3w, amount: 100}", 21, 0),
        (", trial: {length: 1 month}", 0, 1),
    ];
    let mut starts = Vec::new();
    let mut start = civil::date(2027, 1, 1).at(0, 0, 0, 0).to_zoned(zone.clone()).unwrap();
    while start.year() < 2031 {
        starts.push(start.clone());
        let noon = start.hour() == 12;
        let next = if noon { start.date().tomorrow().unwrap().at(0, 0, 0, 0) } else { start.date().at(12, 0, 0, 0) };
        start = next.to_zoned(zone.clone()).unwrap();
    }
    let later = |from: &jiff::Zoned, months: i64, days: i64| {
        let later = from.checked_add(months.months()).unwrap();
        later.checked_add((days * 24).hours()).unwrap()
    };
    let (mut accepted, mut refused) = (0, 0);
    for (sells, months, days) in sold {
        for amount in [0, 900] {
            for (billing, plan) in billings {
                for (trial, trial_days, trial_months) in trials {
                    let ends = months + days > 0;
                    let too_late = |(unit, every, payments): Plan| {
                        let times = every * (payments - 1);
                        let (by_month, by_day) = if unit == "month" { (times, 0) } else { (0, times) };
                        starts.iter().any(|start| {
                            let last = later(&later(start, trial_months, trial_days), by_month, by_day);
                            let end = later(start, months, days);
                            end.timestamp().as_second() - last.timestamp().as_second() < 8 * 86_400
                        })
                    };
                    let is_bad = (sells == "free" && amount > 0)
                        || (!trial.is_empty() && (billing == "once" || amount == 0))
                        || (ends && plan.is_some_and(|plan| plan.2 == 0 || too_late(plan)));
                    let site = format!(
                        "timezone: Europe/Berlin\naccess:\n  default: public\n  tiers: [{{id: free, free: true}}, {{id: basic}}, {{id: pro, expires_after: 1 year}}]\n  \
                         bundles: [{{id: course, expires_after: 3 months}}, {{id: week, expires_after: 38d}}]\n  default_tier: free\nproducts:\n  \
                         - {{id: a, sells: {sells}, price: {{amount: {amount}, currency: eur}}, billing: {billing}{trial}}}\n"
                    );
                    let (config, found) = parse(&site);
                    let errors: Vec<String> =
                        found.iter().filter(|found| found.is_error()).map(ToString::to_string).collect();
                    assert_eq!(config.is_none(), is_bad, "{sells} {amount} {billing}{trial}\n{}", errors.join("\n"));
                    assert_eq!(config.is_none(), !errors.is_empty());
                    if is_bad { refused += 1 } else { accepted += 1 }
                }
            }
        }
    }
    assert!(accepted > 60 && refused > 60, "{accepted} {refused}");
}
