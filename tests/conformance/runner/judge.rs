//! Compares an answer with what a case expects, and looks into every answer for what was not to be given.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Read;
use std::path::Path;

use super::Profile;
use super::cases::{Case, Expect};
use super::http::{Answer, NoAnswer};
use super::stage::Stage;
use tierpress::edge::answer::CSP;
use tierpress::manifest::Manifest;
use tierpress::time::Timestamp;

/// What an answer is worth.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Verdict {
    /// As expected.
    Exact,
    /// As one of the edge's traits allows.
    ByTrait,
    /// Not as expected: how.
    Wrong(String),
    /// With bytes that were not to be given: which.
    Leak(String),
}

/// Headers that mean something to us: where an expectation does not ask for one, it must not be there.
const OURS: [&str; 12] = [
    "cache-control",
    "content-type",
    "vary",
    "cross-origin-resource-policy",
    "location",
    "tierpress-reason",
    "tierpress-available-at",
    "www-authenticate",
    "allow",
    "set-cookie",
    "content-range",
    "content-encoding",
];

/// The headers of every answer that was decided.
const SECURITY: [(&str, &str); 3] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("content-security-policy", CSP),
];

/// Knows all objects of a stage.
pub(crate) struct Judge<'a> {
    stage: &'a Stage,
    /// Every object's bytes, by its name.
    objects: BTreeMap<String, Vec<u8>>,
    /// The canaries in each object.
    canaries: BTreeMap<String, BTreeSet<String>>,
    /// Those that everybody may read, at any time.
    public: BTreeSet<String>,
}

impl<'a> Judge<'a> {
    pub(crate) fn new(stage: &'a Stage) -> Self {
        let manifest = &stage.shifted;
        let read = |name: &str| fs::read(stage.objects.join(Path::new(name))).unwrap_or_else(|e| panic!("{name}: {e}"));
        let objects: BTreeMap<String, Vec<u8>> =
            manifest.objects.keys().map(|name| (name.to_string(), read(name.as_str()))).collect();
        let canaries: BTreeMap<_, _> = objects.iter().map(|(name, bytes)| (name.clone(), canaries_in(bytes))).collect();
        let open = public_objects(manifest);
        let public = open.iter().filter_map(|name| canaries.get(name)).flatten().cloned().collect();
        Self { stage, objects, canaries, public }
    }

    /// Judges an answer; `tokens` are those of the case as they were sent.
    pub(crate) fn verdict(
        &self,
        case: &Case,
        tokens: &[String],
        answer: Result<&Answer, &NoAnswer>,
        profile: &Profile,
    ) -> Verdict {
        let allowed = case.or.iter().filter(|or| or.traits.iter().all(|name| profile.traits.contains(&name.as_str())));
        let expectations: Vec<&Expect> = std::iter::once(&case.expect).chain(allowed.map(|or| &or.expect)).collect();
        let plain = answer.map(|answer| decoded(case, answer));
        let answer = plain.as_ref().map_err(|why| *why);
        let body = match answer {
            Ok(answer) => [answer.body.as_slice(), &answer.surplus].concat(),
            Err(NoAnswer::Closed(bytes) | NoAnswer::Silent(bytes) | NoAnswer::Garbled(bytes)) => bytes.clone(),
        };
        if let Some(leak) = self.leak(&expectations, &body) {
            return Verdict::Leak(format!("{leak}; {}", short(answer)));
        }
        let head = case.request.method == "HEAD";
        let faults: Vec<Vec<String>> =
            expectations.iter().map(|expect| self.faults(expect, tokens, (answer, head, profile))).collect();
        let nothing = answer.is_ok_and(|answer| matches!(answer.status, 200 | 204) && answer.body.is_empty());
        // `OPTIONS *` is a question about the server (RFC 9110, 9.3.7); some answer it before anybody else is asked.
        if case.request.method == "OPTIONS" && nothing && expectations.iter().any(|expect| expect.status == 0) {
            return Verdict::ByTrait;
        }
        match faults.iter().position(Vec::is_empty) {
            Some(0) => Verdict::Exact,
            Some(_) => Verdict::ByTrait,
            None => Verdict::Wrong(format!("{}; {}", faults[0].join("; "), short(answer))),
        }
    }

