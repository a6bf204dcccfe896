//! The manifest as bytes: keys sorted, one route, object or rule a line, so that a reviewer's diff shows what changed.
//!
//! It is written piece by piece: a site of 100,000 routes is never held as a tree of JSON values beside itself.

use std::collections::BTreeMap;

use serde::Serialize;

use super::Manifest;
use crate::digest::sha256_hex;

impl Manifest {
    /// The manifest as an edge reads it. The same value gives the same bytes.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        self.write(true)
    }

    /// What `build` is to be: SHA-256, in hexadecimal, of all but `build`, `clock`, `created` and `version`.
    #[must_use]
    pub fn build_id(&self) -> String {
        sha256_hex(&self.write(false))
    }

    fn write(&self, with_times: bool) -> Vec<u8> {
        let Self {
            access_controls,
            build,
            clock,
            created,
            format,
            objects,
            pages,
            policies,
            redirects,
            routes,
            rules,
            site,
            token,
            version,
        } = self;
        let mut text = Text::begin(200 * (routes.len() + objects.len()) + 4096);
        text.list("access_controls", access_controls);
        if with_times {
            text.value("build", build);
            text.value("clock", clock);
            text.value("created", created);
        }
        text.value("format", format);
        text.map("objects", objects);
        text.value("pages", pages);
        text.list("policies", policies);
        text.map("redirects", redirects);
        text.map("routes", routes);
        text.list("rules", rules);
        text.value("site", site);
        if let Some(token) = token {
            text.value("token", token);
        }
        if with_times {
            text.value("version", version);
        }
        text.end()
    }
}

/// A JSON object in the making.
pub(super) struct Text {
    bytes: Vec<u8>,
    empty: bool,
}

impl Text {
    pub(super) fn begin(capacity: usize) -> Self {
        let mut bytes = Vec::with_capacity(capacity);
        bytes.push(b'{');
        Self { bytes, empty: true }
    }

    pub(super) fn end(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(b"\n}\n");
        self.bytes
    }

    /// `"key": value` on a line.
    pub(super) fn value(&mut self, key: &str, value: &impl Serialize) {
        self.key(key);
        self.json(value);
    }

    /// A map with one entry a line.
    pub(super) fn map<K: Serialize, V: Serialize>(&mut self, key: &str, map: &BTreeMap<K, V>) {
        self.key(key);
        self.lines((b'{', b'}'), map, |text, (key, value)| {
            text.json(key);
            text.bytes.extend_from_slice(b": ");
            text.json(value);
        });
    }

    /// A list with one entry a line.
    pub(super) fn list(&mut self, key: &str, list: &[impl Serialize]) {
        self.key(key);
        self.lines((b'[', b']'), list, |text, value| text.json(value));
    }

    fn key(&mut self, key: &str) {
        self.bytes.extend_from_slice(if self.empty { b"\n" } else { b",\n" });
        self.empty = false;
        self.json(key);
        self.bytes.extend_from_slice(b": ");
    }

    fn lines<T>(&mut self, brackets: (u8, u8), entries: impl IntoIterator<Item = T>, write: impl Fn(&mut Self, T)) {
        self.bytes.push(brackets.0);
        let mut first = true;
        for entry in entries {
            self.bytes.extend_from_slice(if first { b"\n  " } else { b",\n  " });
            first = false;
            write(self, entry);
        }
        if !first {
            self.bytes.push(b'\n');
        }
        self.bytes.push(brackets.1);
    }

    #[expect(clippy::expect_used, reason = "plain structs with text keys become JSON in memory without fail")]
    fn json(&mut self, value: &(impl Serialize + ?Sized)) {
        serde_json::to_writer(&mut self.bytes, value).expect("a manifest is JSON");
    }
}
