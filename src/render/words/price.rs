//! Prices in the site's words: `€9.00 a month, first 14 days free`.
//!
//! An amount is written as the site's language does it. Where nobody has said how that is, or a sign could be taken for
//! another currency's, the code of the currency stands in its place: `9.00 CHF` is never wrong.

use crate::config::product::{Billing, Money, Product};
use crate::render::context;
use crate::render::words::Words;
use crate::time::period::{Period, Unit};

impl Words<'_> {
    /// A product as templates see it.
    #[must_use]
    pub fn product(&self, product: &Product) -> context::Product {
        let Product { id, sells, price, billing, trial, member_cancel: _, stripe: _, buy } = product;
        let (name, every, payments) = match billing {
            Billing::Once => ("once", None, 1),
            Billing::Subscription { every } => ("subscription", Some(every), 0),
            Billing::Plan { every, payments } => ("plan", Some(every), payments.get()),
        };
        let is_bundle = self.catalogue.bundle(sells).is_some();
        context::Product {
            id: id.to_string(),
            sells: sells.to_string(),
            title: self.catalogue.title(sells).unwrap_or(sells.as_str()).to_owned(),
            kind: if is_bundle { "bundle" } else { "tier" },
            price: self.price(product),
            amount: price.decimal(),
            total: price.times(payments.max(1)).decimal(),
            currency: price.currency.to_string(),
            billing: name,
            every: every.map(|every| length(*every)),
            payments,
            trial: trial.map(|trial| length(trial.length)),
            trial_amount: trial.map(|trial| Money { amount: trial.amount, ..*price }.decimal()),
            buy: buy.clone(),
        }
    }

    /// What it costs, how often, what comes before that, and when it ends.
    fn price(&self, product: &Product) -> String {
        let Product { sells, price, billing, trial, .. } = product;
        if price.amount == 0 {
            return self.get("free").to_owned();
        }
        let money = self.money(*price);
        let words = match billing {
            Billing::Once => self.strings.fill("price_once", &[("price", &money)]),
            Billing::Subscription { every } => {
                self.strings.fill("price_every", &[("price", &money), ("every", &self.counted("every", *every))])
            }
            Billing::Plan { every, payments } => {
                let (every, total) = (self.counted("every", *every), self.money(price.times(payments.get())));
                let count = payments.to_string();
                let values = [("price", money.as_str()), ("every", &every), ("count", &count), ("total", &total)];
                self.strings.fill("price_plan", &values)
            }
        };
        let words = match trial {
            None => words,
            Some(trial) => {
                let first = self.counted("first", trial.length);
                let paid = self.money(Money { amount: trial.amount, ..*price });
                let key = if trial.amount == 0 { "trial_free" } else { "trial_paid" };
                let trial = self.strings.fill(key, &[("first", &first), ("price", &paid)]);
                self.strings.fill("price_trial", &[("price", &words), ("trial", &trial)])
            }
        };
        match self.catalogue.expires_after(sells) {
            None => words,
            Some(after) => {
                self.strings.fill("price_ends", &[("price", &words), ("length", &self.counted("length", after))])
            }
        }
    }

    /// `every_month` or `every_months`, filled.
    fn counted(&self, what: &str, period: Period) -> String {
        let (count, unit) = period.parts();
        let key = format!("{what}_{}{}", name(unit), if count == 1 { "" } else { "s" });
        self.strings.fill(&key, &[("count", &count.to_string())])
    }

    fn money(&self, money: Money) -> String {
        let (whole, rest) = money.parts();
        let whole = grouped(&whole.to_string(), self.get("thousands_sign"));
        let amount = if rest.is_empty() { whole } else { format!("{whole}{}{rest}", self.get("decimal_sign")) };
        match self.strings.currency_sign(money.currency) {
            Some(sign) => self.strings.fill("money_sign", &[("sign", sign), ("amount", &amount)]),
            None => {
                let code = money.currency.to_string();
                self.strings.fill("money_code", &[("amount", &amount), ("code", &code)])
            }
        }
    }
}

/// Digits in threes, from the right.
fn grouped(digits: &str, sign: &str) -> String {
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push_str(sign);
        }
        grouped.push(digit);
    }
    grouped
}

fn name(unit: Unit) -> &'static str {
    match unit {
        Unit::Hour => "hour",
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Month => "month",
        Unit::Year => "year",
    }
}

/// A length for machines: codes of ISO 8601, and of UN/ECE Recommendation 20 as schema.org wants them.
fn length(period: Period) -> context::Length {
    let (count, unit) = period.parts();
    let (iso, code) = match unit {
        Unit::Hour => (format!("PT{count}H"), "HUR"),
        Unit::Day => (format!("P{count}D"), "DAY"),
        Unit::Week => (format!("P{count}W"), "WEE"),
        Unit::Month => (format!("P{count}M"), "MON"),
        Unit::Year => (format!("P{count}Y"), "ANN"),
    };
    context::Length { count, unit: name(unit), iso, code }
}

/// The order in which products are named: currencies as they first occur, and in each the smallest payment first.
pub(super) fn cost(products: &[Product], money: Money) -> (usize, u64) {
    let is_same = |product: &Product| product.price.currency == money.currency;
    (products.iter().position(is_same).unwrap_or(usize::MAX), money.amount)
}
