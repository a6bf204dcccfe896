//! What the rest of a running period is worth on a switch of tiers: information, for the provider charges.

use serde::Serialize;

use crate::config::product::Money;
use crate::time::Timestamp;

/// A period that somebody paid for: `start <= now < end`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Running {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
    /// What was paid for it.
    pub paid: Money,
    /// What of that went back, in minor units of the same currency.
    pub refunded: u64,
}

/// The credit at an instant towards a new first charge: `(paid - refunded) x seconds left / period`, rounded down, and at
/// most that charge. None in another currency, and none where nothing is left.
#[must_use]
pub fn credit(running: &Running, charge: Money, at: Timestamp) -> Option<Money> {
    let Running { start, end, paid, refunded } = running;
    let period = u128::try_from(end.seconds() - start.seconds()).ok().filter(|period| *period > 0)?;
    let left = u128::try_from(end.seconds() - at.max(*start).seconds()).ok()?;
    let net = u128::from(paid.amount.saturating_sub(*refunded));
    let amount = u64::try_from(net * left / period).ok()?.min(charge.amount);
    (charge.currency == paid.currency && amount > 0).then_some(Money { amount, currency: charge.currency })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::saturating(seconds)
    }

    fn money(amount: u64, code: &str) -> Money {
        Money { amount, currency: code.parse().unwrap() }
    }

    #[test]
    fn what_is_left_is_rounded_down() {
        let running = Running { start: at(1_000), end: at(1_000 + 30), paid: money(1_000, "eur"), refunded: 0 };
        let left = |now, charge| credit(&running, money(charge, "eur"), at(now)).map(|credit| credit.amount);
        assert_eq!(left(1_010, 9_000), Some(666));
        assert_eq!(left(1_010, 500), Some(500), "at most the new first charge");
        assert_eq!(left(0, 9_000), Some(1_000), "before it began all of it is left, and no more");
        assert_eq!(left(1_030, 9_000), None);
        assert_eq!(left(2_000, 9_000), None);
        assert_eq!(credit(&running, money(9_000, "usd"), at(1_010)), None);
    }

    #[test]
    fn what_went_back_is_no_credit() {
        let running = |refunded| Running { start: at(0), end: at(100), paid: money(1_000, "eur"), refunded };
        let half = |refunded| credit(&running(refunded), money(5_000, "eur"), at(50)).map(|credit| credit.amount);
        assert_eq!(half(300), Some(350));
        assert_eq!(half(1_000), None);
        assert_eq!(half(2_000), None);
    }

    #[test]
    fn nothing_overflows() {
        let most = Money { amount: u64::MAX, ..money(0, "jpy") };
        let running = Running { start: Timestamp::MIN, end: Timestamp::MAX, paid: most, refunded: 0 };
        assert_eq!(credit(&running, most, Timestamp::MIN), Some(most));
        let none = Running { end: Timestamp::MIN, ..running };
        assert_eq!(credit(&none, most, Timestamp::MIN), None);
    }
}
