//! Links by reader agree with `decide`: what it answers on any day of any membership is what the check says, no less and
//! no more.

use std::collections::{BTreeMap, BTreeSet};

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::build;
use tierpress::edge::{self, Outcome, Reason};
use tierpress::manifest::Otherwise;
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

fn site(targets: &[(String, String)], places: &[String]) -> String {
    let mut site = String::new();
    let mut links = String::new();
    for (name, keys) in targets {
        let divider = matches!(name.as_str(), "teased" | "kept") || name.ends_with('3');
        let text = if divider { "above\n\n<!-- more -->\nbelow" } else { "text" };
        site += &format!("//- content/{name}/index.md\n---\ntitle: {name}\n{keys}\n---\n{text} [file](file.txt)\n");
        site += &format!("//- content/{name}/file.txt\nx\n");
        links += &format!("[{name}]({name}/index.md) [file]({name}/file.txt)\n");
    }
    let block = |place: &String| format!("\n<!-- access: {place} -->\n{links}\n<!-- /access -->\n");
    let blocks: String = places.iter().map(block).collect();
    format!("{site}//- content/_index.md\n---\ntitle: Home\n---\n{blocks}")
}

/// Numbers from a seed: the same on every machine.
struct Dice(u64);

impl Dice {
    fn of<T: Copy>(&mut self, sides: &[T]) -> T {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sides[usize::try_from(self.0 >> 33).unwrap() % sides.len()]
    }

    fn tags(&mut self) -> String {
        const NAMES: [&str; 8] =
            ["free", "basic", "pro", "rust-course", "cheatsheets", "members", "basic+cheatsheets", "pro+rust-course"];
        const SPANS: [&str; 6] =
            ["", "", "", " from 2026-12-04", " until 2026-12-09", " from 2026-12-03 until 2026-12-12"];
        let one = |dice: &mut Self| format!("{}{}", dice.of(&NAMES), dice.of(&SPANS));
        (0..self.of(&[1, 1, 2, 3])).map(|_| one(self)).collect::<Vec<_>>().join(", ")
    }

    fn target(&mut self, number: usize) -> (String, String) {
        const MORE: [&str; 6] = [
            "",
            "\ndrip: 2d",
            "\ndrip: 9d",
            "\nteaser: members",
            "\nteaser: none",
            "\nrelease: 2026-12-06\nannounce: true",
        ];
        (format!("target-{number}"), format!("access: [{}]{}", self.tags(), self.of(&MORE)))
    }

    fn place(&mut self) -> String {
        format!("{}{}", self.tags(), self.of(&["", "", "; drip: 3d"]))
    }
}

/// An instant, what is held, and what that is given.
type Answer = (Timestamp, Vec<Entitlement>, Given);

#[test]
fn links_by_reader_are_what_is_decided() {
    check(&TARGETS.map(|(name, keys)| (name.to_owned(), keys.to_owned())), &PLACES.map(str::to_owned));
}

/// Where a hidden target may be linked at all: whoever sees the link may know of it.
#[test]
fn hidden_targets_are_given_to_those_who_see_the_link() {
    let targets =
        [("secret", "access: pro\nhidden: true"), ("secret-either", "access: [pro, rust-course]\nhidden: true")];
    let targets = targets.map(|(name, keys)| (name.to_owned(), keys.to_owned()));
    check(&targets, &["pro", "pro+rust-course; drip: 3d", "pro until 2026-12-09"].map(str::to_owned));
}

#[test]
fn and_on_sites_that_nobody_thought_of() {
    for seed in 1..=6 {
        let mut dice = Dice(seed);
        let targets: Vec<_> = (0..5).map(|number| dice.target(number)).collect();
        let places: Vec<_> = (0..3).map(|_| dice.place()).collect();
        check(&targets, &places);
    }
}

#[track_caller]
fn check(targets: &[(String, String)], places: &[String]) {
    let fixture = shop(&site(targets, places));
    let (plan, found) = look(&fixture);
    let plan = plan.unwrap_or_else(|| panic!("{}", super::said(&found)));
    let manifest = build::model(&plan);
    let home = plan.site().pages.iter().find(|page| page.url == "/").unwrap();
    let links = Links::new(&plan).by_reader(&fixture.root());
    let of_home: Vec<_> = links.iter().filter(|link| link.location.file == home.source).collect();
    // A block that nobody can open any more has no links that anybody sees.
    assert_eq!(of_home.len(), places.len() * targets.len() * 2);
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
    for (link, place) in of_home.iter().zip((0..places.len()).flat_map(|at| vec![at; targets.len() * 2])) {
        let rule = plan.book().rule(home.body.blocks[place].rule);
        for kind in &kinds {
            let all = &answered[&(kind.name.clone(), link.url.clone())];
            let sees = all.iter().filter(|(now, held, _)| rule.holds_with(held, *now, *now));
            let expected: BTreeSet<Given> = sees.map(|(_, _, given)| *given).collect();
            let said = link.readers.iter().find(|seen| seen.reader == kind.name);
            let said = said.map(|seen| seen.given.clone()).unwrap_or_default();
            assert_eq!(said, expected, "{} to {} in `{}`", kind.name, link.url, places[place]);
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
    // What is hidden is there for somebody, though not for these.
    let is_hidden = || {
        let route = &manifest.routes[url];
        let policy = &manifest.policies[route.policy];
        policy.otherwise == Otherwise::Hidden && policy.variants.iter().any(|rule| manifest.rules[*rule].active(now))
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
        (Outcome::NotFound, _) if is_hidden() => Given::Hidden,
        (Outcome::NotFound, _) => Given::Gone,
        other => panic!("{other:?}"),
    }
}
