//! The decision: may this request have this path, and which file is it.
//!
//! [`decide`] is pure and total, and the only place that decides: servers, `explain` and every adapter give its answers.
//! What is served is always a value of the manifest, never made from the request. It refuses to know HTTP beyond a method,
//! a target and a status.

pub mod answer;
pub mod token;

pub use crate::path as canonical;

use crate::access::entitlement::{Entitlement, Reader};
use crate::access::rule::Rule;
use crate::manifest::{self, AccessControl, Manifest, ObjectName, Otherwise, Policy, Route};
use crate::time::Timestamp;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, as it was sent.
    pub method: &'a str,
    /// The raw request target.
    pub target: &'a [u8],
    /// Who asks.
    pub reader: &'a Reader,
    /// The present.
    pub now: Timestamp,
    /// Whether a browser navigates and can follow a redirect to a page for people.
    pub html_navigation: bool,
}

/// What kind of answer it is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Outcome {
    /// The thing itself.
    Open,
    /// A waiting form or a teaser of it; the reason says why not more.
    Preview,
    /// It is somewhere else: a former path, or one without its slash.
    Moved,
    /// The reader is sent to sign in or to refresh their token.
    SignIn,
    /// This reader may not have it.
    Denied,
    /// There is nothing here, or nothing that this reader may know of.
    NotFound,
    /// The path belongs to another upstream: not decided here.
    Passthrough,
    /// The target is not one that all edges read alike (400).
    BadTarget,
    /// Neither GET nor HEAD (405).
    BadMethod,
}

/// Why a reader is not given the thing itself: the value of `Tierpress-Reason`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The token has run out.
    TokenExpired,
    /// There is no token.
    NotSignedIn,
    /// It will open for these entitlements.
    NotYet,
    /// It was open for these entitlements, or would be if they had not ended.
    Expired,
    /// All that is missing is some tier.
    NoTier,
    /// The entitlements are not enough.
    NotEntitled,
}

impl Reason {
    /// The word as edges send it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::TokenExpired => "token_expired",
            Self::NotSignedIn => "not_signed_in",
            Self::NotYet => "not_yet",
            Self::Expired => "expired",
            Self::NoTier => "no_tier",
            Self::NotEntitled => "not_entitled",
        }
    }
}

/// How an answer may be kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cache {
    /// By anybody, to be checked again.
    Public,
    /// By anybody, for ever.
    Immutable,
    /// By anybody, for so many seconds: until the next window begins or ends.
    Timed(u64),
    /// By the reader alone, to be checked again; it varies with cookie and authorization.
    Private,
    /// Not at all.
    NoStore,
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decision<'a> {
    /// What kind of answer it is.
    pub outcome: Outcome,
    /// The HTTP status; 200 for [`Outcome::Passthrough`], where it only means "let it through".
    pub status: u16,
    /// Why the reader is not given the thing itself.
    pub reason: Option<Reason>,
    /// The object to serve: the variant, or the page of a denial.
    pub object: Option<&'a str>,
    /// Where to go instead: an encoded path, or a URL of the manifest with `next`.
    pub location: Option<String>,
    /// With [`Reason::NotYet`]: when it will open.
    pub available_at: Option<Timestamp>,
    /// How it may be kept.
    pub cache: Cache,
    /// Whether the token's cookie is to be deleted.
    pub clear_cookie: bool,
}

/// Decides what a request is given (design 7).
#[must_use]
pub fn decide<'a>(manifest: &'a Manifest, request: &Request<'_>) -> Decision<'a> {
    let Ok(path) = canonical::canonical(request.target) else {
        return Decision::plain(Outcome::BadTarget, 400);
    };
    if manifest.site.passthrough.iter().any(|prefix| passes(prefix, &path)) {
        return Decision { cache: Cache::Private, ..Decision::plain(Outcome::Passthrough, 200) };
    }
    if !matches!(request.method, "GET" | "HEAD") {
        return Decision::plain(Outcome::BadMethod, 405);
    }
    let case = Case { manifest, request, window: request.now.max(manifest.clock) };
    let found = case.find(&path);
    if let Reader::Expired(_) = request.reader
        && request.html_navigation
        && let Some(refresh) = &manifest.site.refresh_url
        && !found.as_ref().is_some_and(|found| case.is_open_to_all(found))
    {
        return Decision {
            reason: Some(Reason::TokenExpired),
            location: Some(canonical::with_next(refresh, &path)),
            clear_cookie: true,
            ..Decision::plain(Outcome::SignIn, 303)
        };
    }
    let Some(found) = found else { return case.not_found() };
    let decision = case.route(&found, &path);
    match found.moved {
        Some(target) if decision.outcome != Outcome::NotFound => case.moved(&found, target),
        Some(_) | None => decision,
    }
}

