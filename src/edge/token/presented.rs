//! Which token a request brings: exactly one, or none.
//!
//! Proxies differ in which of two cookies they read and in how they join doubled headers, so that a request with two
//! tokens could be one reader to one and another reader to the next. Here it is a visitor's to all. Nothing here knows
//! what a token is.

/// The one token that a request brings, from the values of all its `Authorization` and all its `Cookie` headers.
///
/// * More than one `Authorization`, or one that holds a `,`: no token at all, the cookie included.
/// * `Authorization: Bearer TOKEN`, in any case (RFC 6750, 2.1): a token, even if it is empty or junk; another scheme: none.
/// * Every pair named `cookie` in any `Cookie` header (RFC 6265, 5.4): a token, its value as it stands.
/// * Any number of tokens but one: no token.
#[must_use]
pub fn presented<'h>(authorizations: &[&'h [u8]], cookies: &[&'h [u8]], cookie: &str) -> Option<&'h [u8]> {
    let bearer = match authorizations {
        [] => None,
        [value] if !value.contains(&b',') => bearer(value),
        _ => return None,
    };
    let in_cookies = cookies.iter().flat_map(|header| header.split(|byte| *byte == b';'));
    let mut tokens = in_cookies.filter_map(|pair| named(trim(pair), cookie)).chain(bearer);
    let first = tokens.next();
    if tokens.next().is_some() { None } else { first }
}

/// The token of an `Authorization`, where its scheme is `bearer`.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let value = trim(value);
    // `Bearer ` reaches us as `Bearer`, for HTTP takes white space from the ends of values: an empty token, not none.
    let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at_checked(end)?;
    let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
    if scheme.eq_ignore_ascii_case(b"bearer") { rest.get(spaces..) } else { None }
}

/// The value of a pair `name=value`, where it has that name.
fn named<'h>(pair: &'h [u8], name: &str) -> Option<&'h [u8]> {
    pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
