//! The form of what is sent: `type`, `timestamp` and `data`, as Standard Webhooks recommends.
//!
//! A message names a member by the ledger's name for them, which says nothing of a person, and holds what the notification says.
//! Whoever needs more asks the ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::id::Id;
use crate::ledger::outbox::News;
use crate::members::event::{MemberId, Reference};
use crate::members::{Notification, State, Topic};
use crate::time::Timestamp;

/// A notification as it is sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// What changed.
    #[serde(rename = "type")]
    pub topic: Topic,
    /// When it came about, as RFC 3339 says it, in UTC.
    #[schemars(extend("format" = "date-time"))]
    pub timestamp: String,
    /// For whom, and how.
    pub data: Data,
}

/// For whom something changed, and how. Instants are whole seconds since 1970.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// The member: the `sub` of their tokens.
    pub member: MemberId,
    /// The number of the notification among that member's, from 1: it says what was told first.
    pub number: i64,
    /// The grant that it is about, by the name that its source gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Reference>,
    /// The tier or bundle of that grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_control: Option<Id>,
    /// What was bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<Id>,
    /// What the grant is worth from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// When the grant ends, or ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Of `tier.changed`: the tier before, if there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Id>,
    /// Of `tier.changed`: the tier now, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Id>,
    /// Of `content.opened`: the paths of the pages, at most 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Of `content.opened`: how many pages more there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more: Option<usize>,
}

impl Message {
    /// What is sent of a notification of the outbox.
    ///
    /// # Errors
    /// Where the news cannot be read.
    pub fn of(news: &News) -> Result<Self, serde_json::Error> {
        let Notification { at, topic, grant, access_control, product, state, until, from, to, paths, more } =
            serde_json::from_str(&news.body)?;
        let (member, number, more) = (news.member.clone(), news.number, Some(more).filter(|more| *more > 0));
        let data = Data { member, number, grant, access_control, product, state, until, from, to, paths, more };
        Ok(Self { topic, timestamp: at.to_string(), data })
    }
}

/// What is sent to try an endpoint: it tells nothing.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ping {
    /// `ping`.
    #[serde(rename = "type")]
    #[schemars(extend("const" = "ping"))]
    pub kind: String,
    /// When it was sent.
    #[schemars(extend("format" = "date-time"))]
    pub timestamp: String,
    /// To which endpoint.
    pub data: Pinged,
}

/// To which endpoint a [`Ping`] is sent.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pinged {
    /// Its name.
    pub endpoint: String,
}

impl Ping {
    /// A ping to an endpoint.
    #[must_use]
    pub fn new(endpoint: &str, now: Timestamp) -> Self {
        let data = Pinged { endpoint: endpoint.to_owned() };
        Self { kind: "ping".to_owned(), timestamp: now.to_string(), data }
    }
}

/// All that is sent.
#[derive(JsonSchema)]
#[serde(untagged)]
#[schemars(title = "Webhook")]
#[expect(dead_code, reason = "it is a form, and nothing has it")]
enum Sent {
    Message(Message),
    Ping(Ping),
}

/// The JSON Schema of what is sent.
#[must_use]
pub fn schema() -> Value {
    schemars::schema_for!(Sent).to_value()
}
