//! Keys: what is read, what is left out and said, what is refused; and the examples of the standards.

use serde_json::{Value, json};
use tierpress::edge::token::issue::SigningKey;
use tierpress::edge::token::{Algorithm, BadToken, KeySource, Keys, KeysError, verify};
use tierpress::manifest;

use super::{es256, settings};

/// RFC 7515, A.3.1.
const EC: &str = r#"{"kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
/// RFC 8037, A.2.
const ED: &str = r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// RFC 7515, A.2.1.
const RSA: &str = r#"{"kty": "RSA", "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ", "e": "AQAB"}"#;

/// Keys as `kid:algorithm`, then what was left out; or the fault.
fn read(text: &str, source: KeySource) -> String {
    match Keys::read(None, text.as_bytes(), source) {
        Err(fault) => format!("fault: {fault}"),
        Ok(keys) => {
            let names = keys.iter().map(|(kid, key)| format!("{}:{}", kid.unwrap_or("-"), key.algorithm().as_str()));
            names.chain(keys.left_out().iter().cloned()).collect::<Vec<_>>().join("; ")
        }
    }
}

/// A JWK with some members more, or others in their place.
fn with(jwk: &str, more: Value) -> Value {
    let mut jwk: Value = serde_json::from_str(jwk).unwrap();
    jwk.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    jwk
}

fn set(keys: &[Value]) -> String {
    json!({"keys": keys}).to_string()
}

#[test]
fn the_standards_own_examples_are_verified() {
    let joe = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let es256 = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let rs256 = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let eddsa = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    let settings = manifest::Token { issuer: "joe".to_owned(), ..settings() };
    // The signature holds; then these payloads fail for what they lack.
    for (jwk, token, fault) in [
        (EC, format!("eyJhbGciOiJFUzI1NiJ9.{joe}.{es256}"), BadToken::Audience),
        (RSA, format!("eyJhbGciOiJSUzI1NiJ9.{joe}.{rs256}"), BadToken::Audience),
        (ED, eddsa.to_owned(), BadToken::Payload),
    ] {
        let keys = Keys::from_jwks(jwk.as_bytes(), KeySource::Url).unwrap();
        assert_eq!(verify(token.as_bytes(), &settings, &keys), Err(fault));
        let altered = token.replacen("pc3", "pc2", 1).replacen("RXhh", "RXha", 1);
        assert_eq!(verify(altered.as_bytes(), &settings, &keys), Err(BadToken::Signature));
    }
}

