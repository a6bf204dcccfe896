//! Secrets, and what is signed with them (Standard Webhooks 1.0.0, "Signature scheme").

use std::fmt;

use aws_lc_rs::{hmac, rand};
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};

use crate::time::Timestamp;

/// What secrets begin with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret has, by the specification.
const SIZES: std::ops::RangeInclusive<usize> = 24..=64;
/// How many a new one has.
const SIZE: usize = 32;

/// Reads base64 with its padding or without.
const READER: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A secret that an endpoint shares: no message and no log shows it.
#[derive(Clone)]
pub struct Secret(hmac::Key);

/// Why a text is no [`Secret`].
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SecretError {
    /// It is something else.
    #[error("a secret begins with `whsec_`")]
    Prefix,
    /// What follows cannot be read.
    #[error("a secret is base64 behind `whsec_`")]
    Base64,
    /// It could be guessed, or is too long.
    #[error("a secret has 24 to 64 bytes, this one has {0}")]
    Size(usize),
    /// The system gives no random numbers.
    #[error("the system gives no random numbers")]
    Random,
}

impl std::str::FromStr for Secret {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let written = text.strip_prefix(PREFIX).ok_or(SecretError::Prefix)?;
        let bytes = READER.decode(written).map_err(|_| SecretError::Base64)?;
        if !SIZES.contains(&bytes.len()) {
            return Err(SecretError::Size(bytes.len()));
        }
        Ok(Self(hmac::Key::new(hmac::HMAC_SHA256, &bytes)))
    }
}

impl Secret {
    /// A new one, as it is written.
    ///
    /// # Errors
    /// [`SecretError::Random`].
    pub fn generate() -> Result<String, SecretError> {
        let mut bytes = [0; SIZE];
        rand::fill(&mut bytes).map_err(|_| SecretError::Random)?;
        Ok(format!("{PREFIX}{}", STANDARD.encode(bytes)))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The value of `webhook-signature`: one signature for each secret, so that receivers may change theirs at leisure.
pub(super) fn sign(secrets: &[Secret], (id, at): (&str, Timestamp), body: &str) -> String {
    let signed = format!("{id}.{}.{body}", at.seconds());
    let sign = |Secret(key): &Secret| format!("v1,{}", STANDARD.encode(hmac::sign(key, signed.as_bytes())));
    secrets.iter().map(sign).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_library() {
        let secret: Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".parse().unwrap();
        let at = Timestamp::saturating(1_614_265_330);
        let signed = sign(&[secret], ("msg_p5jXN8AQM9LWM0D4loKWxJek", at), "{\"test\": 2432232314}");
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn what_is_no_secret_is_refused() {
        let parse = |text: &str| text.parse::<Secret>().map(drop);
        assert_eq!(parse("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), Err(SecretError::Prefix));
        assert_eq!(parse("whsec_äöü"), Err(SecretError::Base64));
        assert_eq!(parse("whsec_c2hvcnQ="), Err(SecretError::Size(5)));
        assert_eq!(parse(&format!("whsec_{}", STANDARD.encode([1; 65]))), Err(SecretError::Size(65)));
        assert_eq!(parse(&format!("whsec_{}", STANDARD.encode([1; 64]))), Ok(()));
        assert_eq!(parse(&Secret::generate().unwrap()), Ok(()));
        assert_ne!(Secret::generate(), Secret::generate());
    }
}
