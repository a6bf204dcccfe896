//! What `diff` says of texts, compared with what readers are served: on random pages whose sentences wander through gates.

use std::collections::{BTreeMap, BTreeSet};

use tierpress::access::entitlement::{Entitlement, Reader};
use tierpress::build::{self, Request};
use tierpress::edge;
use tierpress::manifest::Manifest;
use tierpress::review::diff::{Change, Compared, Diff, Way};
use tierpress::review::texts::Texts;
use tierpress::time::Timestamp;

use crate::access::{at, id};
use crate::built::NOW_SECONDS;
use crate::exact::school::Dice;
use crate::fixture::Fixture;

const ACCESS: [&str; 4] = ["public", "basic", "pro", "rust-course"];
const PAGES: usize = 24;

/// A page: who opens it, its sentences with their gates (none: no block), and before which of them the divider is.
#[derive(Clone, Debug)]
struct Drawn {
    access: &'static str,
    sentences: Vec<(usize, Option<&'static str>)>,
    divider: Option<usize>,
}

fn sentence(page: usize, number: usize) -> String {
    format!("On page {page} this is the sentence that has the number zq{number}q.")
}

fn drawn(dice: &mut Dice) -> Drawn {
    let gate = |dice: &mut Dice| if dice.chance(50) { None } else { Some(dice.pick(&ACCESS[1..])) };
    let sentences: Vec<_> = (0..6).map(|number| (number, gate(dice))).collect();
    let divider = dice.chance(50).then(|| dice.below(sentences.len() + 1));
    Drawn { access: dice.pick(&ACCESS), sentences, divider }
}

fn changed(page: &Drawn, dice: &mut Dice) -> Drawn {
    let mut changed = page.clone();
    for _ in 0..dice.below(3) {
        let place = dice.below(changed.sentences.len());
        match dice.below(6) {
            0 => changed.sentences[place].1 = None,
            1 => changed.sentences[place].1 = Some(dice.pick(&ACCESS[1..])),
            2 => changed.divider = dice.chance(80).then(|| dice.below(changed.sentences.len() + 1)),
            3 => {
                let sentence = changed.sentences.remove(place);
                let to = dice.below(changed.sentences.len() + 1);
                changed.sentences.insert(to, sentence);
            }
            4 => changed.sentences[place].0 = 6 + dice.below(3),
            _ => changed.access = dice.pick(&ACCESS),
        }
    }
    changed
}

fn written(number: usize, page: &Drawn) -> String {
    let mut text = format!("---\ntitle: Page\naccess: {}\n---\n\n", page.access);
    for (place, (sentence_number, gate)) in page.sentences.iter().enumerate() {
        if page.divider == Some(place) {
            text.push_str("<!-- more -->\n\n");
        }
        let sentence = sentence(number, *sentence_number);
        match gate {
            Some(gate) => text.push_str(&format!("<!-- access: {gate} -->\n\n{sentence}\n\n<!-- /access -->\n\n")),
            None => text.push_str(&format!("{sentence}\n\n")),
        }
    }
    if page.divider == Some(page.sentences.len()) {
        text.push_str("<!-- more -->\n");
    }
    text
}

/// A build: its manifest, what it says for reviews, and its objects.
struct Side {
    manifest: Manifest,
    texts: Texts,
    site: Fixture,
}

fn side(pages: &[Drawn]) -> Side {
    let site = Fixture::new("");
    pages
        .iter()
        .enumerate()
        .for_each(|(number, page)| site.write(&format!("content/p{number}.md"), written(number, page)));
    site.build().unwrap_or_else(|faults| panic!("{}", faults.iter().map(ToString::to_string).collect::<String>()));
    let read = |name: &str| std::fs::read(site.out().join(name)).unwrap();
    let (manifest, texts) = (read("manifest.json"), read("review.json"));
    Side { manifest: Manifest::parse(&manifest).unwrap(), texts: Texts::parse(&texts).unwrap(), site }
}

impl Side {
    /// Whether a reader has the page itself, and the numbers of the sentences that they are served.
    fn served(&self, page: usize, held: &[Entitlement]) -> (bool, BTreeSet<usize>) {
        let reader = if held.is_empty() { Reader::Visitor } else { Reader::Member(held.to_vec()) };
        let target = format!("/p{page}/");
        let now = Timestamp::saturating(NOW_SECONDS);
        let request =
            edge::Request { method: "GET", target: target.as_bytes(), reader: &reader, now, html_navigation: false };
        let decision = edge::decide(&self.manifest, &request);
        let object = self.site.out().join("objects").join(decision.object.unwrap());
        let html = std::fs::read_to_string(object).unwrap();
        let shown = (0..9).filter(|number| html.contains(&format!("zq{number}q"))).collect();
        (decision.outcome == edge::Outcome::Open, shown)
    }
}

fn readers() -> Vec<Vec<Entitlement>> {
    let hold = |ids: &[&str]| ids.iter().map(|value| Entitlement::new(id(value), at(0))).collect();
    [
        &[][..],
        &["free"],
        &["basic"],
        &["pro"],
        &["free", "rust-course"],
        &["basic", "rust-course"],
        &["pro", "rust-course"],
    ]
    .map(hold)
    .to_vec()
}

#[test]
fn what_is_said_of_texts_is_what_readers_are_served() {
    let mut counts: BTreeMap<(bool, bool), usize> = BTreeMap::new();
    for seed in 0..6 {
        let mut dice = Dice(seed ^ 0x7e87);
        let old: Vec<Drawn> = (0..PAGES).map(|_| drawn(&mut dice)).collect();
        let new: Vec<Drawn> = old.iter().map(|page| changed(page, &mut dice)).collect();
        let (before, after) = (side(&old), side(&new));
        let compared = |side: &'_ Side| Diff::between(side.compared(), side.compared());
        assert!(compared(&before).changes.is_empty(), "seed {seed}");
        let diff = Diff::between(before.compared(), after.compared());
        for page in 0..PAGES {
            let path = format!("/p{page}/");
            let change = diff.changes.iter().find(|change| change.path == path);
            let ways = |of: fn(&Change) -> Vec<&Way>| change.map(of).unwrap_or_default();
            let opened = ways(|change| change.access.opened.iter().collect());
            let closed = ways(|change| change.access.closed.iter().collect());
            let parts_opened = ways(|change| change.parts.iter().flat_map(|parts| &parts.opened).collect());
            let parts_closed = ways(|change| change.parts.iter().flat_map(|parts| &parts.closed).collect());
            let numbers = |page: &Drawn| page.sentences.iter().map(|(number, _)| *number).collect::<BTreeSet<_>>();
            let both: BTreeSet<usize> = numbers(&old[page]).intersection(&numbers(&new[page])).copied().collect();
            for held in readers() {
                let (was_open, had) = before.served(page, &held);
                let (is_open, has) = after.served(page, &held);
                let now = Timestamp::saturating(NOW_SECONDS);
                let covered = |ways: &[&Way]| ways.iter().any(|way| way.covers(&held, now));
                let gained = has.difference(&had).any(|number| both.contains(number));
                let lost = had.difference(&has).any(|number| both.contains(number));
                let (opens, closes) = (is_open && !was_open, was_open && !is_open);
                let context =
                    format!("seed {seed} {path} for {held:?}: {:#?}\n{:#?}\n{change:#?}", old[page], new[page]);
                assert_eq!(covered(&opened), opens, "{context}");
                assert_eq!(covered(&closed), closes, "{context}");
                // Of a page that opens to them readers are told once.
                assert_eq!(covered(&parts_opened), gained && !opens, "opened: {context}");
                assert_eq!(covered(&parts_closed), lost && !closes, "closed: {context}");
                *counts.entry((gained && !opens, lost && !closes)).or_default() += 1;
            }
        }
    }
    println!("(opened, closed): how often {counts:?}");
    assert!(counts[&(true, false)] > 40 && counts[&(false, true)] > 40, "{counts:?}");
}

impl Side {
    fn compared(&self) -> Compared<'_> {
        Compared { manifest: &self.manifest, texts: Some(&self.texts) }
    }
}

