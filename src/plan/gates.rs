//! From gates to variants: which sets of gates a reader can find open, and what each set is served under.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::catalogue::Cancellation;
use crate::access::gated::{RuleBook, RuleId};
use crate::access::reach;
use crate::access::rule::Rule;
use crate::plan::MOST_VARIANTS;
use crate::time::Timestamp;

/// The gates of one output.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Gates {
    /// Who may know of it.
    pub known: RuleId,
    /// Who may open it.
    pub rule: RuleId,
    /// Who will be able to.
    pub waiting: Option<RuleId>,
    /// Who reads the part above the divider.
    pub teaser: RuleId,
    /// Blocks, and entries of lists that not everybody may know of.
    pub others: Vec<RuleId>,
}

/// How much of a page a variant shows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Form {
    /// The page itself.
    Open,
    /// What it shows to those who will be able to open it.
    Waiting,
    /// What stands above the divider.
    Teaser,
    /// Title, description and what opens it.
    Cover,
}

/// One form of an output's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Variant {
    /// Under which it is served, and which alone decides what is in it.
    pub requirement: RuleId,
    /// How much of the page it shows.
    pub form: Form,
    /// Whether a waiting form shows what stands above the divider as well.
    pub teaser: bool,
}

/// The variants of an output in the order in which an edge tries them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Never empty, but for outputs that nobody can reach.
    pub variants: Vec<Variant>,
    /// How many of them, from the first, are the thing itself.
    pub open: usize,
}

impl Shape {
    /// One form, for everybody.
    #[must_use]
    pub fn public() -> Self {
        Self { variants: vec![Variant { requirement: RuleId::PUBLIC, form: Form::Open, teaser: false }], open: 1 }
    }
}

/// Works out shapes, each distinct combination of gates once.
#[derive(Debug)]
pub struct Shapes {
    clock: Timestamp,
    cancellation: Cancellation,
    known: BTreeMap<Gates, Arc<Shape>>,
    both: BTreeMap<(RuleId, RuleId), RuleId>,
}

impl Shapes {
    /// For a build's clock, and what a site's cancelled members keep.
    #[must_use]
    pub fn new(clock: Timestamp, cancellation: Cancellation) -> Self {
        Self { clock, cancellation, known: BTreeMap::new(), both: BTreeMap::new() }
    }

    /// The shape that gates make.
    ///
    /// # Errors
    ///
    /// The gates themselves, where they make more than [`MOST_VARIANTS`] variants.
    pub fn shape(&mut self, mut gates: Gates, book: &mut RuleBook) -> Result<Arc<Shape>, Vec<RuleId>> {
        gates.others.sort_unstable();
        gates.others.dedup();
        gates.others.retain(|rule| !book.implies(gates.known, *rule) && !book.rule(*rule).is_nobody());
        if let Some(shape) = self.known.get(&gates) {
            return Ok(Arc::clone(shape));
        }
        let shape = Arc::new(self.make(&gates, book)?);
        self.known.insert(gates, Arc::clone(&shape));
        Ok(shape)
    }

    fn make(&mut self, gates: &Gates, book: &mut RuleBook) -> Result<Shape, Vec<RuleId>> {
        let list = Numbered::new(gates, book);
        let rules: Vec<Rule> = list.rules.iter().map(|rule| book.rule(*rule).clone()).collect();
        let sets = reach::reachable(&rules, self.clock, MOST_VARIANTS * 4).map_err(|_| gates.others.clone())?;
        let mut found: Vec<(Form, Vec<usize>, bool)> = Vec::new();
        for set in sets.iter().filter(|set| set.contains(0)) {
            let form = list.form(|gate| set.contains(gate));
            let teaser = list.teaser.is_some_and(|gate| set.contains(gate));
            let matters = |gate: &usize| form != Form::Open || !list.is_of_locked_forms(*gate);
            let members: Vec<usize> = set.iter().filter(matters).collect();
            if !found.iter().any(|(known, others, _)| *known == form && *others == members) {
                found.push((form, members, teaser && form != Form::Open));
            }
        }
        // The page itself before its waiting form, that before the rest; larger sets first within each.
        found.sort_by_key(|(form, members, _)| ((*form).min(Form::Teaser), std::cmp::Reverse(members.len())));
        let mut shape = Shape { variants: Vec::new(), open: 0 };
        for (form, members, teaser) in found {
            let requirement = members.iter().filter_map(|gate| list.rules.get(*gate)).copied().collect::<Vec<_>>();
            let requirement = requirement.into_iter().fold(RuleId::PUBLIC, |all, rule| self.and(all, rule, book));
            let reached = !shape.variants.iter().any(|earlier| book.implies(requirement, earlier.requirement));
            if reached && !book.rule(requirement).is_nobody() {
                shape.open += usize::from(form == Form::Open);
                shape.variants.push(Variant { requirement, form, teaser });
            }
        }
        if shape.variants.len() > MOST_VARIANTS { Err(gates.others.clone()) } else { Ok(shape) }
    }

    fn and(&mut self, a: RuleId, b: RuleId, book: &mut RuleBook) -> RuleId {
        if book.implies(a, b) {
            return a;
        }
        if book.implies(b, a) {
            return b;
        }
        *self.both.entry((a, b)).or_insert_with(|| {
            // Settled once more: where nothing is ever frozen, two beginnings leave nothing for edges to tell apart.
            let rule = book.rule(a).and(book.rule(b)).settled(self.clock, self.cancellation);
            book.enter(rule)
        })
    }
}

/// Gates with their parts in a page; the first is who may know of it.
struct Numbered {
    rules: Vec<RuleId>,
    open: usize,
    waiting: Option<usize>,
    teaser: Option<usize>,
    others: Vec<RuleId>,
}

impl Numbered {
    fn new(gates: &Gates, book: &RuleBook) -> Self {
        let mut rules = vec![gates.known];
        let mut add = |rule: RuleId| {
            rules.iter().position(|known| *known == rule).unwrap_or_else(|| {
                rules.push(rule);
                rules.len() - 1
            })
        };
        let open = add(gates.rule);
        let waiting = gates.waiting.filter(|rule| !book.rule(*rule).is_nobody()).map(&mut add);
        let teaser = Some(gates.teaser).filter(|rule| !book.rule(*rule).is_nobody()).map(&mut add);
        gates.others.iter().for_each(|rule| {
            add(*rule);
        });
        Self { rules, open, waiting, teaser, others: gates.others.clone() }
    }

    fn form(&self, is_open: impl Fn(usize) -> bool) -> Form {
        if is_open(self.open) {
            Form::Open
        } else if self.waiting.is_some_and(&is_open) {
            Form::Waiting
        } else if self.teaser.is_some_and(is_open) {
            Form::Teaser
        } else {
            Form::Cover
        }
    }

    /// Whether a gate tells locked forms apart and nothing else.
    fn is_of_locked_forms(&self, gate: usize) -> bool {
        let listed = self.rules.get(gate).is_some_and(|rule| self.others.contains(rule));
        (self.teaser == Some(gate) || self.waiting == Some(gate)) && gate != 0 && gate != self.open && !listed
    }
}
