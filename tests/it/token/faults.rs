//! Every way in which a token can be bad, one by one: payloads, headers, signatures, shapes.
//!
//! Payloads here are really signed with the right key, so that nothing but the fault can be what is refused.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use tierpress::edge::token::issue::SigningKey;
use tierpress::edge::token::{Algorithm, BadToken, KeySource, Keys, verify};
use tierpress::manifest;

use super::{NOW, at, es256, keys_of, read, settings, words};

/// A good payload but for what is written in place of one of its members; `-` leaves that out.
fn payload(changes: &[(&str, &str)], more: &str) -> String {
    let good = [
        ("iss", "\"https://id.example\"".to_owned()),
        ("aud", "\"https://learn.example\"".to_owned()),
        ("iat", NOW.to_string()),
        ("exp", (NOW + 900).to_string()),
        ("entitlements", r#"[{"value": "pro", "since": 5}]"#.to_owned()),
    ];
    let members = good.into_iter().filter_map(|(name, value)| {
        let value =
            changes.iter().find(|(changed, _)| *changed == name).map_or(value, |(_, value)| (*value).to_owned());
        (value != "-").then(|| format!("\"{name}\": {value}"))
    });
    format!("{{{}{more}}}", members.collect::<Vec<_>>().join(", "))
}

fn said(payload: &str, settings: &manifest::Token) -> String {
    read(payload, settings).map_or_else(|bad| format!("{bad:?}"), |reader| words(&reader))
}

#[track_caller]
fn check_member(name: &str, cases: &[(&str, &str)]) {
    for (value, expected) in cases {
        assert_eq!(said(&payload(&[(name, value)], ""), &settings()), *expected, "{name}: {value}");
    }
}

#[test]
fn issuer() {
    check_member(
        "iss",
        &[
            ("\"https://id.example\"", "member pro/5"),
            (r#""https:\/\/id.exampl\u0065""#, "member pro/5"),
            ("\"https://id.example/\"", "Issuer"),
            ("\"https://ID.example\"", "Issuer"),
            ("\"\"", "Issuer"),
            ("[\"https://id.example\"]", "Issuer"),
            ("null", "Issuer"),
            ("5", "Issuer"),
            ("-", "Issuer"),
        ],
    );
}

#[test]
fn audience() {
    check_member(
        "aud",
        &[
            ("[\"https://learn.example\"]", "member pro/5"),
            ("[\"x\", \"https://learn.example\"]", "member pro/5"),
            ("[\"x\"]", "Audience"),
            ("[]", "Audience"),
            ("[[\"https://learn.example\"]]", "Audience"),
            ("[5, \"https://learn.example\"]", "Audience"),
            ("{\"https://learn.example\": 1}", "Audience"),
            ("\"https://learn.example \"", "Audience"),
            ("null", "Audience"),
            ("-", "Audience"),
        ],
    );
}

#[test]
fn issued_at() {
    check_member(
        "iat",
        &[
            ("1795000030", "member pro/5"),
            ("1795000031", "visitor"),
            ("1795000000.0", "member pro/5"),
            ("1.795e9", "member pro/5"),
            ("17950000000e-1", "member pro/5"),
            ("1795000000.5", "Dates"),
            ("\"1795000000\"", "Dates"),
            ("-1", "Dates"),
            ("1e999", "Dates"),
            ("-1e999", "Dates"),
            ("253402300800", "Dates"),
            ("99999999999999999999999999", "Dates"),
            ("9223372036854775808", "Dates"),
            ("null", "Dates"),
            ("true", "Dates"),
            ("[1795000000]", "Dates"),
            ("-", "Dates"),
            // It may be long ago only as far as the life allows.
            ("0", "Life"),
            ("-0", "Life"),
            ("1794999999", "Life"),
        ],
    );
}

#[test]
fn expiry() {
    check_member(
        "exp",
        &[
            ("1795000001", "member pro/5"),
            ("1795000000", "expired"),
            ("1794999000", "expired"),
            ("0", "expired"),
            ("1795000900.0", "member pro/5"),
            ("1795000900.5", "Dates"),
            ("1795000901", "Life"),
            ("253402300799", "Life"),
            ("253402300800", "Dates"),
            ("9223372036854775807", "Dates"),
            ("-1", "Dates"),
            ("1e308", "Dates"),
            ("\"never\"", "Dates"),
            ("null", "Dates"),
            ("-", "Dates"),
        ],
    );
}

#[test]
fn not_before() {
    for (value, expected) in [
        ("1795000030", "member pro/5"),
        ("1795000031", "visitor"),
        ("0", "member pro/5"),
        ("253402300799", "visitor"),
        ("253402300800", "Dates"),
        ("-1", "Dates"),
        ("1795000000.5", "Dates"),
        ("null", "Dates"),
        ("\"0\"", "Dates"),
    ] {
        let payload = payload(&[], &format!(", \"nbf\": {value}"));
        assert_eq!(said(&payload, &settings()), expected, "nbf: {value}");
    }
    // What is not yet good is no token, even if it is no longer good either.
    let payload = payload(&[("exp", "1795000000")], ", \"nbf\": 1795000031");
    assert_eq!(said(&payload, &settings()), "visitor");
}

#[test]
fn entitlements() {
    check_member(
        "entitlements",
        &[
            ("-", "member"),
            ("null", "member"),
            ("[]", "member"),
            (r#"[{"value": "pro", "since": 5, "until": 9, "frozen": 7}]"#, "member pro/5<9!7"),
            (r#"[{"value": "pro", "since": 5.0, "until": null, "frozen": null}]"#, "member pro/5"),
            (r#"[{"value": "pro", "since": 5, "display": {"deep": [1e999]}}]"#, "member pro/5"),
            (r#"[{"value": "pro", "since": 5}, {"value": "pro", "since": 6}]"#, "member pro/5 pro/6"),
            (r#"[{"value": "pro", "since": 253402300799}]"#, "member pro/253402300799"),
            // Anything wrong in one drops that one alone.
            (r#"[{"value": "pro"}, {"value": "free", "since": 0}]"#, "member free/0"),
            (r#"[{"value": "pro", "since": null}]"#, "member"),
            (r#"[{"value": "pro", "since": "5"}]"#, "member"),
            (r#"[{"value": "pro", "since": -1}]"#, "member"),
            (r#"[{"value": "pro", "since": 5.5}]"#, "member"),
            (r#"[{"value": "pro", "since": 1e999}]"#, "member"),
            (r#"[{"value": "pro", "since": 253402300800}]"#, "member"),
            (r#"[{"value": "pro", "since": 5, "until": -1}]"#, "member"),
            (r#"[{"value": "pro", "since": 5, "until": "never"}]"#, "member"),
            (r#"[{"value": "pro", "since": 5, "until": 1e999}]"#, "member"),
            (r#"[{"value": "pro", "since": 5, "until": 253402300800}]"#, "member"),
            (r#"[{"value": "pro", "since": 5, "frozen": false}]"#, "member"),
            (r#"[{"value": "pro", "since": 5, "frozen": 0.5}]"#, "member"),
            (r#"[{"since": 5}]"#, "member"),
            (r#"[{"value": null, "since": 5}]"#, "member"),
            (r#"[{"value": ["pro"], "since": 5}]"#, "member"),
            (r#"[{"value": "PRO", "since": 5}, {"value": "", "since": 5}]"#, "member"),
            (r#"[{"Value": "pro", "since": 5}]"#, "member"),
            (r#"[{}, 5, null, true, [], ["pro"], "free"]"#, "TooMany"),
            (r#"[5, null, ["pro"], {"value": "pro", "since": 5}]"#, "member pro/5"),
            // Too many, counted before any is dropped.
            ("[1, 2, 3, 4]", "member"),
            ("[1, 2, 3, 4, 5]", "TooMany"),
            (r#""a b c d""#, "member a/1795000000 b/1795000000 c/1795000000 d/1795000000"),
            (r#""a b c d e""#, "TooMany"),
            // Neither a list nor a string.
            ("5", "Entitlements"),
            ("true", "Entitlements"),
            ("{}", "Entitlements"),
            (r#"{"value": "pro", "since": 5}"#, "Entitlements"),
            // Strings: since the token was made.
            (r#"["pro", "free"]"#, "member pro/1795000000 free/1795000000"),
            (r#"["pro free"]"#, "member"),
            (r#""pro free""#, "member pro/1795000000 free/1795000000"),
            (r#""  pro  free ""#, "member pro/1795000000 free/1795000000"),
            (r#""pro\tfree""#, "member"),
            (r#""openid profile read:x pro""#, "member openid/1795000000 profile/1795000000 pro/1795000000"),
            (r#""""#, "member"),
            (r#""pr\u006f""#, "member pro/1795000000"),
        ],
    );
}

#[test]
fn the_claim_is_a_key_or_a_path() {
    let pro = r#"["pro"]"#;
    let cases = [
        ("roles", r#""roles": PRO"#, "pro"),
        ("https://x.example/roles", r#""https://x.example/roles": PRO"#, "pro"),
        ("app_metadata.authorization.roles", r#""app_metadata": {"authorization": {"roles": PRO}}"#, "pro"),
        ("a.b", r#""a.b": PRO"#, "pro"),
        // A key of that very name comes before the path, whatever it holds.
        ("a.b", r#""a.b": PRO, "a": {"b": []}"#, "pro"),
        ("a.b", r#""a.b": null, "a": {"b": PRO}"#, ""),
        ("a.b", r#""a.b": [], "a": {"b": PRO}"#, ""),
        ("a.b.c", r#""a": {"b.c": PRO}"#, ""),
        ("a.b", r#""a": [{"b": PRO}]"#, ""),
        ("a.b", r#""a": null"#, ""),
        ("a.b", r#""a": "b""#, ""),
        ("a.b", r#""a": {"b": null}"#, ""),
        ("a..b", r#""a": {"": {"b": PRO}}"#, "pro"),
        (".", r#""": {"": PRO}"#, "pro"),
        ("a.", r#""a": {"": PRO}"#, "pro"),
        ("cognito:groups", r#""cognito:groups": PRO"#, "pro"),
        ("__proto__", r#""a": 1"#, ""),
        ("constructor.name", r#""a": 1"#, ""),
        ("entitlements.length", r#""a": 1"#, ""),
        ("entitlements.0", r#""a": 1"#, ""),
    ];
    for (claim, members, expected) in cases {
        let settings = manifest::Token { claim: claim.to_owned(), ..settings() };
        let payload = payload(&[], &format!(", {}", members.replace("PRO", pro)));
        let expected = if expected.is_empty() { "member".to_owned() } else { format!("member {expected}/{NOW}") };
        assert_eq!(said(&payload, &settings), expected, "{claim} {members}");
    }
}

#[test]
fn of_two_equal_keys_the_last_one_counts() {
    for (more, expected) in [
        (r#", "iss": "evil""#, "Issuer"),
        (r#", "exp": 9223372036854775807"#, "Dates"),
        (r#", "exp": 1795000000"#, "expired"),
        (r#", "entitlements": null"#, "member"),
        (r#", "entitlements": [{"value": "free", "value": "pro", "since": 1, "since": 2}]"#, "member pro/2"),
        (r#", "entitlement\u0073": ["free"]"#, "member free/1795000000"),
    ] {
        assert_eq!(said(&payload(&[], more), &settings()), expected, "{more}");
    }
}

#[test]
fn payloads_that_are_no_object() {
    let deep = format!("{}{}", "[".repeat(2_000), "]".repeat(2_000));
    let good = payload(&[], "");
    for (text, expected) in [
        (String::new(), "Payload"),
        ("null".to_owned(), "Payload"),
        ("[]".to_owned(), "Payload"),
        (format!("[{good}]"), "Payload"),
        (format!("\u{feff}{good}"), "Payload"),
        (format!("{good} {good}"), "Payload"),
        (format!("{good}x"), "Payload"),
        (good.replace('}', ",}"), "Payload"),
        (good.replace('"', "'"), "Payload"),
        (format!(" \n{good}\t\r"), "member pro/5"),
        (payload(&[], &format!(", \"deep\": {deep}")), "member pro/5"),
        (payload(&[("entitlements", &deep)], ""), "member"),
        (payload(&[], ", \"n\": 1e999, \"s\": \"\\ud800\""), "member pro/5"),
        (payload(&[], ", \"n\": NaN"), "Payload"),
        (payload(&[("iat", "NaN")], ""), "Payload"),
        (payload(&[("iat", "Infinity")], ""), "Payload"),
        (payload(&[("iat", "01795000000")], ""), "Payload"),
        (payload(&[("iat", "+1795000000")], ""), "Payload"),
        (payload(&[("iat", "0x6AFD8A80")], ""), "Payload"),
    ] {
        assert_eq!(said(&text, &settings()), expected, "{text}");
    }
    let key = es256();
    let token = key.sign_payload(&[payload(&[], "").as_bytes(), b"\xff"].concat()).unwrap();
    assert_eq!(verify(token.as_bytes(), &settings(), &keys_of(&key)), Err(BadToken::Payload));
    let not_utf8 =
        payload(&[], ", \"x\": \"?\"").into_bytes().into_iter().map(|byte| if byte == b'?' { 0xff } else { byte });
    let token = key.sign_payload(&not_utf8.collect::<Vec<_>>()).unwrap();
    assert_eq!(verify(token.as_bytes(), &settings(), &keys_of(&key)), Err(BadToken::Payload));
}

#[test]
fn headers() {
    let key = es256();
    let (keys, payload) = (keys_of(&key), payload(&[], ""));
    let kid = key.kid().unwrap();
    let said = |header: &str| {
        let header = header.replace("KID", kid);
        let token = key.sign_parts(header.as_bytes(), payload.as_bytes()).unwrap();
        verify(token.as_bytes(), &settings(), &keys).err()
    };
    for (header, expected) in [
        (r#"{"alg": "ES256", "kid": "KID"}"#, None),
        (r#"{"alg": "ES256"}"#, None),
        (r#"{"alg": "ES256", "typ": "at+jwt", "cty": 5, "x5t": "x", "zip": {}}"#, None),
        (r#"{"alg": "none", "alg": "ES256"}"#, None),
        (r#"{"alg": "ES256", "alg": "none"}"#, Some(BadToken::Algorithm)),
        (r#"{"alg": "none"}"#, Some(BadToken::Algorithm)),
        (r#"{"alg": "None"}"#, Some(BadToken::Algorithm)),
        (r#"{"alg": "es256"}"#, Some(BadToken::Algorithm)),
        (r#"{"alg": "ES256 "}"#, Some(BadToken::Algorithm)),
        (r#"{"alg": "ES384"}"#, Some(BadToken::Algorithm)),
        (r#"{"alg": "RS256"}"#, Some(BadToken::Algorithm)),
        (r#"{"alg": "HS256"}"#, Some(BadToken::Algorithm)),
        (r#"{"alg": ""}"#, Some(BadToken::Algorithm)),
        (r#"{"alg": null}"#, Some(BadToken::Header)),
        (r#"{"alg": ["ES256"]}"#, Some(BadToken::Header)),
        (r#"{"Alg": "ES256"}"#, Some(BadToken::Header)),
        (r"{}", Some(BadToken::Header)),
        (r#"{"alg": "ES256", "kid": "other"}"#, Some(BadToken::UnknownKey)),
        (r#"{"alg": "ES256", "kid": ""}"#, Some(BadToken::UnknownKey)),
        (r#"{"alg": "ES256", "kid": "KID "}"#, Some(BadToken::UnknownKey)),
        (r#"{"alg": "ES256", "kid": "../../etc/passwd"}"#, Some(BadToken::UnknownKey)),
        (r#"{"alg": "ES256", "kid": "' OR 1=1 --"}"#, Some(BadToken::UnknownKey)),
        (r#"{"alg": "ES256", "kid": "__proto__"}"#, Some(BadToken::UnknownKey)),
        (r#"{"alg": "ES256", "kid": null}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "kid": 0}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "kid": ["KID"]}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "crit": []}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "crit": ["exp"], "exp": 1}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "crit": null}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "cri\u0074": ["b64"]}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "b64": true}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "jku": "https://evil.example/jwks.json"}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "jwk": {}}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "x5u": "https://evil.example/"}"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256", "x5c": []}"#, Some(BadToken::Header)),
        ("", Some(BadToken::Header)),
        ("null", Some(BadToken::Header)),
        (r#""ES256""#, Some(BadToken::Header)),
        (r#"[{"alg": "ES256"}]"#, Some(BadToken::Header)),
        (r#"{"alg": "ES256""#, Some(BadToken::Header)),
        ("\u{feff}{\"alg\": \"ES256\"}", Some(BadToken::Header)),
    ] {
        assert_eq!(said(header), expected, "{header}");
    }
    let token = key.sign_parts(b"{\"alg\": \"ES256\", \"x\": \"\xff\"}", payload.as_bytes()).unwrap();
    assert_eq!(verify(token.as_bytes(), &settings(), &keys), Err(BadToken::Header));
}

/// The best known attack: a public key, known to all, taken for a shared secret.
#[test]
fn a_public_key_is_no_secret() {
    let payload = payload(&[], "");
    for algorithm in [Algorithm::Rs256, Algorithm::Es256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm).unwrap();
        let (public, keys) = (key.public().unwrap(), keys_of(&key));
        let named = Keys::from_pem(Some("k"), public.pem().as_bytes()).unwrap();
        let pem = public.pem();
        let der = STANDARD.decode(pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap();
        let jwks = key.jwks().to_string();
        let secrets = [pem.as_bytes(), pem.trim().as_bytes(), &der, jwks.as_bytes(), &[0; 32]];
        for secret in secrets {
            let jwk = serde_json::json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret)}).to_string();
            let forger = SigningKey::read(jwk.as_bytes()).unwrap();
            for kid in [None, key.kid(), Some("k")] {
                let forger = SigningKey::read(jwk.as_bytes()).unwrap().called(kid);
                let token = forger.sign_payload(payload.as_bytes()).unwrap();
                for keys in [&keys, &named] {
                    let found = verify(token.as_bytes(), &settings(), keys);
                    assert!(matches!(found, Err(BadToken::Algorithm | BadToken::UnknownKey)), "{found:?}");
                }
            }
            // The same with the algorithm that the key has.
            let header = format!("{{\"alg\": \"{}\"}}", algorithm.as_str());
            let token = forger.sign_parts(header.as_bytes(), payload.as_bytes()).unwrap();
            assert_eq!(verify(token.as_bytes(), &settings(), &keys), Err(BadToken::Signature));
        }
    }
}

#[test]
fn signatures() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = key.sign_payload(payload(&[], "").as_bytes()).unwrap();
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let said = |signature: &[u8]| {
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature));
            verify(token.as_bytes(), &settings(), &keys_of(&key)).err()
        };
        assert_eq!(said(&signature), None);
        let length = signature.len();
        // Nothing, all zeros (r = s = 0 was once accepted by Java), too short, too long, in another form.
        let der = [&[0x30, 0x44, 2, 0x20], &signature[..32], &[2, 0x20], &signature[32..64]].concat();
        for bad in [vec![], vec![0; length], vec![1; length], vec![0xff; length], der] {
            assert_eq!(said(&bad), Some(BadToken::Signature), "{algorithm:?} {bad:?}");
        }
        assert_eq!(said(&signature[1..]), Some(BadToken::Signature));
        assert_eq!(said(&signature[..length - 1]), Some(BadToken::Signature));
        assert_eq!(said(&[&signature[..], &[0]].concat()), Some(BadToken::Signature));
        assert_eq!(said(&[&[0], &signature[..]].concat()), Some(BadToken::Signature));
        for bit in 0..length * 8 {
            let mut bad = signature.clone();
            bad[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(said(&bad), Some(BadToken::Signature), "{algorithm:?} bit {bit}");
        }
    }
}

#[test]
fn shapes() {
    let key = es256();
    let keys = keys_of(&key);
    let token = key.sign_payload(payload(&[], "").as_bytes()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let (header, body, signature) = (parts[0], parts[1], parts[2]);
    let said = |token: &str| verify(token.as_bytes(), &settings(), &keys).err();
    assert_eq!(said(&token), None);
    for bad in [
        String::new(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "junk".to_owned(),
        format!("{header}.{body}"),
        format!("{header}.{body}."),
        format!(".{body}.{signature}"),
        format!("{header}..{signature}"),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{signature}"),
        format!("{header}.{body}.{signature}.x.y"),
        format!("\"{token}\""),
        format!("{token} "),
        format!(" {token}"),
        format!("{token}\n"),
        format!("{header}=.{body}.{signature}"),
        format!("{header}.{body}=.{signature}"),
        format!("{header}.{body}.{signature}="),
        format!("{header}.{body}.{signature}=="),
        format!("{header}. {body}.{signature}"),
        format!("{header}.{body}.{signature}\0"),
        token.replacen('.', "%2E", 1),
        format!("{{\"payload\": \"{body}\", \"protected\": \"{header}\", \"signature\": \"{signature}\"}}"),
    ] {
        assert!(said(&bad).is_some(), "{bad}");
    }
    // One signature has one spelling: neither the other alphabet nor bits that nobody reads.
    let last = signature.chars().last().unwrap();
    for digit in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/".chars() {
        let bad = format!("{header}.{body}.{}{digit}", &signature[..signature.len() - 1]);
        assert_eq!(said(&bad).is_none(), digit == last, "{digit}");
    }
}

#[test]
fn length() {
    let key = es256();
    let of_length = |length: usize| {
        let spare = |padding: usize| {
            let payload = payload(&[], &format!(", \"x\": \"{}\"", "x".repeat(padding)));
            key.sign_payload(payload.as_bytes()).unwrap()
        };
        (0..).map(|less| spare((length - 600) * 3 / 4 + less)).find(|token| token.len() >= length).unwrap()
    };
    let token = of_length(8_190);
    assert!((8_190..=8_192).contains(&token.len()), "{}", token.len());
    assert!(verify(token.as_bytes(), &settings(), &keys_of(&key)).is_ok());
    let token = of_length(8_193);
    assert_eq!(verify(token.as_bytes(), &settings(), &keys_of(&key)), Err(BadToken::TooLong));
    assert_eq!(verify(&vec![b'.'; 1 << 24], &settings(), &keys_of(&key)), Err(BadToken::TooLong));
}

#[test]
fn limits_may_be_as_wide_as_their_types() {
    let wide = manifest::Token { max_ttl: u32::MAX, max_entitlements: u32::MAX, ..settings() };
    assert_eq!(said(&payload(&[("iat", "0"), ("exp", "4294967295")], ""), &wide), "member pro/5");
    assert_eq!(said(&payload(&[("iat", "0"), ("exp", "4294967296")], ""), &wide), "Life");
    let none = manifest::Token { max_ttl: 0, max_entitlements: 0, ..settings() };
    assert_eq!(said(&payload(&[("exp", "1795000000")], ""), &none), "TooMany");
    assert_eq!(said(&payload(&[("exp", "1795000000"), ("entitlements", "[]")], ""), &none), "expired");
    assert_eq!(said(&payload(&[("exp", "1795000001")], ""), &none), "Life");
}

#[test]
fn the_clock_may_stand_at_its_ends() {
    let key = es256();
    let token = key.sign_payload(payload(&[], "").as_bytes()).unwrap();
    let verified = verify(token.as_bytes(), &settings(), &keys_of(&key)).unwrap();
    assert_eq!(words(&verified.reader(at(0))), "visitor");
    assert_eq!(words(&verified.reader(at(253_402_300_799))), "expired");
}

#[test]
fn what_is_said_of_a_bad_token_says_nothing_of_it() {
    let key = es256();
    let token = key.sign_payload(payload(&[("iss", "\"secret\"")], "").as_bytes()).unwrap();
    let bad = verify(token.as_bytes(), &settings(), &keys_of(&key)).unwrap_err();
    assert_eq!(bad.to_string(), "it is from another issuer");
    let secret = br#"{"kty": "oct", "k": "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"}"#;
    let debug = format!("{:?}", Keys::from_jwks(secret, KeySource::File).unwrap());
    assert!(!debug.contains("c2Vj") && !debug.contains("secret\"") && !debug.contains("115, 101"), "{debug}");
}