    /// The bytes of an object as expectations name it, `/course/ 0` or `page not_found`, and its type.
    pub(crate) fn object(&self, said: &str) -> (&str, &[u8], &str) {
        let name = named(&self.stage.shifted, said).unwrap_or_else(|| panic!("there is no object `{said}`"));
        let media_type = self.stage.shifted.objects.iter().find(|(key, _)| key.as_str() == name);
        (name, &self.objects[name], media_type.map(|(_, object)| object.media_type.as_str()).unwrap_or_default())
    }

    /// A canary in a body that none of the expectations gives.
    fn leak(&self, expectations: &[&Expect], body: &[u8]) -> Option<String> {
        let given = expectations.iter().filter_map(|expect| expect.object.as_deref());
        let given: BTreeSet<&String> =
            given.filter_map(|said| self.canaries.get(self.object(said).0)).flatten().collect();
        let found = canaries_in(body).into_iter().find(|found| !given.contains(found) && !self.public.contains(found));
        found.map(|canary| format!("`{canary}` was not to be given"))
    }

    fn faults(
        &self,
        expect: &Expect,
        tokens: &[String],
        (answer, head, profile): (Result<&Answer, &NoAnswer>, bool, &Profile),
    ) -> Vec<String> {
        let own = |status: u16| (400..600).contains(&status);
        let answer = match (answer, expect.status) {
            (Err(NoAnswer::Closed(bytes)), 0) if bytes.is_empty() => return Vec::new(),
            (Ok(answer), 0) if own(answer.status) => return Vec::new(),
            (Ok(answer), 0) if profile.traits.contains(&"refuses-silently") && is_void(answer) => return Vec::new(),
            (Ok(_), 0) => return vec!["an error of its own is expected".to_owned()],
            (Ok(answer), _) => answer,
            (Err(_), status) => return vec![format!("status {status} is expected")],
        };
        if answer.status != expect.status {
            return vec![format!("status {} is expected", expect.status)];
        }
        if let Some(line) = &expect.upstream {
            return from_upstream(line, answer, head);
        }
        let mut faults = self.header_faults(expect, tokens, answer);
        faults.extend(self.body_fault(expect, answer, head));
        faults
    }

    fn header_faults(&self, expect: &Expect, tokens: &[String], answer: &Answer) -> Vec<String> {
        let mut expected: BTreeMap<&str, String> = self.headers(expect);
        let mut faults = Vec::new();
        let found = answer.header("set-cookie");
        match (&expect.set_cookie, &found) {
            (Some(pattern), Some(found)) => {
                let pattern = tokens.first().map_or(pattern.clone(), |token| pattern.replace("{token 0}", token));
                if !matches_life(&pattern, found) {
                    faults.push(format!("set-cookie is `{found}`, expected is `{pattern}`"));
                }
            }
            (None, None) => {}
            (expected, found) => faults.push(format!("set-cookie is {found:?}, expected is {expected:?}")),
        }
        expected.remove("set-cookie");
        let varies = answer.header("vary").is_some_and(|vary| vary.to_ascii_lowercase().contains("accept-encoding"));
        if answer.header("content-encoding").is_some() && !varies {
            faults.push("an encoded answer must vary by accept-encoding".to_owned());
        }
        let names: BTreeSet<&str> = OURS.into_iter().chain(expected.keys().copied()).collect();
        for name in names.into_iter().filter(|name| *name != "set-cookie") {
            let found = answer.header(name);
            let expected = expected.get(name);
            let equal = match (name, &found, expected) {
                ("vary", Some(found), Some(expected)) => without_encoding(found) == without_encoding(expected),
                ("vary", Some(found), None) => without_encoding(found).is_empty(),
                // The short texts of 400 and 405 are an edge's own.
                ("content-type", Some(found), Some(expected)) => {
                    found.replace(' ', "").eq_ignore_ascii_case(&expected.replace(' ', ""))
                }
                ("content-type", _, None) => true,
                _ => found.as_ref() == expected,
            };
            if !equal {
                faults.push(match expected {
                    Some(expected) => format!("{name} is {found:?}, expected is `{expected}`"),
                    None => format!("{name} is {found:?}, none is expected"),
                });
            }
        }
        faults
    }

