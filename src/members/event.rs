//! Events: facts about members, appended once and never changed.
//!
//! An event carries the terms of what was bought as they were on that day: the catalogue of later days gives ranks and the
//! modes of the whole site, and never rewrites the past. As JSON an event is one flat object; that is the form of
//! `members export`, of `POST /account/events` and of the ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::product::{Billing, Money, Product, Trial};
use crate::id::Id;
use crate::time::Timestamp;
use crate::time::period::Period;

/// Who an event is about: `m_` and at least 16 characters of the ledger's own, or whatever another system's members are
/// called. It is the `sub` of tokens, and says nothing of a person.
pub type MemberId = String;

/// The name of a grant at its source: a subscription or an order. Payments and cancellations name the grant they are for.
pub type Reference = String;

/// A fact.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// Who says so: `stripe`, `admin`, `import`, or the name of a shop.
    pub source: String,
    /// What the source calls the event; unique there. The same event twice is one event.
    pub id: String,
    /// When it happened, as the source says.
    pub at: Timestamp,
    /// Whom it is about.
    pub member: MemberId,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
}

impl Event {
    /// The JSON Schema of an event.
    #[must_use]
    pub fn schema() -> Value {
        let mut schema = schemars::schema_for!(Self).to_value();
        if let Some(schema) = schema.as_object_mut() {
            // A flat object is made of two: only together they know all that there may be.
            schema.insert("unevaluatedProperties".to_owned(), false.into());
        }
        schema
    }

    /// The JSON Schema of an event as a shop may tell it: without its source, about a customer or an address in place of a
    /// member, and of a product by its id, whose terms are then today's.
    #[must_use]
    pub fn schema_for_shops() -> Value {
        let mut schema = Self::schema();
        let Some(event) = schema.as_object_mut() else { return schema };
        event.insert("required".to_owned(), json!(["id", "at"]));
        let someone = ["member", "customer", "email", "grant"].map(|name| json!({ "required": [name] }));
        event.insert("anyOf".to_owned(), json!(someone));
        if let Some(names) = event.get_mut("properties").and_then(Value::as_object_mut) {
            names.insert(
                "customer".to_owned(),
                json!({ "type": "string", "description": "The shop's own name for who pays." }),
            );
            names.insert(
                "email".to_owned(),
                json!({ "type": "string", "description": "What they typed as their address." }),
            );
        }
        let kinds = event.get_mut("oneOf").and_then(Value::as_array_mut);
        for kind in kinds.into_iter().flatten().filter_map(Value::as_object_mut) {
            let Some(names) = kind.get_mut("properties").and_then(Value::as_object_mut) else { continue };
            if !names.contains_key("terms") {
                continue;
            }
            let product = json!({ "$ref": "#/$defs/Id", "description": "A product of today, in place of its terms." });
            names.insert("product".to_owned(), product);
            if let Some(required) = kind.get_mut("required").and_then(Value::as_array_mut) {
                required.retain(|name| name != "terms");
            }
            kind.insert("oneOf".to_owned(), json!([{ "required": ["terms"] }, { "required": ["product"] }]));
        }
        schema
    }
}

/// What happened.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// Somebody became a member; nothing was bought.
    Joined {},
    /// A product was bought. Without a trial the first payment is an event of its own, at the same instant; so is the fee
    /// of a paid trial.
    Purchased {
        /// The new grant.
        grant: Reference,
        /// The product's terms as they were.
        terms: Terms,
        /// When the trial ends, where the provider says so.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        trial_until: Option<Timestamp>,
    },
    /// Money came in.
    PaymentSucceeded {
        /// For which grant.
        grant: Reference,
        /// The payment's own name, for refunds.
        payment: String,
        /// How much.
        paid: Money,
        /// What it paid.
        #[serde(rename = "for")]
        paid_for: PaidFor,
    },
    /// Money did not come in.
    PaymentFailed {
        /// For which grant.
        grant: Reference,
    },
    /// A grant was cancelled, by whomever.
    Cancelled {
        /// Which.
        grant: Reference,
        /// By whom.
        by: By,
        /// When the provider ends it, where it says so; the instant of the event means at once.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// A cancellation was taken back before it took effect.
    Uncancelled {
        /// Which grant goes on.
        grant: Reference,
    },
    /// A grant goes on under other terms: another price of the same access control, or another access control.
    Switched {
        /// Which.
        grant: Reference,
        /// The new terms.
        terms: Terms,
    },
    /// Money went back.
    Refunded {
        /// Of which grant.
        grant: Reference,
        /// Of which payment.
        payment: String,
        /// How much, in all, of that payment.
        refunded: Money,
        /// Whether nothing of that payment is left.
        full: bool,
    },
    /// A payment is disputed.
    Disputed {
        /// Of which grant.
        grant: Reference,
        /// Which, where that is known: the same payment told again is a dispute that was won.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        payment: Option<String>,
    },
    /// Access that nobody paid for here.
    Granted {
        /// The new grant.
        grant: Reference,
        /// The tier or bundle.
        access_control: Id,
        /// Why.
        why: Why,
        /// From when on it counts; the instant of the event where nothing is said. An import keeps the date of old.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
        /// When it ends by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// After how long from its start it ends, as the catalogue said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_after: Option<Period>,
    },
    /// A grant was taken away, at once.
    Revoked {
        /// Which.
        grant: Reference,
    },
    /// The member asked to be forgotten.
    Erased {},
}

