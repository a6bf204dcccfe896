//! Secrets that browsers and mails hold, and what of them we keep: 256 random bits there, a hash here.

use aws_lc_rs::{constant_time, digest, rand};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// How long a secret is as text.
const LENGTH: usize = 43;

/// A secret. It is never logged and never stored.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Secret(String);

/// The system gives no random numbers.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub(super) struct NoRandom;

impl Secret {
    /// A new one.
    pub(super) fn new() -> Result<Self, NoRandom> {
        let mut bytes = [0; 32];
        rand::fill(&mut bytes).map_err(|_| NoRandom)?;
        Ok(Self(URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// One that somebody brings; `None` for what cannot be one.
    pub(super) fn brought(text: &str) -> Option<Self> {
        let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (text.len() == LENGTH && text.bytes().all(is_letter)).then(|| Self(text.to_owned()))
    }

    /// As it goes into a cookie or a mail.
    pub(super) fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    pub(super) fn hash(&self) -> String {
        self.derived("stored")
    }

    /// What proves that a form was made for whoever holds the secret.
    pub(super) fn form_token(&self) -> String {
        self.derived("form")
    }

    /// Whether a form brings the right proof. This takes as long for every wrong one.
    pub(super) fn made(&self, form_token: &str) -> bool {
        constant_time::verify_slices_are_equal(self.form_token().as_bytes(), form_token.as_bytes()).is_ok()
    }

    fn derived(&self, purpose: &str) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in ["tierpress account ", purpose, "\n", &self.0] {
            context.update(part.as_bytes());
        }
        URL_SAFE_NO_PAD.encode(context.finish())
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_not_what_is_held() {
        let secret = Secret::new().unwrap();
        assert_eq!(secret.expose().len(), LENGTH);
        assert_eq!(Secret::brought(secret.expose()), Some(secret.clone()));
        assert_ne!(secret, Secret::new().unwrap());
        let all = [secret.expose().to_owned(), secret.hash(), secret.form_token()];
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2]);
        assert!(secret.made(&secret.form_token()));
        assert!(!secret.made(""));
        assert!(!secret.made(&Secret::new().unwrap().form_token()));
        for junk in ["", "a", &"a".repeat(44), &format!("{}\n", "a".repeat(42)), &"=".repeat(43)] {
            assert_eq!(Secret::brought(junk), None);
        }
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
