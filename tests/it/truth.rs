//! What a gated corpus says of itself: where its canaries stand and who may see each.
//!
//! Written by `gate_corpus.py`, read independently of everything that Tierpress knows of rules.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::built;

/// Tiers of every gated corpus, lowest first.
pub(crate) const TIERS: [&str; 3] = ["free", "basic", "pro"];

/// A reader as the truth knows readers. Tier `free` without bundles is a visitor as well.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Viewer {
    pub(crate) tier: &'static str,
    pub(crate) bundles: BTreeSet<String>,
    /// Whole days of membership.
    pub(crate) days: i64,
}

/// One canary.
#[derive(Debug)]
pub(crate) struct Canary {
    page: String,
    facet: String,
    rule: Value,
    required: bool,
    /// A title-like value, which a locked page may show; unless nobody may ever see it.
    open: bool,
}

/// The whole of it.
#[derive(Debug)]
pub(crate) struct Truth {
    pub(crate) bundles: Vec<String>,
    canaries: BTreeMap<String, Canary>,
}

impl Truth {
    /// Reads `truth.json`.
    pub(crate) fn read(path: &Path) -> Self {
        let json = built::json(path);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let canary = |value: &Value| Canary {
            page: text(&value["page"]),
            facet: text(&value["facet"]),
            rule: value["rule"].clone(),
            required: value["required"].as_bool().unwrap(),
            open: value["group"] == "meta" && value["rule"] != Value::Bool(false),
        };
        let canaries = json["canaries"].as_object().unwrap();
        Self {
            bundles: json["bundles"].as_object().unwrap().values().map(text).collect(),
            canaries: canaries.iter().map(|(id, value)| (id.clone(), canary(value))).collect(),
        }
    }

    /// What is wrong with what this viewer was shown: forbidden canaries that are there, required ones that are not.
    pub(crate) fn faults(&self, viewer: &Viewer, shown: &BTreeSet<&str>) -> Vec<String> {
        let mut faults = Vec::new();
        for (id, canary) in &self.canaries {
            let allowed = allow(&canary.rule, viewer);
            let Canary { page, facet, rule, .. } = canary;
            if shown.contains(id.as_str()) {
                if !allowed && !canary.open {
                    faults.push(format!("LEAK {id} {facet} of {page}, which needs {rule}"));
                }
            } else if allowed && canary.required {
                faults.push(format!("MISSING {id} {facet} of {page}, open by {rule}"));
            }
        }
        faults
    }
}

/// Whether a rule of the truth lets this viewer in.
fn allow(rule: &Value, viewer: &Viewer) -> bool {
    let rank = |tier: &str| TIERS.iter().position(|known| *known == tier).unwrap();
    if let Some(constant) = rule.as_bool() {
        return constant;
    }
    let (word, value) = rule.as_object().unwrap().iter().next().unwrap();
    match word.as_str() {
        "tier" => rank(viewer.tier) >= rank(value.as_str().unwrap()),
        "bundle" => viewer.bundles.contains(value.as_str().unwrap()),
        "days" => viewer.days >= value.as_i64().unwrap(),
        "and" => value.as_array().unwrap().iter().all(|part| allow(part, viewer)),
        "or" => value.as_array().unwrap().iter().any(|part| allow(part, viewer)),
        _ => panic!("unknown rule {rule}"),
    }
}

/// Every canary in these bytes: `zqx`, twelve hexadecimal digits, `7`; in any case.
pub(crate) fn canaries(bytes: &[u8]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for window in bytes.windows(16) {
        let is_canary = window[..3].eq_ignore_ascii_case(b"zqx")
            && window[3..15].iter().all(u8::is_ascii_hexdigit)
            && window[15] == b'7';
        if is_canary {
            found.insert(String::from_utf8_lossy(window).to_ascii_lowercase());
        }
    }
    found
}
