//! Ending a subscription, and letting it go on: what Stripe is asked, and where buyers do it themselves.
//!
//! A subscription that a schedule governs cannot be changed so, and Stripe says no: nothing is released or rewritten here, for
//! half of it would be worse than none. What was bought once, Stripe knows nothing to end of.

use std::str::FromStr;

use super::super::{Change, Method, Order};

/// What Stripe is asked so that a grant ends or goes on. Asking twice is asking once.
#[must_use]
pub fn order(grant: &str, change: Change) -> Option<Order> {
    let name = grant.strip_prefix("sub_")?;
    // It becomes a part of a path.
    if name.is_empty() || !name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_') {
        return None;
    }
    let path = format!("/v1/subscriptions/{grant}");
    let at_period_end =
        |value| Order { method: Method::Post, path: path.clone(), form: vec![("cancel_at_period_end", value)] };
    Some(match change {
        Change::End => at_period_end("true"),
        Change::GoOn => at_period_end("false"),
        Change::EndNow => Order { method: Method::Delete, path, form: Vec::new() },
    })
}

/// The address of a customer portal: the login link that Stripe's dashboard shows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Portal(String);

/// The text is no address that buyers may be sent to.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("`{0}` is no address of a customer portal")]
pub struct NoPortal(String);

impl FromStr for Portal {
    type Err = NoPortal;

    fn from_str(text: &str) -> Result<Self, NoPortal> {
        let host = text.strip_prefix("https://").filter(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()));
        match host {
            Some(_) if text.bytes().all(|c| c.is_ascii_graphic()) => Ok(Self(text.to_owned())),
            _ => Err(NoPortal(text.to_owned())),
        }
    }
}

impl Portal {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_subscription_is_asked_for() {
        for grant in ["pi_1", "order-7", "sub_", "sub_1/../x", "sub_1?expand[]=x", "sub_1#", "sub_%2e", "sub_\u{e9}"] {
            assert_eq!(order(grant, Change::End), None, "{grant}");
        }
        let asked = order("sub_1QaB_2", Change::End).unwrap();
        assert_eq!(
            (asked.path.as_str(), asked.form),
            ("/v1/subscriptions/sub_1QaB_2", vec![("cancel_at_period_end", "true")])
        );
    }

    #[test]
    fn a_portal_is_a_page_over_tls() {
        assert!("https://billing.stripe.com/p/login/abc".parse::<Portal>().is_ok());
        for text in
            ["", "http://billing.stripe.com/", "https://", "https:///x", "javascript:alert(1)", "https://a b", "//x"]
        {
            assert!(text.parse::<Portal>().is_err(), "{text}");
        }
    }
}
