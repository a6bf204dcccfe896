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
#[derive(Debug, Default)]
pub struct Badges {
    /// One stylesheet for each chain.
    pub sheets: Vec<Sheet>,
    /// Keys and stylesheets of every rule that locks an entry; for hidden pages apart.
    locks: BTreeMap<(RuleId, bool), Lock>,
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
#[derive(Debug)]
pub struct Sheet {
    /// Its URL.
    pub url: String,
    /// Its variants: the chain's steps, strongest first, then everybody.
    pub shape: Arc<Shape>,
    /// What each variant says.
    pub texts: Vec<String>,
}

impl Badges {
    /// Works out the badges of all locked entries.
    #[must_use]
    pub fn new(site: &Site, book: &mut RuleBook) -> Self {
        let mut visible: BTreeSet<Clause> = BTreeSet::new();
        let mut secret: BTreeSet<Clause> = BTreeSet::new();
        let mut locked: BTreeSet<(RuleId, bool)> = BTreeSet::new();
        for page in &site.pages {
            let rule = page.access.rule;
            if rule != page.access.known || page.access.hidden {
                let clauses = book.rule(rule).clauses().iter().cloned();
                if page.access.hidden {
                    secret.extend(clauses)
                } else {
                    visible.extend(clauses)
                }
                locked.insert((rule, page.access.hidden));
            }
        }
        // What visible pages use as well tells nothing about hidden ones.
        let secret: BTreeSet<Clause> = secret.difference(&visible).cloned().collect();
        let mut badges = Self::default();
        let mut of_clause: BTreeMap<Clause, usize> = BTreeMap::new();
        for chain in chains(&visible).into_iter().chain(chains(&secret)) {
            let number = badges.sheets.len();
            of_clause.extend(chain.iter().map(|clause| (clause.clone(), number)));
            badges.sheets.push(sheet(&chain, book));
        }
        for (rule, hidden) in locked {
            let clauses = book.rule(rule).clauses();
            let keys: Vec<String> = clauses.iter().map(key).collect();
            let sheets = clauses.iter().filter_map(|clause| of_clause.get(clause)).copied().collect();
            badges.locks.insert((rule, hidden), Lock { keys: keys.join(" "), sheets });
        }
        badges
    }

    /// The lock of an entry under a rule, if it has one.
    #[must_use]
    pub fn lock(&self, rule: RuleId, hidden: bool) -> Option<&Lock> {
        self.locks.get(&(rule, hidden))
    }

    /// The stylesheet with a number.
    #[must_use]
    pub fn sheet(&self, number: usize) -> Option<&Sheet> {
        self.sheets.get(number)
    }
}

fn sheet(chain: &[Clause], book: &mut RuleBook) -> Sheet {
    let keys: Vec<String> = chain.iter().map(key).collect();
    let mut shape = Shape { variants: Vec::new(), open: 0 };
    let mut texts = Vec::new();
    for (step, clause) in chain.iter().enumerate() {
        let requirement = book.enter(Rule::of(clause.clone()));
        shape.variants.push(Variant { requirement, form: Form::Open, teaser: false });
        let weaker = keys.iter().skip(step).map(|key| format!("[data-access~=\"{key}\"] .tp-lock"));
        texts.push(format!("{}{{display:none}}\n", weaker.collect::<Vec<_>>().join(",")));
    }
    shape.variants.push(Variant { requirement: RuleId::PUBLIC, form: Form::Open, teaser: false });
    texts.push(String::new());
    shape.open = shape.variants.len();
    let name: String = sha256_hex(keys.join(" ").as_bytes()).chars().take(16).collect();
    Sheet { url: format!("/_tierpress/unlock/{name}.css"), shape: Arc::new(shape), texts }
}

/// The opaque key of a way in.
fn key(clause: &Clause) -> String {
    let written = format!("tierpress unlock {clause:?}");
    let hash: String = sha256_hex(written.as_bytes()).chars().take(10).collect();
    format!("k{hash}")
}
