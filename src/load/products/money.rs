//! Prices: whole minor units and a currency, and what was probably meant where something else is written.
#![expect(clippy::wildcard_enum_match_arm, reason = "a value of any other kind is a fault")]

use crate::config::product::{Currency, Money};
use crate::diagnostic::Spanned;
use crate::load::config::Section;
use crate::load::document::{Fault, Node, Value};
use crate::load::reading::{Faults, text, wrong};

/// The most that anything costs, in minor units.
const MOST: u64 = 1_000_000_000_000;

/// The price of a product, and whether it is fine: one is never left out.
pub(super) fn price(section: &Section<'_>, product: &Node, faults: &mut Faults<'_>) -> (Option<Spanned<Money>>, bool) {
    let Some(node) = section.map.get("price") else {
        let fault = Fault::new("this product has no price", product.span.clone());
        faults.error(fault.help("write what one payment costs, in minor units: `price: {amount: 900, currency: eur}`"));
        return (None, false);
    };
    let Value::Map(map) = &node.value else {
        let (number, currency) = guess(faults.written(&node.span), None);
        let (number, currency) = (number.unwrap_or(900), currency.map_or("eur".to_owned(), |c| c.as_str().to_owned()));
        let help = format!("write minor units and a currency: `price: {{amount: {number}, currency: {currency}}}`");
        faults.error(wrong("price", &node.value, "a map", node).help(help));
        return (None, false);
    };
    let section = Section { map, path: "price." };
    section.only(&["amount", "currency"], faults);
    for (key, help) in [("amount", "write minor units: 9.00 is `amount: 900`"), ("currency", "write `currency: eur`")] {
        if map.get(key).is_none() {
            faults.error(Fault::new(format!("`price.{key}` is missing"), node.span.clone()).help(help));
        }
    }
    let currency = section.read("currency", faults, currency);
    let amount = section.read("amount", faults, |key, node, written| amount(key, node, (written, currency)));
    let money = amount.zip(currency).map(|(amount, currency)| Money { amount, currency });
    (money.map(|money| Spanned::new(money, node.span.clone())), money.is_some())
}

/// An amount in minor units; the currency, where it is known, is for the help.
pub(super) fn amount(key: &str, node: &Node, (written, currency): (&str, Option<Currency>)) -> Result<u64, Fault> {
    let number = if let Value::Number(number) = &node.value { number.as_u64() } else { None };
    if let Some(number) = number.filter(|number| *number <= MOST) {
        return Ok(number);
    }
    let fault = match &node.value {
        Value::Number(_) | Value::Text(_) => Fault::new(format!("`{key}` cannot be `{written}`"), node.span.clone()),
        other => wrong(key, other, "a whole number", node),
    };
    let last = key.rsplit('.').next().unwrap_or(key);
    let meant = guess(written, currency).0.filter(|number| *number <= MOST);
    Err(match meant.filter(|_| !written.starts_with('-')) {
        Some(number) if number.to_string() == written.trim_matches(['"', '\'']) => {
            fault.help(format!("write it as a number, in minor units: `{last}: {number}`"))
        }
        Some(number) => {
            let written = written.trim_matches(['"', '\'']);
            fault.help(format!("amounts are whole minor units (cents, pence): {written} is `{last}: {number}`"))
        }
        None => fault.help(format!("write whole minor units (cents, pence): 9.00 is `{last}: 900`")),
    })
}

fn currency(key: &str, node: &Node, _: &str) -> Result<Currency, Fault> {
    let written = text(key, node)?.trim();
    let known = written.parse::<Currency>().ok().filter(Currency::is_known);
    known.ok_or_else(|| {
        let fault = Fault::new(format!("unknown currency `{written}`"), node.span.clone());
        match sign(written) {
            Some(code) => fault.help(format!("write `{code}`")),
            None => fault.help("write a code of ISO 4217, such as `eur`, `usd` or `gbp`"),
        }
    })
}

/// What `9.00`, `€9` or `"9,00 EUR"` probably means.
fn guess(written: &str, currency: Option<Currency>) -> (Option<u64>, Option<Currency>) {
    let letters: String = written.chars().filter(char::is_ascii_alphabetic).collect();
    let named = letters.parse::<Currency>().ok().filter(Currency::is_known);
    let signed = || written.chars().find_map(|c| sign(&c.to_string())).and_then(|code| code.parse().ok());
    let currency = currency.or(named).or_else(signed);
    (minor(written, currency.map_or(2, Currency::digits)), currency)
}

/// Minor units of an amount as people write it.
fn minor(written: &str, digits: usize) -> Option<u64> {
    let number = written.trim_matches(|c: char| !c.is_ascii_digit());
    if number.is_empty() || !number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ',')) {
        return None;
    }
    let (whole, rest) = match number.rsplit_once(['.', ',']) {
        Some((whole, rest)) if rest.len() < 3 => (whole, rest),
        _ => (number, ""),
    };
    let whole: String = whole.chars().filter(char::is_ascii_digit).collect();
    let rest: String = format!("{rest:0<digits$}").chars().take(digits).collect();
    format!("{whole}{rest}").parse().ok()
}

fn sign(text: &str) -> Option<&'static str> {
    [("€", "eur"), ("$", "usd"), ("£", "gbp"), ("¥", "jpy")]
        .into_iter()
        .find(|(sign, _)| *sign == text)
        .map(|(_, code)| code)
}
