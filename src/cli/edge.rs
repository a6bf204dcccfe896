//! `tierpress edge`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use hyper::header::{HeaderName, HeaderValue};
use tierpress::diagnostic::Diagnostic;
use tierpress::edge::answer;
use tierpress::server::{self, KeysFrom, Listen, Options};

use super::build::failed;
use super::members::service::{self, ServiceArguments};
use super::{Ending, Format, present};

/// What `edge` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress edge --manifest tierpress-out/manifest.json --listen 127.0.0.1:8080 --key token.jwks.json
  tierpress edge --members members.db --mail-dir mails --manifest tierpress-out/manifest.json --listen 127.0.0.1:8080
  tierpress edge --mode decide --manifest tierpress-out/manifest.json --listen 127.0.0.1:9001 \\
                 --jwks https://id.example/.well-known/jwks.json

SIGHUP reads manifest and keys again, and with --members settings, theme and secrets; SIGTERM ends it when all is
answered. The log goes to standard error, as JSON.")]
pub(super) struct Arguments {
    /// The manifest of a build, or its signed envelope (manifest.json.dsse)
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// Where to listen: an address and a port, or unix:/PATH
    #[arg(long, value_name = "ADDR")]
    listen: Listen,
    /// Serve the site, or decide for other servers
    #[arg(long, value_enum, default_value_t = Mode::Serve)]
    mode: Mode,
    /// A key that tokens are signed with: a JWKS, a JWK or a PEM public key; may be given several times
    #[arg(long, value_name = "[KID=]FILE")]
    key: Vec<String>,
    /// The keys that tokens are signed with: a JWKS in a file, or at an https:// URL
    #[arg(long, value_name = "FILE|URL")]
    jwks: Option<String>,
    /// The public key that the manifest is signed with (Ed25519): only signed manifests are read then
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The folder of the objects [default: objects beside the manifest]
    #[arg(long, value_name = "DIR")]
    objects: Option<PathBuf>,
    /// Where the highest version is remembered [default: edge-state beside the manifest]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// The server for the paths of `passthrough` (serve): http://HOST:PORT
    #[arg(long, value_name = "URL")]
    upstream: Option<String>,
    /// The header that holds the original target (decide)
    #[arg(long, value_name = "NAME", default_value = "Tierpress-Target")]
    target_header: String,
    /// The header that holds the original method (decide)
    #[arg(long, value_name = "NAME", default_value = "Tierpress-Method")]
    method_header: String,
    /// What stands before an object's name in X-Accel-Redirect (decide)
    #[arg(long, value_name = "PATH", default_value = "/_tierpress_objects/")]
    accel_prefix: String,
    /// Another Content-Security-Policy, or none
    #[arg(long, value_name = "POLICY|none")]
    csp: Option<String>,
    /// Where /healthz is answered: never an address that the world reaches
    #[arg(long, value_name = "ADDR")]
    health: Option<SocketAddr>,
    /// How many threads answer [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// How much of the objects is held in memory: bytes, or with K, M or G
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = parse_size)]
    memory: u64,
    /// How many connections are open at once
    #[arg(long, value_name = "N", default_value_t = 8192, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    max_connections: u32,
    /// Log every request, without its query
    #[arg(long)]
    access_log: bool,
    /// Answer /account/ too, with members in this ledger: a file, or postgres://…; without a value the one that TIERPRESS_DB names, so that no password stands in the command
    #[arg(long, value_name = "FILE|URL", num_args = 0..=1, help_heading = "Members")]
    members: Option<Option<String>>,
    #[command(flatten, next_help_heading = "Members")]
    service: ServiceArguments,
    /// How many seconds a URL of keys is left alone after it was asked
    #[arg(long, value_name = "SECONDS", default_value_t = 60, hide = true)]
    jwks_rest: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Mode {
    /// Answer the world
    Serve,
    /// Answer nginx, Caddy, Traefik or Envoy
    Decide,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    let options = options(arguments).and_then(|options| {
        let account = match &arguments.members {
            Some(ledger) => Some(Arc::new(service::start(&arguments.service, &place(ledger.as_deref())?)?)),
            None => None,
        };
        Ok(Options { account, ..options })
    });
    log();
    match options.and_then(server::run) {
        Ok(()) => Ending::Done,
        Err(faults) => failed(&faults, Format::Text, "; nothing is served"),
    }
}

/// Where the ledger is.
fn place(given: Option<&str>) -> Result<String, Vec<Diagnostic>> {
    let place = given.map(str::to_owned).or_else(|| std::env::var("TIERPRESS_DB").ok());
    place.filter(|place| !place.is_empty()).ok_or_else(|| {
        let unnamed = Diagnostic::setup("nothing says where the ledger is");
        vec![unnamed.help("name it with `--members members.db`, or with TIERPRESS_DB")]
    })
}

/// The log: JSON lines on standard error, of this program alone.
pub(super) fn log() {
    use tracing_subscriber::filter::{LevelFilter, Targets};
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    let ours = Targets::new().with_target("tierpress", LevelFilter::INFO);
    let lines = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false);
    tracing_subscriber::registry().with(lines.with_writer(std::io::stderr)).with(ours).init();
}

