//! The catalogue: which tiers and bundles there are, in which order, and what they were called before.
//!
//! It refuses to exist with a fault in it: [`Catalogue::new`] is the only door. It knows nothing of products or members.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::time::period::Period;

/// Ranked access: a member holds exactly one tier, and a higher one opens all that a lower one opens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tier {
    /// Its permanent id.
    pub id: Id,
    /// What readers call it.
    pub title: String,
    /// Whether it costs nothing.
    pub free: bool,
    /// Words for the paywall.
    pub price: Option<String>,
    /// Where it is sold.
    pub buy: Option<String>,
    /// Former ids, still accepted in tags and tokens.
    pub also: Vec<Id>,
    /// Bundles that come with it.
    pub includes: Vec<Id>,
    /// After how long a grant of it ends by itself.
    pub expires_after: Option<Period>,
    /// The tier that its members are given when it ends.
    pub downgrade_to: Option<Id>,
}

/// A-la-carte access to one body of content: a member holds any number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bundle {
    /// Its permanent id.
    pub id: Id,
    /// What readers call it.
    pub title: String,
    /// Whether it costs nothing.
    pub free: bool,
    /// Words for the paywall.
    pub price: Option<String>,
    /// Where it is sold.
    pub buy: Option<String>,
    /// Former ids, still accepted in tags and tokens.
    pub also: Vec<Id>,
    /// After how long a grant of it ends by itself.
    pub expires_after: Option<Period>,
}

/// What happens to what a member could read when they cancel.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cancellation {
    /// Access ends.
    #[default]
    Hard,
    /// What was open stays open, nothing new opens: the entitlement is frozen.
    KeepUnlocked,
}

/// Whether an id is a tier or a bundle.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A tier.
    Tier,
    /// A bundle.
    Bundle,
}

/// What [`Catalogue::lookup`] found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Found {
    /// The id of today.
    pub id: Id,
    /// What it names.
    pub kind: Kind,
    /// Whether a former id was asked for.
    pub former: bool,
}

/// A fault in the catalogue.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct CatalogueFault {
    /// The id at fault as it is written, so that its line can be found; none where something is missing.
    pub id: Option<Id>,
    /// For an id that is given twice: which of its declarations is at fault, from 0, where `id` and `also` count, tiers
    /// before bundles. Else 0.
    pub occurrence: usize,
    /// The key beside that id whose value is at fault; none where the id itself is.
    pub key: Option<&'static str>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// The tiers, lowest first, and the bundles of a site.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Catalogue {
    tiers: Vec<Tier>,
    bundles: Vec<Bundle>,
    default_tier: Option<Id>,
    cancellation: Cancellation,
    names: BTreeMap<Id, Found>,
}

impl Catalogue {
    /// Checks the pieces and puts them together.
    ///
    /// # Errors
    /// Every fault there is: ids that are given twice (tiers, bundles and former ids share one namespace), bundles that
    /// are included and do not exist, a default tier that is missing, unknown, not free or that ends by itself; the same of
    /// a tier that another one becomes.
    pub fn new(
        tiers: Vec<Tier>,
        bundles: Vec<Bundle>,
        default_tier: Option<Id>,
        cancellation: Cancellation,
    ) -> Result<Self, Vec<CatalogueFault>> {
        let names = BTreeMap::new();
        let mut catalogue = Self { tiers, bundles, default_tier, cancellation, names };
        let mut faults = catalogue.index();
        faults.extend(catalogue.unknown_includes());
        faults.extend(catalogue.default_tier_fault());
        faults.extend(catalogue.tiers.iter().filter_map(|tier| catalogue.ending_fault(tier)));
        if faults.is_empty() { Ok(catalogue) } else { Err(faults) }
    }

    /// A site without tiers and bundles: everything is public.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// The tiers, lowest first.
    #[must_use]
    pub fn tiers(&self) -> &[Tier] {
        &self.tiers
    }

    /// The bundles, as they are written.
    #[must_use]
    pub fn bundles(&self) -> &[Bundle] {
        &self.bundles
    }

    /// The tier that a bundle buyer without a tier is given.
    #[must_use]
    pub fn default_tier(&self) -> Option<&Id> {
        self.default_tier.as_ref()
    }

    /// What cancelling does.
    #[must_use]
    pub fn cancellation(&self) -> Cancellation {
        self.cancellation
    }

