//! The keys that tokens are signed with: made at the first start, replaced in good time, shown while anybody needs them.
//!
//! A new key is published a token's life, and the time that other edges take to look, before it is signed with; an old one
//! stays until the last token that it signed is over. All instances read the same list, so that they agree.

use serde_json::{Value, json};

use super::AccountError;
use crate::edge::token::issue;
use crate::edge::token::{Algorithm, LEEWAY};
use crate::ledger::{Ledger, SigningKey};
use crate::time::Timestamp;

/// How long another edge may go without looking at the JWKS, in seconds.
const UNSEEN: i64 = 660;

/// The keys of an instant.
#[derive(Debug)]
pub(super) struct Keys {
    /// By which instant each is signed with, and with what; the oldest first.
    keys: Vec<(Timestamp, issue::SigningKey)>,
    max_ttl: i64,
}

impl Keys {
    /// Reads the keys, and makes the first one where there is none.
    pub(super) async fn start(ledger: &Ledger, max_ttl: u32, now: Timestamp) -> Result<Self, AccountError> {
        if ledger.signing_keys().await?.is_empty() {
            // Where two instances do so at once there are two keys, and both are good.
            ledger.add_signing_key(&made(now)?, &[]).await?;
        }
        Self::read(ledger, max_ttl).await
    }

    /// Reads the keys.
    pub(super) async fn read(ledger: &Ledger, max_ttl: u32) -> Result<Self, AccountError> {
        let mut keys = Vec::new();
        for SigningKey { kid, pem, since } in ledger.signing_keys().await? {
            let key = issue::SigningKey::read(pem.as_bytes()).map_err(|error| AccountError::Key(error.to_string()))?;
            keys.push((since, key.called(Some(&kid))));
        }
        Ok(Self { keys, max_ttl: i64::from(max_ttl) })
    }

    /// The key to sign with: the newest whose time has come.
    pub(super) fn signs(&self, now: Timestamp) -> Option<&issue::SigningKey> {
        let begun = self.keys.iter().rfind(|(since, _)| *since <= now);
        begun.or_else(|| self.keys.first()).map(|(_, key)| key)
    }

    /// The public halves of all keys that a token of now or of later may name.
    pub(super) fn jwks(&self, now: Timestamp) -> Value {
        let keys = self.keys.iter().zip(self.ends()).filter(|(_, end)| end.is_none_or(|end| now < end));
        let keys: Vec<Value> = keys.filter_map(|((_, key), _)| Some(key.public()?.jwk(key.kid()))).collect();
        json!({"keys": keys})
    }

    /// When the last token of each key is over.
    fn ends(&self) -> Vec<Option<Timestamp>> {
        let next = self.keys.iter().skip(1).map(|(since, _)| Some(*since)).chain([None]);
        let end = |since: Timestamp| Timestamp::saturating(since.seconds() + self.max_ttl + 2 * LEEWAY);
        next.map(|since| since.map(end)).take(self.keys.len()).collect()
    }
}

/// Makes the next key, and says from when on it is signed with. Keys that are over are deleted.
///
/// # Errors
/// Where the ledger fails, or another key waits already.
pub async fn rotate(ledger: &Ledger, max_ttl: u32, now: Timestamp) -> Result<Timestamp, AccountError> {
    let keys = Keys::read(ledger, max_ttl).await?;
    if let Some((since, _)) = keys.keys.iter().find(|(since, _)| now < *since) {
        return Err(AccountError::Waits(*since));
    }
    let over: Vec<&str> = keys
        .keys
        .iter()
        .zip(keys.ends())
        .filter(|(_, end)| end.is_some_and(|end| end <= now))
        .filter_map(|((_, key), _)| key.kid())
        .collect();
    let since =
        if keys.keys.is_empty() { now } else { Timestamp::saturating(now.seconds() + i64::from(max_ttl).max(UNSEEN)) };
    ledger.add_signing_key(&made(since)?, &over).await?;
    Ok(since)
}

fn made(since: Timestamp) -> Result<SigningKey, AccountError> {
    let failed = || AccountError::Key("no key could be made".to_owned());
    let key = issue::SigningKey::generate(Algorithm::Es256).map_err(|_| failed())?;
    let pem = key.to_pem().ok_or_else(failed)?;
    Ok(SigningKey { kid: key.kid().unwrap_or_default().to_owned(), pem, since })
}
