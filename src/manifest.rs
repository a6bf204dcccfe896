//! (placeholder until the real one is merged)
#![allow(missing_docs, clippy::missing_errors_doc, reason = "placeholder")]
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Manifest {
    pub build: String,
    pub version: i64,
    pub created: i64,
    pub clock: i64,
    pub routes: BTreeMap<String, Route>,
    pub pages: BTreeMap<String, String>,
    pub objects: BTreeMap<String, Object>,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Route {
    pub policy: usize,
    pub objects: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Object {
    pub size: u64,
    #[serde(rename = "type")]
    pub kind: String,
    pub encodings: Vec<String>,
}

impl Manifest {
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
    #[must_use]
    pub fn build_id(&self) -> String {
        crate::digest::sha256_hex(
            &Self { build: String::new(), version: 0, created: 0, clock: 0, ..self.clone() }.to_json(),
        )
    }
    #[must_use]
    pub fn edge_shards(&self) -> BTreeMap<String, Vec<u8>> {
        let mut parts: BTreeMap<u8, BTreeMap<&str, &Route>> = (0..=255).map(|n| (n, BTreeMap::new())).collect();
        for (path, route) in &self.routes {
            parts.entry(crate::digest::sha256(path.as_bytes()).first()).or_default().insert(path, route);
        }
        parts
            .values()
            .map(|part| serde_json::to_vec(part).unwrap_or_default())
            .map(|bytes| (format!("{}.json", crate::digest::sha256_hex(&bytes)), bytes))
            .collect()
    }
    #[must_use]
    pub fn edge_root(&self) -> Vec<u8> {
        let shards: Vec<_> = self.edge_shards().into_keys().collect();
        serde_json::to_vec(&serde_json::json!({
            "build": self.build, "version": self.version, "created": self.created, "clock": self.clock, "shards": shards
        }))
        .unwrap_or_default()
    }
}
