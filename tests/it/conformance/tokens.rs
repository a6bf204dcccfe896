//! Cases of tokens: which one a request brings, and which ones are good.

use serde_json::{Value, json};

use super::make::{Maker, named};
use super::readers::{DAY, set};
use crate::edges::runner::cases::{Case, Or, Text, Token, Who};

/// A gated file: who is taken for a member with `pro` gets it, a visitor 401.
const FILE: &str = "/pro/report/figure.svg";
const GIVEN: &str = "200 /pro/report/figure.svg 0";
const DENIED: &str = "401 page not_signed_in not_signed_in";
const TOO_LITTLE: &str = "402 page not_entitled not_entitled";

/// Which token a request brings: headers, the readers of their tokens, who it is then, the answer.
pub(super) fn presented(maker: &Maker) -> Vec<Case> {
    let cookie = "__Host-tierpress={token 0}";
    let other = "__Host-tierpress={token 1}";
    let bearer = "Bearer {token 0}";
    type Line<'a> = (&'a str, Vec<(&'a str, String)>, &'a [&'a str], &'a str);
    let list: Vec<Line<'_>> = vec![
        ("cookie", vec![("Cookie", cookie.into())], &["pro"], GIVEN),
        ("cookie among others", vec![("Cookie", format!("a=b; {cookie}; c"))], &["pro"], GIVEN),
        ("cookie without blanks", vec![("Cookie", format!("a=b;{cookie};c=d"))], &["pro"], GIVEN),
        ("cookie with tabs", vec![("Cookie", format!("a=b;\t{cookie}\t;c=d"))], &["pro"], GIVEN),
        ("second cookie header", vec![("Cookie", "a=b".into()), ("Cookie", cookie.into())], &["pro"], GIVEN),
        ("bearer", vec![("Authorization", bearer.into())], &["pro"], GIVEN),
        ("bearer in lower case", vec![("authorization", "bearer {token 0}".into())], &["pro"], GIVEN),
        ("bearer in upper case", vec![("AUTHORIZATION", "BEARER {token 0}".into())], &["pro"], GIVEN),
        ("bearer with two blanks", vec![("Authorization", "Bearer  {token 0}".into())], &["pro"], GIVEN),
        ("bearer with a blank behind", vec![("Authorization", "Bearer {token 0} ".into())], &["pro"], GIVEN),
        ("bearer with a tab", vec![("Authorization", "Bearer\t{token 0}".into())], &["pro"], DENIED),
        ("bearer glued", vec![("Authorization", "Bearer{token 0}".into())], &["pro"], DENIED),
        ("bearer of two words", vec![("Authorization", "Bearer {token 0} x".into())], &["pro"], DENIED),
        ("bearer alone", vec![("Authorization", "Bearer".into())], &[], DENIED),
        ("bearer with nothing", vec![("Authorization", "Bearer ".into())], &[], DENIED),
        ("token alone", vec![("Authorization", "{token 0}".into())], &["pro"], DENIED),
        ("two cookies, better last", vec![("Cookie", format!("{cookie}; {other}"))], &["basic", "pro"], DENIED),
        ("two cookies, better first", vec![("Cookie", format!("{cookie}; {other}"))], &["pro", "basic"], DENIED),
        ("two equal cookies", vec![("Cookie", format!("{cookie}; {cookie}"))], &["pro"], DENIED),
        ("cookie and an empty one", vec![("Cookie", format!("__Host-tierpress=; {cookie}"))], &["pro"], DENIED),
        ("cookie and its name alone", vec![("Cookie", format!("__Host-tierpress; {cookie}"))], &["pro"], GIVEN),
        ("two cookie headers", vec![("Cookie", cookie.into()), ("Cookie", other.into())], &["basic", "pro"], DENIED),
        ("cookie and junk", vec![("Cookie", format!("{cookie}; __Host-tierpress=junk"))], &["pro"], DENIED),
        ("cookie and bearer", vec![("Cookie", cookie.into()), ("Authorization", bearer.into())], &["pro"], DENIED),
        (
            "cookie and another bearer",
            vec![("Cookie", cookie.into()), ("Authorization", "Bearer {token 1}".into())],
            &["pro", "basic"],
            DENIED,
        ),
        (
            "cookie and a junk bearer",
            vec![("Cookie", cookie.into()), ("Authorization", "Bearer junk".into())],
            &["pro"],
            DENIED,
        ),
        (
            "cookie and an empty bearer",
            vec![("Cookie", cookie.into()), ("Authorization", "Bearer ".into())],
            &["pro"],
            DENIED,
        ),
        (
            "cookie and basic authorization",
            vec![("Cookie", cookie.into()), ("Authorization", "Basic dTpw".into())],
            &["pro"],
            GIVEN,
        ),
        (
            "cookie and a list of authorizations",
            vec![("Cookie", cookie.into()), ("Authorization", "Basic dTpw, Basic dTpw".into())],
            &["pro"],
            DENIED,
        ),
        (
            "two authorizations, better last",
            vec![("Authorization", bearer.into()), ("Authorization", "Bearer {token 1}".into())],
            &["basic", "pro"],
            DENIED,
        ),
        (
            "two authorizations, better first",
            vec![("Authorization", bearer.into()), ("Authorization", "Bearer {token 1}".into())],
            &["pro", "basic"],
            DENIED,
        ),
        (
            "two equal authorizations",
            vec![("Authorization", bearer.into()), ("Authorization", bearer.into())],
            &["pro"],
            DENIED,
        ),
        (
            "two bearers in one",
            vec![("Authorization", "Bearer {token 0}, Bearer {token 1}".into())],
            &["pro", "basic"],
            DENIED,
        ),
        (
            "cookie and two basic authorizations",
            vec![("Cookie", cookie.into()), ("Authorization", "Basic YQ".into()), ("Authorization", "Basic Yg".into())],
            &["pro"],
            DENIED,
        ),
        ("quoted cookie", vec![("Cookie", "__Host-tierpress=\"{token 0}\"".into())], &["pro"], DENIED),
        ("cookie of another name", vec![("Cookie", "x__Host-tierpress={token 0}".into())], &["pro"], DENIED),
        ("cookie of a longer name", vec![("Cookie", "__Host-tierpressx={token 0}".into())], &["pro"], DENIED),
        ("cookie in lower case", vec![("Cookie", "__host-tierpress={token 0}".into())], &["pro"], DENIED),
        ("cookie with a blank before =", vec![("Cookie", "__Host-tierpress ={token 0}".into())], &["pro"], DENIED),
        ("cookie within a cookie", vec![("Cookie", "a=\"; __Host-tierpress={token 0}\"".into())], &["pro"], DENIED),
        ("cookie behind a comma", vec![("Cookie", "a=b, __Host-tierpress={token 0}".into())], &["pro"], DENIED),
        ("cookie of 9,000 bytes", vec![("Cookie", "__Host-tierpress={token 0}".into())], &["long"], DENIED),
        ("bearer of 9,000 bytes", vec![("Authorization", "Bearer {token 0}".into())], &["long"], DENIED),
        (
            "token in another header",
            vec![("X-Authorization", bearer.into()), ("X-Token", "{token 0}".into())],
            &["pro"],
            DENIED,
        ),
        ("token for a proxy", vec![("Proxy-Authorization", bearer.into())], &["pro"], DENIED),
        ("cookie2", vec![("Cookie2", cookie.into())], &["pro"], DENIED),
    ];
    let mut cases: Vec<Case> = Vec::new();
    for (name, headers, readers, expected) in list {
        let who = match expected {
            GIVEN => maker.issuer.who(readers[0]),
            _ => Who::Visitor,
        };
        let tokens = readers.iter().map(|reader| match *reader {
            "long" => long(maker),
            reader => maker.issuer.token(reader).unwrap(),
        });
        let mut case = maker.case(&format!("presented: {name}"), FILE, expected, (&who, &headers, tokens.collect()));
        // Some servers refuse doubled headers that are to be single, and blanks in names, by themselves.
        if expected == DENIED && name.contains("authorizations") || name.contains("9,000") || name.contains("glued") {
            case = named(case, &["refuses-early"]);
        }
        // Some hand on the first of several headers, and nobody behind them can know of the others.
        if headers.iter().filter(|(name, _)| *name == "Authorization").count() > 1 {
            let expect = maker.expect(&case.request, &maker.issuer.who(readers[0]));
            case.or.push(Or { traits: vec!["keeps-first-authorization".to_owned()], expect });
        }
        cases.push(case);
    }
    let in_query = maker.case(
        "presented: token in the query",
        &format!("{FILE}?token=x&access_token=y&__Host-tierpress=z"),
        DENIED,
        (&Who::Visitor, &[], Vec::new()),
    );
    cases.push(in_query);
    cases
}

