//! The manifest: the contract between a build and the edges that enforce it (design 6).
//!
//! It says for every path which objects there are and under which rules each is served. Reading one checks it whole:
//! after [`Manifest::parse`] every number and every name in it leads somewhere. It refuses unknown fields and formats, for
//! an edge that guesses is an edge that leaks.

mod read;
mod shards;
mod text;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::access::catalogue::Kind;
use crate::access::rule::Rule;
pub use crate::digest::ObjectName;
use crate::id::Id;
use crate::path::is_servable;
use crate::time::Timestamp;

pub use shards::{EdgeRoot, EdgeShard, Shard, shard_of};

/// The format that this version writes and reads.
pub const FORMAT: &str = "tierpress-manifest/1";

/// What is served to whom.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Tiers, lowest first, then bundles.
    pub access_controls: Vec<AccessControl>,
    /// SHA-256 of all but `build`, `clock`, `created` and `version`, in hexadecimal.
    pub build: String,
    /// The content's clock: windows are looked at from here, or later.
    pub clock: Timestamp,
    /// When it was made.
    pub created: Timestamp,
    /// Always [`FORMAT`].
    pub format: String,
    /// Every object, by name.
    pub objects: BTreeMap<ObjectName, Object>,
    /// What is shown with denials.
    pub pages: Pages,
    /// The ways in which variants are chosen.
    pub policies: Vec<Policy>,
    /// Former paths, and the routes they lead to.
    pub redirects: BTreeMap<String, String>,
    /// Every path that there is. The key of a page ends in `/`.
    pub routes: BTreeMap<String, Route>,
    /// The rules that policies name by their number. The first one is public.
    pub rules: Vec<Rule>,
    /// What is true of the whole site.
    pub site: Site,
    /// How tokens are verified; absent where the site has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// Rises with every manifest that replaces another one.
    pub version: u64,
}

/// A tier or a bundle.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessControl {
    /// Its id of today.
    pub id: Id,
    /// Which of the two it is.
    pub kind: Kind,
}

/// A file of the output.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Object {
    /// The encodings in which it lies beside itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub encodings: Vec<Encoding>,
    /// Its length in bytes.
    pub size: u64,
    /// Its media type, the value of `Content-Type`.
    #[serde(rename = "type")]
    pub media_type: String,
}

/// How an object may be encoded: its name plus `.br` or `.gz`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Brotli, `.br`.
    Br,
    /// Gzip, `.gz`.
    Gzip,
}

impl Encoding {
    /// What is added to an object's name, after a dot.
    #[must_use]
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Br => "br",
            Self::Gzip => "gz",
        }
    }
}

/// The pages shown with denials, made for a reader of whom nothing is known.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// Access has ended.
    pub expired: ObjectName,
    /// A bundle without a tier.
    pub no_tier: ObjectName,
    /// A member, not enough.
    pub not_entitled: ObjectName,
    /// Nothing there.
    pub not_found: ObjectName,
    /// No token.
    pub not_signed_in: ObjectName,
    /// It opens later.
    pub not_yet: ObjectName,
}

/// How a variant is chosen: the first whose rule holds.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// How answers may be kept.
    pub cache: Cache,
    /// How many of the variants, from the first, are the thing itself; the rest are waiting forms and teasers.
    pub open: usize,
    /// What those get for whom no variant is.
    pub otherwise: Otherwise,
    /// The numbers of the variants' rules, in order.
    pub variants: Vec<usize>,
}

/// Who may keep an answer, and for how long.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Cache {
    /// Anybody, for ever.
    Immutable,
    /// The reader alone.
    Private,
    /// Anybody, to be checked again.
    Public,
    /// Anybody, until the next window begins or ends.
    Timed,
}

/// What is answered where no variant holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Otherwise {
    /// Why not.
    Denied,
    /// That there is nothing.
    Hidden,
}

/// A path: its policy, and one object for each variant of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// The objects, in the order of the policy's variants.
    pub objects: Vec<ObjectName>,
    /// The number of the policy.
    pub policy: usize,
}

/// What is true of the whole site.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// `https://learn.example`, without a trailing slash.
    pub base_url: String,
    /// The status of `no_tier` and `not_entitled`: 402 or 403.
    pub denied_status: u16,
    /// Where readers sign in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_url: Option<String>,
    /// Paths that belong to another upstream; one that ends in `/` means all below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passthrough: Vec<String>,
    /// Where an old token is exchanged for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_url: Option<String>,
    /// Its title.
    pub title: String,
    /// Where more is sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgrade_url: Option<String>,
}

/// How tokens are verified (design 7).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The `aud` that is asked for.
    pub audience: String,
    /// The claim that holds the entitlements.
    pub claim: String,
    /// The cookie that holds the token.
    pub cookie: String,
    /// The `iss` that is asked for.
    pub issuer: String,
    /// More entitlements than this make a bad token.
    pub max_entitlements: u32,
    /// The longest life of a token, in seconds.
    pub max_ttl: u32,
}

