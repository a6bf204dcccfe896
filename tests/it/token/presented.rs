//! Which token a request brings.

use tierpress::edge::token::presented;

const COOKIE: &str = "__Host-tierpress";

/// The `Authorization` headers, the `Cookie` headers, and the token: `-` for none.
const CASES: &[(&[&str], &[&str], &str)] = &[
    (&[], &[], "-"),
    // The cookie.
    (&[], &["__Host-tierpress=T"], "T"),
    (&[], &["a=b; __Host-tierpress=T; c=d"], "T"),
    (&[], &["a=b;__Host-tierpress=T;c"], "T"),
    (&[], &["a=b", "\t__Host-tierpress=T "], "T"),
    (&[], &["__Host-tierpress="], ""),
    (&[], &["__Host-tierpress"], "-"),
    (&[], &["__Host-tierpress=a=b"], "a=b"),
    (&[], &["__Host-tierpress=\"T\""], "\"T\""),
    (&[], &["__host-tierpress=T"], "-"),
    (&[], &["__Host-tierpress =T"], "-"),
    (&[], &["x__Host-tierpress=T"], "-"),
    (&[], &["__Host-tierpress2=T"], "-"),
    (&[], &["$Version=1, __Host-tierpress=T"], "-"),
    // Several.
    (&[], &["__Host-tierpress=T; __Host-tierpress=T"], "-"),
    (&[], &["__Host-tierpress=T; __Host-tierpress="], "-"),
    (&[], &["__Host-tierpress=T", "__Host-tierpress=U"], "-"),
    (&[], &["__Host-tierpress=T; __Host-tierpress"], "T"),
    // Authorization.
    (&["Bearer T"], &[], "T"),
    (&["bEaReR T"], &[], "T"),
    (&["Bearer    T \t"], &[], "T"),
    (&["Bearer"], &[], ""),
    (&["Bearer "], &[], ""),
    (&["Bearer T U"], &[], "T U"),
    (&["Bearer\tT"], &[], "-"),
    (&["BearerT"], &[], "-"),
    (&["Basic dTpw"], &[], "-"),
    (&["token=T"], &[], "-"),
    (&[""], &[], "-"),
    (&["Bearer T, Bearer U"], &[], "-"),
    (&["Bearer T,"], &[], "-"),
    (&["Bearer T", "Bearer T"], &[], "-"),
    (&["Basic dTpw", "Bearer T"], &[], "-"),
    // Both.
    (&["Bearer T"], &["__Host-tierpress=T"], "-"),
    (&["Bearer T"], &["a=b"], "T"),
    (&["Bearer"], &["__Host-tierpress=T"], "-"),
    (&["Basic dTpw"], &["__Host-tierpress=T"], "T"),
    (&["Basic dTpw, x"], &["__Host-tierpress=T"], "-"),
    (&["Basic a", "Basic b"], &["__Host-tierpress=T"], "-"),
    (&["Digest a=\"b\", c=\"d\""], &["__Host-tierpress=T"], "-"),
];

#[test]
fn a_request_brings_one_token_or_none() {
    for (authorizations, cookies, expected) in CASES {
        let bytes = |values: &[&'static str]| values.iter().map(|value| value.as_bytes()).collect::<Vec<_>>();
        let found = presented(&bytes(authorizations), &bytes(cookies), COOKIE);
        let found = found.map_or("-", |token| std::str::from_utf8(token).unwrap());
        assert_eq!(found, *expected, "{authorizations:?} {cookies:?}");
    }
}

#[test]
fn bytes_that_are_no_text_are_taken_as_they_are() {
    assert_eq!(presented(&[], &[b"\xff=\xfe; __Host-tierpress=\xff\x00"], COOKIE), Some(&b"\xff\x00"[..]));
    assert_eq!(presented(&[b"\xff\xfe x"], &[], COOKIE), None);
}