/// One request against one manifest.
struct Case<'a, 'r> {
    manifest: &'a Manifest,
    request: &'r Request<'r>,
    /// The instant that windows are looked at from: never before the build's clock.
    window: Timestamp,
}

/// The route a path leads to.
struct Found<'a> {
    route: &'a Route,
    policy: &'a Policy,
    /// The path of the route, where another one was asked for.
    moved: Option<&'a str>,
}

impl<'a> Case<'a, '_> {
    /// Looks a path up: as a route, as a redirect, and without its slash.
    fn find(&self, path: &str) -> Option<Found<'a>> {
        let route = |path: &str, moved| {
            let (key, route) = self.manifest.routes.get_key_value(path)?;
            let policy = self.manifest.policies.get(route.policy)?;
            Some(Found { route, policy, moved: Some(key.as_str()).filter(|_| moved) })
        };
        let slash = || if path.ends_with('/') { None } else { route(&format!("{path}/"), true) };
        route(path, false)
            .or_else(|| self.manifest.redirects.get(path).and_then(|target| route(target, true)))
            .or_else(slash)
    }

    fn rules(&self, found: &Found<'a>) -> impl Iterator<Item = &'a Rule> + use<'a> {
        let rules = &self.manifest.rules;
        found.policy.variants.iter().filter_map(|rule| rules.get(*rule))
    }

    /// The rules of the variants that are the thing itself.
    fn open_rules(&self, found: &Found<'a>) -> impl Iterator<Item = &'a Rule> + use<'a> {
        self.rules(found).take(found.policy.open)
    }

    /// Whether everybody is given the same variant now, so that no token matters.
    fn is_open_to_all(&self, found: &Found<'a>) -> bool {
        self.rules(found).all(Rule::same_for_all) && self.rules(found).any(|rule| rule.active(self.window))
    }

    /// The decision for a route, as if its own path had been asked for.
    fn route(&self, found: &Found<'a>, path: &str) -> Decision<'a> {
        let held = self.request.reader.entitlements();
        let holds = |rule: &Rule| rule.holds_with(held, self.request.now, self.window);
        let first = self.rules(found).position(holds);
        let object = first.and_then(|first| found.route.objects.get(first)).map(ObjectName::as_str);
        let (Some(first), Some(object)) = (first, object) else {
            let active = self.rules(found).any(|rule| rule.active(self.window));
            let known = found.policy.otherwise == Otherwise::Denied && active;
            return if known { self.denied(found, path) } else { self.not_found() };
        };
        let served = |outcome| Decision {
            object: Some(object),
            cache: self.cache(found.policy),
            ..Decision::plain(outcome, 200)
        };
        if first < found.policy.open {
            return served(Outcome::Open);
        }
        let (reason, available_at) = self.reason(found);
        Decision { reason: Some(reason), available_at, ..served(Outcome::Preview) }
    }

    /// The answer to somebody who may know of it, and for whom there is no variant.
    fn denied(&self, found: &Found<'a>, path: &str) -> Decision<'a> {
        let site = &self.manifest.site;
        let (reason, available_at) = match self.request.reader {
            Reader::Member(_) => self.reason(found),
            Reader::Visitor | Reader::Expired(_) => (Reason::NotSignedIn, None),
        };
        if let (Reason::NotSignedIn, true, Some(login)) = (reason, self.request.html_navigation, &site.login_url) {
            return Decision {
                reason: Some(reason),
                location: Some(canonical::with_next(login, path)),
                ..Decision::plain(Outcome::SignIn, 303)
            };
        }
        let pages = &self.manifest.pages;
        let (status, object) = match reason {
            Reason::TokenExpired | Reason::NotSignedIn => (401, &pages.not_signed_in),
            Reason::NotYet => (403, &pages.not_yet),
            Reason::Expired => (403, &pages.expired),
            Reason::NoTier => (site.denied_status, &pages.no_tier),
            Reason::NotEntitled => (site.denied_status, &pages.not_entitled),
        };
        Decision {
            reason: Some(reason),
            object: Some(object.as_str()),
            available_at,
            ..Decision::plain(Outcome::Denied, status)
        }
    }

    /// Why no open variant holds, and when one will.
    fn reason(&self, found: &Found<'a>) -> (Reason, Option<Timestamp>) {
        let held = self.request.reader.entitlements();
        let later = self.opens_at(found, held);
        match (self.request.reader, later) {
            (Reader::Visitor | Reader::Expired(_), later) => {
                // Signing in may help as long as anybody at all has it open; before, only waiting does.
                let waits = !self.open_rules(found).any(|rule| rule.active(self.window));
                match later.filter(|_| waits) {
                    Some(at) => (Reason::NotYet, Some(at)),
                    None => (Reason::NotSignedIn, None),
                }
            }
            (Reader::Member(_), Some(at)) => (Reason::NotYet, Some(at)),
            (Reader::Member(_), None) => (self.missing(found, held), None),
        }
    }

    /// What a member lacks for whom it will never open by itself.
    fn missing(&self, found: &Found<'a>, held: &[Entitlement]) -> Reason {
        let opens = |held: &[Entitlement]| {
            self.open_rules(found).any(|rule| rule.holds_with(held, self.request.now, self.window))
        };
        let endless: Vec<Entitlement> = held.iter().map(|held| Entitlement { until: None, ..held.clone() }).collect();
        if opens(&endless) {
            return Reason::Expired;
        }
        let tier = |control: &&AccessControl| control.kind == manifest::Kind::Tier;
        let lowest = self.manifest.access_controls.iter().find(tier);
        let mut with_tier = held.to_vec();
        with_tier.extend(lowest.map(|tier| Entitlement::new(tier.id.clone(), Timestamp::MIN)));
        if opens(&with_tier) { Reason::NoTier } else { Reason::NotEntitled }
    }

    /// The earliest later instant at which an open variant holds with these entitlements.
    fn opens_at(&self, found: &Found<'a>, held: &[Entitlement]) -> Option<Timestamp> {
        let mut instants = std::collections::BTreeSet::new();
        for clause in self.open_rules(found).flat_map(Rule::clauses) {
            instants.extend(clause.from);
            for held in held {
                // Something can only begin to hold where a window opens, a grant begins or a drip has passed.
                instants.insert(held.since);
                instants.extend(clause.all.iter().map(|need| held.since.after(need.after)));
            }
        }
        let opens =
            |at: Timestamp| self.open_rules(found).any(|rule| rule.holds_with(held, at, at.max(self.manifest.clock)));
        instants.into_iter().filter(|at| *at > self.request.now).find(|at| opens(*at))
    }

    fn cache(&self, policy: &Policy) -> Cache {
        match policy.cache {
            manifest::Cache::Public => Cache::Public,
            manifest::Cache::Immutable => Cache::Immutable,
            manifest::Cache::Private => Cache::Private,
            manifest::Cache::Timed => {
                let rules = policy.variants.iter().filter_map(|rule| self.manifest.rules.get(*rule));
                let next = rules.filter_map(|rule| rule.next_bound(self.window)).min();
                let seconds = next.map(|next| next.seconds() - self.request.now.seconds());
                seconds.map_or(Cache::Public, |seconds| Cache::Timed(u64::try_from(seconds).unwrap_or(0)))
            }
        }
    }

    fn moved(&self, found: &Found<'a>, target: &str) -> Decision<'a> {
        let cache = if self.rules(found).all(Rule::is_public) { Cache::Public } else { Cache::Private };
        Decision { location: Some(canonical::encode(target)), cache, ..Decision::plain(Outcome::Moved, 308) }
    }

    /// The one answer for whatever is not there or must not be known: nothing in it depends on the request.
    fn not_found(&self) -> Decision<'a> {
        Decision { object: Some(self.manifest.pages.not_found.as_str()), ..Decision::plain(Outcome::NotFound, 404) }
    }
}

impl Decision<'_> {
    fn plain(outcome: Outcome, status: u16) -> Self {
        Self {
            outcome,
            status,
            reason: None,
            object: None,
            location: None,
            available_at: None,
            cache: Cache::NoStore,
            clear_cookie: false,
        }
    }
}

/// Whether a path lies under an entry of `passthrough`: `/account/` means all below it, `/hook` that path and all below.
fn passes(prefix: &str, path: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/'))
}