#[test]
fn the_file_for_reviews_holds_no_text_and_is_never_served() {
    let site = Fixture::new(
        "---\ntitle: Openly\naccess: public\n---\nOpen text.\n\n<!-- access: pro -->\n\nThe canary sings in the cellar.\n\n<!-- /access -->\n",
    );
    site.build().unwrap();
    let review = std::fs::read_to_string(site.out().join("review.json")).unwrap();
    assert!(review.contains("/a/") && !review.contains("canary") && !review.contains("Open text"), "{review}");
    let manifest = std::fs::read_to_string(site.out().join("manifest.json")).unwrap();
    assert!(!manifest.contains("review"), "{manifest}");
    let note = std::fs::read_to_string(site.out().join("README.txt")).unwrap();
    assert!(note.contains("review.json"), "{note}");
    let public = tierpress::fs::walk(&site.out().join("public")).unwrap();
    assert!(!public.iter().any(|entry| entry.path.ends_with("review.json")));
    // What is lost comes back with the next build, though nothing else changed; and then nothing has to be done.
    std::fs::remove_file(site.out().join("review.json")).unwrap();
    assert!(!site.build().unwrap().unchanged);
    assert_eq!(std::fs::read_to_string(site.out().join("review.json")).unwrap(), review);
    assert!(site.build().unwrap().unchanged);
    for damaged in
        ["", "{}", &review.replace("tierpress-review/3", "tierpress-review/2"), &review.replace("[0,", "[9,")]
    {
        assert!(Texts::parse(damaged.as_bytes()).is_err(), "{damaged}");
    }
}

