//! Signed manifests: what an envelope is, which are believed, and how `tierpress sign` makes them.

use std::fs;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};
use serde_json::{Value, json};
use tierpress::edge::token::Algorithm;
use tierpress::edge::token::issue::SigningKey as TokenKey;
use tierpress::envelope::{
    EnvelopeError, KeyError, PAYLOAD_TYPE, SigningKey, VerifyingKey, open, open_unverified, sign,
};
use tierpress::manifest::Manifest;

use crate::built::{self, NOW_SECONDS};
use crate::fixture::Fixture;
use crate::token::cli::{printed, refused};

/// RFC 8037, A.1.
const PRIVATE: &str = r#"{"kty": "OKP", "crv": "Ed25519", "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const PUBLIC: &str = r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

pub(crate) fn key() -> SigningKey {
    SigningKey::read(PRIVATE.as_bytes()).unwrap()
}

fn new_key() -> SigningKey {
    SigningKey::read(TokenKey::generate(Algorithm::EdDsa).unwrap().to_pem().unwrap().as_bytes()).unwrap()
}

#[test]
fn what_is_signed_is_opened_as_it_was() {
    let key = key();
    let (public, other) = (key.verifying_key(), new_key().verifying_key());
    for payload in [&b""[..], b"{}", b"\xff\x00\n", &vec![b'x'; 1 << 20]] {
        let envelope = sign(payload, &key);
        assert_eq!(open(&envelope, &public).as_deref(), Ok(payload));
        assert_eq!(open_unverified(&envelope).as_deref(), Ok(payload));
        assert_eq!(open(&envelope, &other), Err(EnvelopeError::Signature));
        assert_eq!(sign(payload, &key), envelope);
    }
}

/// An envelope of which something was changed.
fn altered(change: impl Fn(&mut Value)) -> Result<Vec<u8>, EnvelopeError> {
    let mut envelope: Value = serde_json::from_slice(&sign(b"{\"a\":1}", &key())).unwrap();
    change(&mut envelope);
    open(envelope.to_string().as_bytes(), &key().verifying_key())
}

#[test]
fn altered_envelopes_are_not_believed() {
    use EnvelopeError::{Malformed, PayloadType, Signature};
    let good = Ok(b"{\"a\":1}".to_vec());
    let other: Value = serde_json::from_slice(&sign(b"{\"a\":1}", &new_key())).unwrap();
    let other = &other["signatures"][0];
    let sig = |envelope: &Value| STANDARD.decode(envelope["signatures"][0]["sig"].as_str().unwrap()).unwrap();
    assert_eq!(altered(|_| {}), good);
    assert_eq!(altered(|envelope| envelope["more"] = json!([1])), good);
    assert_eq!(altered(|envelope| envelope["signatures"][0]["keyid"] = json!("whatever")), good);
    assert_eq!(altered(|envelope| envelope["signatures"].as_array_mut().unwrap().insert(0, other.clone())), good);
    assert_eq!(altered(|envelope| envelope["payload"] = json!(URL_SAFE.encode(b"{\"a\":1}"))), good);
    assert_eq!(altered(|envelope| envelope["payload"] = json!(STANDARD_NO_PAD.encode(b"{\"a\":1}"))), good);
    assert_eq!(altered(|envelope| envelope["payload"] = json!(STANDARD.encode(b"{\"a\":2}"))), Err(Signature));
    assert_eq!(altered(|envelope| envelope["payload"] = json!("")), Err(Signature));
    assert_eq!(altered(|envelope| envelope["payload"] = json!("{\"a\":1}")), Err(Malformed));
    assert_eq!(altered(|envelope| envelope["payload"] = json!({"a": 1})), Err(Malformed));
    assert_eq!(altered(|envelope| envelope["payloadType"] = json!("application/json")), Err(PayloadType));
    assert_eq!(altered(|envelope| envelope["payloadType"] = json!(PAYLOAD_TYPE.to_uppercase())), Err(PayloadType));
    assert_eq!(altered(|envelope| envelope["signatures"] = json!([])), Err(Signature));
    assert_eq!(altered(|envelope| envelope["signatures"] = json!([other])), Err(Signature));
    assert_eq!(altered(|envelope| envelope["signatures"] = json!([{"sig": ""}])), Err(Signature));
    assert_eq!(altered(|envelope| envelope["signatures"] = json!([{"sig": STANDARD.encode([0; 64])}])), Err(Signature));
    assert_eq!(altered(|envelope| envelope["signatures"] = json!([{"sig": "?"}])), Err(Malformed));
    assert_eq!(altered(|envelope| envelope["signatures"] = json!([{}])), Err(Malformed));
    assert_eq!(altered(|envelope| envelope["signatures"] = json!({})), Err(Malformed));
    for bit in 0..512 {
        let flip = |envelope: &mut Value| {
            let mut bytes = sig(envelope);
            bytes[bit / 8] ^= 1 << (bit % 8);
            envelope["signatures"][0]["sig"] = json!(STANDARD.encode(bytes));
        };
        assert_eq!(altered(flip), Err(Signature), "bit {bit}");
    }
    let public = key().verifying_key();
    for junk in [&b""[..], b"{}", b"[]", b"null", b"{\"a\":1}", b"\xff"] {
        assert_eq!(open(junk, &public), Err(Malformed));
    }
    let twice = String::from_utf8(sign(b"1", &key())).unwrap().replacen('{', "{\"payload\":\"Mg==\",", 1);
    assert_eq!(open(twice.as_bytes(), &public), Err(Malformed));
}

