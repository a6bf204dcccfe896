//! Decisions, canonical paths and the manifest: tables of cases, and a naive model on random manifests.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::access::rule::{Clause, Need, Rule};
use tierpress::edge::canonical::{canonical, encode, encode_strictly, is_servable};
use tierpress::edge::{Cache, Decision, Outcome, Reason, Request, decide};
use tierpress::manifest::{
    self, AccessControl, EdgeRoot, EdgeShard, FORMAT, Kind, Manifest, Object, ObjectName, Otherwise, Pages, Policy,
    Route, Site, Token, shard_of,
};
use tierpress::time::Timestamp;

use super::access::{BOUND, HORIZON, at, config, id, length, naive_meets, need, some_holding, some_rule};

#[test]
fn canonical_paths() {
    let check = |target: &[u8], expected: &str| {
        assert_eq!(canonical(target).as_deref(), Ok(expected), "{}", String::from_utf8_lossy(target));
        assert!(is_servable(expected), "{expected}");
    };
    check(b"/", "/");
    check(b"/course/ownership/", "/course/ownership/");
    check(b"/course/ownership", "/course/ownership");
    check(b"/a?b=%2F..//;#", "/a");
    check(b"/a?", "/a");
    check(b"http://learn.example/a/?x", "/a/");
    check(b"HTTPS://learn.example:8443/a", "/a");
    check(b"/caf%C3%A9/", "/café/");
    check("/café/".as_bytes(), "/café/");
    check(b"/a%20b", "/a b");
    check(b"/a%3Fb%23c%26d", "/a?b#c&d");
    check(b"/.well-known/x", "/.well-known/x");
    check(b"/a...b/..c/", "/a...b/..c/");
    check(b"/%61%62", "/ab");
    check(b"/a+b=c,d", "/a+b=c,d");
}

#[test]
fn refused_paths() {
    use tierpress::edge::canonical::Refused::{
        BadCharacter, BadEscape, BadEscaped, BadSegment, NoSlash, NotUtf8, TooLong,
    };
    let long = [b"/".as_slice(), &[b'a'; 2048]].concat();
    assert_eq!(canonical(&long[..2048]).map(|path| path.len()), Ok(2048));
    let cases: [(&[u8], _); 46] = [
        (b"", NoSlash),
        (b"*", NoSlash),
        (b"course/", NoSlash),
        (b"?/", NoSlash),
        (b"http://learn.example", NoSlash),
        (b"http://learn.example?/a", NoSlash),
        (b"ftp://learn.example/a", NoSlash),
        (b"%2Fcourse", NoSlash),
        (&long, TooLong),
        (b"/a b", BadCharacter),
        (b"/a\tb", BadCharacter),
        (b"/a\0", BadCharacter),
        (b"/a\r\nX: y", BadCharacter),
        (b"/a\x7f", BadCharacter),
        (b"/a\\..\\b", BadCharacter),
        (b"/a;jsessionid=1/b", BadCharacter),
        (b"/a#b", BadCharacter),
        (b"/a%", BadEscape),
        (b"/a%2", BadEscape),
        (b"/a%zz", BadEscape),
        (b"/a%u002f", BadEscape),
        (b"/a%+1", BadEscape),
        (b"/a%2fb", BadEscaped),
        (b"/a%2Fb", BadEscaped),
        (b"/a%5Cb", BadEscaped),
        (b"/a%5cb", BadEscaped),
        (b"/a%252fb", BadEscaped),
        (b"/a%3Bb", BadEscaped),
        (b"/%2e%2e/b", BadEscaped),
        (b"/a%2Ehtml", BadEscaped),
        (b"/a%00", BadEscaped),
        (b"/a%0d%0a", BadEscaped),
        (b"/a%1F", BadEscaped),
        (b"/a%7F", BadEscaped),
        (b"//", BadSegment),
        (b"//evil.example/a", BadSegment),
        (b"/a//b", BadSegment),
        (b"/a//", BadSegment),
        (b"/./a", BadSegment),
        (b"/a/.", BadSegment),
        (b"/a/..", BadSegment),
        (b"/a/../b", BadSegment),
        (b"/../a", BadSegment),
        (b"/%C0%AFa", NotUtf8),
        (b"/%ff", NotUtf8),
        (b"/a\xed\xa0\x80", NotUtf8),
    ];
    for (target, expected) in cases {
        assert_eq!(canonical(target), Err(expected), "{}", String::from_utf8_lossy(target));
    }
}