/// Why bytes are no manifest.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// Not JSON, or not of this shape.
    #[error("the manifest cannot be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Another format.
    #[error("unknown manifest format `{0}`: this version reads `{FORMAT}`")]
    Format(String),
    /// Something in it leads nowhere or contradicts itself.
    #[error("the manifest is broken: {0}")]
    Broken(String),
}

impl Manifest {
    /// Reads a manifest and checks it.
    ///
    /// # Errors
    /// [`ManifestError`] if it has another format or an unknown field, or if something in it leads nowhere.
    pub fn parse(bytes: &[u8]) -> Result<Self, ManifestError> {
        let (manifest, all_found) = read::read(bytes)?;
        manifest.check_given(all_found)?;
        Ok(manifest)
    }

    /// The JSON Schema of the format.
    #[must_use]
    pub fn schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// Checks that every number and every name leads somewhere, and that no answer is kept longer than it is true.
    ///
    /// # Errors
    /// [`ManifestError`] for the first thing that is wrong.
    pub fn check(&self) -> Result<(), ManifestError> {
        self.check_given(false)
    }

    /// The same, given whether the objects of all routes are known to be there.
    fn check_given(&self, all_found: bool) -> Result<(), ManifestError> {
        let fault = self
            .header_fault()
            .or_else(|| self.policies.iter().enumerate().find_map(|(number, policy)| self.policy_fault(number, policy)))
            .or_else(|| self.routes.iter().find_map(|(path, route)| self.route_fault(path, route, all_found)))
            .or_else(|| self.redirects.iter().find_map(|(path, target)| self.redirect_fault(path, target)));
        fault.map_or(Ok(()), |fault| Err(ManifestError::Broken(fault)))
    }

    fn header_fault(&self) -> Option<String> {
        let Pages { expired, no_tier, not_entitled, not_found, not_signed_in, not_yet } = &self.pages;
        let missing = [expired, no_tier, not_entitled, not_found, not_signed_in, not_yet]
            .into_iter()
            .find(|object| !self.objects.contains_key(*object));
        let mut ids: Vec<&Id> = self.access_controls.iter().map(|control| &control.id).collect();
        ids.sort_unstable();
        let twice = ids.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first());
        if let Some(missing) = missing {
            return Some(format!("a page names `{missing}`, which is no object"));
        }
        if let Some(id) = twice {
            return Some(format!("the id `{id}` is given twice"));
        }
        if !self.rules.first().is_some_and(Rule::is_public) {
            return Some("rule 0 is not public".to_owned());
        }
        if !matches!(self.site.denied_status, 402 | 403) {
            return Some(format!("`denied_status` is {}, and not 402 or 403", self.site.denied_status));
        }
        let astray = self.site.passthrough.iter().find(|prefix| !is_servable(prefix));
        astray.map(|prefix| format!("`{prefix}` in `passthrough` is no path"))
    }

    fn policy_fault(&self, number: usize, policy: &Policy) -> Option<String> {
        let rules: Option<Vec<&Rule>> = policy.variants.iter().map(|rule| self.rules.get(*rule)).collect();
        let Some(rules) = rules else {
            return Some(format!("policy {number} names a rule that is not there"));
        };
        if rules.is_empty() {
            return Some(format!("policy {number} has no variants"));
        }
        if policy.open > rules.len() {
            return Some(format!("policy {number} has fewer variants than open ones"));
        }
        let sound = match policy.cache {
            Cache::Private => true,
            Cache::Public | Cache::Immutable => rules.iter().all(|rule| rule.is_public()),
            Cache::Timed => rules.iter().all(|rule| rule.same_for_all()),
        };
        (!sound).then(|| format!("policy {number} lets answers be kept that differ between readers or instants"))
    }

    fn route_fault(&self, path: &str, route: &Route, all_found: bool) -> Option<String> {
        if !is_servable(path) {
            return Some(format!("`{path}` is no path that an edge serves"));
        }
        let Some(policy) = self.policies.get(route.policy) else {
            return Some(format!("`{path}` has policy {}, which is not there", route.policy));
        };
        if policy.variants.len() != route.objects.len() {
            return Some(format!("`{path}` has not one object for each variant of its policy"));
        }
        let missing = route.objects.iter().find(|object| !all_found && !self.objects.contains_key(*object));
        missing.map(|object| format!("`{path}` names `{object}`, which is no object"))
    }

    fn redirect_fault(&self, path: &str, target: &str) -> Option<String> {
        if !is_servable(path) {
            return Some(format!("the redirect `{path}` is no path that an edge serves"));
        }
        if self.routes.contains_key(path) {
            return Some(format!("`{path}` is a route and a redirect"));
        }
        (!self.routes.contains_key(target)).then(|| format!("`{path}` leads to `{target}`, which is no route"))
    }
}
