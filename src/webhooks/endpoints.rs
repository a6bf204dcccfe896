//! The file of endpoints: `NAME URL SECRETS [TYPES]` on each line.
//!
//! Secrets stand in it, so no message shows more of a line than its place.

use std::net::IpAddr;
use std::str::FromStr as _;
use std::sync::Arc;

use hyper::Uri;
use hyper::http::uri::Scheme;

use super::signature::Secret;
use crate::diagnostic::{Diagnostic, Location, Source};
use crate::id::Id;
use crate::ledger::endpoints::Place;
use crate::members::Topic;

/// The most endpoints there may be: each has threads of its own.
const MOST: usize = 16;
/// The most secrets of one endpoint: the new one, and those that are on their way out.
const MOST_SECRETS: usize = 4;

/// A place that is told.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its name, by which the ledger knows it.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// The secrets that it knows one of.
    pub secrets: Vec<Secret>,
    /// What it wants to be told: names of notifications, or `tier.*`; empty for everything.
    pub kinds: Vec<String>,
}

impl Endpoint {
    /// As the ledger knows it.
    #[must_use]
    pub fn place(&self) -> Place<'_> {
        Place { endpoint: &self.name, url: &self.url, kinds: &self.kinds }
    }
}

/// Reads a file of endpoints. Empty lines and those that begin with `#` are passed over.
///
/// # Errors
/// Everything that is wrong, in the order of the file.
pub fn read(source: Source<'_>) -> Result<Vec<Endpoint>, Vec<Diagnostic>> {
    let mut faults = Vec::new();
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for (number, text) in (1_u32..).zip(source.text.lines()) {
        let line = Line { file: source.file, number, text };
        if text.trim_ascii().is_empty() || text.trim_ascii_start().starts_with('#') {
            continue;
        }
        let known = faults.len();
        let endpoint = line.endpoint(&mut faults);
        if let Some(twice) = endpoints.iter().find(|other| endpoint.as_ref().is_some_and(|own| own.name == other.name))
        {
            faults.push(line.fault(
                0,
                format!("there are two endpoints `{}`", twice.name),
                "give each a name of its own",
            ));
        }
        if endpoints.len() == MOST {
            faults.push(line.fault(0, format!("there are more than {MOST} endpoints"), "let one of them tell others"));
            break;
        }
        endpoints.extend(endpoint.filter(|_| faults.len() == known));
    }
    if faults.is_empty() { Ok(endpoints) } else { Err(faults) }
}

/// A line of the file.
#[derive(Clone, Copy)]
struct Line<'a> {
    file: &'a Arc<str>,
    number: u32,
    text: &'a str,
}

impl<'a> Line<'a> {
    /// What stands between spaces, with where it begins.
    fn words(self) -> impl Iterator<Item = (usize, &'a str)> {
        let start = |word: &str| word.as_ptr().addr() - self.text.as_ptr().addr();
        self.text.split_ascii_whitespace().map(move |word| (start(word), word))
    }

    fn endpoint(self, faults: &mut Vec<Diagnostic>) -> Option<Endpoint> {
        let words: Vec<(usize, &str)> = self.words().collect();
        let (name, url, secrets, kinds) = match words.as_slice() {
            [name, url, secrets] => (*name, *url, *secrets, None),
            [name, url, secrets, kinds] => (*name, *url, *secrets, Some(*kinds)),
            _ => {
                let help = "write NAME URL SECRET, or NAME URL SECRET,SECRET TYPE,TYPE: no spaces behind commas";
                faults.push(self.fault(0, "this line is no endpoint".to_owned(), help));
                return None;
            }
        };
        let before = faults.len();
        if Id::from_str(name.1).is_err() {
            let help = "a name is lower-case letters, digits and `-`";
            faults.push(self.fault(name.0, format!("`{}` cannot be the name of an endpoint", name.1), help));
        }
        if let Err(why) = check(url.1) {
            faults.push(self.fault(
                url.0,
                why.to_owned(),
                "write https://HOST/PATH; http:// is for this machine alone",
            ));
        }
        let secrets = self.secrets(secrets, faults);
        let kinds = kinds.map(|kinds| self.kinds(kinds, faults)).unwrap_or_default();
        let (name, url) = (name.1.to_owned(), url.1.to_owned());
        (faults.len() == before).then_some(Endpoint { name, url, secrets, kinds })
    }

    fn secrets(self, (at, text): (usize, &str), faults: &mut Vec<Diagnostic>) -> Vec<Secret> {
        let help = "`tierpress members webhooks secret` makes one";
        let mut secrets = Vec::new();
        for word in text.split(',') {
            match word.parse() {
                Ok(secret) => secrets.push(secret),
                Err(error) => {
                    let error: super::SecretError = error;
                    faults.push(self.fault(at, error.to_string(), help));
                }
            }
        }
        if secrets.len() > MOST_SECRETS {
            let many = format!("an endpoint has at most {MOST_SECRETS} secrets");
            faults.push(self.fault(at, many, "take those out that nobody knows any longer"));
        }
        secrets
    }

