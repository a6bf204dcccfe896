//! What templates see of the account pages: who is signed in, what they have, and the one form that a page may hold.
//!
//! These pages are made for one member at one instant and kept by nobody. Every other page has a null in their place.

use serde::Serialize;

use super::context::{Link, Moment, Product};

/// One page of the account.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Account {
    /// The page's heading.
    pub title: String,
    /// What it says, a paragraph each.
    pub texts: Vec<String>,
    /// The address of whoever is signed in.
    pub address: Option<String>,
    /// The form, on pages that have one.
    pub form: Option<Form>,
    /// What the member has and had.
    pub grants: Vec<Grant>,
    /// Purchases that came with the member's address and wait to be accepted.
    pub waiting: Vec<Deed>,
    /// Pages that open next, the soonest first.
    pub opens: Vec<Opening>,
    /// Free tiers and bundles that can be taken.
    pub free: Vec<Deed>,
    /// Products that can be bought.
    pub offers: Vec<Product>,
    /// Where to go from here.
    pub links: Vec<Link>,
}

/// A form of one or no visible field.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Form {
    /// Where it goes: a path.
    pub action: String,
    /// What proves that it was made here.
    pub token: String,
    /// What else it carries unseen.
    pub hidden: Vec<Hidden>,
    /// Whether it asks for a mail address.
    pub asks_address: bool,
    /// What was typed as an address.
    pub address: String,
    /// What is wrong with it.
    pub error: Option<String>,
    /// What can be chosen with it, for joining.
    pub choices: Vec<Choice>,
    /// What stands on its button.
    pub button: String,
}

/// A value that a form carries unseen.
#[derive(Clone, Debug, Serialize)]
pub struct Hidden {
    /// Its name.
    pub name: &'static str,
    /// The value.
    pub value: String,
}

/// Something that can be chosen.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Whether it is chosen already.
    pub chosen: bool,
}

/// What can be done by one button.
#[derive(Clone, Debug, Serialize)]
pub struct Deed {
    /// What it is about.
    pub title: String,
    /// What stands on the button.
    pub button: String,
    /// Where its form goes: a path.
    pub action: String,
    /// What proves that the form was made here.
    pub token: String,
}

/// Something that a member has or had.
#[derive(Clone, Debug, Serialize)]
pub struct Grant {
    /// What it is called.
    pub title: String,
    /// `tier` or `bundle`; empty where the site no longer has it.
    pub kind: &'static str,
    /// `active`, `pending_cancellation`, `overdue`, `superseded`, `suspended`, `cancelled` or `expired`.
    pub state: &'static str,
    /// The same in words, with its dates.
    pub text: String,
    /// When it began.
    pub since: Moment,
    /// Where it can be cancelled: a path.
    pub cancel: Option<String>,
    /// Where a cancellation can be taken back: a path.
    pub keep: Option<String>,
}

/// A page that opens later.
#[derive(Clone, Debug, Serialize)]
pub struct Opening {
    /// What it is called, else its path.
    pub title: String,
    /// Where it is.
    pub url: String,
    /// When it opens.
    pub at: Moment,
}