#[test]
fn thumbprints() {
    let rsa = with(
        RSA,
        json!({"n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}),
    );
    let of = |jwk: &str| {
        let keys = Keys::from_jwks(jwk.as_bytes(), KeySource::Url).unwrap();
        keys.iter().next().unwrap().1.public().unwrap().thumbprint()
    };
    // RFC 7638, 3.1, and RFC 8037, A.3.
    assert_eq!(of(&rsa.to_string()), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    assert_eq!(of(ED), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn sets() {
    let key = |kid: &str, jwk: &str| with(jwk, json!({"kid": kid}));
    let cases = [
        (set(&[key("a", EC), key("b", RSA), key("c", ED)]), "a:ES256; b:RS256; c:EdDSA"),
        (EC.to_owned(), "-:ES256"),
        (format!("\n {}", set(&[key("a", EC)])), "a:ES256"),
        (set(&[key("a", EC), key("a", ED)]), "fault: two keys have the `kid` `a`"),
        (
            set(&[with(EC, json!({})), with(ED, json!({}))]),
            "fault: two keys have no `kid`: nothing could tell which one a token means",
        ),
        (set(&[]), "fault: there is no key that can be used"),
        (
            "{}".to_owned(),
            "fault: there is no key that can be used; key 1 is left out: its `kty` is not `EC`, `RSA` or `OKP`",
        ),
        (r#"{"keys": {}}"#.to_owned(), "fault: this is no JWKS: `keys` is no list"),
        ("[]".to_owned(), "fault: these are no keys: a JWKS, a JWK or a PEM public key is expected"),
        (String::new(), "fault: these are no keys: a JWKS, a JWK or a PEM public key is expected"),
        ("junk".to_owned(), "fault: these are no keys: a JWKS, a JWK or a PEM public key is expected"),
    ];
    for (text, expected) in cases {
        assert_eq!(read(&text, KeySource::Url), expected, "{text}");
    }
    assert!(read("{\"keys\": [", KeySource::Url).starts_with("fault: this is no JWKS: EOF"));
}

#[test]
fn what_cannot_be_used_is_left_out_and_said() {
    let secret = r#"{"kty": "oct", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"}"#;
    let small = "wLEwriYEYBYHvjwUxFaDqIVjQQkUDMiu6R2OYpLyAF2Fg3QnQKRRSnVzHMxpxE3yKhI7TyBPdbrLuEGvdxDdjCQ";
    let cases = [
        (with(EC, json!({"use": "enc"})), "its `use` is not `sig`"),
        (with(EC, json!({"use": null})), "its `use` is not `sig`"),
        (with(EC, json!({"key_ops": ["sign"]})), "its `key_ops` are without `verify`"),
        (with(EC, json!({"key_ops": "verify"})), "its `key_ops` are without `verify`"),
        (with(EC, json!({"alg": "ES384"})), "its `alg` is not one that is used with such a key here"),
        (with(EC, json!({"alg": "HS256"})), "its `alg` is not one that is used with such a key here"),
        (with(EC, json!({"alg": "ECDH-ES"})), "its `alg` is not one that is used with such a key here"),
        (with(RSA, json!({"alg": "PS256"})), "its `alg` is not one that is used with such a key here"),
        (with(RSA, json!({"alg": "none"})), "its `alg` is not one that is used with such a key here"),
        (with(RSA, json!({"alg": null})), "its `alg` is not one that is used with such a key here"),
        (with(ED, json!({"alg": "ES256"})), "its `alg` is not one that is used with such a key here"),
        (with(EC, json!({"kid": 5})), "its `kid` is no text"),
        (with(EC, json!({"kid": null})), "its `kid` is no text"),
        (with(EC, json!({"d": "AA"})), "it is a private key, and edges need the public one"),
        (with(EC, json!({"crv": "P-384"})), "its curve is not P-256"),
        (with(EC, json!({"crv": "secp256k1"})), "its curve is not P-256"),
        (with(ED, json!({"crv": "X25519"})), "its curve is not Ed25519"),
        (
            with(EC, json!({"y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1"})),
            "a number of it is not base64url without padding",
        ),
        (with(EC, json!({"y": "y_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})), "it is no point on P-256"),
        (with(EC, json!({"x": "AA"})), "a number of it has not the right length"),
        (with(EC, json!({"x": 5})), "a number of it is missing"),
        (with(ED, json!({"x": "AA"})), "a number of it has not the right length"),
        (with(RSA, json!({"n": small})), "an RSA key has from 2048 to 8192 bits"),
        (with(RSA, json!({"n": ""})), "it has no modulus or no exponent"),
        (with(RSA, json!({"e": ""})), "it has no modulus or no exponent"),
        (with(RSA, json!({"e": "AQ"})), "its exponent is not sound"),
        (with(RSA, json!({"e": "AAE"})), "its exponent is not sound"),
        (with(RSA, json!({"e": "AQAA"})), "its exponent is not sound"),
        (with(RSA, json!({"e": "AQAAAAE"})), "its exponent is not sound"),
        (with(secret, json!({})), "a shared secret is read from a file only"),
        (json!({"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"}), "its `kty` is not `EC`, `RSA` or `OKP`"),
        (json!("EC"), "it is no object"),
    ];
    for (jwk, reason) in cases {
        let expected = format!("good:ES256; key 2 is left out: {reason}");
        let found = read(&set(&[with(EC, json!({"kid": "good"})), jwk.clone()]), KeySource::Url);
        assert_eq!(found, expected, "{jwk}");
    }
    for jwk in [
        with(
            EC,
            json!({"alg": "ES256", "use": "sig", "key_ops": ["verify"], "x5c": ["junk"], "x5u": "https://x.example/"}),
        ),
        with(EC, json!({"ext": true})),
    ] {
        assert_eq!(read(&jwk.to_string(), KeySource::Url), "-:ES256");
    }
    // A shared secret is taken from a file, if it is long enough.
    assert_eq!(read(secret, KeySource::File), "-:HS256");
    let short = r#"{"kty": "oct", "kid": "s", "k": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg"}"#;
    let fault =
        "fault: there is no key that can be used; the key `s` is left out: a shared secret has at least 32 bytes";
    assert_eq!(read(short, KeySource::File), fault);
}

#[test]
fn pem() {
    let p256 = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE6KBK465jot259prjZOL3xmLKrb+2
8kBSts4STlSuOCfHjyT9uwU9AIP/4CR9odtyIdohhtLGgM5W/uktf2SerA==
-----END PUBLIC KEY-----
";
    let compressed = "-----BEGIN PUBLIC KEY-----
MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgAC6KBK465jot259prjZOL3xmLKrb+2
8kBSts4STlSuOCc=
-----END PUBLIC KEY-----
";
    let rsa1024 = "-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCpGIwcpD9LqbhGQxU4VbinjU+8
TiTkWkTo24c/mJu9UUCDKL6N6nZGWWMWzCtSmjEQh0heyE0KX3LEH3teCCDJARMk
r3ifzXOF5iLqRpcG9qKsaMfDnlxOns8tkmp4wHTXdB8Zcalfizp2I7QSfezKv/16
tBwzsWTYJDH/poYQowIDAQAB
-----END PUBLIC KEY-----
";
    let p384 = "-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEAMCEaHTGVuCs3prCFcWAWS8tzVNjsatY
otYHm1aA6Kh/C04I5CKdVvv3nFIozaiMAQPbl7o+KIH+smEYjMXoORFfaH0O/4xV
KrnkUbWZg0LhbZGf7nm8UKMMLY7OITwo
-----END PUBLIC KEY-----
";
    let ed448 = "-----BEGIN PUBLIC KEY-----
MEMwBQYDK2VxAzoAjjdlOn0V/HlWbhtBHD1LEQnTk37o2wfhRaLfMO8qlw6n0VY8
Criq+wUANGvlnou4GHiXgNZUAYEA
-----END PUBLIC KEY-----
";
    let unused = "fault: this is no PEM public key: it is not of a kind that is used here: P-256, RSA, Ed25519";
    let private = es256().to_pem().unwrap();
    for (text, expected) in [
        (p256.to_owned(), "-:ES256"),
        (format!("A key of mine:\n{p256}"), "-:ES256"),
        (compressed.to_owned(), "-:ES256"),
        (rsa1024.to_owned(), "fault: this is no PEM public key: an RSA key has from 2048 to 8192 bits"),
        (p384.to_owned(), unused),
        (ed448.to_owned(), unused),
        // A key for agreeing on secrets, of the same length as Ed25519's.
        ("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VuAyEAK9gljVz3ARy2p1bCGHu70Sbm2T/16EYVXwxZeSxg7F8=\n-----END PUBLIC KEY-----\n".to_owned(), unused),
        (format!("{p256}{compressed}"), "fault: this is no PEM public key: there must be exactly one key in it"),
        (private, "fault: this is no PEM public key: it is a `PRIVATE KEY`: edges need the public one"),
        (p256.replace("PUBLIC KEY", "CERTIFICATE"), "fault: this is no PEM public key: it is a `CERTIFICATE`"),
    ] {
        assert_eq!(read(&text, KeySource::File), expected, "{text}");
    }
    // Compressed or not, it is one key.
    let public = |pem: &str| Keys::from_pem(None, pem.as_bytes()).unwrap().iter().next().unwrap().1.public().cloned();
    assert_eq!(public(p256), public(compressed));
    assert_eq!(public(p256).unwrap().pem(), p256);
}

#[test]
fn names_are_given_to_what_has_none() {
    let named = |kid: &str, text: &str| Keys::read(Some(kid), text.as_bytes(), KeySource::File);
    let pem = es256().public().unwrap().pem();
    let name = |keys: Keys| keys.iter().map(|(kid, _)| kid.map(str::to_owned)).collect::<Vec<_>>();
    assert_eq!(name(named("k", &pem).unwrap()), [Some("k".to_owned())]);
    assert_eq!(name(named("k", EC).unwrap()), [Some("k".to_owned())]);
    let has_one = with(EC, json!({"kid": "k"})).to_string();
    assert_eq!(name(named("k", &has_one).unwrap()), [Some("k".to_owned())]);
    assert!(matches!(named("other", &has_one), Err(KeysError::Name(_))));
    let two = set(&[with(EC, json!({"kid": "a"})), with(ED, json!({"kid": "b"}))]);
    assert!(matches!(named("a", &two), Err(KeysError::Name(_))));
    assert!(matches!(named("k", EC).unwrap().and(named("k", ED).unwrap()), Err(KeysError::Twice(_))));
    assert_eq!(named("k", EC).unwrap().and(named("l", ED).unwrap()).unwrap().iter().count(), 2);
}

#[test]
fn private_keys_are_read_as_they_are_written() {
    for algorithm in [Algorithm::Es256, Algorithm::Rs256, Algorithm::EdDsa] {
        let key = SigningKey::generate(algorithm).unwrap();
        let again = SigningKey::read(key.to_pem().unwrap().as_bytes()).unwrap();
        assert_eq!((again.public(), again.kid()), (key.public(), key.kid()));
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }
    // What openssl writes for Ed25519 has no public half.
    let openssl = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIKbOVSBlURhLp32gBGZmO16iE8MRnC0mn/7kz1cRqaII
-----END PRIVATE KEY-----
";
    assert_eq!(SigningKey::read(openssl.as_bytes()).unwrap().algorithm(), Algorithm::EdDsa);
    let ec = with(EC, json!({"d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI", "kid": "mine"}));
    let ed = with(ED, json!({"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}));
    assert_eq!(SigningKey::read(ec.to_string().as_bytes()).unwrap().kid(), Some("mine"));
    let thumbprint = Some("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!(SigningKey::read(ed.to_string().as_bytes()).unwrap().kid(), thumbprint);
    let wrong = "this is no private key: its numbers do not fit together";
    for (text, expected) in [
        (with(EC, json!({"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"})).to_string(), wrong),
        (with(ED, json!({"d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})).to_string(), wrong),
        (EC.to_owned(), "this is no private key: a number of it is missing"),
        (RSA.to_owned(), "this is no private key: a number of it is missing"),
        (
            es256().public().unwrap().pem(),
            "this is no private key: it is a `PUBLIC KEY`, and not a `PRIVATE KEY` (PKCS#8)",
        ),
        ("junk".to_owned(), "this is no private key: a JWK or one key in PEM is expected"),
        (r#"{"kty": "oct", "k": "AA"}"#.to_owned(), "this is no private key: a shared secret has at least 32 bytes"),
    ] {
        assert_eq!(SigningKey::read(text.as_bytes()).unwrap_err().to_string(), expected, "{text}");
    }
}
