//! On random sites, all that is said of access agrees with `decide`: the matrix, `explain`, and the difference of two sites.
//!
//! `AGREE_SITES=200` tries more sites, `AGREE_FIRST=17` others.

use std::collections::BTreeSet;
use std::path::Path;

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::access::rule::Rule;
use tierpress::build;
use tierpress::edge::{self, Outcome, Reason};
use tierpress::manifest::Manifest;
use tierpress::plan::Plan;
use tierpress::review::diff::{Change, Diff, Way, What};
use tierpress::review::links::{ByReader, Given, Links};
use tierpress::review::matrix::{Cell, Matrix, State};
use tierpress::review::readers::Kind;
use tierpress::review::{explain, readers, target};
use tierpress::site::{FileId, Link, LinkTarget, Place};
use tierpress::time::Timestamp;

use super::diff::is_open;
use crate::exact::draw::{LENGTHS, draw};
use crate::exact::school::{CLOCK, DAY, Dice, School};
use crate::exact::write;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |text| text.parse().unwrap())
}

/// The plan of a drawn site; none for one with a fault.
fn plan(school: &School, root: &Path) -> Option<Plan> {
    write::write(school, root);
    let now = Timestamp::saturating(CLOCK);
    build::plan_only(&build::Request { root, now, ..build::Request::default() }).ok()
}

/// What a writer may do to a site in an afternoon.
fn changed(school: &School, dice: &mut Dice, seed: u64) -> School {
    let mut changed = school.clone();
    let other = draw(seed ^ 0xfeed);
    for _ in 0..1 + dice.below(4) {
        let page = dice.below(changed.pages.len());
        match dice.below(8) {
            0..=2 => changed.pages[page].keys.access = school.pages[dice.below(school.pages.len())].keys.access.clone(),
            3 => changed.pages[page].keys.drip = school.pages[dice.below(school.pages.len())].keys.drip.clone(),
            4 => changed.pages[page].keys.release = other.pages[dice.below(other.pages.len())].keys.release,
            5 => changed.pages[page].keys.until = other.pages[dice.below(other.pages.len())].keys.until,
            6 => changed.pages[page].keys.hidden = other.pages[dice.below(other.pages.len())].keys.hidden,
            _ => changed.pages[page].cascade.access = school.pages[dice.below(school.pages.len())].keys.access.clone(),
        }
    }
    if dice.chance(30) {
        let page = dice.below(changed.pages.len());
        changed.pages[page].keys.draft = Some(true);
    }
    changed
}

fn held(school: &School, dice: &mut Dice, frozen: bool) -> Vec<Entitlement> {
    let ids: Vec<&String> = school.tiers.iter().chain(&school.bundles).map(|control| &control.id).collect();
    let near = |dice: &mut Dice| {
        let length = dice.pick(&LENGTHS);
        Timestamp::saturating(CLOCK - dice.pick(&[0, 1, 2, 3]) * length + dice.pick(&[-1, 0, 0, 1]))
    };
    let one = |dice: &mut Dice| Entitlement {
        since: if dice.chance(35) { Timestamp::MIN } else { near(dice) },
        until: dice.chance(15).then(|| near(dice)),
        frozen: (frozen && dice.chance(35)).then(|| near(dice)),
        value: dice.pick(&ids).parse().unwrap(),
    };
    (0..dice.below(4)).map(|_| one(dice)).collect()
}

fn instants(manifests: [&Manifest; 2], dice: &mut Dice) -> Vec<Timestamp> {
    let bounds: BTreeSet<Timestamp> = manifests.iter().flat_map(|m| &m.rules).flat_map(|rule| rule.bounds()).collect();
    let mut all: Vec<i64> = bounds.into_iter().map(Timestamp::seconds).filter(|bound| *bound > CLOCK).collect();
    all.extend([CLOCK, CLOCK + DAY, CLOCK + 7 * DAY, CLOCK + 400 * DAY]);
    let mut found = vec![CLOCK];
    found.extend((0..6).map(|_| (dice.pick(&all) + dice.pick(&[-1, 0, 1])).max(CLOCK)));
    found.into_iter().map(Timestamp::saturating).collect()
}

