//! The second provider: a shop that speaks our own language, one event as JSON in each request.
//!
//! It shows a key, and a key is bound to its source: whoever has it can say what happened in that shop, and nothing in
//! another's name. Where a shop does not know our members it may give the `reference` that its checkout was opened with, a
//! `customer` of its own, or an `email`, instead of `member`; and `product` instead of `terms`, which are then today's.

use aws_lc_rs::{constant_time, digest};
use serde_json::{Map, Value};

use super::secret::Secret;
use super::{
    Context, Delivery, Fact, Fetched, LARGEST, Outcome, Provider, Refusal, Request, Subject, Told, Unknown, json,
};
use crate::id::Id;
use crate::members::event::What;
use crate::time::Timestamp;

const HEADER: &str = "authorization";
/// Names that are not a shop's to take.
pub const RESERVED: [&str; 4] = ["account", "admin", "import", "stripe"];
/// The shortest key, in characters.
const SHORTEST: usize = 32;
/// How far ahead of our clock an event may be, in seconds.
const AHEAD: i64 = 300;

/// Shops, by their keys.
#[derive(Debug)]
pub struct Shops(Vec<Shop>);

#[derive(Debug)]
struct Shop {
    source: String,
    /// Of the key; the key itself is not kept.
    digest: digest::Digest,
}

/// Why some keys are none.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ShopError {
    /// A line is no name and key.
    #[error("line {0} is not of the form `SOURCE KEY`")]
    Line(usize),
    /// The name is one of ours, or no id.
    #[error("`{0}` cannot be the name of a shop")]
    Name(String),
    /// The key could be guessed.
    #[error("the key of `{0}` has fewer than {SHORTEST} characters")]
    Short(String),
    /// Nothing would say which shop speaks.
    #[error("`{0}` and `{1}` have one key")]
    Shared(String, String),
}

impl Shops {
    /// Reads a file of keys: `SOURCE KEY` on each line, several lines for one source while a key is replaced. Empty lines
    /// and those that begin with `#` are passed over.
    ///
    /// # Errors
    /// [`ShopError`].
    pub fn read(text: &str) -> Result<Self, ShopError> {
        let mut shops: Vec<Shop> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let shop = Shop::read(line).ok_or(ShopError::Line(number + 1))??;
            let same = |other: &&Shop| other.digest.as_ref() == shop.digest.as_ref();
            match shops.iter().find(same) {
                Some(other) if other.source != shop.source => {
                    return Err(ShopError::Shared(other.source.clone(), shop.source));
                }
                Some(_) => {}
                None => shops.push(shop),
            }
        }
        Ok(Self(shops))
    }

    /// The shop that a key belongs to. Every key is compared, and with none it takes longer.
    fn of(&self, key: &str) -> Option<&str> {
        let given = digest::digest(&digest::SHA256, key.as_bytes());
        let own = |shop: &&Shop| constant_time::verify_slices_are_equal(shop.digest.as_ref(), given.as_ref()).is_ok();
        self.0.iter().filter(own).fold(None, |_, shop| Some(shop.source.as_str()))
    }
}

impl Shop {
    fn read(line: &str) -> Option<Result<Self, ShopError>> {
        let (source, key) = line.split_once(|c: char| c.is_ascii_whitespace())?;
        let key = Secret::new(key).ok()?;
        let named = source.parse::<Id>().is_ok() && !RESERVED.contains(&source);
        Some(if !named {
            Err(ShopError::Name(source.to_owned()))
        } else if key.expose().len() < SHORTEST {
            Err(ShopError::Short(source.to_owned()))
        } else {
            let digest = digest::digest(&digest::SHA256, key.expose().as_bytes());
            Ok(Self { source: source.to_owned(), digest })
        })
    }
}