#[test]
fn a_build_says_what_left_its_gate() {
    let blocks = |first: &str| {
        let gated = |text: &str| format!("<!-- access: pro -->\n\n{text}\n\n<!-- /access -->\n");
        format!("---\naccess: public\n---\n{first}\n\n{}", gated("The second secret is that one."))
    };
    let secret = "The first secret is this one.";
    let site = Fixture::new(&blocks(&format!("<!-- access: pro -->\n\n{secret}\n\n<!-- /access -->")));
    site.build().unwrap();
    let untold = std::fs::read(site.out().join("review.json")).unwrap();
    site.write("content/a.md", blocks(secret));
    let opened = site.build().unwrap().opened;
    let said: Vec<_> =
        opened.iter().map(|opened| (opened.path.as_str(), opened.readers.join(", "), opened.part)).collect();
    assert_eq!(said, [("/a/", "visitors, members of free or basic".to_owned(), true)]);
    // What another build left says nothing of this one.
    std::fs::write(site.out().join("review.json"), untold).unwrap();
    site.write("content/a.md", blocks("Nothing."));
    assert!(site.build().unwrap().opened.is_empty());
}

#[test]
fn a_strict_build_does_not_publish_what_left_its_page() {
    let site = Fixture::new("---\naccess: public\n---\nOpen.\n");
    site.write(
        "content/p.md",
        "---\naccess: pro\n---\nThe *canary* sings in the cellar. It is yellow, and it is blind.\n",
    );
    let strict = || {
        let (root, out) = (site.root(), site.out());
        build::build(&Request { strict: true, ..site.request(&root, &out) }).unwrap()
    };
    assert!(!strict().withheld, "there is nothing to compare with");
    let public = || {
        let files = tierpress::fs::walk(&site.out().join("public")).unwrap();
        let read = |path: &std::path::Path| String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned();
        let files = files.iter().filter(|entry| entry.path.extension().is_some_and(|extension| extension == "html"));
        files.map(|entry| read(&entry.path)).collect::<String>()
    };
    let before = public();
    assert!(!before.contains("in the cellar"));
    // The gated page is gone, and no address leads from it.
    std::fs::remove_file(site.root().join("content/p.md")).unwrap();
    site.write(
        "content/q.md",
        "---\naccess: public\n---\nOnce more: it is so.\n\n## The canary sings in the **cellar**\n",
    );
    for _ in 0..2 {
        let built = strict();
        let said: Vec<_> = built.opened.iter().map(|opened| (opened.path.as_str(), opened.part)).collect();
        assert_eq!((said, built.withheld), (vec![("/q/", true)], true));
        assert_eq!(public(), before);
    }
    let built = site.build().unwrap();
    assert!(!built.withheld && built.opened.len() == 1 && public().contains("The canary sings in the"));
    assert!(strict().opened.is_empty(), "what is published is not opened again");
}