/// What was typed, checked as a whole: every fault of it is told.
fn options(arguments: &Arguments) -> Result<Options, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let mut header = |flag: &str, name: &str| {
        let parsed = HeaderName::try_from(name);
        parsed.unwrap_or_else(|_| {
            faults.push(Diagnostic::setup(format!("`{flag} {name}` is no name of a header")));
            HeaderName::from_static("tierpress-target")
        })
    };
    let target_header = header("--target-header", &arguments.target_header);
    let method_header = header("--method-header", &arguments.method_header);
    if target_header == method_header && faults.is_empty() {
        faults.push(Diagnostic::setup("target and method cannot come in one header"));
    }
    let csp = csp(arguments.csp.as_deref());
    let keys = keys(arguments);
    if !is_prefix(&arguments.accel_prefix) {
        let text = format!("`--accel-prefix {}` is no path", arguments.accel_prefix);
        faults.push(Diagnostic::setup(text).help("it begins and ends with `/`, and holds letters, digits, `-._~/`"));
    }
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    match (csp, keys) {
        (Ok(csp), Ok(keys)) if faults.is_empty() => Ok(Options {
            manifest: arguments.manifest.clone(),
            objects: arguments.objects.clone(),
            state: arguments.state.clone(),
            public_key: arguments.public_key.clone(),
            keys,
            keys_rest: Duration::from_secs(arguments.jwks_rest),
            listen: arguments.listen.clone(),
            health: arguments.health,
            mode: match arguments.mode {
                Mode::Serve => server::Mode::Serve,
                Mode::Decide => server::Mode::Decide,
            },
            upstream: arguments.upstream.clone(),
            target_header,
            method_header,
            accel_prefix: arguments.accel_prefix.clone(),
            csp,
            threads: arguments.threads.map_or_else(cores, usize::from),
            memory: arguments.memory,
            max_connections: usize::try_from(arguments.max_connections).unwrap_or(usize::MAX),
            access_log: arguments.access_log,
            account: None,
            clock: present,
        }),
        (csp, keys) => {
            faults.extend(csp.err().map(|fault| *fault));
            faults.extend(keys.err().map(|fault| *fault));
            Err(faults)
        }
    }
}

fn csp(typed: Option<&str>) -> Result<Option<String>, Box<Diagnostic>> {
    match typed {
        None => Ok(Some(answer::CSP.to_owned())),
        Some("none") => Ok(None),
        Some(policy) if !policy.trim().is_empty() && policy.is_ascii() && HeaderValue::from_str(policy).is_ok() => {
            Ok(Some(policy.to_owned()))
        }
        Some(policy) => Err(Box::new(
            Diagnostic::setup(format!("`--csp {policy}` cannot be sent as a header"))
                .help("write a policy of printable ASCII, or `none`"),
        )),
    }
}

fn keys(arguments: &Arguments) -> Result<Vec<KeysFrom>, Box<Diagnostic>> {
    let mut keys: Vec<KeysFrom> = arguments.key.iter().map(|typed| key(typed)).collect();
    if let Some(jwks) = &arguments.jwks {
        let is_url = jwks.starts_with("https://") || jwks.starts_with("http://");
        if is_url && !is_safe(jwks) {
            let fault = Diagnostic::setup(format!("the keys at `{jwks}` could be anybody's"));
            return Err(Box::new(fault.help("fetch them by https://, or by http:// from this machine alone")));
        }
        keys.push(if is_url { KeysFrom::Url(jwks.clone()) } else { KeysFrom::File { kid: None, path: jwks.into() } });
    }
    Ok(keys)
}

/// `KID=FILE` or `FILE`. A file that has a `=` in its name is given a path: `./a=b.pem`.
fn key(typed: &str) -> KeysFrom {
    match typed.split_once('=') {
        Some((kid, path)) if !kid.is_empty() && !kid.contains('/') => {
            KeysFrom::File { kid: Some(kid.to_owned()), path: path.into() }
        }
        _ => KeysFrom::File { kid: None, path: typed.into() },
    }
}

/// Whether nobody on the way can change what a URL gives.
fn is_safe(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else { return true };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let address: Option<SocketAddr> = authority.parse().ok();
    let bare: Option<std::net::IpAddr> = authority.trim_matches(['[', ']']).parse().ok();
    let host = address.map(|address| address.ip()).or(bare);
    !authority.contains('@') && host.is_some_and(|host| host.is_loopback())
        || !authority.contains('@') && authority.split(':').next() == Some("localhost")
}

fn is_prefix(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    text.starts_with('/') && text.ends_with('/') && text.bytes().all(plain)
}

/// `65536`, `512K`, `64M`, `1G`.
fn parse_size(text: &str) -> Result<u64, String> {
    let wrong = || "write a number of bytes, or one with K, M or G".to_owned();
    let trimmed = text.trim_end_matches(['b', 'B']).trim_end_matches('i');
    let unit = |text: &str| match text.chars().last() {
        Some('k' | 'K') => 1 << 10,
        Some('m' | 'M') => 1 << 20,
        Some('g' | 'G') => 1 << 30,
        _ => 1_u64,
    };
    let digits = trimmed.trim_end_matches(['k', 'K', 'm', 'M', 'g', 'G']);
    let factor = unit(trimmed);
    if trimmed.len() - digits.len() > 1 || (factor == 1 && trimmed.len() != digits.len()) {
        return Err(wrong());
    }
    let number: u64 = digits.trim().parse().map_err(|_| wrong())?;
    number.checked_mul(factor).ok_or_else(wrong)
}
