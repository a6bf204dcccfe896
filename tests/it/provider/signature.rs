//! Signatures of webhooks: Stripe's own library makes them and judges them, and we agree with it.

use serde_json::{Value, json};
use tierpress::provider::secret::Secret;
use tierpress::provider::stripe::{SigningSecretError, SigningSecrets, Stripe};
use tierpress::provider::{LARGEST, Provider as _, Refusal, Request};

use super::{SECRET, START, at, secrets, sign};

const OTHER: &str = "whsec_ffffffffffffffffffffffffffffffff";
const BODY: &str =
    r#"{"id":"evt_1","object":"event","type":"moon.phase.changed","created":1795000000,"livemode":true}"#;

/// The same numbers each time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }
}

fn judge(texts: &[&str], header: &str, body: &[u8], now: i64) -> Result<(), Refusal> {
    let request = Request { headers: &[("stripe-signature", header.as_bytes())], body };
    Stripe::new(secrets(texts), false).verify(&request, at(now)).map(|_| ())
}

/// Of what we say, that which is about the signature.
fn believed(texts: &[&str], header: &str, body: &[u8], now: i64) -> bool {
    !matches!(
        judge(texts, header, body, now),
        Err(Refusal::Forged | Refusal::Late | Refusal::Early | Refusal::Malformed(_) | Refusal::Missing(_))
    )
}

fn bodies(dice: &mut Dice) -> String {
    let words = ["", " ", "ä", "✓", "\u{1f4b6}", "\\u00e4", "\"", "\n", "1795000000.", "t=1,v1="];
    let extra: String = (0..dice.roll(5)).map(|_| words[dice.roll(words.len())]).collect();
    match dice.roll(3) {
        0 => BODY.to_owned(),
        1 => format!("{BODY}{}", " ".repeat(dice.roll(4))),
        _ => format!("{}{}", BODY.replace("evt_1", &format!("evt_{}", dice.roll(1_000))), extra),
    }
}

#[test]
fn what_the_library_signs_is_believed() {
    let mut dice = Dice(1);
    let cases: Vec<(String, &str, i64)> = (0..300)
        .map(|_| {
            (bodies(&mut dice), [SECRET, OTHER][dice.roll(2)], START - 300 + i64::try_from(dice.roll(601)).unwrap())
        })
        .collect();
    let question = |(body, secret, time): &(String, &str, i64)| json!({"ask": "sign", "body": body, "secret": secret, "time": time});
    let headers = super::python(&cases.iter().map(question).collect::<Vec<_>>());
    for ((body, secret, time), header) in cases.iter().zip(headers) {
        let header = header.as_str().unwrap();
        assert_eq!(header, format!("t={time},v1={}", sign(secret, *time, body.as_bytes())));
        assert!(believed(&[secret], header, body.as_bytes(), START), "{header} {body}");
        assert!(believed(&[OTHER, SECRET], header, body.as_bytes(), START), "{header} {body}");
    }
}

/// A header, what it signs, the secrets that are tried, and whether the clock of the signer was ahead.
fn drawn(dice: &mut Dice) -> (String, Vec<u8>, Vec<&'static str>, i64) {
    let mut body = bodies(dice).into_bytes();
    let offset = [0, 1, -299, -300, -301, 299, 300, 301, -86_400, 86_400, 12][dice.roll(11)];
    let time = START + offset;
    let with = [SECRET, OTHER][dice.roll(2)];
    let tag = sign(with, time, &body);
    let header = match dice.roll(9) {
        0..=2 => format!("t={time},v1={tag}"),
        3 => format!("t={time},v1={},v1={tag}", sign("whsec_old", time, &body)),
        4 => format!("t={time},v1={tag},v0={}", sign("whsec_old", time, &body)),
        5 => format!("v0={tag},t={time},v1={}", sign("whsec_old", time, &body)),
        6 => format!("v1={tag},t={time}"),
        7 => format!("t={time},v0={tag}"),
        _ => format!("t={},v1={tag}", time + 1),
    };
    if dice.roll(4) == 0 {
        let place = dice.roll(body.len());
        body[place] ^= 1 << dice.roll(7);
    }
    let tried = [vec![SECRET], vec![OTHER], vec![SECRET, OTHER]][dice.roll(3)].clone();
    (header, body, tried, offset)
}

