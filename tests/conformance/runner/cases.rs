//! The cases as data: what is asked, with which tokens, and what is to come back.
//!
//! `tests/conformance/README.md` says what each field means. Texts that go over the wire are Latin-1 here: one character is
//! one byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::shift::CLOCK;
use super::stage::data;

/// Cases that are played on one site at one instant: one file of `tests/conformance/cases`.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Round {
    /// What these cases are about.
    pub(crate) about: String,
    /// The folder below `sites/`.
    pub(crate) site: String,
    /// The instant that is the present for these cases.
    pub(crate) now: i64,
    /// The clock of the manifest, where it is not the one that the site is built at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) manifest_clock: Option<i64>,
    pub(crate) cases: Vec<Case>,
}

/// One request and its answer.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) request: Request,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tokens: Vec<Token>,
    /// What the tokens make of the reader.
    #[serde(default, skip_serializing_if = "Who::is_visitor")]
    pub(crate) reader: Who,
    pub(crate) expect: Expect,
    /// Other answers that are as good from edges of a kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) or: Vec<Or>,
    /// `sessions`: only for edges that have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) needs: Option<String>,
    /// The answers to all cases of a round with this same word are equal byte for byte, `Date` aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) equal: Option<String>,
}

/// What is sent.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    #[serde(default = "get", skip_serializing_if = "is_get")]
    pub(crate) method: String,
    pub(crate) target: Text,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<String>,
    /// A case of the same round that is played before; `{etag}` and `{last-modified}` in the headers are those of its answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) first: Option<String>,
}

/// A text, or parts of one, each with how often it is repeated.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Text {
    Plain(String),
    Parts(Vec<(String, usize)>),
}

/// A token, made of its parts when it is sent; `{token 0}` in a header or body stands for the first.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Token {
    /// The private key: a file of `keys/` without its ending, `none`, or `hmac:FILE`, a file's bytes as a secret.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) key: String,
    /// The header, in place of `alg` and `kid` of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) header: Option<String>,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub(crate) claims: Value,
    /// The payload as it is written, in place of `claims`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payload: Option<String>,
    /// How the finished token is spoilt; see `tokens.rs`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) spoilt: Option<String>,
    /// The whole token as it is, in place of all else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) raw: Option<Text>,
}

/// Who asks.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Who {
    #[default]
    Visitor,
    Expired,
    Member(Vec<Held>),
}

/// An entitlement.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Held {
    pub(crate) value: String,
    pub(crate) since: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) frozen: Option<i64>,
}

/// What is to come back. A header of the README's table that does not follow from these fields must not be there.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// The status; 0 for any 4xx or 5xx of the edge's own, or a connection that is closed.
    pub(crate) status: u16,
    /// `/course/ 0`, the route and the number of its variant, or `page not_found`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) object: Option<String>,
    /// `public`, `immutable`, `private`, `no-store`, or `timed N` with N seconds.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) cache: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) available_at: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    /// The whole of `Set-Cookie`; `{token 0}` and `{life}` (a number up to that of the token) are filled in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) set_cookie: Option<String>,
    /// First and last byte of the object that are sent, with status 206.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) range: Option<(usize, usize)>,
    /// That another upstream answers: the body begins with this line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) upstream: Option<String>,
}

/// Another answer that is as good, from edges with all of these traits.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Or {
    pub(crate) traits: Vec<String>,
    pub(crate) expect: Expect,
}

impl Who {
    pub(crate) fn is_visitor(&self) -> bool {
        *self == Self::Visitor
    }
}

impl Text {
    /// The whole of it.
    pub(crate) fn whole(&self) -> String {
        match self {
            Self::Plain(text) => text.clone(),
            Self::Parts(parts) => parts.iter().map(|(part, times)| part.repeat(*times)).collect(),
        }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self::Plain(text.to_owned())
    }
}

/// The bytes that a text of the data stands for.
pub(crate) fn bytes(latin: &str) -> Vec<u8> {
    latin.chars().map(|c| u8::try_from(u32::from(c)).unwrap_or_else(|_| panic!("`{c}` is not one byte"))).collect()
}

/// The text that stands for bytes.
pub(crate) fn latin(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The rounds of `tests/conformance/cases`, by the name of the stage that they are played on: those of one stage can be
/// played one after the other on one edge.
pub(crate) fn by_stage() -> BTreeMap<String, Vec<Round>> {
    let mut stages: BTreeMap<String, Vec<Round>> = BTreeMap::new();
    let mut files: Vec<_> = fs::read_dir(data().join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let round = Round::read(&file);
        stages.entry(round.stage()).or_default().push(round);
    }
    stages
}

impl Round {
    /// The name of the stage: that of the site, and what is special about its clocks.
    pub(crate) fn stage(&self) -> String {
        let special = match self.manifest_clock {
            Some(_) => "-ahead",
            None if self.now == CLOCK => "",
            None => "-later",
        };
        format!("{}{special}", self.site)
    }

    /// Reads a file of cases.
    pub(crate) fn read(path: &Path) -> Self {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The file: one case a line.
    pub(crate) fn to_json(&self) -> String {
        let Self { about, site, now, manifest_clock, cases } = self;
        let json = |value: &Value| value.to_string();
        let mut text = format!("{{\n\"about\": {},\n", json(&about.as_str().into()));
        text += &format!("\"site\": {},\n\"now\": {now},\n", json(&site.as_str().into()));
        text += &manifest_clock.map(|clock| format!("\"manifest_clock\": {clock},\n")).unwrap_or_default();
        let lines: Vec<String> =
            cases.iter().map(|case| serde_json::to_string(case).expect("a case is JSON")).collect();
        text + &format!("\"cases\": [\n{}\n]\n}}\n", lines.join(",\n"))
    }
}

fn get() -> String {
    "GET".to_owned()
}

fn is_get(method: &String) -> bool {
    method == "GET"
}