    /// The headers that follow from an expectation.
    fn headers(&self, expect: &Expect) -> BTreeMap<&'static str, String> {
        let mut headers: BTreeMap<&'static str, String> =
            SECURITY.into_iter().map(|(name, value)| (name, value.to_owned())).collect();
        let mut put = |name, value: &str| headers.insert(name, value.to_owned());
        let cache = match expect.cache.split(' ').next().unwrap_or_default() {
            "public" | "timed" => "public, no-cache",
            "immutable" => "public, max-age=31536000, immutable",
            "private" => "private, no-cache",
            _ => "no-store",
        };
        put("cache-control", cache);
        if expect.cache == "private" {
            put("vary", "Cookie, Authorization");
            put("cross-origin-resource-policy", "same-origin");
        }
        match expect.status {
            400 => put("content-type", "text/plain; charset=utf-8"),
            401 => put("www-authenticate", "Bearer"),
            405 => {
                put("allow", "GET, HEAD");
                put("content-type", "text/plain; charset=utf-8")
            }
            _ => None,
        };
        let at = expect.available_at.map(|at| Timestamp::saturating(at + self.stage.by).to_string());
        let object = expect.object.as_deref().map(|said| self.object(said));
        // A 304 has no body, and need not say the type of one (RFC 9110, 15.4.5).
        let of_body = object.filter(|_| expect.status != 304);
        let range =
            expect.range.zip(object).map(|((from, to), object)| format!("bytes {from}-{to}/{}", object.1.len()));
        let optional = [
            ("tierpress-reason", expect.reason.as_deref()),
            ("tierpress-available-at", at.as_deref()),
            ("location", expect.location.as_deref()),
            ("content-type", of_body.map(|object| object.2)),
            ("content-range", range.as_deref()),
        ];
        for (name, value) in optional {
            if let Some(value) = value {
                put(name, value);
            }
        }
        headers
    }

    fn body_fault(&self, expect: &Expect, answer: &Answer, head: bool) -> Option<String> {
        let whole = expect.object.as_deref().map(|said| self.object(said).1);
        let expected = match (whole, expect.range, expect.status) {
            (Some(_), _, 304) => Some(&[][..]),
            (Some(whole), Some((from, to)), _) => whole.get(from..=to),
            (Some(whole), None, _) => Some(whole),
            (None, _, _) => None,
        };
        let length = answer.header("content-length").and_then(|length| length.parse::<usize>().ok());
        let surplus = !answer.surplus.is_empty();
        match expected {
            _ if surplus => Some(format!("{} bytes follow the answer", answer.surplus.len())),
            Some(expected) if !head && answer.body != expected => {
                Some(format!("the body is not `{:?}`", expect.object))
            }
            Some(expected) if head && expect.status != 304 && length.is_some_and(|length| length != expected.len()) => {
                Some(format!("the length is {length:?} and not {}", expected.len()))
            }
            _ => None,
        }
    }
}

/// The answer with its body as it is without an encoding, where the case accepts one.
fn decoded(case: &Case, answer: &Answer) -> Answer {
    let accepts = case.request.headers.iter().find(|(name, _)| name == "Accept-Encoding").map(|(_, value)| value);
    let Some(encoding) =
        answer.header("content-encoding").filter(|found| accepts.is_some_and(|all| all.contains(found)))
    else {
        return answer.clone();
    };
    let mut plain = answer.clone();
    plain.headers.retain(|(name, _)| name != "content-encoding");
    let mut body = Vec::new();
    let read = match encoding.as_str() {
        "gzip" => flate2::read::GzDecoder::new(answer.body.as_slice()).read_to_end(&mut body),
        "br" => brotli::Decompressor::new(answer.body.as_slice(), 4096).read_to_end(&mut body),
        _ => return answer.clone(),
    };
    if read.is_ok() {
        plain.body = body;
    }
    plain
}