/// A good token of more than 8,192 bytes.
fn long(maker: &Maker) -> Token {
    let mut token = maker.issuer.token("pro").unwrap();
    token.claims["note"] = Value::String("x".repeat(6_500));
    token
}

/// What is wrong with the answer to a token decides what the reader is: (name, change of the claims, reader, answer).
type Change = fn(&mut Value, i64);

/// Good and bad claims.
pub(super) fn claims(maker: &Maker) -> Vec<Case> {
    let list: &[(&str, Change, &str, &str)] = &[
        ("as they should be", |_, _| {}, "pro", GIVEN),
        ("audience in a list", |c, _| c["aud"] = json!(["x", "https://school.example"]), "pro", GIVEN),
        ("more claims", |c, _| c["x"] = json!({"iss": "y"}), "pro", GIVEN),
        ("not before, past", |c, n| c["nbf"] = json!(n - 700), "pro", GIVEN),
        ("dates with a zero fraction", |c, n| c["iat"] = Value::from((n - 1) as f64), "pro", GIVEN),
        ("the longest life", |c, n| c["exp"] = json!(n + 840), "pro", GIVEN),
        ("longer than the longest life", |c, n| c["exp"] = json!(n + 841), "visitor", DENIED),
        ("a day", |c, n| c["exp"] = json!(n + DAY), "visitor", DENIED),
        (
            "a day, from yesterday",
            |c, n| {
                c["iat"] = json!(n - DAY);
                c["exp"] = json!(n + 800)
            },
            "visitor",
            DENIED,
        ),
        (
            "expired",
            |c, n| {
                c["iat"] = json!(n - 1600);
                c["exp"] = json!(n - 700)
            },
            "old pro",
            DENIED,
        ),
        (
            "expired long ago",
            |c, n| {
                c["iat"] = json!(n - 9_000_900);
                c["exp"] = json!(n - 9_000_000)
            },
            "old pro",
            DENIED,
        ),
        (
            "expired and of another issuer",
            |c, n| {
                c["iat"] = json!(n - 1600);
                c["exp"] = json!(n - 700);
                c["iss"] = json!("https://evil.example")
            },
            "visitor",
            DENIED,
        ),
        ("expired before it was made", |c, n| c["exp"] = json!(n - 700), "old pro", DENIED),
        ("without exp", |c, _| gone(c, "exp"), "visitor", DENIED),
        ("exp null", |c, _| c["exp"] = Value::Null, "visitor", DENIED),
        ("exp a text", |c, n| c["exp"] = json!((n + 900).to_string()), "visitor", DENIED),
        ("exp a fraction", |c, n| c["exp"] = json!(n as f64 + 800.5), "visitor", DENIED),
        ("exp negative", |c, _| c["exp"] = json!(-1), "visitor", DENIED),
        ("exp beyond the year 9999", |c, _| c["exp"] = json!(253_402_300_800_i64), "visitor", DENIED),
        ("exp beyond 64 bits", |c, _| c["exp"] = json!(1e300), "visitor", DENIED),
        ("exp true", |c, _| c["exp"] = json!(true), "visitor", DENIED),
        ("exp in a list", |c, n| c["exp"] = json!([n + 900]), "visitor", DENIED),
        ("without iat", |c, _| gone(c, "iat"), "visitor", DENIED),
        ("iat null", |c, _| c["iat"] = Value::Null, "visitor", DENIED),
        ("iat a text", |c, n| c["iat"] = json!(n.to_string()), "visitor", DENIED),
        ("iat negative", |c, _| c["iat"] = json!(-900), "visitor", DENIED),
        (
            "iat in the future",
            |c, n| {
                c["iat"] = json!(n + 1200);
                c["exp"] = json!(n + 2000)
            },
            "visitor",
            DENIED,
        ),
        (
            "iat and exp in the future, expired order",
            |c, n| {
                c["iat"] = json!(n + 2000);
                c["exp"] = json!(n + 1200)
            },
            "visitor",
            DENIED,
        ),
        ("not yet valid", |c, n| c["nbf"] = json!(n + 850), "visitor", DENIED),
        ("nbf null", |c, _| c["nbf"] = Value::Null, "visitor", DENIED),
        ("nbf a text", |c, n| c["nbf"] = json!((n - 900).to_string()), "visitor", DENIED),
        ("nbf negative", |c, _| c["nbf"] = json!(-1), "visitor", DENIED),
        ("without an issuer", |c, _| gone(c, "iss"), "visitor", DENIED),
        ("another issuer", |c, _| c["iss"] = json!("https://evil.example"), "visitor", DENIED),
        ("the issuer with a slash", |c, _| c["iss"] = json!("https://id.example/"), "visitor", DENIED),
        ("the issuer in upper case", |c, _| c["iss"] = json!("HTTPS://ID.EXAMPLE"), "visitor", DENIED),
        ("the issuer in a list", |c, _| c["iss"] = json!(["https://id.example"]), "visitor", DENIED),
        ("without an audience", |c, _| gone(c, "aud"), "visitor", DENIED),
        ("another audience", |c, _| c["aud"] = json!("https://other.example"), "visitor", DENIED),
        ("other audiences", |c, _| c["aud"] = json!(["https://other.example", "x"]), "visitor", DENIED),
        ("no audience in the list", |c, _| c["aud"] = json!([]), "visitor", DENIED),
        ("a number among the audiences", |c, _| c["aud"] = json!(["https://school.example", 1]), "visitor", DENIED),
        ("the audience within a text", |c, _| c["aud"] = json!("x https://school.example"), "visitor", DENIED),
        ("the audience as a key", |c, _| c["aud"] = json!({"https://school.example": true}), "visitor", DENIED),
        // Entitlements.
        ("without entitlements", |c, _| gone(c, "entitlements"), "nothing", TOO_LITTLE),
        ("entitlements null", |c, _| c["entitlements"] = Value::Null, "nothing", TOO_LITTLE),
        ("no entitlements", |c, _| c["entitlements"] = json!([]), "nothing", TOO_LITTLE),
        (
            "entitlements an object",
            |c, n| c["entitlements"] = json!({"value": "pro", "since": n - 9000}),
            "visitor",
            DENIED,
        ),
        ("entitlements a number", |c, _| c["entitlements"] = json!(1), "visitor", DENIED),
        ("entitlements true", |c, _| c["entitlements"] = json!(true), "visitor", DENIED),
        ("a plain text among them", |c, _| c["entitlements"] = json!(["pro"]), "pro/1m", GIVEN),
        ("a text of words", |c, _| c["entitlements"] = json!("openid pro  x"), "pro/1m", GIVEN),
        ("an empty text", |c, _| c["entitlements"] = json!(""), "nothing", TOO_LITTLE),
        (
            "a text that only contains the id",
            |c, _| c["entitlements"] = json!("profile prototype"),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "things among them that are none",
            |c, n| c["entitlements"] = json!([null, 1, [], true, {"value": "pro", "since": n - 9000}]),
            "pro/150m",
            GIVEN,
        ),
        (
            "only things that are none",
            |c, n| c["entitlements"] = json!([null, 1, [["pro"]], {}, {"id": "pro", "since": n - 9000}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "other fields",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "display": "x", "type": 1}]),
            "pro/150m",
            GIVEN,
        ),
        (
            "until null",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "until": null, "frozen": null}]),
            "pro/150m",
            GIVEN,
        ),
        ("without since", |c, _| c["entitlements"] = json!([{"value": "pro"}]), "nothing", TOO_LITTLE),
        ("since null", |c, _| c["entitlements"] = json!([{"value": "pro", "since": null}]), "nothing", TOO_LITTLE),
        (
            "since a text",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": (n - 9000).to_string()}]),
            "nothing",
            TOO_LITTLE,
        ),
        ("since zero", |c, _| c["entitlements"] = json!([{"value": "pro", "since": 0}]), "epoch", GIVEN),
        ("since negative", |c, _| c["entitlements"] = json!([{"value": "pro", "since": -1}]), "nothing", TOO_LITTLE),
        (
            "since a fraction",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n as f64 - 9000.5}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "since with a zero fraction",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": (n - 9000) as f64}]),
            "pro/150m",
            GIVEN,
        ),
        (
            "since beyond the year 9999",
            |c, _| c["entitlements"] = json!([{"value": "pro", "since": 253_402_300_800_i64}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "since beyond 64 bits",
            |c, _| c["entitlements"] = json!([{"value": "pro", "since": -1e300}]),
            "nothing",
            TOO_LITTLE,
        ),
        ("since true", |c, _| c["entitlements"] = json!([{"value": "pro", "since": true}]), "nothing", TOO_LITTLE),
        (
            "until a text",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "until": "never"}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "until false",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "until": false}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "until negative",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "until": -1}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "until zero",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "until": 0}]),
            "ended",
            "403 page expired expired",
        ),
        (
            "until beyond the year 9999",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "until": 253_402_300_800_i64}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "until the last second of the year 9999",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "until": 253_402_300_799_i64}]),
            "for ever",
            GIVEN,
        ),
        (
            "until beyond 64 bits",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "until": 1e300}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "frozen a text",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "frozen": "no"}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "frozen beyond 64 bits",
            |c, n| c["entitlements"] = json!([{"value": "pro", "since": n - 9000, "frozen": 1e300}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "one of two is faulty",
            |c, n| {
                c["entitlements"] =
                    json!([{"value": "basic", "since": n - 9000}, {"value": "pro", "since": n - 9000, "until": "x"}])
            },
            "basic/150m",
            TOO_LITTLE,
        ),
        ("value a number", |c, n| c["entitlements"] = json!([{"value": 1, "since": n - 9000}]), "nothing", TOO_LITTLE),
        (
            "value in a list",
            |c, n| c["entitlements"] = json!([{"value": ["pro"], "since": n - 9000}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "value in upper case",
            |c, n| c["entitlements"] = json!([{"value": "PRO", "since": n - 9000}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "value with a blank",
            |c, n| c["entitlements"] = json!([{"value": "pro ", "since": n - 9000}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "value with a bar",
            |c, n| c["entitlements"] = json!([{"value": "pro|/pro/report/", "since": n - 9000}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "value __proto__",
            |c, n| c["entitlements"] = json!([{"value": "__proto__", "since": n - 9000}]),
            "nothing",
            TOO_LITTLE,
        ),
        (
            "values that mean something to others",
            |c, n| c["entitlements"] = json!([{"value": "public", "since": n - 9000}, {"value": "members", "since": n - 9000}, {"value": "*", "since": n - 9000}, {"value": "", "since": n - 9000}]),
            "nothing",
            TOO_LITTLE,
        ),
        ("as many as there may be", |c, n| c["entitlements"] = many(31, n), "pro/150m", GIVEN),
        ("one more than there may be", |c, n| c["entitlements"] = many(32, n), "visitor", DENIED),
        ("33 that are none", |c, _| c["entitlements"] = vec![1; 33].into(), "visitor", DENIED),
        ("33 words", |c, _| c["entitlements"] = json!(["pro"; 33].join(" ")), "visitor", DENIED),
        (
            "a claim of another name",
            |c, _| {
                let e = c["entitlements"].take();
                gone(c, "entitlements");
                c["Entitlements"] = e.clone();
                c["roles"] = e
            },
            "nothing",
            TOO_LITTLE,
        ),
    ];
    let mut cases = Vec::new();
    for (name, change, reader, expected) in list {
        let mut token = maker.issuer.token("pro").unwrap();
        change(&mut token.claims, maker.issuer.now);
        let held = |since: i64, until: Option<i64>| Who::Member(vec![super::readers::held("pro", since, until)]);
        let now = maker.issuer.now;
        let who = match *reader {
            "epoch" => held(0, None),
            "ended" => held(now - 9000, Some(0)),
            "for ever" => held(now - 9000, Some(253_402_300_799)),
            reader => maker.issuer.who(reader),
        };
        cases.push(maker.cookie(&format!("claims: {name}"), FILE, expected, (&who, vec![token])));
    }
    cases
}

fn gone(claims: &mut Value, name: &str) {
    claims.as_object_mut().unwrap().shift_remove(name);
}

fn many(unknown: i64, now: i64) -> Value {
    let mut list: Vec<Value> = (0..unknown).map(|n| json!({"value": format!("x{n}"), "since": now - 9000})).collect();
    list.push(json!({"value": "pro", "since": now - 9000}));
    list.into()
}

/// Keys, algorithms and the form of a token.
pub(super) fn forms(maker: &Maker) -> Vec<Case> {
    let good = maker.issuer.token("pro").unwrap();
    let with = |change: &dyn Fn(&mut Token)| {
        let mut token = good.clone();
        change(&mut token);
        token
    };
    let key = |key: &str| with(&|token| token.key = key.to_owned());
    let header = |key: &str, header: &str| {
        with(&|token| {
            token.key = key.to_owned();
            token.header = Some(header.to_owned());
        })
    };
    let spoilt = |how: &str| with(&|token| token.spoilt = Some(how.to_owned()));
    let payload = |payload: String| with(&|token| token.payload = Some(payload.clone()));
    let raw = |text: &str| Token { raw: Some(Text::from(text)), ..Token::default() };
    let now = maker.issuer.now;
    let claims = good.claims.to_string();
    let doubled = claims.replacen(
        '{',
        &format!("{{\"exp\":1,\"iss\":\"https://evil.example\",\"entitlements\":[],\"iat\":{now},"),
        1,
    );
    let overruled = claims.trim_end_matches('}').to_owned() + &format!(",\"exp\":{}}}", now + 9000);
    let list: Vec<(&str, Token, &str)> = vec![
        ("ES256", key("es256"), GIVEN),
        ("another ES256 key", key("es256-next"), GIVEN),
        ("RS256", key("rs256"), GIVEN),
        ("EdDSA", key("eddsa"), GIVEN),
        ("HS256", key("hs256"), GIVEN),
        ("without typ", header("es256", r#"{"alg":"ES256","kid":"es256"}"#), GIVEN),
        ("another typ", header("es256", r#"{"alg":"ES256","kid":"es256","typ":"at+jwt","x":1}"#), GIVEN),
        ("a stranger's key", header("stranger", r#"{"alg":"ES256","kid":"es256"}"#), DENIED),
        ("the other key's id", header("es256-next", r#"{"alg":"ES256","kid":"es256"}"#), DENIED),
        ("unknown kid", header("es256", r#"{"alg":"ES256","kid":"es257"}"#), DENIED),
        ("no kid among several keys", header("es256", r#"{"alg":"ES256"}"#), DENIED),
        ("empty kid", header("es256", r#"{"alg":"ES256","kid":""}"#), DENIED),
        ("kid null", header("es256", r#"{"alg":"ES256","kid":null}"#), DENIED),
        ("kid a number", header("es256", r#"{"alg":"ES256","kid":0}"#), DENIED),
        ("kid a list", header("es256", r#"{"alg":"ES256","kid":["es256"]}"#), DENIED),
        ("kid in upper case", header("es256", r#"{"alg":"ES256","kid":"ES256"}"#), DENIED),
        ("kid a path", header("es256", r#"{"alg":"ES256","kid":"../keys/es256"}"#), DENIED),
        ("kid __proto__", header("es256", r#"{"alg":"ES256","kid":"__proto__"}"#), DENIED),
        ("alg none", header("none", r#"{"alg":"none","kid":"es256"}"#), DENIED),
        ("alg none without kid", header("none", r#"{"alg":"none"}"#), DENIED),
        ("alg None", header("none", r#"{"alg":"None","kid":"es256"}"#), DENIED),
        ("alg nOnE with a signature", header("es256", r#"{"alg":"nOnE","kid":"es256"}"#), DENIED),
        ("alg empty", header("es256", r#"{"alg":"","kid":"es256"}"#), DENIED),
        ("alg null", header("es256", r#"{"alg":null,"kid":"es256"}"#), DENIED),
        ("without alg", header("es256", r#"{"kid":"es256"}"#), DENIED),
        ("alg in lower case", header("es256", r#"{"alg":"es256","kid":"es256"}"#), DENIED),
        ("alg a list", header("es256", r#"{"alg":["ES256"],"kid":"es256"}"#), DENIED),
        ("alg of another key", header("es256", r#"{"alg":"RS256","kid":"es256"}"#), DENIED),
        ("RS256 with an ES256 kid", header("rs256", r#"{"alg":"RS256","kid":"es256"}"#), DENIED),
        ("ES256 with an RS256 kid", header("es256", r#"{"alg":"ES256","kid":"rs256"}"#), DENIED),
        ("ES384 said, ES256 signed", header("es256", r#"{"alg":"ES384","kid":"es256"}"#), DENIED),
        ("PS256 said, RS256 signed", header("rs256", r#"{"alg":"PS256","kid":"rs256"}"#), DENIED),
        ("HS256 with the public RSA key", header("hmac:rs256.pub.pem", r#"{"alg":"HS256","kid":"rs256"}"#), DENIED),
        (
            "RS256 said, HS256 with the public key",
            header("hmac:rs256.pub.pem", r#"{"alg":"RS256","kid":"rs256"}"#),
            DENIED,
        ),
        ("HS256 with the public EC key", header("hmac:es256.pub.pem", r#"{"alg":"HS256","kid":"es256"}"#), DENIED),
        ("HS256 with the key set", header("hmac:jwks.json", r#"{"alg":"HS256","kid":"es256"}"#), DENIED),
        ("HS256 with nothing", header("hmac:empty", r#"{"alg":"HS256","kid":"es256"}"#), DENIED),
        ("crit", header("es256", r#"{"alg":"ES256","kid":"es256","crit":["exp"]}"#), DENIED),
        ("crit of nothing", header("es256", r#"{"alg":"ES256","kid":"es256","crit":[]}"#), DENIED),
        ("crit null", header("es256", r#"{"alg":"ES256","kid":"es256","crit":null}"#), DENIED),
        ("b64 false", header("es256", r#"{"alg":"ES256","kid":"es256","b64":false,"crit":["b64"]}"#), DENIED),
        ("b64 true", header("es256", r#"{"alg":"ES256","kid":"es256","b64":true}"#), DENIED),
        ("jku", header("es256", r#"{"alg":"ES256","kid":"es256","jku":"https://evil.example/jwks.json"}"#), DENIED),
        ("x5u", header("es256", r#"{"alg":"ES256","kid":"es256","x5u":"https://evil.example/x"}"#), DENIED),
        ("x5c", header("es256", r#"{"alg":"ES256","kid":"es256","x5c":["MA"]}"#), DENIED),
        (
            "a stranger's key in jwk",
            header(
                "stranger",
                r#"{"alg":"ES256","jwk":{"kty":"EC","crv":"P-256","x":"X5VYClwt6vE5oER-MDbFoh-CaIiF2mzWJbCPRVDQE2k","y":"suYKq045hBlWBdbaM4TyKXdULrZZ5A9JZqjVevW46kc"}}"#,
            ),
            DENIED,
        ),
        ("header a list", header("es256", r#"["ES256"]"#), DENIED),
        ("header no JSON", header("es256", r"alg=ES256"), DENIED),
        ("header empty", header("es256", ""), DENIED),
        ("payload a list", payload(format!("[{claims}]")), DENIED),
        ("payload a text", payload("\"pro\"".to_owned()), DENIED),
        ("payload empty", payload(String::new()), DENIED),
        ("payload null", payload("null".to_owned()), DENIED),
        ("payload with something behind", payload(format!("{claims}x")), DENIED),
        ("payload with two objects", payload(format!("{claims}{claims}")), DENIED),
        ("payload with blanks around", payload(format!(" \n{claims} ")), GIVEN),
        ("payload with a comma at its end", payload(claims.trim_end_matches('}').to_owned() + ",}"), DENIED),
        ("payload cut", payload(claims[..claims.len() / 2].to_owned()), DENIED),
        ("payload deep", payload(format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500))), DENIED),
        ("claims said twice, the last ones good", payload(doubled), GIVEN),
        ("exp said twice, the last one too late", payload(overruled), DENIED),
        ("signature spoilt", spoilt("signature"), DENIED),
        ("no signature", spoilt("no signature"), DENIED),
        ("two parts", spoilt("two parts"), DENIED),
        ("four parts", spoilt("four parts"), DENIED),
        ("padded", spoilt("padded"), DENIED),
        ("half of it", spoilt("half"), DENIED),
        ("standard base64", spoilt("standard base64"), DENIED),
        ("loose bits", spoilt("loose bits"), DENIED),
        ("signature in ASN.1", spoilt("asn.1"), DENIED),
        ("junk", raw("junk"), DENIED),
        ("dots", raw(".."), DENIED),
        ("more dots", raw("......"), DENIED),
        ("empty parts", raw("e30.e30."), DENIED),
        ("empty objects", raw("e30.e30.e30"), DENIED),
        ("undefined", raw("undefined"), DENIED),
        ("many dots", Token { raw: Some(Text::Parts(vec![(".".to_owned(), 4000)])), ..Token::default() }, DENIED),
        ("bytes that are no text", raw("\u{ff}\u{fe}.\u{ff}.\u{ff}"), DENIED),
    ];
    let mut cases = Vec::new();
    for (name, token, expected) in list {
        let who = maker.issuer.who(if expected == GIVEN { "pro" } else { "visitor" });
        let mut case = maker.cookie(&format!("form: {name}"), FILE, expected, (&who, vec![token.clone()]));
        if name.contains("no text") {
            case = named(case, &["refuses-early"]);
        }
        cases.push(case);
        if expected == GIVEN {
            cases.push(maker.bearer(&format!("form: {name}, bearer"), FILE, expected, (&who, vec![token])));
        }
    }
    cases
}

/// The magazine's claim is a path, its tokens name no key, and there may be four entitlements.
pub(super) fn magazine(maker: &Maker) -> Vec<Case> {
    let file = "/letter/figure.svg";
    let given = "200 /letter/figure.svg 0";
    let denied = DENIED;
    let little = "403 page not_entitled not_entitled";
    let good = maker.issuer.token("patron").unwrap();
    let now = maker.issuer.now;
    let held = json!([{"value": "patron", "since": now - 700 * DAY}]);
    let mut cases = Vec::new();
    let mut check = |name: &str, token: Token, reader: &str, expected: &str| {
        let who = maker.issuer.who(reader);
        cases.push(maker.cookie(&format!("token: {name}"), file, expected, (&who, vec![token])));
    };
    let with = |claims: &dyn Fn(&mut Value)| {
        let mut token = good.clone();
        claims(&mut token.claims);
        token
    };
    let no_kid = |alg: &str| Token { header: Some(format!(r#"{{"alg":"{alg}"}}"#)), ..good.clone() };
    check("no kid and one key", no_kid("ES256"), "patron", given);
    check("no kid and another alg", no_kid("RS256"), "visitor", denied);
    check("kid of the one key", good.clone(), "patron", given);
    check(
        "unknown kid and one key",
        Token { header: Some(r#"{"alg":"ES256","kid":"x"}"#.to_owned()), ..good.clone() },
        "visitor",
        denied,
    );
    check(
        "kid null and one key",
        Token { header: Some(r#"{"alg":"ES256","kid":null}"#.to_owned()), ..good.clone() },
        "visitor",
        denied,
    );
    let literal = with(&|claims| {
        gone(claims, "app_metadata");
        claims["app_metadata.authorization.roles"] = held.clone();
    });
    check("a claim with dots in its name", literal, "patron", given);
    let both = with(&|claims| claims["app_metadata.authorization.roles"] = json!([]));
    check("a claim with dots in its name before the path", both, "nothing", little);
    let half = with(&|claims| {
        gone(claims, "app_metadata");
        claims["app_metadata.authorization"] = json!({"roles": held.clone()});
    });
    check("half of the path in a name", half, "nothing", little);
    check(
        "the path through a list",
        with(&|claims| claims["app_metadata"] = json!([{"authorization": {"roles": held.clone()}}])),
        "nothing",
        little,
    );
    check(
        "the path through a text",
        with(&|claims| claims["app_metadata"] = json!("authorization")),
        "nothing",
        little,
    );
    check("the path ends early", with(&|claims| claims["app_metadata"] = json!({})), "nothing", little);
    check(
        "the path leads to null",
        with(&|claims| set(claims, "app_metadata.authorization.roles", Value::Null)),
        "nothing",
        little,
    );
    let four = |last: Value| json!([{"value": "a"}, {"value": "b"}, {"value": "c"}, last]);
    let patron = json!({"value": "patron", "since": now - 700 * DAY});
    check(
        "as many as there may be",
        with(&|claims| set(claims, "app_metadata.authorization.roles", four(patron.clone()))),
        "patron",
        given,
    );
    let five = with(&|claims| set(claims, "app_metadata.authorization.roles", json!([1, 2, 3, 4, patron.clone()])));
    check("one more than there may be", five, "visitor", denied);
    let since_iat = "403 page not_entitled not_entitled";
    let words = with(&|claims| set(claims, "app_metadata.authorization.roles", json!("reader")));
    check("a word, since iat", words, "reader/1m", since_iat);
    check("another audience", with(&|claims| claims["aud"] = json!("https://magazine.example")), "visitor", denied);
    check("too long a life", with(&|claims| claims["exp"] = json!(now + 3541)), "visitor", denied);
    check(
        "expired",
        with(&|claims| {
            claims["iat"] = json!(now - 4400);
            claims["exp"] = json!(now - 900)
        }),
        "old patron",
        denied,
    );
    cases
}