    /// Whether there is nothing to hold at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tiers.is_empty() && self.bundles.is_empty()
    }

    /// The ids of today: tiers from the lowest, then bundles.
    pub fn ids(&self) -> impl Iterator<Item = &Id> {
        self.tiers.iter().map(|tier| &tier.id).chain(self.bundles.iter().map(|bundle| &bundle.id))
    }

    /// What a written id names, former ids included.
    #[must_use]
    pub fn lookup(&self, text: &str) -> Option<Found> {
        text.parse::<Id>().ok().and_then(|id| self.names.get(&id).cloned())
    }

    /// What kind of thing an id names, if any; former ids included.
    #[must_use]
    pub fn kind(&self, id: &Id) -> Option<Kind> {
        self.names.get(id).map(|found| found.kind)
    }

    /// The id that was probably meant. Former ids are not offered.
    #[must_use]
    pub fn nearest(&self, text: &str) -> Option<&str> {
        crate::diagnostic::nearest(&text.to_lowercase(), self.ids().map(Id::as_str))
    }

    /// What readers call it.
    #[must_use]
    pub fn title(&self, id: &Id) -> Option<&str> {
        self.tier(id).map(|tier| tier.title.as_str()).or_else(|| self.bundle(id).map(|bundle| bundle.title.as_str()))
    }

    /// The tier of this id, former ids included.
    #[must_use]
    pub fn tier(&self, id: &Id) -> Option<&Tier> {
        self.tiers.iter().find(|tier| tier.id == *id || tier.also.contains(id))
    }

    /// The bundle of this id, former ids included.
    #[must_use]
    pub fn bundle(&self, id: &Id) -> Option<&Bundle> {
        self.bundles.iter().find(|bundle| bundle.id == *id || bundle.also.contains(id))
    }

    /// Whether a tier or a bundle costs nothing; former ids included.
    #[must_use]
    pub fn is_free(&self, id: &Id) -> bool {
        self.tier(id).is_some_and(|tier| tier.free) || self.bundle(id).is_some_and(|bundle| bundle.free)
    }

    /// After how long a grant of a tier or a bundle ends by itself; former ids included.
    #[must_use]
    pub fn expires_after(&self, id: &Id) -> Option<Period> {
        let bundle = || self.bundle(id).and_then(|bundle| bundle.expires_after);
        self.tier(id).and_then(|tier| tier.expires_after).or_else(bundle)
    }

    /// The place of a tier, the lowest being 0; former ids included.
    #[must_use]
    pub fn rank(&self, id: &Id) -> Option<usize> {
        self.tiers.iter().position(|tier| tier.id == *id || tier.also.contains(id))
    }

    /// All ids that open what an id opens, sorted: of a tier it and all above; of a bundle it and every tier at or above
    /// one that includes it; former ids too.
    #[must_use]
    pub fn opened_by(&self, id: &Id) -> Vec<Id> {
        let bundle = self.bundle(id);
        let lowest = match bundle {
            Some(bundle) => self.tiers.iter().position(|tier| tier.includes.contains(&bundle.id)),
            None => self.rank(id),
        };
        let mut ids: Vec<Id> = bundle.into_iter().flat_map(|bundle| with_former(&bundle.id, &bundle.also)).collect();
        ids.extend(self.tier_ids(lowest.unwrap_or(self.tiers.len())));
        ids.sort_unstable();
        ids
    }

    /// The ids of all tiers, former ones included, sorted.
    #[must_use]
    pub fn any_tier(&self) -> Vec<Id> {
        let mut ids: Vec<Id> = self.tier_ids(0).collect();
        ids.sort_unstable();
        ids
    }

    fn tier_ids(&self, lowest: usize) -> impl Iterator<Item = Id> {
        self.tiers.iter().skip(lowest).flat_map(|tier| with_former(&tier.id, &tier.also))
    }

    /// Fills `names`, and reports every id that is there already.
    fn index(&mut self) -> Vec<CatalogueFault> {
        let tiers = self.tiers.iter().map(|tier| (&tier.id, &tier.also, Kind::Tier));
        let bundles = self.bundles.iter().map(|bundle| (&bundle.id, &bundle.also, Kind::Bundle));
        let mut faults = Vec::new();
        for (id, also, kind) in tiers.chain(bundles) {
            let today = std::iter::once((id, false)).chain(also.iter().map(|also| (also, true)));
            for (name, former) in today {
                let found = Found { id: id.clone(), kind, former };
                if self.names.contains_key(name) {
                    faults.push(CatalogueFault {
                        id: Some(name.clone()),
                        occurrence: faults
                            .iter()
                            .filter(|fault: &&CatalogueFault| fault.id.as_ref() == Some(name))
                            .count()
                            + 1,
                        key: None,
                        message: format!("the id `{name}` is given twice"),
                        help: Some("tiers, bundles and their former ids share one namespace".to_owned()),
                    });
                } else {
                    self.names.insert(name.clone(), found);
                }
            }
        }
        faults
    }

    fn unknown_includes(&self) -> Vec<CatalogueFault> {
        let known = |id: &Id| self.bundles.iter().any(|bundle| bundle.id == *id);
        let unknown = self.tiers.iter().flat_map(|tier| &tier.includes).filter(|id| !known(id));
        unknown
            .map(|id| {
                let bundles = || self.bundles.iter().map(|bundle| bundle.id.as_str());
                let help = match (self.names.get(id), crate::diagnostic::nearest(id.as_str(), bundles())) {
                    (Some(found), _) if found.kind == Kind::Tier => {
                        Some(format!("`{id}` is a tier; a tier opens what the lower ones open by itself"))
                    }
                    (Some(found), _) => Some(format!("it is called `{}` now", found.id)),
                    (None, near) => near.map(|near| format!("did you mean `{near}`?")),
                };
                let message = format!("unknown bundle `{id}`");
                CatalogueFault { id: Some(id.clone()), occurrence: 0, key: None, message, help }
            })
            .collect()
    }

    /// The free tiers that do not end by themselves, for a help.
    fn lasting(&self) -> String {
        let lasting = self.tiers.iter().filter(|tier| tier.free && tier.expires_after.is_none());
        match lasting.map(|tier| format!("`{}`", tier.id)).collect::<Vec<_>>().as_slice() {
            [] => "make a tier `free: true` and name it here".to_owned(),
            free => format!("name a free tier: {}", free.join(", ")),
        }
    }

    /// What is wrong with an id where a free tier that does not end is wanted, and what would help.
    fn not_lasting(&self, key: &str, id: &Id) -> Option<(String, String)> {
        let Some(found) = self.names.get(id) else {
            let near = self.nearest(id.as_str()).map(|near| format!("did you mean `{near}`?"));
            return Some((format!("unknown tier `{id}`"), near.unwrap_or_else(|| self.lasting())));
        };
        if found.former {
            return Some((format!("`{key}` names a former id `{id}`"), format!("it is called `{}` now", found.id)));
        }
        let what = match self.tier(id) {
            None => "which is a bundle".to_owned(),
            Some(tier) if !tier.free => "which is not free".to_owned(),
            Some(tier) => format!("which itself ends after {}", tier.expires_after?),
        };
        Some((format!("`{key}` is `{id}`, {what}"), self.lasting()))
    }

    fn default_tier_fault(&self) -> Option<CatalogueFault> {
        let fault = |id: Option<&Id>, (message, help): (String, String)| {
            let help = Some(help);
            CatalogueFault { id: id.cloned(), occurrence: 0, key: None, message, help }
        };
        let Some(id) = &self.default_tier else {
            let both = !self.tiers.is_empty() && !self.bundles.is_empty();
            let message = "there are tiers and bundles, but no `default_tier`".to_owned();
            let help = format!("it is what a bundle buyer without a tier is given; {}", self.lasting());
            return both.then(|| fault(None, (message, help)));
        };
        self.not_lasting("default_tier", id).map(|said| fault(Some(id), said))
    }

    /// What is wrong with what becomes of a tier's members when it ends.
    fn ending_fault(&self, tier: &Tier) -> Option<CatalogueFault> {
        let fault = |key: &'static str, (message, help): (String, String)| CatalogueFault {
            id: Some(tier.id.clone()),
            occurrence: 0,
            key: Some(key),
            message,
            help: Some(help),
        };
        match (&tier.downgrade_to, tier.expires_after) {
            (Some(to), _) if *to == tier.id => {
                let message = format!("`{to}` cannot become itself when it ends");
                Some(fault("downgrade_to", (message, "name another free tier, or take `downgrade_to` out".to_owned())))
            }
            (Some(to), _) => self.not_lasting("downgrade_to", to).map(|said| fault("downgrade_to", said)),
            (None, Some(after)) if tier.free => {
                let message = format!(
                    "the free tier `{}` ends after {after}, and nothing says what its members are then",
                    tier.id
                );
                let help = "write `downgrade_to:` with a free tier that does not end".to_owned();
                Some(fault("expires_after", (message, help)))
            }
            (None, _) => None,
        }
    }
}

fn with_former<'a>(id: &'a Id, also: &'a [Id]) -> impl Iterator<Item = Id> + use<'a> {
    std::iter::once(id).chain(also).cloned()
}
