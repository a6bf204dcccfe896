//! What a request asks of [`edge::decide`], wherever a face keeps it: method, target, token, and whether a browser
//! navigates.

use hyper::HeaderMap;
use hyper::header::{ACCEPT, HeaderName};

use super::held::Held;
use crate::access::entitlement::Reader;
use crate::edge::{self, Cache, Decision, Outcome, answer};
use crate::time::Timestamp;

/// One question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'r> {
    /// The original method.
    pub(super) method: &'r str,
    /// The original, raw target.
    pub(super) target: &'r [u8],
    /// The headers that hold the token and say how the browser asks.
    pub(super) headers: &'r HeaderMap,
    /// The present.
    pub(super) now: Timestamp,
}

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

impl Asked<'_> {
    /// The decision. Where everybody is given the same, no token is looked at.
    pub(super) fn decide<'h>(&self, held: &'h Held) -> Decision<'h> {
        let decision = self.decide_for(held, &Reader::Visitor, false);
        if is_for_all(&decision) {
            return decision;
        }
        let known = held.readers.reader(held.manifest.token.as_ref(), self.headers, self.now);
        let reader = known.as_deref().unwrap_or(&Reader::Visitor);
        let navigates = self.is_navigation();
        if *reader == Reader::Visitor && !navigates { decision } else { self.decide_for(held, reader, navigates) }
    }

    fn decide_for<'h>(&self, held: &'h Held, reader: &Reader, html_navigation: bool) -> Decision<'h> {
        let Self { method, target, headers: _, now } = *self;
        edge::decide(&held.manifest, &edge::Request { method, target, reader, now, html_navigation })
    }

    fn is_navigation(&self) -> bool {
        let mode = self.headers.get(SEC_FETCH_MODE).map(|mode| mode.as_bytes());
        let accepts = self.headers.get_all(ACCEPT);
        let navigates = |accept: &[u8]| answer::is_navigation(self.method, mode, accept);
        navigates(&[]) || accepts.iter().any(|accept| navigates(accept.as_bytes()))
    }
}

/// Whether a decision is the same whoever asks: what anybody may keep, and what was decided before a reader was looked at.
fn is_for_all(decision: &Decision<'_>) -> bool {
    match decision.outcome {
        Outcome::BadTarget | Outcome::BadMethod | Outcome::Passthrough => true,
        // The bytes may be anybody's, and the reason why they are no more depends on who asks.
        Outcome::Preview => false,
        Outcome::Open | Outcome::Moved | Outcome::SignIn | Outcome::Denied | Outcome::NotFound => {
            matches!(decision.cache, Cache::Public | Cache::Immutable | Cache::Timed(_))
        }
    }
}
