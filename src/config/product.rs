//! Products: what is sold, for how much, and how it is paid. A product sells exactly one access control.

pub mod dates;

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::Id;
use crate::time::period::Period;

/// Payment terms that sell one access control.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Product {
    /// Its permanent id: what events name.
    pub id: Id,
    /// The tier or bundle that it sells.
    pub sells: Id,
    /// What one payment costs.
    pub price: Money,
    /// How it is paid.
    pub billing: Billing,
    /// What comes before the first payment.
    pub trial: Option<Trial>,
    /// Whether members may cancel it themselves.
    pub member_cancel: bool,
    /// What the payment provider calls it.
    pub stripe: Stripe,
    /// Where it is sold.
    pub buy: Option<String>,
}

impl Product {
    /// Whether two products sell the same for the same.
    #[must_use]
    pub fn same_terms(&self, other: &Self) -> bool {
        let Self { id: _, sells, price, billing, trial, member_cancel, stripe: _, buy: _ } = self;
        (sells, price, billing) == (&other.sells, &other.price, &other.billing)
            && (trial, member_cancel) == (&other.trial, &other.member_cancel)
    }
}

/// How a product is paid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Billing {
    /// One payment.
    Once,
    /// A payment for each period, until it is cancelled.
    Subscription {
        /// The period.
        every: Period,
    },
    /// So many payments, one for each period; then it is paid.
    Plan {
        /// The period.
        every: Period,
        /// How many; two or more.
        payments: NonZeroU32,
    },
}

/// A time before the first payment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// How long it is.
    pub length: Period,
    /// What it costs, in minor units of the price's currency; 0 where it is free.
    #[serde(default)]
    pub amount: u64,
}

/// What Stripe calls a product.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Stripe {
    /// Its prices, former ones too: `price_…`.
    pub prices: Vec<String>,
    /// Its payment links: `plink_…`.
    pub links: Vec<String>,
}

/// An amount of money.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In minor units: cents, pence.
    pub amount: u64,
    /// Of what.
    pub currency: Currency,
}

/// A currency by its code of ISO 4217, in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// The text is not three letters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a currency is three letters, such as `eur`")]
pub struct CurrencyError;

/// Currencies whose minor unit is the currency itself, and those with three digits (ISO 4217).
const WITHOUT_DIGITS: [&str; 16] =
    ["bif", "clp", "djf", "gnf", "isk", "jpy", "kmf", "krw", "pyg", "rwf", "ugx", "vnd", "vuv", "xaf", "xof", "xpf"];
/// The currencies of today (ISO 4217), and two that went not long ago.
const KNOWN: &str = "aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd btn bwp byn bzd cad \
    cdf chf clp cny cop crc cup cve czk djf dkk dop dzd egp ern etb eur fjd fkp gbp gel ghs gip gmd gnf gtq gyd hkd hnl htg \
    huf idr ils inr iqd irr isk jmd jod jpy kes kgs khr kmf kpw krw kwd kyd kzt lak lbp lkr lrd lsl lyd mad mdl mga mkd mmk \
    mnt mop mru mur mvr mwk mxn myr mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd \
    scr sdg sek sgd shp sle sos srd ssp stn svc syp szl thb tjs tmt tnd top try ttd twd tzs uah ugx usd uyu uzs ves vnd vuv \
    wst xaf xcd xcg xof xpf yer zar zmw zwg";
const WITH_THREE_DIGITS: [&str; 7] = ["bhd", "iqd", "jod", "kwd", "lyd", "omr", "tnd"];

impl Currency {
    /// The code in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether there is such a currency.
    #[must_use]
    pub fn is_known(&self) -> bool {
        KNOWN.split(' ').any(|code| code == self.as_str())
    }

    /// How many digits of an amount stand behind the point.
    #[must_use]
    pub fn digits(self) -> usize {
        let code = self.as_str();
        match (WITHOUT_DIGITS.contains(&code), WITH_THREE_DIGITS.contains(&code)) {
            (true, _) => 0,
            (_, true) => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    /// Reads `eur` or `EUR`.
    fn from_str(text: &str) -> Result<Self, CurrencyError> {
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| CurrencyError)?;
        if code.iter().all(u8::is_ascii_alphabetic) {
            Ok(Self(code.map(|c| c.to_ascii_lowercase())))
        } else {
            Err(CurrencyError)
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = CurrencyError;

    fn try_from(text: String) -> Result<Self, CurrencyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str().to_ascii_uppercase())
    }
}

impl Money {
    /// What stands before the decimal point, and what stands behind it: nothing where the currency has no digits there.
    #[must_use]
    pub fn parts(self) -> (u64, String) {
        let digits = self.currency.digits();
        let unit = 10_u64.pow(u32::try_from(digits).unwrap_or(0));
        let rest = self.amount % unit;
        (self.amount / unit, if digits == 0 { String::new() } else { format!("{rest:0digits$}") })
    }

    /// `9.00`, `1200`: for machines.
    #[must_use]
    pub fn decimal(self) -> String {
        match self.parts() {
            (whole, rest) if rest.is_empty() => whole.to_string(),
            (whole, rest) => format!("{whole}.{rest}"),
        }
    }

    /// So many times as much.
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { amount: self.amount.saturating_mul(u64::from(count)), ..self }
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[A-Za-z]{3}$"})
    }
}

/// `9.00 EUR`, `1200 JPY`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_has_the_digits_of_its_currency() {
        let money = |amount, code: &str| Money { amount, currency: code.parse().unwrap() }.to_string();
        assert_eq!(money(900, "eur"), "9.00 EUR");
        assert_eq!(money(5, "USD"), "0.05 USD");
        assert_eq!(money(1_200, "jpy"), "1200 JPY");
        assert_eq!(money(1_234, "kwd"), "1.234 KWD");
        assert!("eur".parse::<Currency>().unwrap().is_known() && !"eru".parse::<Currency>().unwrap().is_known());
        assert_eq!("euro".parse::<Currency>(), Err(CurrencyError));
        assert_eq!("e€".parse::<Currency>(), Err(CurrencyError));
    }
}
