//! `site.yaml`, read and decided: after this no default is left to anybody else.
//!
//! Every fault is shown at once. An unknown key is an error, for a setting that is not read may be one that closes
//! something.
#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is a fault")]

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::document::{Fault, Map, Node, Value};
use super::front_matter::{Context, Reader, is_language};
use super::reading::{Faults, boolean, text, wrong};
use super::{catalogue, gate_keys, keys, names, products, sources, yaml};
use crate::access::tags::Tag;
use crate::config::{Allowed, Config, Links, Token};
use crate::diagnostic::lint::UnknownLint;
use crate::diagnostic::{Diagnostic, Origin, Source, Spanned, nearest};
use crate::fs;
use crate::time::Length;
use crate::time::period::Period;

/// The name of the file.
pub const FILE: &str = "site.yaml";

/// Reads the settings of the site in a folder. All faults are added to `diagnostics`; `None` where there was an error.
#[must_use]
pub fn load(root: &Path, diagnostics: &mut Vec<Diagnostic>) -> Option<Config> {
    let file: Arc<str> = FILE.into();
    let disk = root.join(FILE);
    if matches!(fs::exists(&disk), Ok(false)) {
        let missing = Diagnostic::setup(format!("there is no site.yaml in `{}`", root.display()));
        let help = match fs::exists(&root.join("site.yml")) {
            Ok(true) => "rename site.yml to site.yaml",
            Ok(false) | Err(_) => {
                "go to a site's folder or name it with `--root`, or make a site: `tierpress init DIR`"
            }
        };
        diagnostics.push(missing.help(help));
        return None;
    }
    match sources::read_text(&disk, &file) {
        Ok(text) => parse(Source { file: &file, text: &text }, diagnostics),
        Err(diagnostic) => {
            diagnostics.push(Diagnostic { origin: Origin::Setup, ..*diagnostic });
            None
        }
    }
}

