//! Lock badges that are right for every mix of tiers, bundles and time, without a page for each mix (design 5.2).
//!
//! A locked entry stands in lists for everybody, with opaque keys: one for each way in. Ways in that imply each other
//! form a chain, and every chain has one small stylesheet with one variant per step, which takes the badges away that
//! its reader has no need of. Where an entry opens for somebody in time, it has keys for those who wait as well: for them
//! other words take the place of the lock.
//!
//! A course whose every lesson drips by itself makes a long chain. So that its stylesheet does not name all steps in each of
//! its variants, a long chain is cut into blocks, and an entry bears the key of its block too.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::access::chains::chains;
use crate::access::gated::{RuleBook, RuleId};
use crate::access::rule::{Clause, Rule};
use crate::digest::sha256_hex;
use crate::plan::gates::{Form, Shape, Variant};
use crate::site::{Access, Site};
use crate::time::Length;

/// All badges of a site.
#[derive(Clone, Debug, Default)]
pub struct Badges {
    /// One stylesheet for each chain.
    pub sheets: Vec<Sheet>,
    /// Keys and stylesheets of every rule that locks an entry, by that rule, by who may know of the entry and who waits for it.
    locks: BTreeMap<Rules, Lock>,
}

/// Who may open an entry, who may know of it, and for whom it opens in time.
type Rules = (RuleId, RuleId, Option<RuleId>);

/// What an entry's badge needs.
#[derive(Clone, Debug)]
pub struct Lock {
    /// Opaque keys, separated by spaces.
    pub keys: String,
    /// The keys of those who wait; empty where nobody does.
    pub waiting: String,
    /// After what time of their membership it opens for those who wait, where that is the same for all.
    pub after: Option<Length>,
    /// The stylesheets that can take it away, indexes into [`Badges::sheets`].
    pub sheets: BTreeSet<usize>,
}

/// An unlock stylesheet.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Its URL.
    pub url: String,
    /// Its variants: the chain's steps, strongest first, then all who may know of its pages.
    pub shape: Arc<Shape>,
    /// What each variant says.
    pub texts: Vec<String>,
}

impl Badges {
    /// Works out the badges of all locked entries.
    #[must_use]
    pub fn new(site: &Site, book: &mut RuleBook) -> Self {
        // Apart by who may know of the pages: a stylesheet for all must not count what only some know of. A hidden page
        // is known to those alone who may open it, so it bears no lock.
        let mut steps: BTreeMap<RuleId, BTreeSet<Step>> = BTreeMap::new();
        let mut locked: BTreeSet<Rules> = BTreeSet::new();
        for access in site.pages.iter().map(|page| &page.access).filter(|access| access.rule != access.known) {
            steps.entry(access.known).or_default().extend(steps_of((access.rule, access.waiting), book));
            locked.insert((access.rule, access.known, access.waiting));
        }
        let of_all = steps.get(&RuleId::PUBLIC).cloned().unwrap_or_default();
        let mut badges = Self::default();
        // Its stylesheet, and the key of its block.
        let mut of_step: BTreeMap<(RuleId, Step), (usize, Option<String>)> = BTreeMap::new();
        for (known, mut steps) in steps {
            if known != RuleId::PUBLIC {
                steps.retain(|step| !of_all.contains(step));
            }
            let clauses = steps.iter().map(|(clause, _)| clause.clone()).collect();
            for chain in chains(&clauses) {
                let number = badges.sheets.len();
                let rungs = rungs(chain, &steps);
                badges.sheets.push(sheet(&rungs, known, book));
                for Rung { clause, opens, waits, block } in rungs {
                    let of = |(_, means): (String, Means)| ((known, (clause.clone(), means)), (number, block.clone()));
                    let taken = opens.map(|key| (key, OPENS)).into_iter().chain(waits.map(|key| (key, WAITS)));
                    of_step.extend(taken.map(of));
                }
            }
        }
        for rules in locked {
            let (rule, known, waiting) = rules;
            let steps = steps_of((rule, waiting), book);
            let of = |step: &Step| {
                let number = of_step.get(&(RuleId::PUBLIC, step.clone()));
                number.or_else(|| of_step.get(&(known, step.clone())))
            };
            let sheets = steps.iter().filter_map(of).map(|(sheet, _)| *sheet).collect();
            let blocks = steps.iter().filter(|(_, means)| *means == OPENS).filter_map(|step| of(step)?.1.clone());
            let blocks: BTreeSet<String> = blocks.collect();
            let keys = |means| steps.iter().filter(move |(_, other)| *other == means).map(key);
            let (keys, waiting) =
                (keys(OPENS).chain(blocks).collect::<Vec<_>>().join(" "), keys(WAITS).collect::<Vec<_>>().join(" "));
            badges.locks.insert(rules, Lock { keys, waiting, after: only_drip(book.rule(rule)), sheets });
        }
        badges
    }

    /// The lock of a page's entry, if it has one.
    #[must_use]
    pub fn lock(&self, access: &Access) -> Option<&Lock> {
        self.locks.get(&(access.rule, access.known, access.waiting))
    }

    /// The stylesheet with a number.
    #[must_use]
    pub fn sheet(&self, number: usize) -> Option<&Sheet> {
        self.sheets.get(number)
    }
}