fn covered(ways: [&Vec<Way>; 2], held: &[Entitlement], now: Timestamp) -> bool {
    ways.into_iter().flatten().any(|way| way.covers(held, now))
}

#[test]
fn what_diff_says_of_two_sites_is_what_decide_says() {
    let (mut sites, mut cases, mut differ, mut ways) = (0, 0_u64, 0_u64, 0);
    let first = number("AGREE_FIRST", 1);
    for seed in first..first + number("AGREE_SITES", 40) {
        let mut dice = Dice(seed ^ 0xd1ff);
        let school = draw(seed);
        let other = changed(&school, &mut dice, seed);
        let folder = tempfile::tempdir().unwrap();
        let plans = (plan(&school, &folder.path().join("a")), plan(&other, &folder.path().join("b")));
        let (Some(before), Some(after)) = plans else { continue };
        sites += 1;
        let (before, after) = (build::model(&before), build::model(&after));
        let diff = Diff::of(&before, &after);
        assert!(Diff::of(&before, &before).changes.is_empty(), "seed {seed}");
        let own = |path: &&String| !path.starts_with("/_tierpress/");
        let paths: BTreeSet<&String> = before.routes.keys().chain(after.routes.keys()).filter(own).collect();
        let none = Change {
            path: String::new(),
            what: What::Kept,
            was: None,
            redirect: false,
            led_to: None,
            access: tierpress::review::diff::Access::default(),
            parts: None,
            brought: Vec::new(),
            content: false,
        };
        ways +=
            diff.changes.iter().map(|change| change.access.opened.len() + change.access.closed.len()).sum::<usize>();
        for _ in 0..16 {
            let held = held(&school, &mut dice, school.keep);
            for now in instants([&before, &after], &mut dice) {
                for path in &paths {
                    let was = before.routes.contains_key(*path) && is_open(&before, path, &held, now);
                    let is = after.routes.contains_key(*path) && is_open(&after, path, &held, now);
                    let change = diff.changes.iter().find(|change| change.path == **path && change.was.is_none());
                    let access = &change.unwrap_or(&none).access;
                    let opened = covered([&access.opened, &Vec::new()], &held, now);
                    let closed = covered([&access.closed, &access.relocked], &held, now);
                    let expected = (is && !was, was && !is);
                    let moved = diff.changes.iter().any(|change| {
                        change.was.is_some() && (change.path == **path || change.was.as_ref() == Some(*path))
                    });
                    assert!(
                        moved || (opened, closed) == expected,
                        "seed {seed} {path} at {now} for {held:?}: said {:?}, expected {expected:?}: {access:#?}",
                        (opened, closed)
                    );
                    cases += 1;
                    differ += u64::from(was != is);
                }
            }
        }
    }
    println!("{cases} cases on {sites} sites, {differ} differ; {ways} ways");
    assert!(sites >= 10 && differ > 200, "{sites} sites, {differ} of {cases} differ");
}

/// The ids of a column: of a bundle, the default tier too.
fn reader(school: &School, column: &str, since: Timestamp) -> Vec<Entitlement> {
    let bundle = school.bundles.iter().any(|bundle| bundle.id == column);
    let tier = school.tiers.first().filter(|_| bundle).map(|tier| tier.id.as_str());
    let ids = Some(column).filter(|column| *column != "visitor").into_iter().chain(tier);
    ids.map(|id| Entitlement::new(id.parse().unwrap(), since)).collect()
}

/// What a cell must say of somebody who joins at that instant.
fn expected(manifest: &Manifest, path: &str, held: &[Entitlement], at: Timestamp) -> State {
    let reader = if held.is_empty() { Reader::Visitor } else { Reader::Member(held.to_vec()) };
    let target = edge::canonical::encode(path);
    let request =
        edge::Request { method: "GET", target: target.as_bytes(), reader: &reader, now: at, html_navigation: false };
    let decision = edge::decide(manifest, &request);
    match (decision.outcome, decision.reason) {
        (Outcome::Open, _) => State::Open,
        (_, Some(Reason::NotYet)) => State::Waiting,
        (Outcome::Preview, _) => State::Teaser,
        (Outcome::Denied, _) => State::Denied,
        _ => State::Hidden,
    }
}