/// Reads the text of a `site.yaml`. All faults are added to `diagnostics`; `None` where there was an error.
#[must_use]
pub fn parse(source: Source<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Config> {
    let mut faults = Faults::new(source, Origin::Setup);
    let map = root(source.text).map_err(|fault| faults.error(fault)).ok();
    let config = map.and_then(|map| decide(&map, source, &mut faults));
    let failed = faults.any_error();
    let mut found = faults.into_diagnostics();
    crate::diagnostic::sort(&mut found);
    diagnostics.extend(found);
    config.filter(|_| !failed)
}

fn root(text: &str) -> Result<Map, Fault> {
    let start = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let node = yaml::read(text, start..text.len())?;
    match node.value {
        Value::Map(map) => Ok(map),
        Value::Null => Ok(Map::default()),
        other => Err(Fault::new(format!("this is {}, not keys with values", other.kind()), node.span)),
    }
}

const KEYS: [&str; 20] = [
    "title",
    "base_url",
    "language",
    "description",
    "timezone",
    "theme",
    "links",
    "smart_punctuation",
    "access",
    "products",
    "token",
    "login_url",
    "refresh_url",
    "upgrade_url",
    "denied_status",
    "release_horizon",
    "passthrough",
    "extra",
    "own_keys",
    "check",
];

pub(super) fn decide(map: &Map, source: Source<'_>, faults: &mut Faults<'_>) -> Option<Config> {
    let section = Section { map, path: "" };
    section.only(&KEYS, faults);
    let base_url = base_url(&section, faults);
    let zone = section.read("timezone", faults, zone).unwrap_or(TimeZone::UTC);
    let access = section.inner("access", faults);
    let declared = catalogue::read(access.map(|map| Section { map, path: "access." }).as_ref(), faults);
    let place = map.entry("access").map(|(key, _)| key.span.clone());
    let own_keys = section.read_list("own_keys", faults, own_key);
    let default_access = match &declared.catalogue {
        Some(catalogue) => {
            let context = Context { zone: &zone, catalogue, own_keys: &[] };
            default_access(access, place, (source, &context), faults)
        }
        None => None,
    };
    let issuer = base_url.clone().unwrap_or_default();
    let token = section.inner("token", faults).map(|map| Section { map, path: "token." });
    let token = read_token(token.as_ref(), issuer, faults);
    let allowed = allowed(&section, faults);
    let around = products::Around { declared: &declared, zone: &zone, token: &token, allowed: &allowed };
    let products = products::read(map.entry("products"), &around, faults);
    let config = Config {
        title: section.read("title", faults, words).unwrap_or_default(),
        language: section.read("language", faults, language).unwrap_or_else(|| "en".to_owned()),
        description: section.read("description", faults, words).unwrap_or_default(),
        theme: section.read("theme", faults, theme).unwrap_or_else(|| "default".to_owned()),
        links: section.choose("links", faults, &[("error", Links::Error), ("warn", Links::Warn)]).unwrap_or_default(),
        smart_punctuation: section.read("smart_punctuation", faults, |key, node, _| boolean(key, node)).unwrap_or(true),
        billing: declared.billing,
        products,
        token,
        login_url: section.read("login_url", faults, address),
        refresh_url: section.read("refresh_url", faults, address),
        upgrade_url: section.read("upgrade_url", faults, address),
        denied_status: section.read("denied_status", faults, denied_status).unwrap_or(403),
        release_horizon: section.read("release_horizon", faults, length).unwrap_or_else(|| days(90)),
        allowed,
        passthrough: section.read_list("passthrough", faults, passthrough),
        extra: section.inner("extra", faults).map(Map::to_json).unwrap_or_default(),
        zone: zone.clone(),
        own_keys,
        base_url: base_url?,
        catalogue: declared.catalogue?,
        default_access: default_access?,
    };
    Some(config)
}

/// A map in the file, and what its keys are called in messages: `access.` stands before them.
#[derive(Clone, Copy)]
pub(super) struct Section<'m> {
    pub(super) map: &'m Map,
    pub(super) path: &'m str,
}

impl<'m> Section<'m> {
    pub(super) fn only(&self, known: &[&str], faults: &mut Faults<'_>) {
        for (key, _) in self.map.entries.iter().filter(|(key, _)| !known.contains(&key.value.as_str())) {
            let fault = Fault::new(format!("unknown key `{}{}`", self.path, key.value), key.span.clone());
            faults.error(match nearest(&key.value.to_lowercase(), known.iter().copied()) {
                Some(near) => fault.help(format!("did you mean `{near}`?")),
                None => fault.help(format!("the keys here are {}", quoted(known))),
            });
        }
    }

    /// A value, if one is written. An empty one is an error: it says that something was meant.
    pub(super) fn read<T>(
        &self,
        key: &str,
        faults: &mut Faults<'_>,
        read: impl FnOnce(&str, &Node, &str) -> Result<T, Fault>,
    ) -> Option<T> {
        let node = self.map.get(key)?;
        let name = format!("{}{key}", self.path);
        let value = match node.value {
            Value::Null => Err(wrong(&name, &node.value, "", node)),
            _ => read(&name, node, faults.written(&node.span)),
        };
        faults.keep(value)
    }

    pub(super) fn read_list<T>(
        &self,
        key: &str,
        faults: &mut Faults<'_>,
        read: impl Fn(&str, &Node) -> Result<T, Fault>,
    ) -> Vec<T> {
        let Some(node) = self.map.get(key) else { return Vec::new() };
        let name = format!("{}{key}", self.path);
        let items = match &node.value {
            Value::List(items) => items.as_slice(),
            Value::Text(_) => std::slice::from_ref(node),
            other => {
                faults.error(wrong(&name, other, "a list", node));
                return Vec::new();
            }
        };
        items.iter().filter_map(|item| faults.keep(read(&name, item))).collect()
    }