/// A signature over the bytes alone, or over a token, is none over an envelope.
#[test]
fn the_type_is_signed_too() {
    use ed25519_dalek::Signer as _;
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let jwk = json!({"kty": "OKP", "crv": "Ed25519", "x": base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(key.verifying_key())});
    let public = VerifyingKey::read(jwk.to_string().as_bytes()).unwrap();
    let other_type = b"DSSEv1 16 application/json 2 {}".to_vec();
    let right = format!("DSSEv1 {} {PAYLOAD_TYPE} 2 {{}}", PAYLOAD_TYPE.len()).into_bytes();
    for (signed, good) in [(right, true), (other_type, false), (b"{}".to_vec(), false), (Vec::new(), false)] {
        let sig = STANDARD.encode(key.sign(&signed).to_bytes());
        let envelope = json!({"payload": "e30=", "payloadType": PAYLOAD_TYPE, "signatures": [{"sig": sig}]});
        assert_eq!(open(envelope.to_string().as_bytes(), &public).is_ok(), good);
    }
}

#[test]
fn keys() {
    let made = TokenKey::generate(Algorithm::EdDsa).unwrap();
    let pem = made.to_pem().unwrap();
    let private = SigningKey::read(pem.as_bytes()).unwrap();
    let public = made.public().unwrap();
    assert_eq!(VerifyingKey::read(public.pem().as_bytes()).unwrap(), private.verifying_key());
    assert_eq!(VerifyingKey::read(public.jwk(None).to_string().as_bytes()).unwrap(), private.verifying_key());
    assert_eq!(VerifyingKey::read(PUBLIC.as_bytes()).unwrap(), key().verifying_key());
    assert!(!format!("{:?}", key()).contains("nWGx") && !format!("{:?}", key()).contains("157, 97"));
    assert_eq!(VerifyingKey::read(pem.as_bytes()).err(), Some(KeyError::PrivateGiven));
    assert_eq!(VerifyingKey::read(PRIVATE.as_bytes()).err(), Some(KeyError::PrivateGiven));
    let es256 = TokenKey::generate(Algorithm::Es256).unwrap();
    let weak = r#"{"kty": "OKP", "crv": "Ed25519", "x": "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
    let zero = r#"{"kty": "OKP", "crv": "Ed25519", "x": "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}"#;
    let x25519 = PUBLIC.replace("Ed25519", "X25519");
    let padded = PUBLIC.replace("URo", "URo=");
    for bad in ["", "{}", "[]", "junk", weak, zero, &x25519, &padded, &es256.public().unwrap().pem()] {
        assert_eq!(VerifyingKey::read(bad.as_bytes()).err(), Some(KeyError::Public), "{bad}");
    }
    let unlike = PRIVATE.replace("11qYAYK", "21qYAYK");
    for bad in ["", "{}", "junk", PUBLIC, &public.pem(), &es256.to_pem().unwrap(), &unlike] {
        assert_eq!(SigningKey::read(bad.as_bytes()).err(), Some(KeyError::Private), "{bad}");
    }
}

fn build(fixture: &Fixture, at: i64) -> Manifest {
    let mut command = built::command(&fixture.root(), &fixture.out());
    built::run(command.env("SOURCE_DATE_EPOCH", at.to_string())).well();
    manifest(fixture)
}

