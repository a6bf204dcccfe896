//! Ranges of addresses: proxies that are believed when they say for whom they ask.

use std::net::IpAddr;
use std::str::FromStr;

/// A range of addresses in CIDR notation (RFC 4632), or one address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Network {
    first: IpAddr,
    bits: u8,
}

/// The text is no range of addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("write an address, or a range of them such as 10.0.0.0/8")]
pub struct NoNetwork;

impl Network {
    /// Whether an address is one of them.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let bits = u32::from(self.bits);
        match (self.first, address.to_canonical()) {
            (IpAddr::V4(first), IpAddr::V4(address)) => {
                let differ = u32::from(first) ^ u32::from(address);
                differ.checked_shr(32_u32.saturating_sub(bits)).unwrap_or(0) == 0
            }
            (IpAddr::V6(first), IpAddr::V6(address)) => {
                let differ = u128::from(first) ^ u128::from(address);
                differ.checked_shr(128_u32.saturating_sub(bits)).unwrap_or(0) == 0
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
        }
    }
}

impl FromStr for Network {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let (first, bits) = text.split_once('/').map_or((text, None), |(first, bits)| (first, Some(bits)));
        let first: IpAddr = first.parse().map_err(|_| NoNetwork)?;
        let most = if first.is_ipv4() { 32 } else { 128 };
        let digits = |bits: &&str| !bits.is_empty() && bits.bytes().all(|c| c.is_ascii_digit());
        let bits: u8 = match bits {
            None => most,
            Some(bits) => Some(bits).filter(digits).and_then(|bits| bits.parse().ok()).ok_or(NoNetwork)?,
        };
        // IPv4 in IPv6 is IPv4: a range of it is one of the last 32 bits.
        let (first, bits) = match (first, first.to_canonical()) {
            (IpAddr::V6(_), short @ IpAddr::V4(_)) => (short, bits.checked_sub(96).ok_or(NoNetwork)?),
            (_, first) => (first, bits),
        };
        let most = if first.is_ipv4() { 32 } else { 128 };
        if bits <= most { Ok(Self { first, bits }) } else { Err(NoNetwork) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_what_they_say() {
        let holds = |range: &str, address: &str| {
            range.parse::<Network>().map(|range| range.contains(address.parse().unwrap())).unwrap()
        };
        for (range, address, expected) in [
            ("10.0.0.1", "10.0.0.1", true),
            ("10.0.0.1", "10.0.0.2", false),
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("192.0.2.128/25", "192.0.2.127", false),
            ("192.0.2.128/25", "::ffff:192.0.2.200", true),
            ("::ffff:192.0.2.0/120", "192.0.2.9", true),
            ("0.0.0.0/0", "192.0.2.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::/0", "2001:db8::1", true),
            ("2001:db8::1", "2001:db8::1", true),
        ] {
            assert_eq!(holds(range, address), expected, "{range} {address}");
        }
        for text in [
            "",
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/-1",
            "10.0.0.0/+8",
            "::/129",
            "10.0.0.0/8/8",
            "x",
            "::ffff:10.0.0.0/8",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NoNetwork), "{text}");
        }
    }
}
