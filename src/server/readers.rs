//! Who asks: the tokens of requests, each verified once.
//!
//! What a token came to is kept by the whole token, never past its `exp`, and belongs to one set of keys and one manifest:
//! with either goes all of it. Good tokens and others are kept apart, so that no number of bad ones pushes a good one out.
//! Nothing here writes a token anywhere.

use std::sync::Arc;

use hyper::HeaderMap;
use hyper::header::{AUTHORIZATION, COOKIE};
use quick_cache::sync::Cache;
use tokio::sync::Notify;

use crate::access::entitlement::Reader;
use crate::edge::token::{self, BadToken, Keys};
use crate::manifest::Token;
use crate::time::Timestamp;

/// How many bytes good tokens may take, and how many the others.
const GOOD: u64 = 32 * 1024 * 1024;
const OTHERS: u64 = 4 * 1024 * 1024;
/// What keeping a token costs besides its bytes.
const OVERHEAD: u64 = 512;
/// How long a token is on average, for the size of the tables.
const USUAL: u64 = 1024;

/// Readers by their tokens, under one set of keys.
#[derive(Debug)]
pub(super) struct Readers {
    keys: Arc<Keys>,
    /// Members, and when their tokens end.
    good: Cache<Box<[u8]>, (Timestamp, Arc<Reader>), Weight>,
    /// Those whose token has ended, and those who have none that counts.
    others: Cache<Box<[u8]>, Arc<Reader>, Weight>,
    /// Told when a token names a key that is not there.
    unknown_key: Arc<Notify>,
}

impl Readers {
    /// Nobody is known yet.
    pub(super) fn new(keys: Arc<Keys>, unknown_key: Arc<Notify>) -> Self {
        let items = |bytes: u64| usize::try_from(bytes / USUAL).unwrap_or(0);
        let good = Cache::with_weighter(items(GOOD), GOOD, Weight);
        let others = Cache::with_weighter(items(OTHERS), OTHERS, Weight);
        Self { keys, good, others, unknown_key }
    }

    /// Who sends these headers; `None` is a visitor.
    pub(super) fn reader(&self, settings: Option<&Token>, headers: &HeaderMap, now: Timestamp) -> Option<Arc<Reader>> {
        let settings = settings?;
        if !headers.contains_key(COOKIE) && !headers.contains_key(AUTHORIZATION) {
            return None;
        }
        let values = |name| headers.get_all(name).iter().map(|value| value.as_bytes()).collect::<Vec<_>>();
        let token = token::presented(&values(AUTHORIZATION), &values(COOKIE), &settings.cookie)?;
        self.known(token, now).or_else(|| self.verified(token, settings, now))
    }

    /// Until when a token is good, if it is good now.
    pub(super) fn expires(&self, settings: &Token, token: &[u8], now: Timestamp) -> Option<Timestamp> {
        match token::verify(token, settings, &self.keys) {
            Ok(verified) => matches!(verified.reader(now), Reader::Member(_)).then(|| verified.expires()),
            Err(BadToken::UnknownKey) => {
                self.unknown_key.notify_one();
                None
            }
            Err(_) => None,
        }
    }

    /// Whether there is any key.
    pub(super) fn has_keys(&self) -> bool {
        self.keys.iter().next().is_some()
    }

    /// How many keys there are.
    pub(super) fn keys(&self) -> usize {
        self.keys.iter().count()
    }

    /// How many tokens are kept: good ones, and others.
    pub(super) fn kept(&self) -> (usize, usize) {
        (self.good.len(), self.others.len())
    }

    fn known(&self, token: &[u8], now: Timestamp) -> Option<Arc<Reader>> {
        if let Some((expires, reader)) = self.good.get(token) {
            if now < expires {
                return Some(reader);
            }
            self.good.remove(token);
        }
        self.others.get(token)
    }

    fn verified(&self, token: &[u8], settings: &Token, now: Timestamp) -> Option<Arc<Reader>> {
        let verified = match token::verify(token, settings, &self.keys) {
            Ok(verified) => verified,
            Err(BadToken::UnknownKey) => {
                self.unknown_key.notify_one();
                return None;
            }
            // Found out without a signature: as fast as a look at what is kept.
            Err(BadToken::TooLong | BadToken::Malformed | BadToken::Header | BadToken::Algorithm) => return None,
            Err(
                BadToken::Signature
                | BadToken::Payload
                | BadToken::Issuer
                | BadToken::Audience
                | BadToken::Dates
                | BadToken::Life
                | BadToken::Entitlements
                | BadToken::TooMany,
            ) => {
                self.others.insert(token.into(), Arc::new(Reader::Visitor));
                return None;
            }
        };
        let reader = Arc::new(verified.reader(now));
        match *reader {
            Reader::Member(_) => self.good.insert(token.into(), (verified.expires(), Arc::clone(&reader))),
            Reader::Expired(_) => self.others.insert(token.into(), Arc::clone(&reader)),
            // It begins later: then it is another reader's.
            Reader::Visitor => {}
        }
        Some(reader)
    }
}