#[test]
fn servable_paths_are_those_that_some_target_has() {
    let text =
        prop::collection::vec(prop::sample::select("/ab.%;\\ ?#é\u{7f}\u{1}&+".chars().collect::<Vec<_>>()), 0..6);
    let target = prop::collection::vec(prop::sample::select(b"/ab.%;\\ ?#\xc3\xa9\x7f2eEfF3".to_vec()), 0..9);
    proptest!(config(20_000), |(path in text, target in target)| {
        let path = format!("/{}", path.into_iter().collect::<String>());
        prop_assert_eq!(canonical(encode(&path).as_bytes()).as_ref() == Ok(&path), is_servable(&path));
        prop_assert_eq!(canonical(encode_strictly(&path).as_bytes()).as_ref() == Ok(&path), is_servable(&path));
        if let Ok(path) = canonical(&[b"/".as_slice(), &target].concat()) {
            prop_assert!(is_servable(&path), "{}", path);
        }
    });
    assert!(!is_servable("a"));
    assert!(!is_servable(&format!("/{}", "é".repeat(400))));
}

fn object(name: &str) -> ObjectName {
    let hash: String = name.bytes().map(|byte| format!("{byte:02x}")).collect();
    ObjectName::new(&format!("{hash:0<64}"), "html").unwrap()
}

fn rule(json: &str) -> Rule {
    serde_json::from_str(json).unwrap()
}

pub(crate) fn policy(variants: &[usize], open: usize, otherwise: Otherwise, cache: manifest::Cache) -> Policy {
    Policy { cache, open, otherwise, variants: variants.to_vec() }
}

/// A manifest of a few rules and policies; every route has the objects `PATH 0`, `PATH 1` and so on.
pub(crate) fn manifest(
    rules: Vec<Rule>,
    policies: Vec<Policy>,
    routes: &[(&str, usize)],
    redirects: &[(&str, &str)],
) -> Manifest {
    let page = |name: &str| object(name);
    let pages = Pages {
        expired: page("expired"),
        no_tier: page("no_tier"),
        not_entitled: page("not_entitled"),
        not_found: page("not_found"),
        not_signed_in: page("not_signed_in"),
        not_yet: page("not_yet"),
    };
    let route = |(path, policy): &(&str, usize)| {
        let name = |number: usize| object(&format!("{path} {number}"));
        let count = policies.get(*policy).map_or(1, |policy| policy.variants.len());
        ((*path).to_owned(), Route { objects: (0..count).map(name).collect(), policy: *policy })
    };
    let routes: BTreeMap<String, Route> = routes.iter().map(route).collect();
    let names = routes
        .values()
        .flat_map(|route| route.objects.clone())
        .chain(["expired", "no_tier", "not_entitled", "not_found", "not_signed_in", "not_yet"].map(object));
    let plain = Object { encodings: Vec::new(), size: 5, media_type: "text/html; charset=utf-8".to_owned() };
    let control = |name: &str, kind| AccessControl { id: id(name), kind };
    Manifest {
        access_controls: vec![control("a", Kind::Tier), control("b", Kind::Tier), control("c", Kind::Bundle)],
        build: String::new(),
        clock: at(0),
        created: at(0),
        format: FORMAT.to_owned(),
        objects: names.map(|name| (name, plain.clone())).collect(),
        pages,
        policies,
        redirects: redirects.iter().map(|(path, target)| ((*path).to_owned(), (*target).to_owned())).collect(),
        routes,
        rules,
        site: Site {
            base_url: "https://learn.example".to_owned(),
            denied_status: 402,
            login_url: Some("https://id.example/in?site=1".to_owned()),
            passthrough: vec!["/account/".to_owned(), "/hook".to_owned()],
            refresh_url: Some("/account/refresh".to_owned()),
            title: "School".to_owned(),
            upgrade_url: None,
        },
        token: Some(Token {
            audience: "https://learn.example".to_owned(),
            claim: "entitlements".to_owned(),
            cookie: "__Host-tierpress".to_owned(),
            issuer: "https://id.example".to_owned(),
            max_entitlements: 32,
            max_ttl: 900,
        }),
        version: 1,
    }
}

