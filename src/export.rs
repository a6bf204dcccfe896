//! Configuration for the proxies and runtimes that people already run, made from a manifest.
//!
//! A manifest in, files out; nothing here reads or writes. What a kind of edge cannot enforce is refused with the reason
//! ([`ExportError`]), never weakened: half a gate is none. Whatever comes from a manifest or a command line and stands in
//! a configuration went through the one function of that language that quotes or refuses.

mod address;
mod caddy;
mod envoy;
mod haproxy;
mod nginx;
mod origin;
mod template;
mod traefik;
mod worker;

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use crate::edge::answer::CSP;
use crate::edge::token::{KeySource, Keys};
use crate::manifest::{Encoding, Manifest};

pub use address::{Address, Decider, NoDecider, NotAnAddress};

/// What configuration is made for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// nginx, which asks `tierpress edge` by `auth_request`.
    Nginx,
    /// nginx, which is told by `tierpress edge` with `X-Accel-Redirect`.
    NginxAccel,
    /// Caddy, which hands every request to `tierpress edge`.
    Caddy,
    /// Traefik, which asks `tierpress edge` by ForwardAuth.
    Traefik,
    /// Envoy, which asks `tierpress edge` by `ext_authz`.
    Envoy,
    /// HAProxy, which decides by itself, in Lua.
    Haproxy,
    /// One ES module for Cloudflare Workers, Deno and edge-runtime, which decides by itself.
    Worker,
}

impl Kind {
    /// All of them, in the order in which they are named to people.
    pub const ALL: &'static [Self] =
        &[Self::Nginx, Self::NginxAccel, Self::Caddy, Self::Traefik, Self::Envoy, Self::Haproxy, Self::Worker];

    /// The word on the command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::NginxAccel => "nginx-accel",
            Self::Caddy => "caddy",
            Self::Traefik => "traefik",
            Self::Envoy => "envoy",
            Self::Haproxy => "haproxy",
            Self::Worker => "worker",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = ExportError;

    fn from_str(text: &str) -> Result<Self, ExportError> {
        let kind = Self::ALL.iter().find(|kind| kind.as_str() == text);
        kind.copied().ok_or_else(|| ExportError::UnknownKind(text.to_owned()))
    }
}

/// What is exported, and how the parts find each other.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What is served to whom.
    pub manifest: &'a Manifest,
    /// Where the proxy listens.
    pub listen: Address,
    /// Where `tierpress edge --mode decide` listens.
    pub decider: Decider,
    /// The folder `objects` of the output, absolute, as the proxy sees it.
    pub objects: &'a Path,
    /// Where a server of static files has the objects, for proxies that serve none themselves.
    pub origin: Option<Address>,
    /// The server that the paths of `passthrough` belong to.
    pub upstream: Option<Address>,
    /// Whether, and from where, nginx has its Brotli module.
    pub brotli: Brotli<'a>,
    /// The `Content-Security-Policy`, for what an edge answers by itself; its decider is to be given the same.
    pub csp: Option<&'a str>,
    /// The keys that verify tokens, for kinds that decide by themselves.
    pub keys: &'a [KeyFile],
}

/// Where nginx has the module `brotli_static` from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Brotli<'a> {
    /// It has none: Brotli is not offered.
    #[default]
    Absent,
    /// It is compiled in, or loaded elsewhere.
    Present,
    /// It is to be loaded from this file.
    Module(&'a Path),
}

/// A file with keys, as it was given.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyFile {
    /// The id that it was given for its one key.
    pub kid: Option<String>,
    /// Its name, for messages.
    pub name: String,
    /// A JWKS, a JWK or PEM.
    pub bytes: Vec<u8>,
}

/// What an export makes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Exported {
    /// The files, to be written into one folder.
    pub files: Vec<File>,
    /// What to run then, one command or remark a line; `{out}` stands for the folder.
    pub run: Vec<String>,
}

/// One file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct File {
    /// Its path below the folder, with `/`.
    pub name: String,
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Whether it holds a secret, which nobody else on the machine may read.
    pub is_secret: bool,
}

impl File {
    fn new(name: &str, text: String) -> Self {
        Self { name: name.to_owned(), bytes: text.into_bytes(), is_secret: false }
    }
}

/// Why there is no export.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ExportError {
    /// No such kind.
    #[error("there is no export for `{0}`")]
    UnknownKind(String),
    /// Something is needed that was not given.
    #[error("{what}")]
    Missing {
        /// What needs it.
        what: String,
        /// How to give it.
        help: String,
    },
    /// The edge cannot do what the manifest asks.
    #[error("{kind} cannot enforce this site: {reason}")]
    Unenforceable {
        /// The edge.
        kind: Kind,
        /// Why not.
        reason: String,
    },
    /// A text cannot stand in the configuration.
    #[error("`{text}` cannot be written into a configuration of {language}: it has {fault}")]
    Unquotable {
        /// The text, with what is strange in it escaped.
        text: String,
        /// The language.
        language: &'static str,
        /// What is wrong with it.
        fault: &'static str,
    },
}

