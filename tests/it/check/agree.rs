//! Links by reader agree with `decide`: what it answers on any day of any membership is what the check says, no less and
//! no more.

use std::collections::{BTreeMap, BTreeSet};

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::build;
use tierpress::edge::{self, Outcome, Reason};
use tierpress::plan::Plan;
use tierpress::review::links::{Given, Links};
use tierpress::review::readers::{self, Kind};
use tierpress::time::Timestamp;

use super::{look, shop};
use crate::built::NOW_SECONDS;

const DAY: i64 = 86_400;

/// Every sort of rule, each the target of a link in every sort of place.
const TARGETS: [(&str, &str); 12] = [
    ("open", "access: public"),
    ("tier", "access: basic"),
    ("drips", "access: [pro, rust-course]\ndrip: {rust-course: 14d, pro: 2d}"),
    ("teased", "access: pro\ndrip: 3d"),
    ("kept", "access: pro\nteaser: basic"),
    ("joint", "access: basic+rust-course\ndrip: 5d"),
    ("early", "access: [pro, public from 2026-12-10]"),
    ("archive", "access: [public until 2026-12-12, pro]"),
    ("joined", "access: [pro, basic since joining]\ndate: 2026-11-20"),
    ("next", "access: [pro, basic since joining]\ndate: 2026-11-25"),
    ("announced", "access: basic\nrelease: 2026-12-08\nannounce: true"),
    ("members", "access: members\ndrip: 1d"),
];

const PLACES: [&str; 4] = ["public", "basic", "pro, rust-course; drip: 4d", "basic until 2026-12-09, cheatsheets"];

fn site() -> String {
    let mut site = String::new();
    let mut links = String::new();
    for (name, keys) in TARGETS {
        let text = if matches!(name, "teased" | "kept") { "above\n\n<!-- more -->\nbelow" } else { "text" };
        site += &format!("//- content/{name}/index.md\n---\ntitle: {name}\n{keys}\n---\n{text} [file](file.txt)\n");
        site += &format!("//- content/{name}/file.txt\nx\n");
        links += &format!("[{name}]({name}/index.md) [file]({name}/file.txt)\n");
    }
    let blocks = PLACES.map(|place| format!("\n<!-- access: {place} -->\n{links}\n<!-- /access -->\n"));
    format!("{site}//- content/_index.md\n---\ntitle: Home\n---\n{}", blocks.concat())
}

/// An instant, what is held, and what that is given.
type Answer = (Timestamp, Vec<Entitlement>, Given);

#[test]
fn links_by_reader_are_what_is_decided() {
    let fixture = shop(&site());
    let (plan, found) = look(&fixture);
    let plan = plan.unwrap_or_else(|| panic!("{}", super::said(&found)));
    let manifest = build::model(&plan);
    let home = plan.site().pages.iter().find(|page| page.url == "/").unwrap();
    let links = Links::new(&plan).by_reader(&fixture.root());
    let of_home: Vec<_> = links.iter().filter(|link| link.location.file == home.source).collect();
    assert_eq!(of_home.len(), PLACES.len() * TARGETS.len() * 2);
    let kinds = readers::kinds(&plan.site().config.catalogue);
    let mut answered: BTreeMap<(String, String), Vec<Answer>> = BTreeMap::new();
    let urls: BTreeSet<&str> = of_home.iter().map(|link| link.url.as_str()).collect();
    for kind in &kinds {
        for (now, held) in memberships(kind) {
            for url in &urls {
                let given = decided(&manifest, url, &held, now, &plan);
                answered.entry((kind.name.clone(), (*url).to_owned())).or_default().push((now, held.clone(), given));
            }
        }
    }
    for (link, place) in of_home.iter().zip(PLACES.iter().enumerate().flat_map(|(at, _)| [at; TARGETS.len() * 2])) {
        let rule = plan.book().rule(home.body.blocks[place].rule);
        for kind in &kinds {
            let all = &answered[&(kind.name.clone(), link.url.clone())];
            let sees = all.iter().filter(|(now, held, _)| rule.holds_with(held, *now, *now));
            let expected: BTreeSet<Given> = sees.map(|(_, _, given)| *given).collect();
            let said = link.readers.iter().find(|seen| seen.reader == kind.name);
            let said = said.map(|seen| seen.given.clone()).unwrap_or_default();
            assert_eq!(said, expected, "{} to {} in `{}`", kind.name, link.url, PLACES[place]);
        }
    }
}

/// Memberships that began on any day, on days around every date of the site; half a day beside them.
fn memberships(kind: &Kind) -> Vec<(Timestamp, Vec<Entitlement>)> {
    let mut found = Vec::new();
    for half in 0..32 {
        let now = NOW_SECONDS + half * DAY / 2;
        let mut held: Vec<Vec<Entitlement>> = vec![Vec::new()];
        for id in &kind.ids {
            let ages = (0..50).map(|half| half * DAY / 2).chain([400 * DAY]);
            let ages: Vec<_> = if kind.ids.len() > 1 { ages.step_by(4).collect() } else { ages.collect() };
            held = held
                .iter()
                .flat_map(|held| {
                    let since = |age: &i64| Timestamp::saturating(now - age);
                    let more = ages.iter().map(move |age| Entitlement::new(id.clone(), since(age)));
                    more.map(|more| held.iter().cloned().chain([more]).collect()).collect::<Vec<_>>()
                })
                .collect();
        }
        found.extend(held.into_iter().map(|held| (Timestamp::saturating(now), held)));
    }
    found
}

fn decided(
    manifest: &tierpress::manifest::Manifest,
    url: &str,
    held: &[Entitlement],
    now: Timestamp,
    plan: &Plan,
) -> Given {
    let reader = if held.is_empty() { Reader::Visitor } else { Reader::Member(held.to_vec()) };
    let target = edge::canonical::encode(url);
    let request =
        edge::Request { method: "GET", target: target.as_bytes(), reader: &reader, now, html_navigation: false };
    let decision = edge::decide(manifest, &request);
    let form = || {
        let output = plan.outputs.iter().find(|output| output.url.as_deref() == Some(url)).unwrap();
        let holds = |rule| plan.book().rule(rule).holds_with(held, now, now);
        output.shape.variants.iter().find(|variant| holds(variant.requirement)).unwrap().form
    };
    match (decision.outcome, decision.reason) {
        (Outcome::Open, _) => Given::Open,
        (Outcome::Preview, _) => match form() {
            tierpress::plan::Form::Waiting => Given::Later,
            tierpress::plan::Form::Teaser => Given::Teaser,
            _ => Given::Cover,
        },
        (Outcome::Denied, Some(Reason::NotYet)) => Given::Later,
        (Outcome::Denied, _) => Given::Denied,
        (Outcome::NotFound, _) => Given::Gone,
        other => panic!("{other:?}"),
    }
}