#[test]
fn matrix_and_explain_and_decide_agree() {
    let (mut sites, mut cells) = (0, 0_u64);
    let first = number("AGREE_FIRST", 1);
    for seed in first..first + number("AGREE_SITES", 40) {
        let school = draw(seed);
        let folder = tempfile::tempdir().unwrap();
        let Some(plan) = plan(&school, folder.path()) else { continue };
        sites += 1;
        let manifest = build::model(&plan);
        let mut dice = Dice(seed ^ 0xa9);
        let mut at = instants([&manifest, &manifest], &mut dice);
        at.truncate(3);
        for at in at {
            let matrix = Matrix::of(&manifest, plan.site().config.catalogue.default_tier(), at);
            for row in &matrix.rows {
                for (column, cell) in matrix.columns.iter().zip(&row.cells) {
                    let who = |since| reader(&school, column, since);
                    let place = format!("seed {seed} {} for {column} at {at}: {}", row.path, cell.words);
                    assert_eq!(cell.state, expected(&manifest, &row.path, &who(at), at), "{place}");
                    days_and_dates(&manifest, (&row.path, cell), &who, at, &place);
                    cells += 1;
                }
                if at.seconds() == CLOCK {
                    explained(&plan, &matrix, &row.path, seed);
                }
            }
        }
    }
    println!("{cells} cells of {sites} sites");
    assert!(sites >= 10 && cells > 5_000, "{cells} cells of {sites} sites");
}

/// A day, a date and an end are the first instants at which `decide` says otherwise.
fn days_and_dates(
    manifest: &Manifest,
    (path, cell): (&str, &Cell),
    who: &dyn Fn(Timestamp) -> Vec<Entitlement>,
    at: Timestamp,
    place: &str,
) {
    let shifted = |instant: Timestamp, by: i64| Timestamp::saturating(instant.seconds() + by);
    let open = |since: Timestamp, now: Timestamp| is_open(manifest, path, &who(since), now);
    let always = open(Timestamp::MIN, at);
    if let Some(after) = cell.after {
        let start = shifted(at, -after.seconds());
        assert!(open(start, at) && !open(shifted(start, 1), at), "{place}");
    } else if let Some(before) = cell.joined_before {
        assert!(open(shifted(before, -1), at) && !open(before, at), "{place}");
    } else {
        assert_eq!(always, cell.state == State::Open, "{place}");
    }
    if let Some(from) = cell.from {
        assert!(!always && open(Timestamp::MIN, from) && !open(Timestamp::MIN, shifted(from, -1)), "{place}");
    }
    match cell.until {
        Some(until) => {
            assert!(always && !open(Timestamp::MIN, until) && open(Timestamp::MIN, shifted(until, -1)), "{place}");
        }
        None => assert!(!always || open(Timestamp::MIN, Timestamp::saturating(CLOCK + 4_000 * DAY)), "{place}"),
    }
}

/// `explain` lists those for whom it opens who were always there.
fn explained(plan: &Plan, matrix: &Matrix, path: &str, seed: u64) {
    let explained = explain::explain(plan, &target::find(plan, path, None).unwrap(), &|_| None);
    let opens = explained.readers.iter().filter(|opens| opens.now && opens.kind != "together");
    let opens_for: BTreeSet<String> = opens.map(|opens| opens.reader.clone()).collect();
    let row = matrix.rows.iter().find(|row| row.path == path).unwrap();
    let open = matrix
        .columns
        .iter()
        .zip(&row.cells)
        .filter(|(_, cell)| cell.state == State::Open || cell.after.is_some() || cell.joined_before.is_some());
    let open: BTreeSet<String> = open.map(|(column, _)| column.clone()).collect();
    assert_eq!(opens_for, open, "seed {seed} {path}");
}

