//! How often one client, and one address, may ask: counted in windows of time, in a memory of a fixed size.
//!
//! The counts are of this process alone; where several instances run, each counts for itself.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use quick_cache::unsync::Cache;

use crate::time::Timestamp;

/// How many counts are kept of each kind.
const KEPT: usize = 1 << 16;

/// What is counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Kind {
    /// Mails that a client asks for.
    MailsByClient,
    /// Mails to an address that a client asks for.
    MailsByBoth,
    /// Mails to an address, whoever asks.
    MailsByAddress,
    /// Links that a client tries.
    Tries,
    /// Deliveries that nobody believes.
    Forgeries,
    /// What a member changes.
    Deeds,
}

impl Kind {
    /// How many there may be in how many seconds.
    fn bound(self) -> (u32, i64) {
        match self {
            Self::MailsByClient => (20, 3_600),
            Self::MailsByBoth => (5, 3_600),
            Self::MailsByAddress => (30, 3_600),
            Self::Tries => (60, 600),
            Self::Forgeries => (30, 600),
            Self::Deeds => (20, 3_600),
        }
    }
}

/// Counts by what they are of.
pub(super) struct Limits(Mutex<Counts>);

/// The first instant of a window, and how often something was asked for in it.
type Window = (i64, u32);

struct Counts {
    clients: Cache<(Kind, String), Window>,
    addresses: Cache<(Kind, String), Window>,
    members: Cache<(Kind, String), Window>,
}

impl Default for Limits {
    fn default() -> Self {
        Self(Mutex::new(Counts { clients: Cache::new(KEPT), addresses: Cache::new(KEPT), members: Cache::new(KEPT) }))
    }
}

impl Limits {
    /// Counts one more; otherwise after how many seconds there may be one.
    pub(super) fn take(&self, kind: Kind, whose: &str, now: Timestamp) -> Result<(), i64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody pushes out the counts of addresses by asking from many places, nor the other way round.
        let counts = match kind {
            Kind::MailsByAddress => &mut counts.addresses,
            Kind::Deeds => &mut counts.members,
            Kind::MailsByClient | Kind::MailsByBoth | Kind::Tries | Kind::Forgeries => &mut counts.clients,
        };
        let (most, seconds) = kind.bound();
        let key = (kind, whose.to_owned());
        let running = counts.get(&key).copied().filter(|(start, _)| {
            let passed = now.seconds() - start;
            (0..seconds).contains(&passed)
        });
        let (start, count) = running.unwrap_or((now.seconds(), 0));
        if count >= most {
            return Err(start + seconds - now.seconds());
        }
        counts.insert(key, (start, count + 1));
        Ok(())
    }
}

impl std::fmt::Debug for Limits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Limits")
    }
}

/// A client as it is counted: whoever has an IPv6 address has 2^64 of them.
pub(super) fn client(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "?".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_so_many_and_then_another_begins() {
        let (limits, at) = (Limits::default(), Timestamp::saturating);
        let take = |whose: &str, now| limits.take(Kind::MailsByBoth, whose, at(now));
        for _ in 0..5 {
            assert_eq!(take("a", 1_000), Ok(()));
        }
        assert_eq!(take("a", 1_600), Err(3_000));
        assert_eq!(take("b", 1_600), Ok(()));
        assert_eq!(take("a", 4_600), Ok(()));
        assert_eq!(limits.take(Kind::MailsByClient, "a", at(1_600)), Ok(()));
    }

    #[test]
    fn a_client_cannot_change_its_name_for_another() {
        let client = |text: &str| client(Some(text.parse().unwrap()));
        assert_eq!(client("2001:db8:1:2:aaaa::1"), client("2001:db8:1:2:bbbb::2"));
        assert_ne!(client("2001:db8:1:2::1"), client("2001:db8:1:3::1"));
        assert_eq!(client("::ffff:192.0.2.1"), client("192.0.2.1"));
        assert_ne!(client("192.0.2.1"), client("192.0.2.2"));
    }
}
