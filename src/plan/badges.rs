//! Lock badges that are right for every mix of tiers, bundles and time, without a page for each mix (design 5.2).
//!
//! A locked entry stands in lists for everybody, with opaque keys: one for each way in. Ways in that imply each other
//! form a chain, and every chain has one small stylesheet with one variant per step, which takes the badges away that
//! its reader has no need of.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::access::chains::chains;
use crate::access::gated::{RuleBook, RuleId};
use crate::access::rule::{Clause, Rule};
use crate::digest::sha256_hex;
use crate::plan::gates::{Form, Shape, Variant};
use crate::site::Site;

/// All badges of a site.
#[derive(Clone, Debug, Default)]
pub struct Badges {
    /// One stylesheet for each chain.
    pub sheets: Vec<Sheet>,
    /// Keys and stylesheets of every rule that locks an entry, by that rule and by who may know of the entry.
    locks: BTreeMap<(RuleId, RuleId), Lock>,
}

/// What an entry's badge needs.
#[derive(Clone, Debug)]
pub struct Lock {
    /// Opaque keys, separated by spaces.
    pub keys: String,
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
        let mut clauses: BTreeMap<RuleId, BTreeSet<Clause>> = BTreeMap::new();
        let mut locked: BTreeSet<(RuleId, RuleId)> = BTreeSet::new();
        for access in site.pages.iter().map(|page| &page.access).filter(|access| access.rule != access.known) {
            clauses.entry(access.known).or_default().extend(book.rule(access.rule).clauses().iter().cloned());
            locked.insert((access.rule, access.known));
        }
        let of_all = clauses.get(&RuleId::PUBLIC).cloned().unwrap_or_default();
        let mut badges = Self::default();
        let mut of_clause: BTreeMap<(RuleId, Clause), usize> = BTreeMap::new();
        for (known, mut clauses) in clauses {
            if known != RuleId::PUBLIC {
                clauses.retain(|clause| !of_all.contains(clause));
            }
            for chain in chains(&clauses) {
                let number = badges.sheets.len();
                of_clause.extend(chain.iter().map(|clause| ((known, clause.clone()), number)));
                badges.sheets.push(sheet(&chain, known, book));
            }
        }
        for (rule, known) in locked {
            let clauses = book.rule(rule).clauses();
            let keys: Vec<String> = clauses.iter().map(key).collect();
            let of = |clause: &Clause| {
                let number = of_clause.get(&(RuleId::PUBLIC, clause.clone()));
                number.or_else(|| of_clause.get(&(known, clause.clone()))).copied()
            };
            let sheets = clauses.iter().filter_map(of).collect();
            badges.locks.insert((rule, known), Lock { keys: keys.join(" "), sheets });
        }
        badges
    }

    /// The lock of an entry under a rule that those of another may know of, if it has one.
    #[must_use]
    pub fn lock(&self, rule: RuleId, known: RuleId) -> Option<&Lock> {
        self.locks.get(&(rule, known))
    }

    /// The stylesheet with a number.
    #[must_use]
    pub fn sheet(&self, number: usize) -> Option<&Sheet> {
        self.sheets.get(number)
    }
}

fn sheet(chain: &[Clause], known: RuleId, book: &mut RuleBook) -> Sheet {
    let keys: Vec<String> = chain.iter().map(key).collect();
    let mut shape = Shape { variants: Vec::new(), open: 0 };
    let mut texts = Vec::new();
    for (step, clause) in chain.iter().enumerate() {
        let requirement = book.enter(Rule::of(clause.clone()));
        shape.variants.push(Variant { requirement, form: Form::Open, teaser: false });
        let weaker = keys.iter().skip(step).map(|key| format!("[data-access~=\"{key}\"] .tp-lock"));
        texts.push(format!("{}{{display:none}}\n", weaker.collect::<Vec<_>>().join(",")));
    }
    shape.variants.push(Variant { requirement: known, form: Form::Open, teaser: false });
    texts.push(String::new());
    shape.open = shape.variants.len();
    let named = format!("{} {:?}", keys.join(" "), book.rule(known));
    let name: String = sha256_hex(named.as_bytes()).chars().take(16).collect();
    Sheet { url: format!("/_tierpress/unlock/{name}.css"), shape: Arc::new(shape), texts }
}

/// The opaque key of a way in.
fn key(clause: &Clause) -> String {
    let written = format!("tierpress unlock {clause:?}");
    let hash: String = sha256_hex(written.as_bytes()).chars().take(10).collect();
    format!("k{hash}")
}
