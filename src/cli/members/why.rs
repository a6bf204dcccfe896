//! `tierpress members why`: why a member can open a page, or cannot.

use std::path::PathBuf;

use clap::Args;
use tierpress::access::entitlement::Reader;
use tierpress::diagnostic::Diagnostic;
use tierpress::edge::{self, Decision, Outcome, Reason};
use tierpress::fs;
use tierpress::ledger::Held;
use tierpress::manifest::Manifest;
use tierpress::path::{canonical, encode};

use super::super::{Ending, Format, say};
use super::desk::{At, Desk, Faults, If, fault, json, one, with};
use super::show;

/// What `members why` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress members why ada@learn.example /course/two/ --db members.db --manifest tierpress-out/manifest.json
  tierpress members why ada@learn.example /course/two/ --db members.db --manifest tierpress-out/manifest.json --now 2027-01-15

The decision is the one that an edge makes with a token of that instant. Exit code 1 where there is no such path.")]
pub(in super::super) struct Arguments {
    /// Who: an id or a mail address
    member: String,
    /// The path of the page or file
    path: String,
    /// The manifest of a build
    #[arg(long, value_name = "FILE", default_value = "tierpress-out/manifest.json")]
    manifest: PathBuf,
    #[command(flatten)]
    at: At,
    /// How it is said
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    with(&arguments.at, (If::There, arguments.format), async |desk| why(arguments, desk).await)
}

async fn why(arguments: &Arguments, desk: &Desk) -> Result<Ending, Faults> {
    let bytes = fs::read(&arguments.manifest).map_err(|error| one(&error.to_string()))?;
    let manifest =
        Manifest::parse(&bytes).map_err(|error| one(&format!("`{}`: {error}", arguments.manifest.display())))?;
    let member = desk.find(&arguments.member).await?;
    let rules = desk.rules();
    let held = desk.ledger.member(&member, &desk.present(&rules)).await.map_err(fault)?;
    let held = held.ok_or_else(|| one(&format!("there is no member `{member}`")))?;
    let path =
        canonical(encode(&arguments.path).as_bytes()).map_err(|_| one(&format!("`{}` is no path", arguments.path)))?;
    let Some(path) = target(&manifest, &path) else {
        let nothing = Diagnostic::error(format!("there is no page or file `{}` in the manifest", arguments.path));
        return Err(vec![nothing.help("write its path as in a browser: /course/two/")]);
    };
    let most = usize::try_from(desk.config.token.max_entitlements).unwrap_or(usize::MAX);
    let reader = Reader::Member(held.member.entitlements(&rules, most));
    let encoded = encode(path);
    let request = edge::Request {
        method: "GET",
        target: encoded.as_bytes(),
        reader: &reader,
        now: desk.now,
        html_navigation: false,
    };
    let answer = Answer { desk, held: &held, reader: &reader, path, manifest: &manifest };
    let decision = edge::decide(&manifest, &request);
    match arguments.format {
        Format::Json => answer.json(&decision)?,
        Format::Text => answer.text(&decision),
    }
    Ok(Ending::Done)
}

/// The key of the route that a path leads to.
fn target<'a>(manifest: &'a Manifest, path: &str) -> Option<&'a str> {
    let key = |path: &str| manifest.routes.get_key_value(path).map(|(key, _)| key.as_str());
    key(path)
        .or_else(|| manifest.redirects.get(path).and_then(|target| key(target)))
        .or_else(|| key(&format!("{path}/")))
}

struct Answer<'a> {
    desk: &'a Desk,
    held: &'a Held,
    reader: &'a Reader,
    path: &'a str,
    manifest: &'a Manifest,
}

impl Answer<'_> {
    /// Who can open it, in words, a way for each variant that is the thing itself.
    fn rule(&self) -> String {
        let route = self.manifest.routes.get(self.path);
        let policy = route.and_then(|route| self.manifest.policies.get(route.policy));
        let rules = policy.into_iter().flat_map(|policy| policy.variants.iter().take(policy.open));
        let words = self.desk.words();
        let mut ways: Vec<String> = Vec::new();
        for rule in rules.filter_map(|rule| self.manifest.rules.get(*rule)) {
            let way = words.rule(rule);
            if !ways.contains(&way) {
                ways.push(way);
            }
        }
        if ways.is_empty() { "nobody".to_owned() } else { ways.join("; or ") }
    }

    fn because(&self, decision: &Decision<'_>) -> Option<String> {
        let words = self.desk.words();
        Some(match decision.reason? {
            Reason::NotYet => match decision.available_at {
                Some(at) => format!("it opens {}", words.day(at)),
                None => "it opens later".to_owned(),
            },
            Reason::Expired => "what opened it has ended".to_owned(),
            Reason::NoTier => "a tier is missing".to_owned(),
            Reason::NotEntitled => "nothing the member has opens it".to_owned(),
            Reason::NotSignedIn | Reason::TokenExpired => "the member must sign in".to_owned(),
        })
    }

    fn text(&self, decision: &Decision<'_>) {
        let Held { id, member, .. } = self.held;
        let words = self.desk.words();
        let verdict = match decision.outcome {
            Outcome::Open => "open",
            Outcome::Preview => "closed, with a teaser,",
            Outcome::NotFound => "hidden",
            Outcome::Denied
            | Outcome::SignIn
            | Outcome::Moved
            | Outcome::Passthrough
            | Outcome::BadTarget
            | Outcome::BadMethod => "closed",
        };
        let because = self.because(decision).map_or_else(String::new, |because| format!(": {because}"));
        say::line(&format!("{} is {verdict} for {id} on {}{because}", self.path, words.day(self.desk.now)));
        say::line(&format!("  who can open it: {}", self.rule()));
        for grant in &member.grants {
            say::line(&format!("  grant: {}", self.desk.grant(grant)));
        }
        for entitlement in self.reader.entitlements() {
            say::line(&format!("  token: {}", show::token(self.desk, entitlement)));
        }
        if member.grants.is_empty() {
            say::line("  the member has no grants");
        }
    }

    fn json(&self, decision: &Decision<'_>) -> Result<(), Faults> {
        let outcome = if decision.outcome == Outcome::Open { "open" } else { "closed" };
        json(&serde_json::json!({
            "at": self.desk.now,
            "member": self.held.id,
            "path": self.path,
            "outcome": outcome,
            "status": decision.status,
            "reason": decision.reason.map(Reason::as_str),
            "available_at": decision.available_at,
            "rule": self.rule(),
            "grants": self.held.member.grants,
            "entitlements": self.reader.entitlements().iter().map(show::entry).collect::<Vec<_>>(),
        }))
    }
}
