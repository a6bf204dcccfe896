//! Notifications: what changed for a member, told under names that stay.
//!
//! They are the difference of two values of [`Member`], and nothing else: a late event tells what it changes now, and
//! time that passes tells what it changes by itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::event::{Event, Reference};
use super::fold::History;
use super::member::{Code, Ended, Grant, Member, Remark, Rules, State};
use crate::access::catalogue::Kind;
use crate::id::Id;
use crate::time::Timestamp;

/// Something that a member, or whoever runs the site, is told.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// When it came about.
    pub at: Timestamp,
    /// What.
    #[serde(rename = "type")]
    pub topic: Topic,
    /// About which grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<Reference>,
    /// The tier or bundle of that grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_control: Option<Id>,
    /// What was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Id>,
    /// What the grant is worth now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// When the grant ends, or ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Of [`Topic::TierChanged`]: the tier before, if there was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<Id>,
    /// Of [`Topic::TierChanged`]: the tier now, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<Id>,
    /// Of [`Topic::ContentOpened`]: the pages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Of [`Topic::ContentOpened`]: how many pages more there are, where not all are named.
    #[serde(default, skip_serializing_if = "is_none")]
    pub more: usize,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

macro_rules! topics {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// What a [`Notification`] is about.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, schemars::JsonSchema)]
        pub enum Topic {
            $($(#[$doc])* #[serde(rename = $name)] $variant,)*
        }

        impl Topic {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its name, the same for ever.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

topics! {
    /// Somebody became a member.
    MemberJoined = "member.joined",
    /// Somebody was forgotten.
    MemberErased = "member.erased",
    /// Another tier is in force, or none.
    TierChanged = "tier.changed",
    /// A tier was bought or given.
    TierAdded = "tier.added",
    /// A tier gave way to another one.
    TierSuperseded = "tier.superseded",
    /// A tier that had given way is in force again.
    TierRestored = "tier.restored",
    /// The end of a tier was decided.
    TierCancelling = "tier.cancelling",
    /// That was taken back.
    TierUncancelled = "tier.uncancelled",
    /// A tier ended: it was cancelled, not paid, refunded or taken away.
    TierCancelled = "tier.cancelled",
    /// The time of a tier was over.
    TierExpired = "tier.expired",
    /// A tier was cancelled, and what was open stays.
    TierFrozen = "tier.frozen",
    /// A tier was switched to something else.
    TierSwitched = "tier.switched",
    /// A bundle was bought or given.
    BundleAdded = "bundle.added",
    /// A bundle opens nothing as long as there is no tier.
    BundleSuspended = "bundle.suspended",
    /// There is a tier again.
    BundleResumed = "bundle.resumed",
    /// The end of a bundle was decided.
    BundleCancelling = "bundle.cancelling",
    /// That was taken back.
    BundleUncancelled = "bundle.uncancelled",
    /// A bundle ended: it was cancelled, not paid, refunded or taken away.
    BundleCancelled = "bundle.cancelled",
    /// The time of a bundle was over.
    BundleExpired = "bundle.expired",
    /// A bundle was cancelled, or lost its tier, and what was open stays.
    BundleFrozen = "bundle.frozen",
    /// A bundle was switched to something else.
    BundleSwitched = "bundle.switched",
    /// A free bundle was refused, for there was no tier.
    BundleRefused = "bundle.refused",
    /// What is free only once was asked for again.
    FreeAgain = "free.again",
    /// Somebody takes a second free trial of the same tier or bundle.
    TrialAgain = "trial.again",
    /// A payment is missing, or disputed.
    PaymentOverdue = "payment.overdue",
    /// It came.
    PaymentRecovered = "payment.recovered",
    /// Money came in that gives nothing.
    PaymentUnused = "payment.unused",
    /// A payment that nobody knows was refunded.
    PaymentUnknown = "payment.unknown",
    /// All payments of a plan are made.
    PlanFinished = "plan.finished",
    /// Two tiers are paid at the same time.
    BillingOverlap = "billing.overlap",
    /// Pages opened, by a drip or a release.
    ContentOpened = "content.opened",
}

impl Notification {
    pub(super) fn plain(topic: Topic, at: Timestamp) -> Self {
        Self {
            at,
            topic,
            grant: None,
            access_control: None,
            product: None,
            state: None,
            until: None,
            from: None,
            to: None,
            paths: Vec::new(),
            more: 0,
        }
    }

    /// The same with at most so many pages named, and the others counted.
    #[must_use]
    pub fn brief(mut self, most: usize) -> Self {
        self.more += self.paths.len().saturating_sub(most);
        self.paths.truncate(most);
        self
    }

    fn of(topic: Topic, grant: &Grant, at: Timestamp) -> Self {
        Self {
            grant: Some(grant.reference.clone()),
            access_control: Some(grant.access_control.clone()),
            product: grant.product.clone(),
            state: Some(grant.state),
            until: grant.until,
            ..Self::plain(topic, at)
        }
    }
}

/// Every change between two instants, in order: those after `from`, up to and with `to`.
#[must_use]
pub fn notifications(events: &[Event], rules: &Rules<'_>, from: Timestamp, to: Timestamp) -> Vec<Notification> {
    let mut told = Vec::new();
    walk(events, rules, (from, to), &mut |before, after, at| told.extend(changed(before, after, at)));
    told
}

/// Goes through a history, and shows what was and what is at each instant between two at which something changes.
pub(super) fn walk(
    events: &[Event],
    rules: &Rules<'_>,
    (from, to): (Timestamp, Timestamp),
    show: &mut dyn FnMut(&Member, &Member, Timestamp),
) {
    let mut history = History::new(events, rules);
    let mut before = None;
    while let Some(next) = history.next().filter(|next| *next <= to) {
        if next > from {
            let was = before.take().unwrap_or_else(|| history.member());
            history.step();
            let is = history.member();
            show(&was, &is, next);
            before = Some(is);
        } else {
            history.step();
        }
    }
}

/// What is told of the difference between what a member had and what they have: for an event that came late, between the
/// same instant without it and with it.
#[must_use]
pub fn changed(before: &Member, after: &Member, at: Timestamp) -> Vec<Notification> {
    let mut told = Vec::new();
    if before.joined.is_none() && after.joined.is_some() {
        told.push(Notification::plain(Topic::MemberJoined, at));
    }
    let mut gone: BTreeMap<(&str, usize), &Grant> = named(before).collect();
    for (name, grant) in named(after) {
        told.extend(grant_changed(gone.remove(&name), grant, at));
    }
    for gone in gone.into_values().filter(|grant| grant.ended.is_none()) {
        told.extend(topic(gone, Topic::TierCancelled, Topic::BundleCancelled).map(|it| Notification::of(it, gone, at)));
    }
    if before.tier != after.tier {
        let (from, to) = (before.tier.clone(), after.tier.clone());
        told.push(Notification { from, to, ..Notification::plain(Topic::TierChanged, at) });
    }
    for remark in after.remarks.iter().filter(|remark| !before.remarks.contains(remark)) {
        told.extend(remarked(remark, at));
    }
    if before.erased.is_none() && after.erased.is_some() {
        told.push(Notification::plain(Topic::MemberErased, at));
    }
    told
}

/// Grants with what they are called and, as one name may be used again after a switch, their number among those.
fn named(member: &Member) -> impl Iterator<Item = ((&str, usize), &Grant)> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    member.grants.iter().map(move |grant| {
        let number = count.entry(&grant.reference).and_modify(|number| *number += 1).or_default();
        ((grant.reference.as_str(), *number), grant)
    })
}

fn topic(grant: &Grant, tier: Topic, bundle: Topic) -> Option<Topic> {
    match grant.kind {
        Some(Kind::Tier) => Some(tier),
        Some(Kind::Bundle) => Some(bundle),
        // What the catalogue does not have gives nothing, so nothing is told of it.
        None => None,
    }
}

fn grant_changed(was: Option<&Grant>, is: &Grant, at: Timestamp) -> Vec<Notification> {
    let mut topics = Vec::new();
    match was {
        None if is.ended.is_none_or(|why| why == Ended::Superseded) => {
            topics.extend(topic(is, Topic::TierAdded, Topic::BundleAdded));
            if is.state == State::Overdue {
                topics.push(Topic::PaymentOverdue);
            }
        }
        None => {}
        Some(was) if was.state != is.state => topics.extend(state_changed(was.state, is)),
        Some(_) => {}
    }
    if is.finished && !was.is_some_and(|was| was.finished) {
        topics.push(Topic::PlanFinished);
    }
    if is.frozen.is_some() && was.is_none_or(|was| was.frozen.is_none()) {
        topics.extend(topic(is, Topic::TierFrozen, Topic::BundleFrozen));
    }
    topics.into_iter().map(|topic| Notification::of(topic, is, at)).collect()
}

fn state_changed(was: State, is: &Grant) -> Option<Topic> {
    match (was, is.state) {
        (_, State::Expired) => topic(is, Topic::TierExpired, Topic::BundleExpired),
        (_, State::Cancelled) if is.ended == Some(Ended::Switched) => {
            topic(is, Topic::TierSwitched, Topic::BundleSwitched)
        }
        (_, State::Cancelled) => topic(is, Topic::TierCancelled, Topic::BundleCancelled),
        (_, State::Overdue) => Some(Topic::PaymentOverdue),
        (State::Overdue, _) => Some(Topic::PaymentRecovered),
        (_, State::Superseded) => Some(Topic::TierSuperseded),
        (_, State::Suspended) => Some(Topic::BundleSuspended),
        (State::Superseded, _) => Some(Topic::TierRestored),
        (State::Suspended, _) => Some(Topic::BundleResumed),
        (_, State::PendingCancellation) => topic(is, Topic::TierCancelling, Topic::BundleCancelling),
        (State::PendingCancellation, State::Active) => topic(is, Topic::TierUncancelled, Topic::BundleUncancelled),
        // What a late event makes undone.
        (_, State::Active) => topic(is, Topic::TierRestored, Topic::BundleResumed),
    }
}

fn remarked(remark: &Remark, at: Timestamp) -> Option<Notification> {
    let topic = match remark.code {
        Code::Overlap => Topic::BillingOverlap,
        Code::BundleRefused => Topic::BundleRefused,
        Code::FreeAgain => Topic::FreeAgain,
        Code::TrialAgain => Topic::TrialAgain,
        Code::PaymentUnused => Topic::PaymentUnused,
        Code::PaymentUnknown => Topic::PaymentUnknown,
        // These may only mean that something is still on its way, or are of no interest to anybody but a bookkeeper.
        Code::GrantUnknown
        | Code::GrantKnown
        | Code::GrantEnded
        | Code::GrantScheduled
        | Code::AccessControlUnknown
        | Code::MemberErased => return None,
    };
    Some(Notification { grant: remark.grant.clone(), ..Notification::plain(topic, at) })
}