fn theirs(cases: &[(String, Vec<u8>, Vec<&str>, i64)]) -> Vec<bool> {
    let question = |(header, body, secrets, _): &(String, Vec<u8>, Vec<&str>, i64)| {
        let body: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
        json!({"ask": "verify", "header": header, "body": body, "secrets": secrets, "now": START})
    };
    let answers = super::python(&cases.iter().map(question).collect::<Vec<_>>());
    answers.iter().map(|said| said.as_bool().unwrap()).collect()
}

/// Valid, altered, late, with several secrets and several signatures: the same verdict. What was signed ahead of our clock
/// the library believes and we do not, by more than five minutes.
#[test]
fn the_library_judges_alike() {
    let mut dice = Dice(2);
    let cases: Vec<_> = (0..800).map(|_| drawn(&mut dice)).collect();
    let mut counts = [0; 3];
    for ((header, body, secrets, offset), theirs) in cases.iter().zip(theirs(&cases)) {
        let ours = believed(secrets, header, body, START);
        if *offset > 300 {
            assert!(!ours, "{header}");
            counts[2] += usize::from(theirs);
        } else {
            assert_eq!(ours, theirs, "{header} {offset}");
            counts[usize::from(ours)] += 1;
        }
    }
    assert!(counts.iter().all(|count| *count > 20), "{counts:?}");
}

/// Headers that nobody would write: what we believe, the library believes too.
#[test]
fn junk_is_not_believed() {
    let mut dice = Dice(3);
    let pieces = ["t", "v1", "v0", "=", ",", " ", "==", "+", "-", "0", "1795000000", "1_795", "é", "\t", "\u{0}", ";"];
    let mut cases = Vec::new();
    for _ in 0..600 {
        let valid = format!("t={START},v1={}", sign(SECRET, START, BODY.as_bytes()));
        let header = if dice.roll(2) == 0 {
            (0..dice.roll(8)).map(|_| pieces[dice.roll(pieces.len())]).collect()
        } else {
            let mut text = valid;
            for _ in 0..=dice.roll(2) {
                let place = dice.roll(text.len() + 1);
                if !text.is_char_boundary(place) {
                    continue;
                }
                match dice.roll(3) {
                    0 => text.insert_str(place, pieces[dice.roll(pieces.len())]),
                    1 => text.truncate(place),
                    _ => text.extend(text.clone().chars().rev().take(dice.roll(3))),
                }
            }
            text
        };
        cases.push((header, BODY.as_bytes().to_vec(), vec![SECRET], 0));
    }
    for ((header, body, secrets, _), theirs) in cases.iter().zip(theirs(&cases)) {
        let ours = believed(secrets, header, body, START);
        assert!(!ours || theirs, "{header:?}");
    }
}

