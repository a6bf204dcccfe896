//! `tierpress token`: a signed token for a reader, as tests and small sites need it.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::tz::TimeZone;
use tierpress::access::catalogue::{Bundle, Cancellation, Catalogue, Kind, Tier};
use tierpress::access::entitlement::{Entitlement, Reader, parse_reader};
use tierpress::diagnostic::{Diagnostic, any_error};
use tierpress::edge::token::issue::{Claims, SigningKey};
use tierpress::fs;
use tierpress::load::{config, dates};
use tierpress::manifest::{self, Manifest};
use tierpress::time::Timestamp;

use super::build::failed;
use super::{Ending, Format, clocks, present, say};

/// What `token` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress token pro --key token.pem          somebody who has had pro for ever
  tierpress token basic/30d+rust-course/2026-10-01 --key token.pem
  tierpress token 'pro!frozen' --key token.pem --ttl 5m --subject m_1
  curl -H \"Authorization: Bearer $(tierpress token pro --key token.pem)\" http://127.0.0.1:8080/

The token alone goes to standard output.")]
pub(super) struct Arguments {
    /// Whom it is for: entitlements such as basic/30d+rust-course; with @DATE it is made as of that date
    reader: String,
    /// The private key: PKCS#8 in PEM, or a JWK
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The folder that holds site.yaml
    #[arg(long, value_name = "DIR", default_value = ".", conflicts_with = "manifest")]
    root: PathBuf,
    /// A manifest in place of site.yaml; its lowest tier is taken for the default tier
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// How long it is good: 90s, 15m, 1h, 1d [default: 15m, or what the site allows if that is less]
    #[arg(long, value_name = "LENGTH", value_parser = parse_ttl)]
    ttl: Option<u32>,
    /// Whom it is about, as its `sub`
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// When it is made: a date or an instant [default: the present]
    #[arg(long, value_name = "T")]
    now: Option<String>,
    /// Print a Set-Cookie header instead
    #[arg(long)]
    cookie: bool,
}

/// The life of a token where none is asked for, in seconds.
const USUAL: u32 = 900;

pub(super) fn run(arguments: &Arguments) -> Ending {
    match token(arguments) {
        Ok(line) => {
            say::line(&line);
            Ending::Done
        }
        Err(faults) => failed(&faults, Format::Text, ""),
    }
}

/// What a site says of its tokens and of those they are for.
struct Issuer {
    settings: manifest::Token,
    catalogue: Catalogue,
    zone: TimeZone,
}

fn token(arguments: &Arguments) -> Result<String, Vec<Diagnostic>> {
    let now = match &arguments.now {
        None => present(),
        Some(now) => clocks(Some(now)).map_err(|fault| vec![*fault])?.now,
    };
    let Issuer { settings, catalogue, zone } = match &arguments.manifest {
        Some(path) => from_manifest(path).map_err(|fault| vec![*fault])?,
        None => from_site(arguments)?,
    };
    let key = fs::read(&arguments.key).map_err(|fault| one(&fault.to_string()))?;
    let key = SigningKey::read(&key)
        .map_err(|fault| vec![Diagnostic::setup(format!("`{}`: {fault}", arguments.key.display())).help(KEY_HELP)])?;
    let parse = |text: &str| dates::parse(text, &zone);
    let parsed = parse_reader(&arguments.reader, &catalogue, &parse, now);
    let (reader, issued) = parsed.map_err(|fault| one(&format!("`{}`: {fault}", arguments.reader)))?;
    let Reader::Member(entitlements) = reader else {
        return Err(vec![Diagnostic::setup("a visitor has no token").help("name a tier or a bundle")]);
    };
    let ttl = life(arguments, &settings, &entitlements).map_err(|fault| vec![*fault])?;
    let expires = Timestamp::saturating(issued.seconds().saturating_add(ttl.into()));
    let subject = arguments.subject.as_deref();
    let claims = Claims { settings: &settings, subject, issued, expires, entitlements: &entitlements };
    let token = key.sign(&claims).map_err(|fault| one(&fault.to_string()))?;
    if arguments.cookie {
        let name = &settings.cookie;
        return Ok(format!("Set-Cookie: {name}={token}; Path=/; Max-Age={ttl}; HttpOnly; Secure; SameSite=Lax"));
    }
    Ok(token)
}