/// What a kept token weighs.
#[derive(Clone, Debug)]
struct Weight;

impl quick_cache::Weighter<Box<[u8]>, (Timestamp, Arc<Reader>)> for Weight {
    fn weight(&self, token: &Box<[u8]>, _: &(Timestamp, Arc<Reader>)) -> u64 {
        weight(token)
    }
}

impl quick_cache::Weighter<Box<[u8]>, Arc<Reader>> for Weight {
    fn weight(&self, token: &Box<[u8]>, _: &Arc<Reader>) -> u64 {
        weight(token)
    }
}

/// Entitlements take no more than the text they were read from takes twice.
fn weight(token: &[u8]) -> u64 {
    OVERHEAD + 3 * u64::try_from(token.len()).unwrap_or(u64::MAX / 4)
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;
    use crate::access::entitlement::Entitlement;
    use crate::edge::token::KeySource;
    use crate::edge::token::issue::{Claims, SigningKey};

    const SECRET: &[u8] = br#"{"kty": "oct", "kid": "k", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;
    const NOW: i64 = 1_795_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::saturating(seconds)
    }

    fn settings() -> Token {
        Token {
            audience: "a".to_owned(),
            claim: "entitlements".to_owned(),
            cookie: "c".to_owned(),
            issuer: "i".to_owned(),
            max_entitlements: 32,
            max_ttl: 900,
        }
    }

    fn readers() -> Readers {
        let keys = Keys::from_jwks(SECRET, KeySource::File).unwrap();
        Readers::new(Arc::new(keys), Arc::default())
    }

    fn token(subject: &str, issued: i64, expires: i64) -> String {
        let entitlements = [Entitlement::new("pro".parse().unwrap(), at(0))];
        let (issued, expires) = (at(issued), at(expires));
        let subject = Some(subject);
        let claims = Claims { settings: &settings(), subject, issued, expires, entitlements: &entitlements };
        SigningKey::read(SECRET).unwrap().sign(&claims).unwrap()
    }

    fn ask(readers: &Readers, token: &str, now: i64) -> Option<Reader> {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::try_from(format!("c={token}")).unwrap());
        readers.reader(Some(&settings()), &headers, at(now)).map(|reader| (*reader).clone())
    }

    fn is_member(reader: Option<Reader>) -> bool {
        matches!(reader, Some(Reader::Member(held)) if held.len() == 1)
    }

    #[test]
    fn no_number_of_bad_tokens_pushes_a_good_one_out() {
        let readers = readers();
        let good = token("good", NOW, NOW + 900);
        assert!(is_member(ask(&readers, &good, NOW)));
        let (head, last) = good.split_at(good.len() - 1);
        for number in 0..10_000 {
            let bad = format!("{}{number:04x}{last}", head.get(..head.len() - 4).unwrap());
            assert!(!is_member(ask(&readers, &bad, NOW)));
        }
        assert!(readers.good.get(good.as_bytes()).is_some());
        let (good, others) = readers.kept();
        assert!(good == 1 && (1_000..10_000).contains(&others), "{good} and {others}");
        assert!(readers.others.weight() <= OTHERS);
    }

    #[test]
    fn nothing_is_kept_past_its_end_or_before_its_beginning() {
        let readers = readers();
        let good = token("one", NOW, NOW + 10);
        assert!(is_member(ask(&readers, &good, NOW + 9)));
        assert_eq!(readers.kept(), (1, 0));
        assert!(matches!(ask(&readers, &good, NOW + 10), Some(Reader::Expired(_))));
        assert_eq!(readers.kept(), (0, 1));
        let early = token("two", NOW, NOW + 10);
        assert_eq!(ask(&readers, &early, NOW - 31), Some(Reader::Visitor));
        assert_eq!(readers.kept(), (0, 1));
        assert!(is_member(ask(&readers, &early, NOW - 30)));
    }

    #[test]
    fn what_costs_nothing_to_refuse_is_not_kept() {
        let readers = readers();
        let good = token("one", NOW, NOW + 10);
        for junk in ["", "junk", "a.b.c", &"x".repeat(9_000), good.split('.').next().unwrap()] {
            assert_eq!(ask(&readers, junk, NOW), None);
        }
        assert_eq!(readers.kept(), (0, 0));
        assert_eq!(readers.reader(None, &HeaderMap::new(), at(NOW)), None);
    }
}
