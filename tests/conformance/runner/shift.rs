//! Moves all instants of a manifest, a token or an expectation, because a live edge has the real clock.
//!
//! It refuses to know what an instant is for: whole numbers of a certain size are instants, in data and in texts alike.

use tierpress::access::rule::{Clause, Rule};
use tierpress::manifest::Manifest;
use tierpress::time::Timestamp;

/// The clock that all instants of the cases are for: 2026-11-18T11:06:40Z.
pub(crate) const CLOCK: i64 = 1_795_000_000;

/// Numbers from here (2020-09-13) ...
const FROM: i64 = 1_600_000_000;
/// ... to here (2033-05-18) are instants.
const TO: i64 = 2_000_000_000;

/// An instant, that much later.
pub(crate) fn instant(at: Timestamp, by: i64) -> Timestamp {
    Timestamp::saturating(at.seconds() + by)
}

/// A manifest with all its instants that much later. The build id is that of the new manifest.
pub(crate) fn manifest(manifest: &Manifest, by: i64) -> Manifest {
    let later = |at: Timestamp| instant(at, by);
    let clause = |clause: &Clause| {
        let mut clause = clause.clone();
        clause.from = clause.from.map(later);
        clause.until = clause.until.map(later);
        for need in &mut clause.all {
            need.joined_before = need.joined_before.map(later);
            need.kept = need.kept.map(later);
        }
        clause
    };
    let rules: Vec<Rule> =
        manifest.rules.iter().map(|rule| Rule::from(rule.clauses().iter().map(clause).collect::<Vec<_>>())).collect();
    let mut shifted =
        Manifest { rules, clock: later(manifest.clock), created: later(manifest.created), ..manifest.clone() };
    shifted.build = shifted.build_id();
    shifted
}

/// A text (the JSON of claims) with every run of ten digits that is an instant that much later.
pub(crate) fn text(text: &str, by: i64) -> String {
    let mut shifted = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !c.is_ascii_digit()).unwrap_or(from.len());
        let (digits, after) = from.split_at(end);
        shifted.push_str(before);
        let number = digits.parse().ok().filter(|number| digits.len() == 10 && (FROM..=TO).contains(number));
        match number {
            Some(number) => shifted.push_str(&(number + by).to_string()),
            None => shifted.push_str(digits),
        }
        rest = after;
    }
    shifted + rest
}

#[cfg(test)]
mod tests {
    #[test]
    fn instants_in_texts_are_moved() {
        let check = |text: &str, expected: &str| assert_eq!(super::text(text, 5), expected);
        check(r#"{"exp":1795000900,"iat":1795000000.5}"#, r#"{"exp":1795000905,"iat":1795000005.5}"#);
        check(r#"[0,17950000000,253402300799,"x1795000000",12]"#, r#"[0,17950000000,253402300799,"x1795000005",12]"#);
        check("", "");
    }
}
