//! What it costs to tell what opens: a manifest of many pages, each with a drip or a release of its own, and all members.

use std::time::Instant;

use tierpress::ledger::{Ledger, Present};
use tierpress::manifest::Manifest;
use tierpress::members::{Pages, Rules};
use tierpress::time::Timestamp;

/// Looks at all members for the first time, and then on a day on which a page opens for each of them.
pub(crate) async fn measure(ledger: &Ledger, rules: &Rules<'_>, (pages, from): (usize, Timestamp)) {
    let manifest = manifest(pages, from);
    let start = Instant::now();
    let known = Pages::of(&manifest);
    println!("a manifest of {pages} pages, read for what opens: {:.1} ms", start.elapsed().as_secs_f64() * 1_000.0);
    for (what, at) in [("for the first time", 0), ("where nothing opens", 1), ("where a page opens for each", 86_400)] {
        let now = Timestamp::saturating(from.seconds() + at);
        let (start, present) = (Instant::now(), Present { rules, now });
        let mut count = 0;
        loop {
            let told = ledger.tick_with(200, &present, Some(&known)).await.expect("a look");
            count += told;
            if told < 200 {
                break;
            }
        }
        let time = start.elapsed().as_secs_f64();
        let each = time * 1_000.0 / f64::from(u32::try_from(count.max(1)).expect("few"));
        println!("what opens, {what}: {count} members looked at in {time:.2} s, {each:.3} ms each");
    }
}

/// Pages of which every second has a drip of its own length, and the others a day of release.
fn manifest(pages: usize, from: Timestamp) -> Manifest {
    let rule = |number: usize| match number % 2 {
        0 => format!(r#"[{{"all":[{{"any":["basic"],"after":{}}}]}}]"#, (number + 1) * 3_600),
        _ => format!(r#"[{{"all":[{{"any":["basic"]}}],"from":{}}}]"#, from.seconds() + number as i64 * 86_400),
    };
    let list = |each: &dyn Fn(usize) -> String| (0..pages).map(each).collect::<Vec<_>>().join(",");
    let object = format!("00/{}.html", "0".repeat(64));
    let denials = ["expired", "no_tier", "not_entitled", "not_found", "not_signed_in", "not_yet"];
    let text = format!(
        r#"{{"format":"tierpress-manifest/1","build":"bench","version":1,"created":0,"clock":0,
        "site":{{"base_url":"https://school.example","title":"School","denied_status":403,"passthrough":[]}},
        "access_controls":[{{"id":"basic","kind":"tier"}}],
        "token":{{"issuer":"https://school.example","audience":"https://school.example","claim":"entitlements",
        "cookie":"__Host-tierpress","max_ttl":900,"max_entitlements":32}},
        "rules":[{}],"policies":[{}],"routes":{{{}}},"redirects":{{}},"pages":{{{}}},
        "objects":{{"{object}":{{"size":1,"type":"text/html; charset=utf-8"}}}}}}"#,
        list(&rule),
        list(&|number| format!(r#"{{"variants":[{number}],"open":1,"otherwise":"denied","cache":"private"}}"#)),
        list(&|number| format!(r#""/page/{number}/":{{"policy":{number},"objects":["{object}"]}}"#)),
        denials.map(|name| format!(r#""{name}":"{object}""#)).join(","),
    );
    Manifest::parse(text.as_bytes()).expect("a manifest")
}