    fn kinds(self, (at, text): (usize, &str), faults: &mut Vec<Diagnostic>) -> Vec<String> {
        let mut kinds = Vec::new();
        for word in text.split(',') {
            let group = word.strip_suffix('*').filter(|group| group.ends_with('.'));
            let is_known = Topic::ALL.iter().map(|topic| topic.as_str()).any(|topic| match group {
                Some(group) => topic.starts_with(group),
                None => topic == word,
            });
            if is_known {
                kinds.push(word.to_owned());
                continue;
            }
            let near = Topic::ALL.iter().map(|topic| topic.as_str());
            let near = near.max_by(|a, b| strsim::jaro(a, word).total_cmp(&strsim::jaro(b, word)));
            let help = format!("did you mean `{}`? `tier.*` is for all that begin so", near.unwrap_or_default());
            faults.push(self.fault(at, format!("unknown notification `{word}`"), &help));
        }
        kinds
    }

    /// A fault at a place of the line, of which the rest is not shown.
    fn fault(self, at: usize, message: String, help: &str) -> Diagnostic {
        let before = self.text.get(..at).unwrap_or_default().chars().count();
        let word = self.text.get(at..).and_then(|rest| rest.split_ascii_whitespace().next()).unwrap_or_default();
        // Only the name of an endpoint is nothing secret.
        let name = self.text.split_ascii_whitespace().next().unwrap_or_default();
        let hidden = |(at, c): (usize, char)| {
            let is_name = at < self.text.find(name).unwrap_or_default() + name.len();
            if c.is_ascii_whitespace() || (is_name && Id::from_str(name).is_ok()) { c } else { '…' }
        };
        let location = Location {
            file: Arc::clone(self.file),
            line: self.number,
            column: u32::try_from(before + 1).unwrap_or(u32::MAX),
            length: u32::try_from(word.chars().count().max(1)).unwrap_or(u32::MAX),
            text: self.text.char_indices().map(hidden).collect(),
        };
        Diagnostic::setup(message).at(location).help(help)
    }
}

/// Whether something may be sent to a URL.
fn check(url: &str) -> Result<(), &'static str> {
    const NONE: &str = "this is no URL that can be told";
    let uri: Uri = url.parse().map_err(|_| NONE)?;
    let host = uri.host().filter(|host| !host.is_empty()).ok_or(NONE)?;
    if url.contains('#') || uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("the URL of an endpoint has neither a user nor a fragment");
    }
    match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => Ok(()),
        Some(scheme) if *scheme == Scheme::HTTP => {
            let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
            let here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
            if here { Ok(()) } else { Err("what members do would be sent in the clear") }
        }
        _ => Err(NONE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

    fn parse(text: &str) -> Result<Vec<Endpoint>, String> {
        let file = "endpoints.txt".into();
        read(Source { file: &file, text })
            .map_err(|faults| faults.iter().map(|fault| format!("{fault}\n")).collect::<String>())
    }

    #[test]
    fn endpoints_are_read() {
        let text = format!(
            "# ours\n\ncrm https://crm.example/hook?a=b {SECRET}\n\
             mails http://127.0.0.1:9000/ {SECRET},{SECRET} tier.*,content.opened\nhere http://[::1]:1/ {SECRET}\n"
        );
        let endpoints = parse(&text).unwrap();
        let names: Vec<&str> = endpoints.iter().map(|endpoint| endpoint.name.as_str()).collect();
        assert_eq!(names, ["crm", "mails", "here"]);
        assert_eq!(endpoints[1].kinds, ["tier.*", "content.opened"]);
        assert_eq!((endpoints[0].secrets.len(), endpoints[1].secrets.len()), (1, 2));
        assert_eq!(format!("{:?}", endpoints[0].secrets), "[Secret(…)]");
    }

    #[test]
    fn all_faults_are_said_and_no_secret() {
        let text = format!(
            "crm https://crm.example/hook {SECRET}\ncrm https://other.example/ {SECRET}\nCRM https://a.example/ {SECRET}\n\
             a http://a.example/{SECRET} {SECRET}\nb https://user:{SECRET}@b.example/ {SECRET}\n\
             c https://c.example/ whsec_c2VjcmV0MTIz\nd https://d.example/ {SECRET} tier.add\n\
             e ftp://e.example/ {SECRET}\nf {SECRET}\n"
        );
        let said = parse(&text).unwrap_err();
        for part in [
            "there are two endpoints `crm`",
            "`CRM` cannot be the name of an endpoint",
            "would be sent in the clear",
            "neither a user nor a fragment",
            "has 24 to 64 bytes, this one has 9",
            "unknown notification `tier.add`",
            "did you mean `tier.added`?",
            "this is no URL",
            "this line is no endpoint",
            "endpoints.txt:9:1",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!said.contains("MfKQ9r8") && !said.contains("c2VjcmV0MTIz"), "{said}");
        for elsewhere in ["http://127.0.0.1.example/", "http://localhost.example/", "http://10.0.0.1/", "https:///x"] {
            assert!(check(elsewhere).is_err(), "{elsewhere}");
        }
    }
}