/// A small school: tiers a < b, bundle c. Windows begin and end at hundreds.
pub(crate) fn school() -> Manifest {
    let rules = vec![
        Rule::public(),
        rule(r#"[{"all":[{"any":["b"]}]}]"#),
        rule(r#"[{"all":[{"any":["c"],"after":50},{"any":["a","b"]}]}]"#),
        rule(r#"[{"all":[{"any":["c"]},{"any":["a","b"]}]}]"#),
        rule(r#"[{"all":[],"from":300}]"#),
        rule(r#"[{"all":[{"any":["b"]}],"from":300,"until":500}]"#),
        rule(r#"[{"all":[],"from":100,"until":500}]"#),
    ];
    use Otherwise::{Denied, Hidden};
    use manifest::Cache::{Private, Public, Timed};
    let policies = vec![
        policy(&[0], 1, Denied, Public),
        policy(&[1, 0], 1, Denied, Private),
        policy(&[1], 1, Hidden, Private),
        policy(&[2, 3, 0], 1, Denied, Private),
        policy(&[4], 1, Denied, Timed),
        policy(&[5], 1, Denied, Private),
        policy(&[1], 1, Denied, Private),
        policy(&[2], 1, Denied, Private),
        policy(&[4, 0], 1, Denied, Timed),
        policy(&[6], 1, Denied, Timed),
    ];
    let routes = [
        ("/", 0),
        ("/pro/", 1),
        ("/secret/", 2),
        ("/lesson/", 3),
        ("/post/", 4),
        ("/window/", 5),
        ("/file.pdf", 6),
        ("/sheet.pdf", 7),
        ("/soon/", 8),
        ("/week/", 9),
        ("/café/", 0),
    ];
    let redirects = [("/old/", "/pro/"), ("/old-secret/", "/secret/"), ("/old-post/", "/post/"), ("/home/", "/")];
    manifest(rules, policies, &routes, &redirects)
}

fn held(id_text: &str, since: i64) -> Entitlement {
    Entitlement::new(id(id_text), at(since))
}

fn ask<'a>(manifest: &'a Manifest, target: &str, reader: &Reader, now: i64) -> Decision<'a> {
    let request = Request { method: "GET", target: target.as_bytes(), reader, now: at(now), html_navigation: false };
    decide(manifest, &request)
}

fn navigate<'a>(manifest: &'a Manifest, target: &str, reader: &Reader, now: i64) -> Decision<'a> {
    let request = Request { method: "GET", target: target.as_bytes(), reader, now: at(now), html_navigation: true };
    decide(manifest, &request)
}

/// Outcome, status, reason, instant; the object's name where it is one.
fn short(decision: &Decision<'_>) -> String {
    let object = decision.object.map(|object| {
        let hash: Vec<u8> = object.as_bytes()[3..67]
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        String::from_utf8(hash).unwrap().trim_end_matches('\0').to_owned()
    });
    let parts = [
        Some(format!("{:?} {}", decision.outcome, decision.status)),
        object.map(|object| format!("[{object}]")),
        decision.reason.map(|reason| reason.as_str().to_owned()),
        decision.available_at.map(|at| at.seconds().to_string()),
        decision.location.as_ref().map(|location| format!("-> {location}")),
        decision.clear_cookie.then(|| "clear".to_owned()),
        Some(format!("{:?}", decision.cache)),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[test]
fn decisions() {
    let school = school();
    let visitor = Reader::Visitor;
    let nothing = Reader::Member(Vec::new());
    let member = |held: Vec<Entitlement>| Reader::Member(held);
    let (a, b) = (member(vec![held("a", 0)]), member(vec![held("b", 0)]));
    let check = |target: &str, reader: &Reader, now: i64, expected: &str| {
        assert_eq!(short(&ask(&school, target, reader, now)), expected, "{target} {reader:?} at {now}");
    };
    check("/", &visitor, 10, "Open 200 [/ 0] Public");
    check("/caf%C3%A9/", &visitor, 10, "Open 200 [/café/ 0] Public");
    check("/pro/", &b, 10, "Open 200 [/pro/ 0] Private");
    check("/pro/?x=1", &b, 10, "Open 200 [/pro/ 0] Private");
    check("/pro/", &visitor, 10, "Preview 200 [/pro/ 1] not_signed_in Private");
    check("/pro/", &a, 10, "Preview 200 [/pro/ 1] not_entitled Private");
    check("/pro/", &nothing, 10, "Preview 200 [/pro/ 1] not_entitled Private");
    let was = member(vec![Entitlement { until: Some(at(5)), ..held("b", 0) }]);
    check("/pro/", &was, 10, "Preview 200 [/pro/ 1] expired Private");
    check("/pro/", &member(vec![held("b", 40)]), 10, "Preview 200 [/pro/ 1] not_yet 40 Private");
    let both = member(vec![held("c", 0), held("a", 0)]);
    check("/lesson/", &both, 49, "Preview 200 [/lesson/ 1] not_yet 50 Private");
    check("/lesson/", &both, 50, "Open 200 [/lesson/ 0] Private");
    check("/lesson/", &member(vec![held("c", 0)]), 60, "Preview 200 [/lesson/ 2] no_tier Private");
    check("/lesson/", &a, 60, "Preview 200 [/lesson/ 2] not_entitled Private");
    let frozen = member(vec![Entitlement { frozen: Some(at(40)), ..held("c", 0) }, held("a", 0)]);
    check("/lesson/", &frozen, 60, "Preview 200 [/lesson/ 1] not_entitled Private");
    check("/file.pdf", &visitor, 10, "Denied 401 [not_signed_in] not_signed_in NoStore");
    check("/file.pdf", &a, 10, "Denied 402 [not_entitled] not_entitled NoStore");
    check("/file.pdf", &was, 10, "Denied 403 [expired] expired NoStore");
    check("/sheet.pdf", &both, 10, "Denied 403 [not_yet] not_yet 50 NoStore");
    check("/sheet.pdf", &member(vec![held("c", 0)]), 60, "Denied 402 [no_tier] no_tier NoStore");
    check("/post/", &visitor, 299, "NotFound 404 [not_found] NoStore");
    check("/post/", &visitor, 300, "Open 200 [/post/ 0] Public");
    check("/week/", &visitor, 140, "Open 200 [/week/ 0] Timed(360)");
    check("/soon/", &visitor, 140, "Preview 200 [/soon/ 1] not_yet 300 Timed(160)");
    check("/soon/", &a, 140, "Preview 200 [/soon/ 1] not_yet 300 Timed(160)");
    check("/window/", &b, 299, "NotFound 404 [not_found] NoStore");
    check("/window/", &b, 300, "Open 200 [/window/ 0] Private");
    check("/window/", &visitor, 300, "Denied 401 [not_signed_in] not_signed_in NoStore");
    check("/window/", &b, 500, "NotFound 404 [not_found] NoStore");
    check("/old/", &visitor, 10, "Moved 308 -> /pro/ Private");
    check("/home/", &visitor, 10, "Moved 308 -> / Public");
    check("/pro", &visitor, 10, "Moved 308 -> /pro/ Private");
    check("/caf%C3%A9", &visitor, 10, "Moved 308 -> /caf%C3%A9/ Public");
    check("/secret", &b, 10, "Moved 308 -> /secret/ Private");
    check("/account/refresh", &visitor, 10, "Passthrough 200 Private");
    check("/hook", &visitor, 10, "Passthrough 200 Private");
    check("/hook/a", &visitor, 10, "Passthrough 200 Private");
    check("/hooks", &visitor, 10, "NotFound 404 [not_found] NoStore");
    check("/account/%2e%2e/pro/", &b, 10, "BadTarget 400 NoStore");
    let post = |target: &str| {
        decide(
            &school,
            &Request { method: "POST", target: target.as_bytes(), reader: &b, now: at(10), html_navigation: true },
        )
        .status
    };
    assert_eq!([post("/pro/"), post("/none/"), post("/account/x"), post("//")], [405, 405, 200, 400]);
}

#[test]
fn people_are_sent_to_sign_in_or_to_refresh() {
    let school = school();
    let expired = Reader::Expired(vec![held("b", 0)]);
    let check = |target: &str, reader: &Reader, expected: &str| {
        assert_eq!(short(&navigate(&school, target, reader, 10)), expected, "{target} {reader:?}");
    };
    let login = "SignIn 303 not_signed_in -> https://id.example/in?site=1&next=";
    let refresh = "SignIn 303 token_expired -> /account/refresh?next=";
    check("/file.pdf", &Reader::Visitor, &format!("{login}/file.pdf NoStore"));
    check("/pro/", &Reader::Visitor, "Preview 200 [/pro/ 1] not_signed_in Private");
    check("/", &expired, "Open 200 [/ 0] Public");
    check("/home/", &expired, "Moved 308 -> / Public");
    for path in ["/pro/", "/pro", "/old/", "/secret/", "/secret", "/old-secret/", "/post/", "/old-post/", "/none/"] {
        check(path, &expired, &format!("{refresh}{path} clear NoStore"));
    }
    check("/a%20&b%3F%C3%A9?x=//evil.example", &expired, &format!("{refresh}/a%20%26b%3F%C3%A9 clear NoStore"));
    assert_eq!(short(&ask(&school, "/pro/", &expired, 10)), "Preview 200 [/pro/ 1] not_signed_in Private");
    let mut closed = school.clone();
    closed.site.refresh_url = None;
    closed.site.login_url = None;
    assert_eq!(short(&navigate(&closed, "/pro/", &expired, 10)), "Preview 200 [/pro/ 1] not_signed_in Private");
    let denied = "Denied 401 [not_signed_in] not_signed_in NoStore";
    assert_eq!(short(&navigate(&closed, "/file.pdf", &expired, 10)), denied);
}

#[test]
fn every_404_is_equal() {
    let school = school();
    let readers = [
        Reader::Visitor,
        Reader::Member(Vec::new()),
        Reader::Member(vec![held("a", 0), held("c", 0)]),
        Reader::Expired(vec![held("b", 0)]),
    ];
    let nothing = ask(&school, "/none/", &Reader::Visitor, 10);
    assert_eq!(nothing.status, 404);
    for reader in &readers {
        for path in
            ["/none", "/none/", "/secret/", "/secret", "/old-secret/", "/post/", "/post", "/old-post/", "/window"]
        {
            assert_eq!(ask(&school, path, reader, 10), nothing, "{path} {reader:?}");
            if !matches!(reader, Reader::Expired(_)) {
                assert_eq!(navigate(&school, path, reader, 10), nothing, "{path} {reader:?}");
            }
        }
    }
}

#[test]
fn windows_are_never_seen_from_before_the_clock() {
    let mut school = school();
    school.clock = at(350);
    assert_eq!(ask(&school, "/post/", &Reader::Visitor, 10).status, 200);
    assert_eq!(short(&ask(&school, "/week/", &Reader::Visitor, 340)), "Open 200 [/week/ 0] Timed(160)");
    let both = Reader::Member(vec![held("c", 0), held("a", 0)]);
    assert_eq!(short(&ask(&school, "/sheet.pdf", &both, 10)), "Denied 403 [not_yet] not_yet 50 NoStore");
}

/// What a reader should get, said as plainly as it can be: each variant's rule is tried, and every later instant.
fn naive(
    manifest: &Manifest,
    path: &str,
    reader: &Reader,
    now: i64,
) -> (u16, Option<Reason>, Option<String>, Option<i64>) {
    let not_found = (404, None, Some(manifest.pages.not_found.to_string()), None);
    let Some(route) = manifest.routes.get(path) else { return not_found };
    let policy = &manifest.policies[route.policy];
    let clock = manifest.clock.seconds();
    let rules: Vec<&Rule> = policy.variants.iter().map(|rule| &manifest.rules[*rule]).collect();
    // A window is looked at from the clock on, all else from now.
    let holds = |rule: &Rule, held: &[Entitlement], now: i64| {
        rule.clauses()
            .iter()
            .filter(|clause| clause.active(at(now.max(clock))))
            .any(|clause| clause.all.iter().all(|need| held.iter().any(|held| naive_meets(held, need, clause, now))))
    };
    let held: Vec<Entitlement> = match reader {
        Reader::Member(held) => held.clone(),
        Reader::Visitor | Reader::Expired(_) => Vec::new(),
    };
    let open = |held: &[Entitlement], now: i64| rules[..policy.open].iter().any(|rule| holds(rule, held, now));
    let first = rules.iter().position(|rule| holds(rule, &held, now));
    let object = |name: &ObjectName| Some(name.to_string());
    if let Some(first) = first.filter(|first| *first < policy.open) {
        return (200, None, object(&route.objects[first]), None);
    }
    let active = |rules: &[&Rule]| rules.iter().any(|rule| rule.active(at(now.max(clock))));
    if first.is_none() && (policy.otherwise == Otherwise::Hidden || !active(&rules)) {
        return not_found;
    }
    let later = (now + 1..=3 * HORIZON).find(|later| open(&held, *later));
    let member = matches!(reader, Reader::Member(_));
    let endless: Vec<Entitlement> = held.iter().map(|held| Entitlement { until: None, ..held.clone() }).collect();
    let mut with_tier = held.clone();
    with_tier.push(Entitlement::new(id("a"), Timestamp::MIN));
    let reason = if !member && (first.is_none() || later.is_none() || active(&rules[..policy.open])) {
        Reason::NotSignedIn
    } else if later.is_some() {
        Reason::NotYet
    } else if open(&endless, now) {
        Reason::Expired
    } else if open(&with_tier, now) {
        Reason::NoTier
    } else {
        Reason::NotEntitled
    };
    let later = later.filter(|_| reason == Reason::NotYet);
    if let Some(first) = first {
        return (200, Some(reason), object(&route.objects[first]), later);
    }
    let (status, page) = match reason {
        Reason::NotSignedIn | Reason::TokenExpired => (401, &manifest.pages.not_signed_in),
        Reason::NotYet => (403, &manifest.pages.not_yet),
        Reason::Expired => (403, &manifest.pages.expired),
        Reason::NoTier => (402, &manifest.pages.no_tier),
        Reason::NotEntitled => (402, &manifest.pages.not_entitled),
    };
    (status, Some(reason), object(page), later)
}

#[test]
fn decisions_are_those_of_a_naive_model() {
    let reader = prop_oneof![
        1 => Just(Reader::Visitor),
        6 => some_holding().prop_map(Reader::Member),
        1 => some_holding().prop_map(Reader::Expired),
    ];
    let choice = (prop::collection::vec(some_rule(2), 1..4), 0..4_usize, any::<bool>());
    proptest!(config(3_000), |((rules, open, hidden) in choice, reader in reader, clock in 0..BOUND)| {
        let otherwise = if hidden { Otherwise::Hidden } else { Otherwise::Denied };
        let variants: Vec<usize> = (1..=rules.len()).collect();
        let policy = policy(&variants, open.min(rules.len()), otherwise, manifest::Cache::Private);
        let rules = std::iter::once(Rule::public()).chain(rules).collect();
        let mut manifest = manifest(rules, vec![policy], &[("/x/", 0)], &[("/y", "/x/")]);
        manifest.clock = at(clock);
        manifest.check().unwrap();
        for now in 0..=HORIZON {
            let decision = ask(&manifest, "/x/", &reader, now);
            let found = (
                decision.status,
                decision.reason,
                decision.object.map(str::to_owned),
                decision.available_at.map(Timestamp::seconds),
            );
            prop_assert_eq!(found, naive(&manifest, "/x/", &reader, now), "at {}", now);
            let private = if decision.status == 200 { Cache::Private } else { Cache::NoStore };
            prop_assert_eq!(decision.cache, private);
            for path in ["/x", "/y"] {
                let moved = ask(&manifest, path, &reader, now);
                if decision.status == 404 {
                    prop_assert_eq!(moved, decision.clone());
                } else {
                    prop_assert_eq!((moved.outcome, moved.location.as_deref()), (Outcome::Moved, Some("/x/")));
                }
            }
        }
    });
}

#[test]
fn more_entitlements_never_get_less() {
    proptest!(config(2_000), |(rules in prop::collection::vec(some_rule(2), 1..4), a in some_holding(), b in some_holding())| {
        let variants: Vec<usize> = (1..=rules.len()).collect();
        let policy = policy(&variants, 1, Otherwise::Hidden, manifest::Cache::Private);
        let rules = std::iter::once(Rule::public()).chain(rules).collect();
        let manifest = manifest(rules, vec![policy], &[("/x/", 0)], &[]);
        let objects = &manifest.routes["/x/"].objects;
        let place = |reader: &Reader, now| {
            let object = ask(&manifest, "/x/", reader, now).object;
            objects.iter().position(|name| Some(name.as_str()) == object).unwrap_or(objects.len())
        };
        let (fewer, more) = (Reader::Member(a.clone()), Reader::Member([a, b].concat()));
        for now in 0..=HORIZON {
            prop_assert!(place(&more, now) <= place(&fewer, now));
            prop_assert!(place(&fewer, now) <= place(&Reader::Visitor, now));
        }
    });
}

#[test]
fn a_manifest_is_read_as_it_was_written() {
    let mut school = school();
    school.build = school.build_id();
    let bytes = school.to_json();
    assert_eq!(Manifest::parse(&bytes).unwrap(), school);
    assert_eq!(Manifest::parse(&bytes).unwrap().to_json(), bytes);
    let text = String::from_utf8(bytes).unwrap();
    let line = text.lines().find(|line| line.contains("\"/pro/\": {")).unwrap();
    assert!(line.starts_with("  \"/pro/\": {\"objects\":[\"2f/2f"), "{line}");
    assert!(line.ends_with(".html\"],\"policy\":1},"), "{line}");
    sorted(&serde_json::from_str(&text).unwrap());
    let again = Manifest { clock: at(9), created: at(9), version: 9, build: "x".to_owned(), ..school.clone() };
    assert_eq!(again.build_id(), school.build);
    let mut other = school.clone();
    other.site.title.push('!');
    assert_ne!(other.build_id(), school.build);
}

/// Fails if the keys of any object are out of order (serde_json keeps the order of the text here), or if a number is
/// not an integer.
fn sorted(value: &serde_json::Value) {
    match value {
        serde_json::Value::Object(map) => {
            let keys: Vec<_> = map.keys().collect();
            assert!(keys.is_sorted(), "{keys:?}");
            map.values().for_each(sorted);
        }
        serde_json::Value::Array(values) => values.iter().for_each(sorted),
        serde_json::Value::Number(number) => assert!(number.is_u64()),
        serde_json::Value::Null => panic!("absent values are not written"),
        serde_json::Value::Bool(_) | serde_json::Value::String(_) => {}
    }
}

#[test]
fn a_manifest_may_be_written_in_other_ways() {
    let school = school();
    let value: serde_json::Value = serde_json::from_slice(&school.to_json()).unwrap();
    // Routes before the objects that they name.
    let turned: serde_json::Map<_, _> = value.as_object().unwrap().clone().into_iter().rev().collect();
    let turned = serde_json::to_string_pretty(&turned).unwrap();
    let escaped = turned.replace('/', "\\/");
    for text in [&turned, &escaped] {
        assert_eq!(Manifest::parse(text.as_bytes()).unwrap(), school);
    }
    // Of two entries the last one counts, in whatever way it is read.
    let twice = turned.replacen("\"routes\": {", "\"routes\": {\"/pro/\": {\"objects\": [], \"policy\": 9},", 1);
    assert_eq!(Manifest::parse(twice.as_bytes()).unwrap(), school);
    let [open, close] = ["{", "}"].map(|bracket| bracket.repeat(10_000));
    for text in ["", "null", "[]", "{}", &format!("{turned}x"), &turned[1..], &format!("{open}{close}"), &open] {
        assert!(Manifest::parse(text.as_bytes()).is_err(), "{text}");
    }
    let nested = turned.replacen("\"routes\": {", &format!("\"routes\": {{\"/x/\": {},", "[".repeat(10_000)), 1);
    assert!(Manifest::parse(nested.as_bytes()).is_err());
}

#[test]
fn broken_manifests_are_refused() {
    let check = |change: &dyn Fn(&mut serde_json::Value), expected: &str| {
        let mut value: serde_json::Value = serde_json::from_slice(&school().to_json()).unwrap();
        change(&mut value);
        let error = Manifest::parse(&serde_json::to_vec(&value).unwrap()).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}\n{expected}");
    };
    let broken = |text: &str| format!("the manifest is broken: {text}");
    let pro = object("/pro/ 0").to_string();
    check(
        &|m| m["format"] = "tierpress-manifest/2".into(),
        "unknown manifest format `tierpress-manifest/2`: this version",
    );
    check(&|m| m["surprise"] = 1.into(), "the manifest cannot be read: unknown field `surprise`");
    check(&|m| m["routes"]["/"]["surprise"] = 1.into(), "the manifest cannot be read: unknown field `surprise`");
    check(&|m| m["rules"][1][0]["surprise"] = 1.into(), "the manifest cannot be read: unknown field `surprise`");
    check(&|m| m["clock"] = (-1).into(), "the manifest cannot be read: not an instant between 1970 and 9999");
    check(&|m| m["clock"] = 1.5.into(), "the manifest cannot be read: invalid type: floating point");
    check(
        &|m| m["routes"]["/"]["objects"][0] = "../../etc/passwd".into(),
        "the manifest cannot be read: an object is named",
    );
    check(&|m| m["rules"][0] = serde_json::json!([]), &broken("rule 0 is not public"));
    check(&|m| m["policies"][1]["variants"][0] = 99.into(), &broken("policy 1 names a rule that is not there"));
    check(&|m| m["policies"][1]["open"] = 3.into(), &broken("policy 1 has fewer variants than open ones"));
    check(&|m| m["policies"][0]["variants"] = serde_json::json!([]), &broken("policy 0 has no variants"));
    let kept = "lets answers be kept that differ between readers or instants";
    check(&|m| m["policies"][1]["cache"] = "timed".into(), &broken(&format!("policy 1 {kept}")));
    check(&|m| m["policies"][4]["cache"] = "public".into(), &broken(&format!("policy 4 {kept}")));
    check(&|m| m["routes"]["/pro/"]["policy"] = 99.into(), &broken("`/pro/` has policy 99, which is not there"));
    check(&|m| m["routes"]["/pro/"]["policy"] = 0.into(), &broken("`/pro/` has not one object for each variant"));
    check(&|m| m["routes"]["/a/../b"] = m["routes"]["/"].clone(), &broken("`/a/../b` is no path that an edge serves"));
    check(&|m| m["redirects"]["/x"] = "/none/".into(), &broken("`/x` leads to `/none/`, which is no route"));
    check(&|m| m["redirects"]["/pro/"] = "/".into(), &broken("`/pro/` is a route and a redirect"));
    check(&|m| m["redirects"]["x"] = "/".into(), &broken("the redirect `x` is no path that an edge serves"));
    check(&|m| m["site"]["denied_status"] = 200.into(), &broken("`denied_status` is 200, and not 402 or 403"));
    check(&|m| m["site"]["passthrough"][0] = "account".into(), &broken("`account` in `passthrough` is no path"));
    check(&|m| m["access_controls"][1]["id"] = "a".into(), &broken("the id `a` is given twice"));
    let without =
        |name: String| move |m: &mut serde_json::Value| drop(m["objects"].as_object_mut().unwrap().remove(&name));
    check(&without(pro.clone()), &broken(&format!("`/pro/` names `{pro}`, which is no object")));
    let page = object("no_tier").to_string();
    check(&without(page.clone()), &broken(&format!("a page names `{page}`, which is no object")));
}

#[test]
fn object_names_are_checked() {
    let hash = "ab".repeat(32);
    assert_eq!(ObjectName::new(&hash, "html").unwrap().as_str(), format!("ab/{hash}.html"));
    assert_eq!(ObjectName::new(&hash, "").unwrap().hash(), hash);
    for bad in [
        format!("ac/{hash}.html"),
        format!("ab/{hash}."),
        format!("ab/{hash}.HTML"),
        format!("ab/{hash}html"),
        format!("ab/{}.html", "AB".repeat(32)),
        format!("{hash}.html"),
        format!("ab/{hash}.a/b"),
        "ab/ab.html".to_owned(),
    ] {
        assert!(bad.parse::<ObjectName>().is_err(), "{bad}");
    }
}

#[test]
fn shards_decide_like_the_whole() {
    let school = school();
    let shards = school.edge_shards();
    assert_eq!(shards.len(), 256);
    let root: EdgeRoot = serde_json::from_slice(&school.edge_root(&shards)).unwrap();
    assert_eq!(root.shards, shards.iter().map(|shard| shard.name.clone()).collect::<Vec<_>>());
    let readers = [Reader::Visitor, Reader::Member(vec![held("b", 0)]), Reader::Expired(Vec::new())];
    let mut seen = BTreeSet::new();
    for path in school.routes.keys().chain(school.redirects.keys()).map(String::as_str).chain(["/none/", "/hook/x"]) {
        let shard: EdgeShard = serde_json::from_slice(&shards[shard_of(path)].bytes).unwrap();
        seen.extend(shard.routes.keys().cloned());
        let piece = root.clone().with(shard).unwrap();
        for reader in &readers {
            for now in [10, 400] {
                let target = encode(path);
                assert_eq!(navigate(&piece, &target, reader, now), navigate(&school, &target, reader, now), "{path}");
            }
        }
    }
    assert_eq!(seen, school.routes.keys().cloned().collect());
}

#[test]
fn the_schema_names_every_field() {
    let schema = Manifest::schema();
    let fields: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    let manifest: serde_json::Value = serde_json::from_slice(&school().to_json()).unwrap();
    assert_eq!(fields, manifest.as_object().unwrap().keys().collect::<Vec<_>>());
    assert_eq!(schema["additionalProperties"], false);
}

#[test]
fn rules_are_written_as_the_design_has_them() {
    let text = concat!(
        r#"[{"all":[{"any":["basic","pro"]}]},"#,
        r#"{"all":[{"any":["basic","free","pro"]},{"after":604800,"any":["rust-course"]}],"from":1796112000}]"#
    );
    assert_eq!(serde_json::to_string(&rule(text)).unwrap(), text);
    let unsorted = r#"[{"all":[{"any":["pro","basic"]}]},{"all":[{"any":["pro"]}]}]"#;
    assert_eq!(rule(unsorted).clauses().len(), 1);
    let long = Need { after: length(5), joined_before: Some(at(0)), ..need(vec![id("a")]) };
    assert!(Rule::from(Clause { all: vec![long], from: None, until: None }).is_nobody());
    for bad in [
        r#"[{"all":[{"any":["A"]}]}]"#,
        r#"[{"all":[{"any":["a"],"after":-1}]}]"#,
        r#"[{"any":["a"]}]"#,
        r#"[{"all":[],"from":null,"x":1}]"#,
    ] {
        assert!(serde_json::from_str::<Rule>(bad).is_err(), "{bad}");
    }
}
