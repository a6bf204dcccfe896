//! What a member has at an instant: the answer of a fold.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::credit::Running;
use super::event::Reference;
use crate::access::catalogue::{Catalogue, Kind};
use crate::access::entitlement::Entitlement;
use crate::config::Billing;
use crate::id::Id;
use crate::time::Timestamp;

/// By what events are folded: ranks and modes of today. What was bought, and when, no rule of today changes.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// Tiers and bundles, with their former ids.
    pub catalogue: &'a Catalogue,
    /// What becomes of access that is not paid.
    pub billing: Billing,
    /// Where months and years are counted.
    pub zone: &'a TimeZone,
}

/// What a member has at an instant.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Member {
    /// Every grant there ever was, in the order in which they began.
    pub grants: Vec<Grant>,
    /// The tier in force.
    pub tier: Option<Id>,
    /// When they became a member: the first that is known of them.
    pub joined: Option<Timestamp>,
    /// When they were forgotten.
    pub erased: Option<Timestamp>,
    /// What somebody who runs the site should know.
    pub remarks: Vec<Remark>,
    /// The next instant at which time alone changes something, if no event comes.
    pub changes: Option<Timestamp>,
    /// Since when what is held is held, and what was held before: what tokens are made of.
    #[serde(skip)]
    pub(super) held: Held,
    /// What is kept of grants that were cancelled.
    #[serde(skip)]
    pub(super) frozen: Vec<Entitlement>,
}

/// The record that gives a member an access control.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Grant {
    /// What its source calls it. After a switch to another access control two grants have one reference, the older ended.
    pub reference: Reference,
    /// How it came about.
    pub source: Source,
    /// The tier or bundle, by its id of today.
    pub access_control: Id,
    /// Which of the two it is; none where the catalogue of today does not have it.
    pub kind: Option<Kind>,
    /// The product that was bought.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<Id>,
    /// When it began.
    pub since: Timestamp,
    /// When it ends by what is known now; once it has ended, when it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// When the next payment is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// When it was frozen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub frozen: Option<Timestamp>,
    /// What it is worth.
    pub state: State,
    /// Why it ended, if it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<Ended>,
    /// Of a payment plan: how many periods are paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payments: Option<usize>,
    /// Whether all payments of a plan are made.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub finished: bool,
    /// The period that was paid last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paid: Option<Running>,
}

/// What a grant is worth at an instant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It gives access.
    Active,
    /// It gives access, and its end is decided.
    PendingCancellation,
    /// It is not paid.
    Overdue,
    /// Another tier is in force.
    Superseded,
    /// A bundle, while there is no tier.
    Suspended,
    /// It ended by cancelling, or was taken back.
    Cancelled,
    /// Its time is over.
    Expired,
}

/// How a grant came about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// It was bought.
    Purchased,
    /// It costs nothing, and somebody took it.
    Free,
    /// A gift.
    Complimentary,
    /// It was bought elsewhere, before.
    Imported,
    /// The tier of a bundle buyer who had none.
    Default,
    /// What a tier became when it ended.
    Downgrade,
}

/// Why a grant ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Somebody cancelled it.
    Cancelled,
    /// It was not paid for too long.
    Unpaid,
    /// The money went back.
    Refunded,
    /// It was taken away.
    Revoked,
    /// Its time was over.
    Expired,
    /// It was switched to another access control.
    Switched,
    /// A free tier that gave way to another tier.
    Superseded,
    /// The member was forgotten.
    Erased,
}

/// Something that whoever runs the site should know.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize)]
pub struct Remark {
    /// When.
    pub at: Timestamp,
    /// What.
    pub code: Code,
    /// About which grant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub grant: Option<Reference>,
    /// The other grant that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub other: Option<Reference>,
}

/// What a [`Remark`] says.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Code {
    /// Two tiers are paid at the same time.
    #[serde(rename = "billing.overlap")]
    Overlap,
    /// A free bundle is nothing for somebody without a tier.
    #[serde(rename = "bundle.refused")]
    BundleRefused,
    /// What is free and expires is taken once.
    #[serde(rename = "free.again")]
    FreeAgain,
    /// A second free trial of the same tier or bundle.
    #[serde(rename = "trial.again")]
    TrialAgain,
    /// An event names a grant that never began.
    #[serde(rename = "grant.unknown")]
    GrantUnknown,
    /// A grant began twice.
    #[serde(rename = "grant.known")]
    GrantKnown,
    /// An event came for a grant that had ended, and changed nothing.
    #[serde(rename = "grant.ended")]
    GrantEnded,
    /// A grant begins later.
    #[serde(rename = "grant.scheduled")]
    GrantScheduled,
    /// The catalogue of today has no such tier or bundle.
    #[serde(rename = "access_control.unknown")]
    AccessControlUnknown,
    /// Money came in that gives nothing.
    #[serde(rename = "payment.unused")]
    PaymentUnused,
    /// A payment that nobody knows was refunded.
    #[serde(rename = "payment.unknown")]
    PaymentUnknown,
    /// Something was said of a member who had been forgotten.
    #[serde(rename = "member.erased")]
    MemberErased,
}

/// Since when what is held is held, and what was held before.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Held {
    /// Tiers' rungs and bundles that are held, or will be again when a payment comes in.
    pub(super) runs: BTreeMap<Id, Run>,
    /// What was held and is no more: since when, and until when.
    pub(super) past: BTreeMap<Id, (Timestamp, Timestamp)>,
}

/// Unbroken membership at a rung or of a bundle.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Run {
    /// When it began; moved back by the time held before where a drip resumes.
    pub(super) since: Timestamp,
    /// Since when it is interrupted.
    pub(super) gap: Option<Timestamp>,
}