#[test]
fn every_refusal_says_why() {
    let body = BODY.as_bytes();
    let tag = sign(SECRET, START, body);
    let header = format!("t={START},v1={tag}");
    let malformed = Err(Refusal::Malformed("stripe-signature"));
    assert_eq!(judge(&[SECRET], &header, body, START), Ok(()));
    assert_eq!(judge(&[OTHER], &header, body, START), Err(Refusal::Forged));
    assert_eq!(judge(&[SECRET], &header, body, START + 301), Err(Refusal::Late));
    assert_eq!(judge(&[SECRET], &header, body, START - 301), Err(Refusal::Early));
    // A forger learns nothing of our clock.
    assert_eq!(judge(&[OTHER], &header, body, START + 301), Err(Refusal::Forged));
    for odd in [
        String::new(),
        format!("v1={tag}"),
        format!("t={START}"),
        format!("t={START},t={START},v1={tag}"),
        format!("t=0{START},v1={tag}"),
        format!("t=+{START},v1={tag}"),
        format!("t={START},v1={}", tag.to_uppercase()),
        format!("t={START},v1={}", &tag[1..]),
        format!("t={START},v1={tag}0"),
        format!("t={START}, v1={tag},"),
        format!("t=99999999999999999999,v1={tag}"),
        format!("t={START}{}", format!(",v1={tag}").repeat(17)),
    ] {
        assert_eq!(judge(&[SECRET], &odd, body, START), malformed, "{odd}");
    }
    let all = |headers: &[(&str, &[u8])], body: &[u8]| {
        Stripe::new(secrets(&[SECRET]), false).verify(&Request { headers, body }, at(START)).unwrap_err()
    };
    let value = header.as_bytes();
    assert_eq!(all(&[], body), Refusal::Missing("stripe-signature"));
    assert_eq!(
        all(&[("Stripe-Signature", value), ("STRIPE-SIGNATURE", value)], body),
        Refusal::Twice("stripe-signature")
    );
    assert_eq!(all(&[("Stripe-Signature", b"\xff")], body), Refusal::Malformed("stripe-signature"));
    assert_eq!(all(&[("Stripe-Signature", value)], &vec![b' '; LARGEST + 1]), Refusal::TooLarge);
}

fn signed(event: &Value, test: bool) -> Result<(), Refusal> {
    let body = serde_json::to_vec(event).unwrap();
    let header = format!("t={START},v1={}", sign(SECRET, START, &body));
    let request = Request { headers: &[("stripe-signature", header.as_bytes())], body: &body };
    Stripe::new(secrets(&[SECRET]), test).verify(&request, at(START)).map(|_| ())
}

#[test]
fn what_is_signed_must_be_an_event_of_the_right_mode() {
    let event: Value = serde_json::from_str(BODY).unwrap();
    let with = |key: &str, value: Value| {
        let mut event = event.clone();
        event[key] = value;
        event
    };
    assert_eq!(signed(&event, false), Ok(()));
    assert_eq!(signed(&event, true), Ok(()));
    assert_eq!(signed(&with("livemode", json!(false)), true), Ok(()));
    for livemode in [json!(false), json!(null), json!("true"), json!(1)] {
        assert_eq!(signed(&with("livemode", livemode), false), Err(Refusal::TestMode));
    }
    for (key, value) in [
        ("object", json!("v2.core.event")),
        ("object", json!("invoice")),
        ("id", json!(null)),
        ("id", json!("evt_1/../x")),
        ("type", json!(7)),
        ("created", json!(-1)),
        ("created", json!("1795000000")),
    ] {
        assert!(matches!(signed(&with(key, value), false), Err(Refusal::NotAnEvent(_))), "{key}");
    }
    assert!(matches!(signed(&json!([]), false), Err(Refusal::NotAnEvent(_))));
    assert_eq!(Refusal::Forged.status(), 400);
    assert_eq!(Refusal::TooLarge.status(), 413);
}

#[test]
fn secrets_are_checked_and_not_shown() {
    let of =
        |texts: &[&str]| SigningSecrets::new(&texts.iter().map(|text| Secret::new(text).unwrap()).collect::<Vec<_>>());
    assert_eq!(of(&[]).unwrap_err(), SigningSecretError::None);
    assert_eq!(of(&["rk_live_0123456789abcdef"]).unwrap_err(), SigningSecretError::Other);
    assert_eq!(of(&["whsec_"]).unwrap_err(), SigningSecretError::Other);
    let two = Secret::several(&format!(" {SECRET},\n{OTHER}\n")).unwrap();
    assert_eq!(two.len(), 2);
    let shown = format!("{two:?} {:?}", Stripe::new(SigningSecrets::new(&two).unwrap(), false));
    assert!(!shown.contains(&SECRET[6..]) && !shown.contains(&OTHER[6..]), "{shown}");
    for none in ["", " \n", "a b", "ä"] {
        assert!(Secret::new(none).is_err(), "{none:?}");
    }
    assert!(Secret::several(" , ").is_err());
}