/// The other way round: whatever `decide` gives somebody at a moment at which they see the link is what is said of them.
fn all_is_told(plan: &Plan, link: &ByReader, (manifest, kinds, rules): (&Manifest, &[Kind], &[&Rule])) -> usize {
    let page = plan.site().pages.iter().find(|page| page.source == link.location.file).unwrap();
    let text = &link.location;
    let written = page.links.iter().filter(|written| leads_to(plan, written) == link.url);
    // Of links to the same address, any of them may be this one: it is seen at least where all of them are.
    let places: Vec<&Rule> = written
        .map(|written| match written.place {
            Place { block: Some(block), .. } => page.body.blocks[block].rule,
            Place { teaser: true, .. } if page.body.divider => page.body.above,
            Place { .. } => page.access.rule,
        })
        .map(|rule| plan.book().rule(rule))
        .collect();
    assert!(!places.is_empty(), "{}: {text} leads nowhere", link.url);
    let mut told = 0;
    for kind in kinds {
        let all: Vec<&Rule> = places.iter().chain(rules).copied().collect();
        let given = link.readers.iter().find(|seen| seen.reader == kind.name).map(|seen| &seen.given);
        for moment in kind.moments(&all, Timestamp::saturating(CLOCK)) {
            if !places.iter().all(|place| place.holds_with(&moment.held, moment.now, moment.now)) {
                continue;
            }
            let any: &[Given] = match expected(manifest, &link.url, &moment.held, moment.now) {
                State::Open => &[Given::Open],
                State::Waiting => &[Given::Later, Given::Teaser, Given::Cover],
                State::Teaser => &[Given::Teaser, Given::Cover],
                // A visitor whom time lets in is told to sign in.
                State::Denied => &[Given::Denied, Given::Later],
                State::Hidden => &[Given::Hidden, Given::Gone],
            };
            let is_told = given.is_some_and(|given| any.iter().any(|any| given.contains(any)));
            assert!(is_told, "{} at {text} for {}: {given:?}, but {any:?} for {moment:?}", link.url, kind.name);
            told += 1;
        }
    }
    told
}

fn leads_to(plan: &Plan, link: &Link) -> String {
    let site = plan.site();
    match link.target {
        LinkTarget::Page(page) => site.page(page).unwrap().url.clone(),
        LinkTarget::Section(section) => site.section(section).unwrap().url.clone(),
        LinkTarget::File(FileId(file)) => site.files[file].url.clone(),
    }
}

#[test]
fn links_lead_where_decide_leads() {
    let (mut links, mut answers, mut told) = (0, BTreeSet::new(), 0);
    let first = number("AGREE_FIRST", 1);
    for seed in first..first + number("AGREE_SITES", 40) {
        let school = draw(seed);
        let folder = tempfile::tempdir().unwrap();
        let Some(plan) = plan(&school, folder.path()) else { continue };
        let manifest = build::model(&plan);
        let kinds = readers::kinds(&plan.site().config.catalogue);
        for link in Links::new(&plan).by_reader(folder.path()) {
            let Some(route) = manifest.routes.get(&link.url) else { continue };
            let variants = &manifest.policies[route.policy].variants;
            let rules: Vec<_> = variants.iter().map(|rule| &manifest.rules[*rule]).collect();
            for seen in &link.readers {
                let kind = kinds.iter().find(|kind| kind.name == seen.reader).unwrap();
                let moments = kind.moments(&rules, Timestamp::saturating(CLOCK));
                let states: BTreeSet<State> =
                    moments.iter().map(|moment| expected(&manifest, &link.url, &moment.held, moment.now)).collect();
                for given in &seen.given {
                    let state = match given {
                        Given::Open => State::Open,
                        Given::Later => State::Waiting,
                        Given::Teaser | Given::Cover => State::Teaser,
                        Given::Denied => State::Denied,
                        Given::Hidden | Given::Gone => State::Hidden,
                    };
                    // To a visitor whom time alone lets in, an edge says to sign in, where there is no page to say more.
                    let in_time = *given == Given::Later
                        && [State::Denied, State::Open].iter().all(|state| states.contains(state));
                    let place = format!("seed {seed}: {} at {} for {}", link.url, link.location, seen.reader);
                    assert!(states.contains(&state) || in_time, "{place}: {given:?}, but decide says {states:?}");
                    answers.insert(*given);
                }
            }
            told += all_is_told(&plan, &link, (&manifest, &kinds, &rules));
            links += 1;
        }
    }
    println!("{links} links: {answers:?}, {told} moments");
    assert!(links > 50 && answers.len() >= 4 && told > 500, "{links} links: {answers:?}, {told} moments");
}