    pub(super) fn choose<T: Copy>(&self, key: &str, faults: &mut Faults<'_>, choices: &[(&str, T)]) -> Option<T> {
        self.read(key, faults, |name, node, written| {
            let chosen = choices.iter().find(|(word, _)| matches!(&node.value, Value::Text(text) if text == word));
            let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            let fault = || Fault::new(format!("`{name}` cannot be `{written}`"), node.span.clone());
            chosen.map(|(_, value)| *value).ok_or_else(|| fault().help(format!("write {}", either(&words))))
        })
    }

    pub(super) fn inner(&self, key: &str, faults: &mut Faults<'_>) -> Option<&'m Map> {
        let node = self.map.get(key)?;
        match &node.value {
            Value::Map(map) => Some(map),
            other => {
                faults.error(wrong(&format!("{}{key}", self.path), other, "a map", node));
                None
            }
        }
    }
}

pub(super) fn quoted(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn either(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" or ")
}

pub(super) fn days(count: i64) -> Length {
    Length::try_from(count.saturating_mul(86_400)).unwrap_or_default()
}

/// Text; a number or a truth value as it is written.
pub(super) fn words(key: &str, node: &Node, written: &str) -> Result<String, Fault> {
    match &node.value {
        Value::Text(text) => Ok(text.trim().to_owned()),
        Value::Bool(_) | Value::Number(_) => Ok(written.to_owned()),
        other => Err(wrong(key, other, "text", node)),
    }
}

pub(super) fn length(_: &str, node: &Node, written: &str) -> Result<Length, Fault> {
    written.trim_matches(['"', '\'']).parse().map_err(|error| {
        Fault::new(format!("`{written}` is not a length: {error}"), node.span.clone())
            .help("write it like `12h`, `7d` or `2w`")
    })
}

/// A length that may be of the calendar.
pub(super) fn period(_: &str, node: &Node, written: &str) -> Result<Spanned<Period>, Fault> {
    let period = written.trim_matches(['"', '\'']).trim().parse().map_err(|error| {
        Fault::new(format!("`{written}` is not a length: {error}"), node.span.clone())
            .help("write it like `14d`, `2w`, `1 month` or `1 year`")
    })?;
    Ok(Spanned::new(period, node.span.clone()))
}

/// A web address, or a path on the site's own host.
pub(super) fn address(key: &str, node: &Node, _: &str) -> Result<String, Fault> {
    let address = text(key, node)?.trim();
    let host = ["https://", "http://"].into_iter().find_map(|scheme| address.strip_prefix(scheme));
    let absolute = host.is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'));
    let on_host = address.starts_with('/') && !address.starts_with("//");
    let clean = !address.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '"' | '<' | '>' | '\\'));
    if clean && (absolute || on_host) {
        return Ok(address.to_owned());
    }
    let fault = Fault::new(format!("`{address}` is no web address"), node.span.clone());
    Err(fault.help("write `https://…`, or a path on this site such as `/account/`"))
}

fn base_url(section: &Section<'_>, faults: &mut Faults<'_>) -> Option<String> {
    if section.map.get("base_url").is_none() {
        let fault = Fault::new("`base_url` is missing", 0..0);
        faults.error(fault.help("write where the site will be: `base_url: https://learn.example`"));
        return None;
    }
    section.read("base_url", faults, |key, node, _| {
        site_address(text(key, node)?).map_err(|(message, help)| {
            let fault = Fault::new(message, node.span.clone());
            Fault { help, ..fault }
        })
    })
}