/// What is wrong with an answer that another upstream was to give.
fn from_upstream(line: &str, answer: &Answer, head: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let mut check = |right: bool, fault: String| {
        if !right {
            faults.push(fault);
        }
    };
    check(answer.header("echo").as_deref() == Some("1"), "the other upstream was to answer".to_owned());
    let ours = ["tierpress-reason", "content-security-policy", "referrer-policy", "x-content-type-options", "vary"];
    for name in ours {
        check(answer.header(name).is_none(), format!("{name} was added to another upstream's answer"));
    }
    let cache = answer.header("cache-control");
    check(cache.as_deref() == Some("max-age=7"), format!("cache-control of the other upstream is now {cache:?}"));
    let body = String::from_utf8_lossy(&answer.body);
    check(
        head || body.starts_with(line),
        format!("the upstream was asked `{}`, not `{line}`", body.lines().next().unwrap_or_default()),
    );
    let told = body.lines().find(|line| line.to_ascii_lowercase().starts_with("tierpress-"));
    check(told.is_none(), format!("the upstream was told `{}`", told.unwrap_or_default()));
    faults
}

/// Whether an answer says nothing at all: no body, and no header but those of the connection.
fn is_void(answer: &Answer) -> bool {
    let of_the_connection = ["date", "connection", "keep-alive", "content-length", "transfer-encoding"];
    let bare = answer.headers.iter().all(|(name, _)| of_the_connection.contains(&name.as_str()));
    bare && answer.body.is_empty() && answer.surplus.is_empty()
}

/// The object that expectations call `/course/ 0` or `page not_found`.
pub(crate) fn named<'a>(manifest: &'a Manifest, said: &str) -> Option<&'a str> {
    let pages = &manifest.pages;
    let (route, number) = said.rsplit_once(' ')?;
    let name = match (route, number) {
        ("page", "expired") => &pages.expired,
        ("page", "no_tier") => &pages.no_tier,
        ("page", "not_entitled") => &pages.not_entitled,
        ("page", "not_found") => &pages.not_found,
        ("page", "not_signed_in") => &pages.not_signed_in,
        ("page", "not_yet") => &pages.not_yet,
        (route, number) => manifest.routes.get(route)?.objects.get(number.parse::<usize>().ok()?)?,
    };
    Some(name.as_str())
}

/// The objects that everybody may have, at any time.
fn public_objects(manifest: &Manifest) -> BTreeSet<String> {
    let mut open: BTreeSet<String> = BTreeSet::new();
    for route in manifest.routes.values() {
        let variants = &manifest.policies[route.policy].variants;
        let public = variants.iter().zip(&route.objects).filter(|(rule, _)| manifest.rules[**rule].is_public());
        open.extend(public.map(|(_, object)| object.to_string()));
    }
    let pages = ["expired", "no_tier", "not_entitled", "not_found", "not_signed_in", "not_yet"];
    open.extend(pages.iter().filter_map(|page| named(manifest, &format!("page {page}"))).map(str::to_owned));
    open
}

/// The words that begin with `canary-`.
fn canaries_in(bytes: &[u8]) -> BTreeSet<String> {
    let text = String::from_utf8_lossy(bytes);
    let word = |at: usize| {
        let rest = &text[at..];
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).unwrap_or(rest.len());
        rest[..end].to_owned()
    };
    text.match_indices("canary-").map(|(at, _)| word(at)).collect()
}

/// `Vary` in lower case and sorted, less `Accept-Encoding`.
fn without_encoding(vary: &str) -> Vec<String> {
    let mut names: Vec<String> = vary.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
    names.retain(|name| name != "accept-encoding" && !name.is_empty());
    names.sort();
    names.dedup();
    names
}

/// Whether a `Set-Cookie` is as expected, where `{life N}` is a number from N - 120 to N.
fn matches_life(pattern: &str, found: &str) -> bool {
    let Some((before, rest)) = pattern.split_once("{life ") else { return pattern == found };
    let Some((most, after)) = rest.split_once('}') else { return false };
    let life = found.strip_prefix(before).and_then(|rest| rest.strip_suffix(after));
    let most: u64 = most.parse().expect("a number");
    life.and_then(|life| life.parse::<u64>().ok()).is_some_and(|life| (most - 120..=most).contains(&life))
}

/// An answer in a line.
fn short(answer: Result<&Answer, &NoAnswer>) -> String {
    match answer {
        Ok(answer) => {
            let reason = answer.header("tierpress-reason").map(|reason| format!(" {reason}")).unwrap_or_default();
            format!("answered {}{reason} with {} bytes", answer.status, answer.body.len())
        }
        Err(why) => format!("{why:?}").chars().take(200).collect(),
    }
}
