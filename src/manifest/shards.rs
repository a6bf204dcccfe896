//! The manifest in pieces, for edges with little memory: a root that is small, and 256 shards of routes.
//!
//! An edge holds the root and looks into the shard of the path that was asked for. A shard carries what its paths need:
//! their routes and redirects, the routes that those redirects lead to, and the objects of all of these. Only a path
//! without its slash, found in no shard of its own, is looked up a second time with it.

use std::collections::BTreeMap;

use rayon::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::Text;
use super::{AccessControl, Manifest, ManifestError, Object, ObjectName, Pages, Policy, Route, Site, Token};
use crate::access::rule::Rule;
use crate::digest::{sha256, sha256_hex};
use crate::time::Timestamp;

/// How many shards there are.
const SHARDS: usize = 256;

/// `edge/root.json`: the manifest less routes, redirects and objects, with the names of its shards.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeRoot {
    /// Tiers, lowest first, then bundles.
    pub access_controls: Vec<AccessControl>,
    /// As in the manifest.
    pub build: String,
    /// As in the manifest.
    pub clock: Timestamp,
    /// As in the manifest.
    pub created: Timestamp,
    /// As in the manifest.
    pub format: String,
    /// The objects of [`EdgeRoot::pages`].
    pub objects: BTreeMap<ObjectName, Object>,
    /// What is shown with denials.
    pub pages: Pages,
    /// The ways in which variants are chosen.
    pub policies: Vec<Policy>,
    /// The rules that policies name by their number.
    pub rules: Vec<Rule>,
    /// The files of the 256 shards, in the order of the first byte of the SHA-256 of the paths they hold.
    pub shards: Vec<String>,
    /// What is true of the whole site.
    pub site: Site,
    /// How tokens are verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<Token>,
    /// As in the manifest.
    pub version: u64,
}

/// `edge/ab12….json`: the paths whose SHA-256 begins with one byte.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EdgeShard {
    /// The objects of its routes.
    pub objects: BTreeMap<ObjectName, Object>,
    /// Its redirects.
    pub redirects: BTreeMap<String, String>,
    /// Its routes, and those its redirects lead to.
    pub routes: BTreeMap<String, Route>,
}

/// A shard as a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shard {
    /// `ab12….json`: the SHA-256 of its bytes.
    pub name: String,
    /// The JSON of an [`EdgeShard`].
    pub bytes: Vec<u8>,
}

/// The number of the shard that a path is in: the first byte of its SHA-256.
#[must_use]
pub fn shard_of(path: &str) -> usize {
    usize::from(sha256(path.as_bytes()).first())
}

impl Manifest {
    /// The shards, in order. Equal shards are equal files.
    #[must_use]
    pub fn edge_shards(&self) -> Vec<Shard> {
        let mut paths: Vec<Vec<&str>> = vec![Vec::new(); SHARDS];
        for path in self.routes.keys().chain(self.redirects.keys()) {
            if let Some(shard) = paths.get_mut(shard_of(path)) {
                shard.push(path);
            }
        }
        paths.par_iter().map(|paths| self.shard(paths)).collect()
    }

    /// `edge/root.json`, given the shards of [`Manifest::edge_shards`].
    #[must_use]
    pub fn edge_root(&self, shards: &[Shard]) -> Vec<u8> {
        let Pages { expired, no_tier, not_entitled, not_found, not_signed_in, not_yet } = &self.pages;
        let pages = [expired, no_tier, not_entitled, not_found, not_signed_in, not_yet];
        let objects: BTreeMap<_, _> = pages.into_iter().filter_map(|name| self.objects.get_key_value(name)).collect();
        let names: Vec<&str> = shards.iter().map(|shard| shard.name.as_str()).collect();
        let mut text = Text::begin(1 << 16);
        text.list("access_controls", &self.access_controls);
        text.value("build", &self.build);
        text.value("clock", &self.clock);
        text.value("created", &self.created);
        text.value("format", &self.format);
        text.map("objects", &objects);
        text.value("pages", &self.pages);
        text.list("policies", &self.policies);
        text.list("rules", &self.rules);
        text.list("shards", &names);
        text.value("site", &self.site);
        if let Some(token) = &self.token {
            text.value("token", token);
        }
        text.value("version", &self.version);
        text.end()
    }

    fn shard(&self, paths: &[&str]) -> Shard {
        let mut routes: BTreeMap<&str, &Route> = BTreeMap::new();
        let mut redirects: BTreeMap<&str, &str> = BTreeMap::new();
        for path in paths {
            let target = self.redirects.get(*path);
            redirects.extend(target.map(|target| (*path, target.as_str())));
            let key = target.map_or(*path, String::as_str);
            routes.extend(self.routes.get(key).map(|route| (key, route)));
        }
        let names = routes.values().flat_map(|route| &route.objects);
        let objects: BTreeMap<_, _> = names.filter_map(|name| self.objects.get_key_value(name)).collect();
        let mut text = Text::begin(200 * (routes.len() + objects.len()) + 64);
        text.map("objects", &objects);
        text.map("redirects", &redirects);
        text.map("routes", &routes);
        let bytes = text.end();
        Shard { name: format!("{}.json", sha256_hex(&bytes)), bytes }
    }
}

impl EdgeRoot {
    /// The manifest that a root and one shard make together: enough to decide about the paths of that shard.
    ///
    /// # Errors
    /// [`ManifestError`] if the two do not fit together or are of another format.
    pub fn with(self, shard: EdgeShard) -> Result<Manifest, ManifestError> {
        if self.format != super::FORMAT {
            return Err(ManifestError::Format(self.format));
        }
        let mut objects = self.objects;
        objects.extend(shard.objects);
        let manifest = Manifest {
            access_controls: self.access_controls,
            build: self.build,
            clock: self.clock,
            created: self.created,
            format: self.format,
            objects,
            pages: self.pages,
            policies: self.policies,
            redirects: shard.redirects,
            routes: shard.routes,
            rules: self.rules,
            site: self.site,
            token: self.token,
            version: self.version,
        };
        manifest.check()?;
        Ok(manifest)
    }
}