/// The address of a site without a slash at its end.
///
/// # Errors
/// What is wrong with it, and what would help.
pub fn site_address(written: &str) -> Result<String, (String, Option<String>)> {
    let written = written.trim();
    let url = written.trim_end_matches('/');
    let host = ["https://", "http://"].into_iter().find_map(|scheme| url.strip_prefix(scheme)).unwrap_or_default();
    if host.contains('/') && !host.starts_with('/') {
        let help = "give the site a host of its own, such as `https://learn.example`".to_owned();
        return Err((format!("`{written}` has a path, but a site lies at the root of its host"), Some(help)));
    }
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(plain) {
        let help = "write it like `https://learn.example`".to_owned();
        return Err((format!("`{written}` is no address of a site"), Some(help)));
    }
    Ok(url.to_owned())
}

fn zone(key: &str, node: &Node, _: &str) -> Result<TimeZone, Fault> {
    let name = text(key, node)?.trim();
    TimeZone::get(name).map_err(|_| {
        let fault = Fault::new(format!("unknown time zone `{name}`"), node.span.clone());
        let available: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        match nearest(name, available.iter().map(String::as_str)) {
            Some(near) => fault.help(format!("did you mean `{near}`?")),
            None => fault.help("write a name of the IANA database, such as `Europe/Amsterdam`"),
        }
    })
}

fn language(key: &str, node: &Node, _: &str) -> Result<String, Fault> {
    let language = text(key, node)?.trim().replace('_', "-");
    if is_language(&language) {
        return Ok(language);
    }
    let fault = Fault::new(format!("`{language}` is no language tag"), node.span.clone());
    Err(fault.help("write `en`, `pt-BR` or another tag of BCP 47"))
}

fn theme(key: &str, node: &Node, _: &str) -> Result<String, Fault> {
    let theme = text(key, node)?;
    if theme.is_empty() || theme.starts_with('.') || theme.contains(['/', '\\']) {
        let fault = Fault::new(format!("`{theme}` is no name of a theme"), node.span.clone());
        return Err(fault.help("a theme is named by its folder below `themes/`"));
    }
    Ok(theme.to_owned())
}

fn denied_status(_: &str, node: &Node, written: &str) -> Result<u16, Fault> {
    match written {
        "402" => Ok(402),
        "403" => Ok(403),
        _ => Err(Fault::new(format!("`denied_status` cannot be `{written}`"), node.span.clone())
            .help("write `402` or `403`")),
    }
}

fn passthrough(key: &str, node: &Node) -> Result<String, Fault> {
    let path = text(key, node)?;
    let fault = |message: String| Fault::new(message, node.span.clone());
    if let Some(refused) = names::url_fault(path) {
        return Err(fault(format!("`{path}` cannot be passed through: {refused}")));
    }
    if !path.starts_with('/') || !path.ends_with('/') || path == "/" {
        return Err(fault(format!("`{path}` cannot be passed through")).help("write a folder of the site: `/account/`"));
    }
    Ok(path.to_owned())
}

fn allowed(section: &Section<'_>, faults: &mut Faults<'_>) -> Vec<Allowed> {
    let Some(map) = section.inner("check", faults) else { return Vec::new() };
    let section = Section { map, path: "check." };
    section.only(&["allow"], faults);
    section.read_list("allow", faults, |key, node| {
        let fault = |error: UnknownLint| Fault::new(error.to_string(), node.span.clone()).help(error.help());
        let allowed: Allowed = text(key, node)?.parse().map_err(fault)?;
        match allowed.files.as_deref().map(globset::Glob::new) {
            Some(Err(error)) => {
                let fault =
                    Fault::new(format!("`{}` is no pattern", error.glob().unwrap_or_default()), node.span.clone());
                Err(fault.help("write a lint, and after it the files that are meant: `dead-end content/blog/**`"))
            }
            Some(Ok(_)) | None => Ok(allowed),
        }
    })
}

fn own_key(key: &str, node: &Node) -> Result<String, Fault> {
    let own = text(key, node)?;
    if ["access", "cascade", "draft", "published"].contains(&own) {
        let fault = Fault::new(format!("`{own}` cannot be a key of your own"), node.span.clone());
        return Err(fault.help("a page that says so would be open to everybody"));
    }
    if keys::KNOWN.contains(&own) {
        return Err(Fault::new(format!("`{own}` cannot be a key of your own"), node.span.clone()));
    }
    Ok(own.to_owned())
}

