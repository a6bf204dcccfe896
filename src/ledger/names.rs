//! Names that the ledger gives itself: random, so that they say nothing and cannot be guessed.

use aws_lc_rs::rand;

use super::Error;

/// Without vowels and what looks alike: nothing that could be read as a word or misread.
const LETTERS: &[u8; 32] = b"0123456789bcdfghjkmnpqrstvwxyz_-";

/// A new member's name: `m_` and 20 characters of 5 random bits each.
///
/// # Errors
/// When the system gives no random numbers.
pub fn member_id() -> Result<String, Error> {
    random("m_")
}

/// A new event's name.
///
/// # Errors
/// When the system gives no random numbers.
pub fn event_id() -> Result<String, Error> {
    random("e_")
}

pub(super) fn waiting_id() -> Result<String, Error> {
    random(WAITING)
}

/// A new notification's name.
///
/// # Errors
/// When the system gives no random numbers.
pub fn message_id() -> Result<String, Error> {
    random("msg_")
}

/// What the names of waiting purchases begin with.
pub(super) const WAITING: &str = "w_";

fn random(prefix: &str) -> Result<String, Error> {
    let mut bytes = [0; 20];
    rand::fill(&mut bytes).map_err(|_| Error::Damaged("the system gives no random numbers".to_owned()))?;
    let letter = |byte: &u8| LETTERS.get(usize::from(byte % 32)).copied().map_or('0', char::from);
    Ok(prefix.chars().chain(bytes.iter().map(letter)).collect())
}
