//! Readers in a few letters, and the tokens that say them.
//!
//! `pro/3d<+2d!1d` holds `pro` since 3 days ago until in 2 days, frozen a day ago; without a start it has been held for 700
//! days. `+` joins several, but a `+` after `/`, `<` or `!` makes it the future. `visitor` has no token, `nothing` one
//! without entitlements, `old TEXT` one that ran out.

use serde_json::{Value, json};

use crate::edges::runner::cases::{Held, Token, Who};

/// How long an entitlement has been held, where nothing is said.
const LONG: i64 = 700 * DAY;
pub(super) const DAY: i64 = 86_400;

/// What a site's tokens are like.
#[derive(Clone, Copy)]
pub(super) struct Issuer {
    pub(super) now: i64,
    pub(super) issuer: &'static str,
    pub(super) audience: &'static str,
    /// The path to the entitlements.
    pub(super) claim: &'static str,
    pub(super) cookie: &'static str,
    pub(super) life: i64,
}

impl Issuer {
    /// The reader that a text means.
    pub(super) fn who(&self, text: &str) -> Who {
        match text {
            "visitor" => Who::Visitor,
            "nothing" => Who::Member(Vec::new()),
            _ if text.starts_with("old ") => Who::Expired,
            _ => Who::Member(self.held(text)),
        }
    }

    /// The token of that reader; none for a visitor.
    pub(super) fn token(&self, text: &str) -> Option<Token> {
        let (held, at) = match text {
            "visitor" => return None,
            "nothing" => (Vec::new(), self.now - 60),
            _ => match text.strip_prefix("old ") {
                Some(held) => (self.held(held), self.now - self.life - 1200),
                // Not this very second: clocks are read by seconds.
                None => (self.held(text), self.now - 60),
            },
        };
        let entitlements = held.iter().map(|held| serde_json::to_value(held).unwrap()).collect();
        let claims = self.claims(entitlements, at);
        Some(Token { key: "es256".to_owned(), claims, ..Token::default() })
    }

    /// The claims of a good token made at an instant.
    pub(super) fn claims(&self, entitlements: Value, at: i64) -> Value {
        let mut claims = json!({
            "iss": self.issuer, "aud": self.audience, "sub": "m_123", "iat": at, "exp": at + self.life,
        });
        set(&mut claims, self.claim, entitlements);
        claims
    }

    fn held(&self, text: &str) -> Vec<Held> {
        let mut parts: Vec<String> = Vec::new();
        for part in text.split('+') {
            match parts.last_mut().filter(|last| last.ends_with(['/', '<', '!'])) {
                Some(last) => *last = format!("{last}+{part}"),
                None => parts.push(part.to_owned()),
            }
        }
        parts.iter().map(|part| self.one(part)).collect()
    }

    fn one(&self, part: &str) -> Held {
        let end = part.find(['/', '<', '!']).unwrap_or(part.len());
        let (value, mut rest) = part.split_at(end);
        let mut held = Held { value: value.to_owned(), since: self.now - LONG, until: None, frozen: None };
        while let Some(mark) = rest.chars().next() {
            let end = rest[1..].find(['/', '<', '!']).map_or(rest.len(), |end| end + 1);
            let at = self.now + ago(&rest[1..end]);
            match mark {
                '/' => held.since = at,
                '<' => held.until = Some(at),
                _ => held.frozen = Some(at),
            }
            rest = &rest[end..];
        }
        held
    }
}

/// Puts a value at a path of claims.
pub(super) fn set(claims: &mut Value, path: &str, value: Value) {
    let place = path.split('.').fold(claims, |place, part| &mut place[part]);
    *place = value;
}

/// `3d`: so many seconds, negative; `+3d`: positive. `h`, `m` for minutes.
pub(super) fn ago(text: &str) -> i64 {
    let (sign, text) = text.strip_prefix('+').map_or((-1, text), |text| (1, text));
    let (number, unit) = text.split_at(text.len() - 1);
    let unit = match unit {
        "d" => DAY,
        "h" => 3600,
        "m" => 60,
        _ => panic!("`{text}` has no unit"),
    };
    sign * unit * number.parse::<i64>().unwrap_or_else(|_| panic!("`{text}` is no length"))
}

/// An instant as it is written in tables: `+3d2h` from now.
pub(super) fn from_now(seconds: i64) -> String {
    let parts = [(DAY, 'd'), (3600, 'h'), (60, 'm'), (1, 's')];
    let mut rest = seconds;
    let mut text = "+".to_owned();
    for (length, unit) in parts {
        if rest / length > 0 {
            text += &format!("{}{unit}", rest / length);
            rest %= length;
        }
    }
    text
}

/// An entitlement, said in full.
pub(super) fn held(value: &str, since: i64, until: Option<i64>) -> Held {
    Held { value: value.to_owned(), since, until, frozen: None }
}