const KEY_HELP: &str = "make one with `tierpress keygen --out FILE`";

/// How long the token is good; refused where no edge would accept it.
fn life(arguments: &Arguments, settings: &manifest::Token, held: &[Entitlement]) -> Result<u32, Box<Diagnostic>> {
    let most = usize::try_from(settings.max_entitlements).unwrap_or(usize::MAX);
    if held.len() > most {
        let fault = Diagnostic::setup(format!("{} are more than edges accept", say::number(held.len(), "entitlement")));
        return Err(Box::new(fault.help(format!("`token.max_entitlements` of the site is {most}"))));
    }
    let ttl = arguments.ttl.unwrap_or(USUAL.min(settings.max_ttl));
    if ttl > settings.max_ttl {
        let fault = Diagnostic::setup(format!("a life of {ttl} s is longer than edges accept"));
        return Err(Box::new(fault.help(format!("`token.max_ttl` of the site is {} s", settings.max_ttl))));
    }
    Ok(ttl)
}

fn from_site(arguments: &Arguments) -> Result<Issuer, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let loaded = config::load(&arguments.root, &mut faults);
    let Some(config) = loaded.filter(|_| !any_error(&faults)) else { return Err(faults) };
    let tierpress::config::Token { issuer, audience, claim, cookie, max_ttl, max_entitlements } = config.token;
    let settings = manifest::Token { issuer, audience, claim, cookie, max_ttl, max_entitlements };
    Ok(Issuer { settings, catalogue: config.catalogue, zone: config.zone })
}

fn from_manifest(path: &Path) -> Result<Issuer, Box<Diagnostic>> {
    let fault = |fault: String| Box::new(Diagnostic::setup(format!("`{}`: {fault}", path.display())));
    let bytes = fs::read(path).map_err(|error| Box::new(Diagnostic::setup(error.to_string())))?;
    let manifest = Manifest::parse(&bytes).map_err(|error| fault(error.to_string()))?;
    let settings = manifest.token.clone().ok_or_else(|| fault("the site has no tokens".to_owned()))?;
    let catalogue = catalogue(&manifest).ok_or_else(|| fault("its tiers and bundles cannot be read".to_owned()))?;
    Ok(Issuer { settings, catalogue, zone: TimeZone::UTC })
}

/// The catalogue as far as a manifest knows it: ids in their order.
fn catalogue(manifest: &Manifest) -> Option<Catalogue> {
    let (mut tiers, mut bundles) = (Vec::new(), Vec::new());
    for manifest::AccessControl { id, kind } in &manifest.access_controls {
        let (id, title, free) = (id.clone(), id.to_string(), true);
        let (price, buy, also, includes) = (None, None, Vec::new(), Vec::new());
        match kind {
            Kind::Tier => tiers.push(Tier {
                id,
                title,
                free,
                price,
                buy,
                also,
                includes,
                expires_after: None,
                downgrade_to: None,
            }),
            Kind::Bundle => bundles.push(Bundle { id, title, free, price, buy, also, expires_after: None }),
        }
    }
    let lowest = tiers.first().map(|tier| tier.id.clone());
    Catalogue::new(tiers, bundles, lowest, Cancellation::default()).ok()
}

/// `90s`, `15m`, `1h`, `1d` in seconds.
fn parse_ttl(text: &str) -> Result<u32, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.get(digits.len()..) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3_600,
        Some("d") => 86_400,
        _ => return Err("a number and a unit is expected: `90s`, `15m`, `1h`, `1d`".to_owned()),
    };
    let seconds = digits.parse().ok().and_then(|number: u32| number.checked_mul(unit));
    seconds
        .filter(|seconds| *seconds > 0)
        .ok_or_else(|| "it must be more than nothing, and less than 136 years".to_owned())
}

fn one(fault: &str) -> Vec<Diagnostic> {
    vec![Diagnostic::setup(fault)]
}