/// A way in, and what it means for a badge.
type Step = (Clause, Means);

/// Whether a way in opens an entry, or lets somebody wait for it.
type Means = bool;
const OPENS: Means = false;
const WAITS: Means = true;

/// Both kinds of ways of an entry. What everybody waits for is nobody's own.
fn steps_of((rule, waiting): (RuleId, Option<RuleId>), book: &RuleBook) -> Vec<Step> {
    let opens = book.rule(rule).clauses().iter().map(|clause| (clause.clone(), OPENS));
    let waits = waiting.into_iter().flat_map(|waiting| book.rule(waiting).clauses());
    opens.chain(waits.filter(|clause| !clause.all.is_empty()).map(|clause| (clause.clone(), WAITS))).collect()
}

/// How long whoever waits for a rule waits from the start of a membership, where that is one length.
fn only_drip(rule: &Rule) -> Option<Length> {
    let drips = rule.clauses().iter().filter_map(|clause| clause.all.iter().map(|need| need.after).max());
    let drips: BTreeSet<Length> = drips.filter(|after| *after > Length::ZERO).collect();
    drips.first().copied().filter(|_| drips.len() == 1)
}

/// So many steps a chain has that is cut into blocks, and so many a block.
const LONG: usize = 64;
const BLOCK: usize = 32;

/// A step of a chain: a clause, and what is there for those who meet it.
struct Rung {
    clause: Clause,
    /// The key of what it opens.
    opens: Option<String>,
    /// The key of what it lets wait for.
    waits: Option<String>,
    /// The key of its block, in a long chain.
    block: Option<String>,
}

fn rungs(chain: Vec<Clause>, steps: &BTreeSet<Step>) -> Vec<Rung> {
    let rung = |clause: Clause| {
        let [opens, waits] = [OPENS, WAITS].map(|means| {
            let step = (clause.clone(), means);
            steps.contains(&step).then(|| key(&step))
        });
        Rung { clause, opens, waits, block: None }
    };
    let mut rungs: Vec<Rung> = chain.into_iter().map(rung).collect();
    if rungs.len() > LONG {
        for block in rungs.chunks_mut(BLOCK) {
            let keys: Vec<&str> = block.iter().filter_map(|rung| rung.opens.as_deref()).collect();
            let hash = sha256_hex(format!("tierpress block {}", keys.join(" ")).as_bytes());
            let key = format!("b{}", hash.chars().take(10).collect::<String>());
            let has_any = !keys.is_empty();
            block.iter_mut().for_each(|rung| rung.block = has_any.then(|| key.clone()));
        }
    }
    rungs
}

fn sheet(rungs: &[Rung], known: RuleId, book: &mut RuleBook) -> Sheet {
    let mut shape = Shape { variants: Vec::new(), open: 0 };
    let mut texts = Vec::new();
    for (number, rung) in rungs.iter().enumerate() {
        let requirement = book.enter(Rule::of(rung.clause.clone()));
        shape.variants.push(Variant { requirement, form: Form::Open, teaser: false });
        texts.push(text(rungs, number));
    }
    shape.variants.push(Variant { requirement: known, form: Form::Open, teaser: false });
    texts.push(String::new());
    shape.open = shape.variants.len();
    let keys: Vec<&str> =
        rungs.iter().flat_map(|rung| [&rung.opens, &rung.waits]).flatten().map(String::as_str).collect();
    let named = format!("{} {:?}", keys.join(" "), book.rule(known));
    let name: String = sha256_hex(named.as_bytes()).chars().take(16).collect();
    Sheet { url: format!("/_tierpress/unlock/{name}.css"), shape: Arc::new(shape), texts }
}

/// What a stylesheet says to a reader who has this step of it, and so all behind it. An entry may be open in one way and waited
/// for in another.
fn text(rungs: &[Rung], number: usize) -> String {
    let weaker = rungs.get(number..).unwrap_or_default();
    let own = rungs.get(number).and_then(|rung| rung.block.as_ref());
    let mut keys: Vec<&String> = Vec::new();
    for rung in weaker {
        let key = if rung.block.as_ref() == own { rung.opens.as_ref() } else { rung.block.as_ref() };
        // All of a block stand side by side.
        keys.extend(key.filter(|key| keys.last() != Some(key)));
    }
    let opens: Vec<String> = keys.iter().map(|key| format!("[data-access~=\"{key}\"]")).collect();
    let mut text = String::new();
    if !opens.is_empty() {
        text.push_str(&format!(":is({}) :is(.tp-lock,.tp-waits){{display:none!important}}\n", opens.join(",")));
    }
    for key in weaker.iter().filter_map(|rung| rung.waits.as_ref()) {
        let entry = format!("[data-waits~=\"{key}\"]");
        text.push_str(&format!("{entry} .tp-lock{{display:none}}{entry} .tp-waits{{display:inline-block}}\n"));
    }
    text
}

/// The opaque key of a way in, or of those who wait.
fn key((clause, means): &Step) -> String {
    let (word, letter) = if *means == OPENS { ("unlock", 'k') } else { ("wait", 'w') };
    let written = format!("tierpress {word} {clause:?}");
    let hash: String = sha256_hex(written.as_bytes()).chars().take(10).collect();
    format!("{letter}{hash}")
}