fn manifest(fixture: &Fixture) -> Manifest {
    Manifest::parse(&fs::read(fixture.out().join("manifest.json")).unwrap()).unwrap()
}

const SIGN: &[&str] = &["sign", "--key", "site.pem", "--out", "../out"];

fn site() -> Fixture {
    let fixture = Fixture::new("---\naccess: pro\n---\nThe first text.\n");
    printed(&fixture, &["keygen", "--purpose", "manifest", "--out", "site.pem"]);
    fixture
}

fn public(fixture: &Fixture) -> VerifyingKey {
    VerifyingKey::read(&fs::read(fixture.root().join("site.pub.pem")).unwrap()).unwrap()
}

#[test]
fn a_site_is_signed() {
    let fixture = site();
    let built = build(&fixture, NOW_SECONDS);
    let said = printed(&fixture, SIGN);
    assert_eq!(said, format!("signed version {} of https://school.example: ../out\n", built.version));
    for name in ["manifest.json", "edge/root.json"] {
        let path = fixture.out().join(name);
        let envelope = fs::read(path.with_extension("json.dsse")).unwrap();
        assert_eq!(open(&envelope, &public(&fixture)).unwrap(), fs::read(&path).unwrap());
    }
    // Signing again changes nothing, nor does it make the next build do anything.
    let before = built::contents(&fixture.out());
    assert_eq!(printed(&fixture, SIGN), said);
    build(&fixture, NOW_SECONDS + 9);
    assert_eq!(built::differences(&before, &built::contents(&fixture.out())), Vec::<String>::new());
}

#[test]
fn exports_are_made_from_signed_manifests() {
    let fixture = site();
    build(&fixture, NOW_SECONDS);
    printed(&fixture, SIGN);
    const EXPORT: &[&str] = &["export", "caddy", "--out", "../caddy", "--manifest"];
    let (envelope, key) = ("../out/manifest.json.dsse", "site.pub.pem");
    let said = refused(&fixture, &[EXPORT, &[envelope]].concat());
    assert!(said.contains("this is a signed envelope, and there is no key to check it with"), "{said}");
    let said = refused(&fixture, &[EXPORT, &["../out/manifest.json", "--public-key", key]].concat());
    assert!(said.contains("this is no signed envelope"), "{said}");
    printed(&fixture, &[EXPORT, &[envelope, "--public-key", key]].concat());
    let text = fs::read_to_string(fixture.out().join("manifest.json.dsse")).unwrap();
    let mut altered: Value = serde_json::from_str(&text).unwrap();
    altered["signatures"][0]["sig"] = json!(STANDARD.encode([7; 64]));
    fs::write(fixture.out().join("altered.dsse"), altered.to_string()).unwrap();
    let said = refused(&fixture, &[EXPORT, &["../out/altered.dsse", "--public-key", key]].concat());
    assert!(said.contains("altered.dsse`: "), "{said}");
}

#[test]
fn builds_keep_what_is_signed_until_the_next_is() {
    let fixture = site();
    build(&fixture, NOW_SECONDS);
    printed(&fixture, SIGN);
    let signed = manifest(&fixture);
    let whole = |manifest: &Manifest| {
        let object = |name: &str| fixture.out().join("objects").join(name).exists();
        let shard = |name: &str| fixture.out().join("edge").join(name).exists();
        manifest.objects.keys().all(|name| object(name.as_str()))
            && manifest.edge_shards().iter().all(|file| shard(&file.name))
    };
    for round in 1..4 {
        fixture.write("content/a.md", format!("---\naccess: pro\n---\nText {round}.\n"));
        assert!(build(&fixture, NOW_SECONDS + round).version > signed.version);
        assert!(whole(&signed), "after {round} builds");
    }
    printed(&fixture, SIGN);
    // The new manifest is signed now: the first one may go.
    fixture.write("content/a.md", "---\naccess: pro\n---\nAnother.\n");
    build(&fixture, NOW_SECONDS + 9);
    fixture.write("content/a.md", "---\naccess: pro\n---\nAnd another.\n");
    build(&fixture, NOW_SECONDS + 10);
    assert!(!whole(&signed));
    let envelope = fs::read(fixture.out().join("manifest.json.dsse")).unwrap();
    assert!(whole(&Manifest::parse(&open(&envelope, &public(&fixture)).unwrap()).unwrap()));
}

