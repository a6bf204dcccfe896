//! Payloads in Stripe's shapes, from what a case says is in them.
//!
//! `@14` is an instant. Of a subscription `prices`, `unit_amount`, `offer` and `period` go where the shape has them, of an invoice
//! `subscription`, `lines` and `paid_at`, of a line item `price`; every other key is a field of the object.

use std::fs;
use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{DAY, START};

/// The shape of an object.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Shape {
    /// Of the version that is pinned.
    New,
    /// Of 2024-06-20.
    Old,
}

/// What a case says of an event.
#[derive(Clone, Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Event {
    pub(super) id: Option<String>,
    #[serde(rename = "type")]
    pub(super) kind: String,
    #[serde(default = "start")]
    pub(super) at: String,
    /// The object by its kind: `invoice: {…}`.
    pub(super) object: Map<String, Value>,
    /// What an update changed: what the object was before.
    pub(super) was: Option<Map<String, Value>>,
}

fn start() -> String {
    "@0".to_owned()
}

pub(super) fn instant(text: &str) -> Option<i64> {
    let (days, seconds) = text.strip_prefix('@')?.split_once('+').unwrap_or((&text[1..], "0"));
    Some(START + days.parse::<i64>().ok()? * DAY + seconds.parse::<i64>().ok()?)
}

impl Event {
    pub(super) fn payload(&self, shape: Shape) -> Value {
        let object = object(&self.object, shape);
        let id = self.id.clone().unwrap_or_else(|| "evt_1".to_owned());
        let version = if shape == Shape::New { tierpress::provider::stripe::API_VERSION } else { "2024-06-20" };
        let mut data = json!({"object": object});
        if let Some(was) = &self.was {
            data["previous_attributes"] = former(was, &data["object"], shape);
        }
        json!({
            "id": id, "object": "event", "api_version": version, "created": instant(&self.at).unwrap(), "data": data,
            "livemode": true, "pending_webhooks": 1, "request": {"id": null, "idempotency_key": null}, "type": self.kind,
        })
    }
}

/// The object of `{invoice: {…}}`; a list of them of `{list: […]}`, of an invoice's lines of `{lines: […]}`.
pub(super) fn object(said: &Map<String, Value>, shape: Shape) -> Value {
    let (kind, fields) = said.iter().next().unwrap();
    assert_eq!(said.len(), 1, "one object: {said:?}");
    if kind == "list" {
        let data: Vec<_> =
            fields.as_array().unwrap().iter().map(|one| object(one.as_object().unwrap(), shape)).collect();
        return json!({"object": "list", "data": data, "has_more": false, "url": "/v1/list"});
    }
    if kind == "lines" {
        let data: Vec<_> = dated(fields).as_array().unwrap().iter().map(|one| line(one, shape)).collect();
        return json!({"object": "list", "data": data, "has_more": false, "url": "/v1/list"});
    }
    let fields = dated(&Value::Object(fields.as_object().unwrap().clone()));
    let mut made = template(kind, shape);
    fill(&mut made, fields.as_object().unwrap(), shape);
    made
}

fn template(kind: &str, shape: Shape) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/provider/objects");
    let own = folder.join(format!("{kind}.{}.json", if shape == Shape::New { "new" } else { "old" }));
    let path = if own.exists() { own } else { folder.join(format!("{kind}.json")) };
    serde_json::from_str(&fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        .unwrap()
}

/// Instants in the place of `@14`, and whole objects in the place of `{invoice: {…}}` that stands for one.
fn dated(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with('@') => instant(text).unwrap().into(),
        Value::Array(values) => values.iter().map(dated).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), dated(value))).collect(),
        other => other.clone(),
    }
}

fn fill(made: &mut Value, fields: &Map<String, Value>, shape: Shape) {
    let kind = made["object"].as_str().unwrap_or_default().to_owned();
    for (key, value) in fields {
        match (kind.as_str(), key.as_str()) {
            ("subscription", "prices" | "period" | "unit_amount" | "offer") => {}
            ("invoice", "subscription") => match shape {
                Shape::New if value.is_null() => made["parent"] = Value::Null,
                Shape::New => made["parent"]["subscription_details"]["subscription"] = value.clone(),
                Shape::Old => made["subscription"] = value.clone(),
            },
            ("invoice", "more_lines") => made["lines"]["has_more"] = value.clone(),
            ("invoice", "paid_at") => made["status_transitions"]["paid_at"] = value.clone(),
            ("invoice", "lines") => {
                made["lines"]["data"] = value.as_array().unwrap().iter().map(|it| line(it, shape)).collect()
            }
            // Only the old shapes have these; the new one has them looked up.
            ("invoice", "paid") | ("charge", "invoice") if shape == Shape::New => {}
            ("checkout.session", "line_items") => {
                made["line_items"] =
                    json!({"object": "list", "data": value.as_array().unwrap().iter().map(item).collect::<Vec<_>>()});
            }
            ("item", "price") => made["price"]["id"] = value.clone(),
            ("invoice_payment", "invoice") if value.is_object() => {
                made["invoice"] = object(value.as_object().unwrap(), shape);
            }
            _ => made[key] = value.clone(),
        }
    }
    if kind == "subscription" {
        let items = items(fields, shape);
        made["items"]["data"] = items;
        if let (Shape::Old, Some(period)) = (shape, fields.get("period")) {
            (made["current_period_start"], made["current_period_end"]) = (period[0].clone(), period[1].clone());
        }
    }
}