impl Provider for Shops {
    fn verify(&self, request: &Request<'_>, now: Timestamp) -> Result<Delivery, Refusal> {
        if request.body.len() > LARGEST {
            return Err(Refusal::TooLarge);
        }
        let header = request.header(HEADER)?;
        let (scheme, key) = header.split_once(' ').ok_or(Refusal::Malformed(HEADER))?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(Refusal::Malformed(HEADER));
        }
        let source = self.of(key.trim_ascii()).ok_or(Refusal::Key)?;
        let delivery = self.read_again(source, request.body)?;
        if delivery.at.seconds() > now.seconds().saturating_add(AHEAD) {
            return Err(Refusal::NotAnEvent("its `at` is in the future".to_owned()));
        }
        Ok(delivery)
    }

    fn read_again(&self, source: &str, body: &[u8]) -> Result<Delivery, Refusal> {
        let body = json(body)?;
        if holds_null(&body) {
            return Err(Refusal::NotAnEvent("it holds a null character, which no name has".to_owned()));
        }
        let said = |name: &str| body.get(name).and_then(Value::as_str);
        if let Some(other) = said("source").filter(|other| *other != source) {
            return Err(Refusal::Source { own: source.to_owned(), said: other.to_owned() });
        }
        let missing = |name: &str| Refusal::NotAnEvent(format!("it has no `{name}`"));
        let id = said("id").filter(|id| (1..=255).contains(&id.len())).ok_or_else(|| missing("id"))?.to_owned();
        let kind = said("kind").ok_or_else(|| missing("kind"))?.to_owned();
        let at = body.get("at").and_then(Value::as_i64).and_then(|at| Timestamp::try_from(at).ok());
        let at = at.ok_or_else(|| missing("at"))?;
        if kind == "erased" {
            return Err(Refusal::NotAnEvent("a shop cannot have somebody forgotten".to_owned()));
        }
        Ok(Delivery { source: source.to_owned(), id, kind, at, body })
    }

    fn subject(&self, delivery: &Delivery) -> Subject {
        delivery.body.as_object().cloned().map(|mut body| subject(&mut body)).unwrap_or_default()
    }

    fn translate(&self, delivery: &Delivery, context: &Context<'_>, _: &Fetched) -> Outcome {
        let Value::Object(body) = &delivery.body else { return Outcome::Ignored("it is no event".to_owned()) };
        let mut rest = body.clone();
        let mut subject = subject(&mut rest);
        let unknown = |why: String, help: &str| Unknown { subject: subject.clone(), why, help: help.to_owned() };
        if let Err(product) = fill_terms(&mut rest, context) {
            let why = format!("there is no product `{product}`");
            return Outcome::Unknown(unknown(why, "name one of `products` in site.yaml, by its `id`"));
        }
        match serde_json::from_value::<What>(Value::Object(rest)) {
            Ok(What::Granted { access_control, .. })
                if context.sold.catalogue.lookup(access_control.as_str()).is_none() =>
            {
                let why = format!("there is no tier or bundle `{access_control}`");
                Outcome::Unknown(unknown(why, "name one of site.yaml, by its `id`"))
            }
            Ok(what) => {
                subject.grants = what.grant().map(str::to_owned).into_iter().collect();
                Outcome::Facts(Told { subject, facts: vec![Fact { id: delivery.id.clone(), at: delivery.at, what }] })
            }
            Err(error) => {
                Outcome::Unknown(unknown(format!("this is no event: {error}"), "correct it, and send it again"))
            }
        }
    }
}

/// Takes out of an event what is not of its kind, and says whom it is about.
fn subject(event: &mut Map<String, Value>) -> Subject {
    let mut text = |name: &str| match event.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    };
    for name in ["source", "id"] {
        text(name);
    }
    let (member, customer, address) = (text("member"), text("customer"), text("email"));
    let reference = text("reference");
    event.remove("at");
    Subject { member, grants: Vec::new(), reference, customer, address }
}

/// Whether a text in it has a character that not every database can keep: it would be sent for ever.
fn holds_null(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_null),
        Value::Object(fields) => fields.iter().any(|(name, value)| name.contains('\0') || holds_null(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Puts today's terms in the place of a product's id, or says which product there is none of.
fn fill_terms(event: &mut Map<String, Value>, context: &Context<'_>) -> Result<(), String> {
    if event.contains_key("terms") {
        return Ok(());
    }
    let Some(Value::String(id)) = event.get("product") else { return Ok(()) };
    let product = context.sold.product(id).ok_or_else(|| id.clone())?;
    let terms = context.sold.terms(product, product.trial);
    let terms = serde_json::to_value(terms).map_err(|_| id.clone())?;
    event.remove("product");
    event.insert("terms".to_owned(), terms);
    Ok(())
}