/// How the name begins of a tier that comes with a bundle.
pub const DEFAULT: &str = "default:";
/// How the name begins of a tier that follows another one.
pub const DOWNGRADE: &str = "downgrade:";

impl What {
    /// Whether a grant begins with it.
    #[must_use]
    pub fn begins(&self) -> bool {
        matches!(self, Self::Purchased { .. } | Self::Granted { .. })
    }

    /// Which grant it is about.
    #[must_use]
    pub fn grant(&self) -> Option<&str> {
        match self {
            Self::Joined {} | Self::Erased {} => None,
            Self::Purchased { grant, .. }
            | Self::PaymentSucceeded { grant, .. }
            | Self::PaymentFailed { grant }
            | Self::Cancelled { grant, .. }
            | Self::Uncancelled { grant }
            | Self::Switched { grant, .. }
            | Self::Refunded { grant, .. }
            | Self::Disputed { grant, .. }
            | Self::Granted { grant, .. }
            | Self::Revoked { grant } => Some(grant),
        }
    }
}

/// The terms of a product on the day it was bought.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// Which product.
    pub product: Id,
    /// The tier or bundle that it sells.
    pub access_control: Id,
    /// What one payment costs.
    pub price: Money,
    /// How it is paid.
    pub billing: Billing,
    /// What comes before the first payment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<Trial>,
    /// After how long from its start what is bought ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_after: Option<Period>,
}

impl Terms {
    /// The terms of a product today.
    #[must_use]
    pub fn of(product: &Product, expires_after: Option<Period>) -> Self {
        Self {
            product: product.id.clone(),
            access_control: product.sells.clone(),
            price: product.price,
            billing: product.billing,
            trial: product.trial,
            expires_after,
        }
    }
}

/// What a payment paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum PaidFor {
    /// The one payment there is, or a period; with its bounds where the provider says them.
    Period {
        /// Its first instant.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start: Option<Timestamp>,
        /// The first instant after it: the next due date.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        end: Option<Timestamp>,
    },
    /// A trial.
    Trial {},
    /// The difference after a switch in the middle of a period.
    Proration {},
}

/// Who cancelled.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The member.
    Member,
    /// Whoever runs the site.
    Admin,
    /// The payment provider.
    Provider,
}

/// Why somebody was given access that was not paid for here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It costs nothing.
    Free,
    /// A gift.
    Complimentary,
    /// It was bought elsewhere, before.
    Imported,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_object() {
        let text = r#"{"source":"stripe","id":"evt_1","at":1795000000,"member":"m_1","kind":"purchased","grant":"sub_1","terms":{"product":"basic-monthly","access_control":"basic","price":{"amount":900,"currency":"eur"},"billing":{"kind":"subscription","every":"1 month"},"trial":{"length":"14d","amount":0}}}"#;
        let event: Event = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
        assert_eq!(event.at.seconds(), 1_795_000_000);
        let erased: Event =
            serde_json::from_str(r#"{"source":"admin","id":"1","at":0,"member":"m","kind":"erased"}"#).unwrap();
        assert_eq!(erased.what, What::Erased {});
    }

    #[test]
    fn what_nobody_knows_is_refused() {
        for text in [
            r#"{"source":"a","id":"1","at":0,"member":"m","kind":"erased","until":3}"#,
            r#"{"source":"a","id":"1","at":0,"member":"m","kind":"vanished"}"#,
            r#"{"source":"a","id":"1","at":-1,"member":"m","kind":"joined"}"#,
            r#"{"source":"a","id":"1","member":"m","kind":"joined"}"#,
        ] {
            assert!(serde_json::from_str::<Event>(text).is_err(), "{text}");
        }
    }
}
