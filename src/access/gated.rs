//! Values that are handed out only against a pass.
//!
//! This is where "no gated byte where its rule does not hold" becomes a type: text read from a page lives in a
//! [`Gated`], and the only way to it is [`Gated::open`] with a [`Pass`] whose requirement implies its rule. Passes are
//! made by `plan` alone, one per variant, from the requirement under which edges will serve that variant.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use crate::access::rule::Rule;

/// The number of a rule in a [`RuleBook`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct RuleId(usize);

impl RuleId {
    /// The rule that holds for everybody: the first of every book.
    pub const PUBLIC: Self = Self(0);

    /// Its place in [`RuleBook::rules`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0
    }
}

/// Every distinct rule of a site once, with what implies what.
#[derive(Debug)]
pub struct RuleBook {
    rules: Vec<Rule>,
    ids: BTreeMap<Rule, RuleId>,
    implied: RwLock<BTreeMap<(RuleId, RuleId), bool>>,
}

impl Default for RuleBook {
    fn default() -> Self {
        let ids = BTreeMap::from([(Rule::public(), RuleId::PUBLIC)]);
        Self { rules: vec![Rule::public()], ids, implied: RwLock::default() }
    }
}

impl Clone for RuleBook {
    fn clone(&self) -> Self {
        let implied = self.implied.read().unwrap_or_else(PoisonError::into_inner).clone();
        Self { rules: self.rules.clone(), ids: self.ids.clone(), implied: RwLock::new(implied) }
    }
}

impl RuleBook {
    /// The number of a rule, entered if it is new.
    pub fn enter(&mut self, rule: Rule) -> RuleId {
        if let Some(id) = self.ids.get(&rule) {
            return *id;
        }
        let id = RuleId(self.rules.len());
        self.rules.push(rule.clone());
        self.ids.insert(rule, id);
        id
    }

    /// All rules in the order of their numbers.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule of a number; nobody's for a number of another book.
    #[must_use]
    pub fn rule(&self, id: RuleId) -> &Rule {
        static NOBODY: std::sync::LazyLock<Rule> = std::sync::LazyLock::new(Rule::nobody);
        self.rules.get(id.0).unwrap_or(&NOBODY)
    }

    /// Whether whoever satisfies `a` satisfies `b`, at every instant. Remembered.
    #[must_use]
    pub fn implies(&self, a: RuleId, b: RuleId) -> bool {
        if a == b || b == RuleId::PUBLIC {
            return true;
        }
        let known = self.implied.read().unwrap_or_else(PoisonError::into_inner).get(&(a, b)).copied();
        known.unwrap_or_else(|| {
            let implied = self.rule(a).implies(self.rule(b));
            self.implied.write().unwrap_or_else(PoisonError::into_inner).insert((a, b), implied);
            implied
        })
    }
}

/// A value under a rule.
#[derive(Clone, Debug)]
pub struct Gated<T> {
    rule: RuleId,
    value: T,
}

impl<T> Gated<T> {
    /// Puts a value under a rule.
    #[must_use]
    pub fn new(rule: RuleId, value: T) -> Self {
        Self { rule, value }
    }

    /// The rule it is under.
    #[must_use]
    pub fn rule(&self) -> RuleId {
        self.rule
    }

    /// The value, if the pass's requirement implies the rule.
    #[must_use]
    pub fn open(&self, pass: &Pass<'_>) -> Option<&T> {
        pass.book.implies(pass.requirement, self.rule).then_some(&self.value)
    }
}

/// What a variant may show: the requirement under which edges serve it.
#[derive(Clone, Copy, Debug)]
pub struct Pass<'a> {
    book: &'a RuleBook,
    requirement: RuleId,
}

impl<'a> Pass<'a> {
    /// A pass for a variant that is served under `requirement`. For `plan` alone: `tests/it/tidy.rs` sees to it.
    #[must_use]
    pub fn under(book: &'a RuleBook, requirement: RuleId) -> Self {
        Self { book, requirement }
    }

    /// The requirement.
    #[must_use]
    pub fn requirement(&self) -> RuleId {
        self.requirement
    }

    /// Whether everybody who is served this variant satisfies a rule.
    #[must_use]
    pub fn implies(&self, rule: RuleId) -> bool {
        self.book.implies(self.requirement, rule)
    }
}