fn default_access(
    access: Option<&Map>,
    place: Option<Range<usize>>,
    (source, context): (Source<'_>, &Context<'_>),
    faults: &mut Faults<'_>,
) -> Option<Vec<Tag>> {
    let Some(node) = access.and_then(|map| map.get("default")) else {
        if context.catalogue.is_empty() {
            return Some(vec![Tag::public()]);
        }
        let fault = Fault::new("`access.default` is missing", place.unwrap_or(0..0));
        faults.error(fault.help("say who may read a page without `access`: `default: public`, or a tier or bundle"));
        return None;
    };
    let mut reader = Reader::new(source, Origin::Setup, context);
    let tags = gate_keys::tag_list("access.default", node, &mut reader);
    if let Some(plus) = tags.iter().flatten().find(|tag| tag.value.plus) {
        reader.faults.error(Fault::new(
            "`access.default` inherits nothing, so a tag in it has no leading `+`",
            plus.span.clone(),
        ));
    }
    faults.append(reader.faults);
    tags.map(|tags| tags.into_iter().map(|tag| tag.value).collect())
}

fn read_token(section: Option<&Section<'_>>, base_url: String, faults: &mut Faults<'_>) -> Token {
    let mut token = Token {
        issuer: base_url.clone(),
        audience: base_url,
        claim: "entitlements".to_owned(),
        cookie: "__Host-tierpress".to_owned(),
        max_ttl: 900,
        max_entitlements: 32,
    };
    let Some(section) = section else { return token };
    section.only(&["issuer", "audience", "claim", "cookie", "max_ttl", "max_entitlements"], faults);
    let Token { issuer, audience, claim, cookie, max_ttl, max_entitlements } = &mut token;
    for (key, target) in [("issuer", issuer), ("audience", audience), ("claim", claim)] {
        if let Some(written) = section.read(key, faults, filled) {
            *target = written;
        }
    }
    if let Some(written) = section.read("cookie", faults, cookie_name) {
        *cookie = written;
    }
    for (key, target, most) in [("max_ttl", max_ttl, 86_400), ("max_entitlements", max_entitlements, 1_000)] {
        if let Some(written) = section.read(key, faults, |key, node, written| number(key, node, (written, most))) {
            *target = written;
        }
    }
    token
}

fn filled(key: &str, node: &Node, _: &str) -> Result<String, Fault> {
    match text(key, node)?.trim() {
        "" => Err(wrong(key, &Value::Null, "", node)),
        text => Ok(text.to_owned()),
    }
}

/// A cookie's name is a token (RFC 6265, section 4.1.1).
fn cookie_name(key: &str, node: &Node, _: &str) -> Result<String, Fault> {
    let name = text(key, node)?;
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if name.is_empty() || !name.chars().all(token) {
        return Err(Fault::new(format!("`{name}` is no name of a cookie"), node.span.clone()));
    }
    if name.starts_with("__Host-tierpress-") {
        let taken = Fault::new(format!("the cookie `{name}` is one of the account's own"), node.span.clone());
        return Err(taken.help("write another name, such as `__Host-tierpress`"));
    }
    Ok(name.to_owned())
}

fn number(key: &str, node: &Node, (written, most): (&str, u32)) -> Result<u32, Fault> {
    let number = if let Value::Number(number) = &node.value { number.as_u64() } else { None };
    let number = number.and_then(|number| u32::try_from(number).ok()).filter(|number| (1..=most).contains(number));
    number.ok_or_else(|| {
        Fault::new(format!("`{key}` cannot be `{written}`"), node.span.clone())
            .help(format!("write a number from 1 to {most}"))
    })
}
