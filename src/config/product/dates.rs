//! Whether what is paid in parts is paid before it ends: counted for every day on which it may be bought.
//!
//! Months differ in length, so one example proves nothing. No clock is asked: four fixed years have every length of month
//! and a leap day.

use jiff::tz::TimeZone;
use jiff::{ToSpan as _, civil};

use super::{Billing, Product};
use crate::time::Timestamp;
use crate::time::period::Period;

/// How long before the end of what is bought its last payment must come, in seconds: time for a card that fails.
pub const BEFORE_END: i64 = 8 * 86_400;

/// A purchase, its last payment, and the end of what was bought.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Course {
    /// When it is bought.
    pub start: Timestamp,
    /// When the payment in question is due.
    pub due: Timestamp,
    /// Which payment that is, from 1.
    pub payment: u32,
    /// When what is bought ends.
    pub end: Timestamp,
}

impl Course {
    fn of(
        product: &Product,
        (every, payment): (Period, u32),
        after: Period,
        (start, zone): (Timestamp, &TimeZone),
    ) -> Self {
        let first = product.trial.map_or(start, |trial| trial.length.after(start, 1, zone));
        let due = every.after(first, payment.saturating_sub(1), zone);
        Self { start, due, payment, end: after.after(start, 1, zone) }
    }

    /// How long the payment comes before the end, in seconds; below 0 where it comes after.
    #[must_use]
    pub fn left(&self) -> i64 {
        self.end.seconds() - self.due.seconds()
    }
}

/// Of a payment plan that buys something which ends: the purchase whose last payment comes closest to that end. None for what
/// is no plan.
#[must_use]
pub fn tightest(product: &Product, after: Period, zone: &TimeZone) -> Option<Course> {
    let Billing::Plan { every, payments } = product.billing else { return None };
    starts(zone)
        .map(|start| Course::of(product, (every, payments.get()), after, (start, zone)))
        .min_by_key(Course::left)
}

/// Of a subscription to something which ends: the first payment that is due when it has ended. None for what is no
/// subscription.
#[must_use]
pub fn first_too_late(product: &Product, after: Period, zone: &TimeZone) -> Option<Course> {
    let Billing::Subscription { every } = product.billing else { return None };
    let start = starts(zone).next()?;
    let course = |payment| Course::of(product, (every, payment), after, (start, zone));
    // An hour is the shortest period and 100 years the longest end: more payments than this there are not.
    let (mut low, mut high) = (1_u32, 1 << 20);
    while low < high {
        let middle = low + (high - low) / 2;
        if course(middle).left() > 0 { low = middle + 1 } else { high = middle }
    }
    Some(course(low))
}

/// The first instant and noon of every day of four years: a change of clocks lies between the two.
fn starts(zone: &TimeZone) -> impl Iterator<Item = Timestamp> {
    let days = civil::date(2027, 1, 1).series(1.day()).take_while(|day| day.year() < 2031);
    let instant = |at: civil::DateTime| at.to_zoned(zone.clone()).ok().map(|at| at.timestamp().as_second());
    days.flat_map(|day| [day.at(0, 0, 0, 0), day.at(12, 0, 0, 0)]).filter_map(instant).map(Timestamp::saturating)
}