fn item(said: &Value) -> Value {
    object(json!({"line_item": said}).as_object().unwrap(), Shape::New)
}

fn items(fields: &Map<String, Value>, shape: Shape) -> Value {
    let prices = fields.get("prices").and_then(Value::as_array).cloned().unwrap_or_else(|| vec!["price_basic".into()]);
    let each = prices.into_iter().enumerate().map(|(number, price)| {
        let mut item = template("item", shape);
        item["id"] = format!("si_{}", number + 1).into();
        (item["price"]["id"], item["plan"]["id"]) = (price.clone(), price);
        if let Some(amount) = fields.get("unit_amount") {
            (item["price"]["unit_amount"], item["plan"]["amount"]) = (amount.clone(), amount.clone());
        }
        if let Some(end) = fields.get("offer") {
            item["current_trial"] = json!({"start_date": START, "end_date": end, "trial_offer": "trialoffer_1"});
        }
        if let (Shape::New, Some(period)) = (shape, fields.get("period")) {
            (item["current_period_start"], item["current_period_end"]) = (period[0].clone(), period[1].clone());
        }
        item
    });
    each.collect()
}

fn line(said: &Value, shape: Shape) -> Value {
    let mut line = template("line", shape);
    let is = |name: &str| said[name] == true;
    for (key, value) in said.as_object().unwrap() {
        match (key.as_str(), shape) {
            ("price", Shape::New) => line["pricing"]["price_details"]["price"] = value.clone(),
            ("price", Shape::Old) => (line["price"]["id"], line["plan"]["id"]) = (value.clone(), value.clone()),
            ("from", _) => line["period"]["start"] = value.clone(),
            ("to", _) => line["period"]["end"] = value.clone(),
            ("amount", _) => (line["amount"], line["subtotal"]) = (value.clone(), value.clone()),
            ("proration", Shape::New) => line["parent"]["subscription_item_details"]["proration"] = value.clone(),
            ("proration", Shape::Old) => {
                (line["proration"], line["type"]) = (value.clone(), "invoiceitem".into());
            }
            ("extra", _) => {}
            other => panic!("a line has no {other:?}"),
        }
    }
    // What is charged beside a subscription's items.
    if is("extra") {
        match shape {
            Shape::New => {
                line["parent"] = json!({
                    "invoice_item_details": {"invoice_item": "ii_1", "proration": false, "proration_details": null, "subscription": "sub_1"},
                    "subscription_item_details": null, "type": "invoice_item_details",
                });
            }
            Shape::Old => line["type"] = "invoiceitem".into(),
        }
    }
    if line["amount"] == 0 && shape == Shape::New {
        line["pricing"]["unit_amount_decimal"] = "0".into();
    }
    if shape == Shape::Old {
        line.as_object_mut().unwrap().remove("subtotal");
    }
    line
}

/// `previous_attributes` as Stripe makes them: lists whole, objects by the keys that changed.
fn former(was: &Map<String, Value>, now: &Value, shape: Shape) -> Value {
    let was = dated(&Value::Object(was.clone()));
    let was = was.as_object().unwrap();
    let mut former = Map::new();
    for (key, value) in was {
        match (key.as_str(), shape) {
            ("prices" | "period", _) => {
                let mut all = was.clone();
                let prices = now["items"]["data"].as_array().unwrap().iter().map(|item| item["price"]["id"].clone());
                all.entry("prices").or_insert_with(|| prices.collect());
                if let Some(first) = now["items"]["data"][0].get("current_period_start") {
                    let end = now["items"]["data"][0]["current_period_end"].clone();
                    all.entry("period").or_insert_with(|| json!([first, end]));
                }
                former.insert("items".to_owned(), json!({"data": items(&all, shape)}));
                if let ("period", Shape::Old) = (key.as_str(), shape) {
                    former.insert("current_period_start".to_owned(), value[0].clone());
                    former.insert("current_period_end".to_owned(), value[1].clone());
                    former.remove("items");
                }
            }
            _ => {
                former.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(former)
}