#[test]
fn versions_only_rise() {
    let fixture = site();
    let (signed, kept) = (|name: &str| fixture.out().join(name), fixture.root().join("kept"));
    let first = build(&fixture, NOW_SECONDS);
    let copy = |from: &Path, to: &Path| fs::copy(from, to).unwrap();
    fs::create_dir_all(&kept).unwrap();
    for name in ["manifest.json", "edge/root.json"] {
        copy(&signed(name), &kept.join(name.replace('/', "-")));
    }
    fixture.write("content/a.md", "---\naccess: pro\n---\nThe second text.\n");
    let second = build(&fixture, NOW_SECONDS + 5);
    assert!(second.version > first.version);
    printed(&fixture, SIGN);
    let before = fs::read(signed("manifest.json.dsse")).unwrap();
    // An older one.
    for name in ["manifest.json", "edge/root.json"] {
        copy(&kept.join(name.replace('/', "-")), &signed(name));
    }
    let older = format!("error: version {} is older than {}, which is signed already", first.version, second.version);
    assert_eq!(refused(&fixture, SIGN), older);
    // Another one of that version.
    let same = Manifest { version: second.version, ..first };
    fs::write(signed("manifest.json"), same.to_json()).unwrap();
    fs::write(signed("edge/root.json"), same.edge_root(&same.edge_shards())).unwrap();
    let other = format!("error: another manifest is signed already under version {}", second.version);
    assert_eq!(refused(&fixture, SIGN), other);
    assert_eq!(fs::read(signed("manifest.json.dsse")).unwrap(), before);
    // A key of another day may sign what is newer, and only that.
    printed(&fixture, &["keygen", "--purpose", "manifest", "--out", "new.pem"]);
    let new = ["sign", "--key", "new.pem", "--out", "../out"];
    assert_eq!(refused(&fixture, &new), other);
    fixture.write("content/a.md", "---\naccess: pro\n---\nThe third text.\n");
    build(&fixture, NOW_SECONDS + 9);
    printed(&fixture, &new);
    assert_ne!(fs::read(signed("manifest.json.dsse")).unwrap(), before);
}

#[test]
fn only_what_a_build_wrote_is_signed() {
    let fixture = site();
    let missing = "error: cannot read `../out/manifest.json`: no such file or directory";
    assert_eq!(refused(&fixture, SIGN), missing);
    let built = build(&fixture, NOW_SECONDS);
    let write = |name: &str, bytes: &[u8]| fs::write(fixture.out().join(name), bytes).unwrap();
    let by_hand =
        Manifest { site: tierpress::manifest::Site { denied_status: 402, ..built.site.clone() }, ..built.clone() };
    let altered = "error: `../out/manifest.json` is not as `tierpress build` wrote it";
    write("manifest.json", &by_hand.to_json());
    assert_eq!(refused(&fixture, SIGN), altered);
    write("manifest.json", &[built.to_json(), b"\n".to_vec()].concat());
    assert_eq!(refused(&fixture, SIGN), altered);
    write("manifest.json", b"{}");
    assert!(refused(&fixture, SIGN).starts_with("error: `../out/manifest.json`: the manifest cannot be read"));
    write("manifest.json", &built.to_json());
    let root = fs::read(fixture.out().join("edge/root.json")).unwrap();
    write("edge/root.json", &Manifest { version: 1, ..built.clone() }.edge_root(&built.edge_shards()));
    assert_eq!(refused(&fixture, SIGN), "error: `../out/edge/root.json` is not as `tierpress build` wrote it");
    write("edge/root.json", &root);
    write("manifest.json.dsse", b"junk");
    assert_eq!(refused(&fixture, SIGN), "error: `../out/manifest.json.dsse` is no signed manifest");
    assert!(!fixture.out().join("edge/root.json.dsse").exists());
    fs::remove_file(fixture.out().join("manifest.json.dsse")).unwrap();
    let token = ["keygen", "--out", "token.pem"];
    printed(&fixture, &token);
    let with_token_key = ["sign", "--key", "token.pem", "--out", "../out"];
    let expected = "error: `token.pem`: this is no private Ed25519 key: a PKCS#8 PEM or a private JWK is expected";
    assert_eq!(refused(&fixture, &with_token_key), expected);
    printed(&fixture, SIGN);
}
