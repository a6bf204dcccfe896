//! What a payload says, once its signature holds.

use serde_json::value::RawValue;

use super::json::{self, Object};
use super::{BadToken, Verified};
use crate::access::entitlement::Entitlement;
use crate::manifest;
use crate::time::Timestamp;

/// Reads a payload: whom it is from, whom it is for, when it is good, what it gives.
pub(super) fn read(payload: &[u8], settings: &manifest::Token) -> Result<Verified, BadToken> {
    let manifest::Token { audience, claim, cookie: _, issuer, max_entitlements, max_ttl } = settings;
    let text = std::str::from_utf8(payload).map_err(|_| BadToken::Payload)?;
    let payload = json::object(text).ok_or(BadToken::Payload)?;
    let string = |name: &str| payload.get(name).and_then(|value| json::string(value));
    if string("iss").as_ref() != Some(issuer) {
        return Err(BadToken::Issuer);
    }
    if !payload.get("aud").is_some_and(|value| is_for(value, audience)) {
        return Err(BadToken::Audience);
    }
    let instant = |name: &str| payload.get(name).map(|value| json::instant(value).ok_or(BadToken::Dates)).transpose();
    let issued = instant("iat")?.ok_or(BadToken::Dates)?;
    let expires = instant("exp")?.ok_or(BadToken::Dates)?;
    let not_before = instant("nbf")?;
    // Both are instants between 1970 and 9999: their difference is far from any bound.
    if expires.seconds() - issued.seconds() > i64::from(*max_ttl) {
        return Err(BadToken::Life);
    }
    let max = usize::try_from(*max_entitlements).unwrap_or(usize::MAX);
    let entitlements = match claimed(&payload, claim) {
        None => Vec::new(),
        Some(value) => entitlements(value, issued, max)?,
    };
    Ok(Verified { issued, not_before, expires, entitlements })
}

/// Whether `aud` is the audience, or a list with it (RFC 7519, 4.1.3).
fn is_for(value: &RawValue, audience: &str) -> bool {
    let is_audience = |value: &RawValue| json::string(value).is_some_and(|value| value == audience);
    let listed = |values: Vec<&RawValue>| {
        let strings = values.iter().all(|value| value.get().starts_with('"'));
        strings && values.into_iter().any(is_audience)
    };
    is_audience(value) || json::array(value).is_some_and(listed)
}

/// The claim of that name: a key of the payload, else the value at the end of a dotted path through objects.
fn claimed<'a>(payload: &Object<'a>, name: &str) -> Option<&'a RawValue> {
    let found = payload.get(name).copied().or_else(|| {
        let (first, rest) = name.split_once('.')?;
        let start = payload.get(first).copied()?;
        rest.split('.').try_fold(start, |value, part| json::object(value.get())?.get(part).copied())
    });
    found.filter(|value| !json::is_null(value))
}

/// The entitlements of a list or of a string of words. They are counted before any is dropped.
fn entitlements(value: &RawValue, issued: Timestamp, max: usize) -> Result<Vec<Entitlement>, BadToken> {
    if let Some(text) = json::string(value) {
        let words = || text.split(' ').filter(|word| !word.is_empty());
        let few = words().nth(max).is_none();
        return if few { Ok(words().filter_map(|word| named(word, issued)).collect()) } else { Err(BadToken::TooMany) };
    }
    let elements = json::array(value).ok_or(BadToken::Entitlements)?;
    if elements.len() > max {
        return Err(BadToken::TooMany);
    }
    Ok(elements.into_iter().filter_map(|element| entitlement(element, issued)).collect())
}

/// One element; anything wrong in it drops it and leaves the others.
fn entitlement(element: &RawValue, issued: Timestamp) -> Option<Entitlement> {
    if let Some(name) = json::string(element) {
        return named(&name, issued);
    }
    let fields = json::object(element.get())?;
    let value = json::string(fields.get("value")?)?;
    let since = json::instant(fields.get("since")?)?;
    let optional = |name: &str| match fields.get(name) {
        None => Some(None),
        Some(value) if json::is_null(value) => Some(None),
        Some(value) => json::instant(value).map(Some),
    };
    let (until, frozen) = (optional("until")?, optional("frozen")?);
    Some(Entitlement { value: value.parse().ok()?, since, until, frozen })
}

/// An entitlement that is only named began when the token was made, so that nothing with a drip opens by it.
fn named(name: &str, issued: Timestamp) -> Option<Entitlement> {
    Some(Entitlement::new(name.parse().ok()?, issued))
}