impl ExportError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        match self {
            Self::UnknownKind(_) => {
                let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
                Some(format!("there is {}", known.join(", ")))
            }
            Self::Missing { help, .. } => Some(help.clone()),
            Self::Unenforceable { .. } => Some("serve it with `tierpress edge`, or by another proxy".to_owned()),
            Self::Unquotable { .. } => Some("use another path or address".to_owned()),
        }
    }

    fn unquotable(language: &'static str, text: &str, fault: &'static str) -> Self {
        Self::Unquotable { text: text.escape_debug().collect(), language, fault }
    }
}

/// Makes the configuration.
///
/// # Errors
/// [`ExportError`] if something is missing, cannot be quoted, or cannot be enforced by this kind of edge.
pub fn export(kind: Kind, request: &Request<'_>) -> Result<Exported, ExportError> {
    match kind {
        Kind::Nginx => nginx::auth_request(request),
        Kind::NginxAccel => nginx::accel(request),
        Kind::Caddy => caddy::caddyfile(request),
        Kind::Traefik => traefik::traefik(request),
        Kind::Envoy => envoy::envoy(request),
        Kind::Haproxy => haproxy::haproxy(request),
        Kind::Worker => worker::worker(request),
    }
}

/// The upstream of `passthrough`: there where the manifest has such paths.
fn upstream<'r>(request: &'r Request<'_>) -> Result<Option<&'r Address>, ExportError> {
    match (request.manifest.site.passthrough.first(), &request.upstream) {
        (None, _) => Ok(None),
        (Some(_), Some(upstream)) => Ok(Some(upstream)),
        (Some(path), None) => Err(ExportError::Missing {
            what: format!("`{path}` is passed through, and nothing says to whom"),
            help: "give `--upstream HOST:PORT`, or take it out of `passthrough` in site.yaml".to_owned(),
        }),
    }
}

/// The keys of all files together: for edges that verify tokens themselves.
fn keys(files: &[KeyFile]) -> Result<Keys, ExportError> {
    files.iter().try_fold(Keys::default(), |all, KeyFile { kid, name, bytes }| {
        let read = Keys::read(kid.as_deref(), bytes, KeySource::File);
        read.and_then(|keys| all.and(keys)).map_err(|fault| ExportError::Missing {
            what: format!("`{name}`: {fault}"),
            help: "give a JWKS, a JWK or a PEM public key".to_owned(),
        })
    })
}

/// The decider of a kind that asks it over TCP.
fn decider<'r>(request: &'r Request<'_>, kind: Kind) -> Result<&'r Address, ExportError> {
    match &request.decider {
        Decider::At(address) => Ok(address),
        Decider::Socket(_) => Err(ExportError::Missing {
            what: format!("{kind} is made to ask a decider at an address, not at a socket in the file system"),
            help: "give `--decider HOST:PORT`; nginx can ask at `unix:/PATH`".to_owned(),
        }),
    }
}

/// How the decider is started, with what this kind of edge needs it to be told.
fn decider_command(request: &Request<'_>, more: &str) -> String {
    let csp = match request.csp {
        Some(CSP) => String::new(),
        Some(csp) => format!(" --csp \"{}\"", csp.replace(['"', '\\', '$', '`'], "")),
        None => " --csp none".to_owned(),
    };
    format!("tierpress edge --mode decide --listen {}{more}{csp} --manifest MANIFEST --jwks KEYS", request.decider)
}

/// Whether any object lies there in this encoding.
fn has_encoding(manifest: &Manifest, encoding: Encoding) -> bool {
    manifest.objects.values().any(|object| object.encodings.contains(&encoding))
}

/// A path as text without control characters.
fn path_text<'p>(path: &'p Path, language: &'static str) -> Result<&'p str, ExportError> {
    let unquotable = |fault| ExportError::unquotable(language, &path.to_string_lossy(), fault);
    let text = path.to_str().ok_or_else(|| unquotable("bytes that are not UTF-8"))?;
    if text.chars().any(char::is_control) { Err(unquotable("a control character")) } else { Ok(text) }
}

/// A text in a comment: it must not end the line.
fn comment<'t>(language: &'static str, text: &'t str) -> Result<&'t str, ExportError> {
    let breaks = text.chars().any(|c| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}'));
    if breaks { Err(ExportError::unquotable(language, text, "a control character")) } else { Ok(text) }
}
