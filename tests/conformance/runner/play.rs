//! Plays a round of cases against an address and says where the answers are not what is expected.
//!
//! It refuses to stop at the first disagreement: a run is worth all that it finds.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Profile;
use super::cases::{Case, Round, bytes};
use super::http::{self, Answer, NoAnswer};
use super::judge::{Judge, Verdict};
use super::stage::Stage;
use super::tokens::Mint;

/// What is worth a word.
const SLOW: Duration = Duration::from_secs(2);

/// How many cases of a round may need a second connection.
const AGAIN: usize = 2;

/// What became of the cases of one or more rounds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    /// Answered exactly as expected.
    pub(crate) exact: usize,
    /// Answered in a way that one of the edge's traits allows.
    pub(crate) by_trait: usize,
    /// Left out, because the edge does not claim what they need.
    pub(crate) left_out: usize,
    /// Answers with bytes that were not to be given.
    pub(crate) leaks: usize,
    /// Everything that is wrong, leaks included: the case and what is wrong with it.
    pub(crate) faults: Vec<(String, String)>,
    /// Cases that took long: an edge that waits for something.
    pub(crate) slow: Vec<(String, Duration)>,
    /// Cases whose first connection was closed without a byte, and that were answered on a second one, as every client asks
    /// again (RFC 9110, 9.2.2).
    pub(crate) again: Vec<String>,
}

impl Score {
    /// Both together.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.exact += other.exact;
        self.by_trait += other.by_trait;
        self.left_out += other.left_out;
        self.leaks += other.leaks;
        self.faults.extend(other.faults);
        self.slow.extend(other.slow);
        self.again.extend(other.again);
        self
    }
}

/// Plays all cases of a round, each over a connection of its own.
pub(crate) fn play(round: &Round, stage: &Stage, profile: &Profile, address: SocketAddr) -> Score {
    let (mint, judge, equal, again) = (Mint::new(stage.by), Judge::new(stage), BTreeMap::new(), Vec::new());
    let mut player = Player { round, stage, address, mint, judge, equal, again };
    let mut score = Score::default();
    for case in &round.cases {
        if !claimed(case, profile) {
            score.left_out += 1;
            continue;
        }
        let begin = Instant::now();
        let verdict = player.case(case, profile);
        if begin.elapsed() > SLOW {
            score.slow.push((case.name.clone(), begin.elapsed()));
        }
        match verdict {
            Verdict::Exact => score.exact += 1,
            Verdict::ByTrait => score.by_trait += 1,
            Verdict::Wrong(fault) => score.faults.push((case.name.clone(), fault)),
            Verdict::Leak(fault) => {
                score.leaks += 1;
                score.faults.push((case.name.clone(), format!("LEAK: {fault}")));
            }
        }
    }
    score.again = player.again;
    if score.again.len() > AGAIN {
        score.faults.push((round.about.clone(), format!("closed without an answer at first: {:?}", score.again)));
    }
    score
}

/// A text with its tokens in their places.
pub(crate) fn filled(text: &str, tokens: &[String]) -> String {
    let fill = |text: String, (number, token): (usize, &String)| text.replace(&format!("{{token {number}}}"), token);
    tokens.iter().enumerate().fold(text.to_owned(), fill)
}

/// Whether an edge claims what a case needs.
pub(crate) fn claimed(case: &Case, profile: &Profile) -> bool {
    let algorithm = |key: &str| match key {
        "rs256" => Some("RS256"),
        "eddsa" => Some("EdDSA"),
        "hs256" => Some("HS256"),
        _ => None,
    };
    let mut needed = case.tokens.iter().filter_map(|token| algorithm(&token.key));
    needed.all(|needed| profile.algorithms.contains(&needed))
        && (case.needs.as_deref() != Some("sessions") || profile.sessions)
}

struct Player<'a> {
    round: &'a Round,
    stage: &'a Stage,
    address: SocketAddr,
    mint: Mint,
    judge: Judge<'a>,
    /// The first answer of each group of equal ones, with the name of its case.
    equal: BTreeMap<String, (String, Answer)>,
    again: Vec<String>,
}

impl Player<'_> {
    fn case(&mut self, case: &Case, profile: &Profile) -> Verdict {
        let answer = self.ask(case);
        let tokens: Vec<String> = case.tokens.iter().map(|token| self.mint.token(token)).collect();
        let verdict = self.judge.verdict(case, &tokens, answer.as_ref(), profile);
        match (verdict, &case.equal, answer) {
            (Verdict::Exact, Some(group), Ok(answer)) => self.equal_to_others(group, &case.name, answer),
            (verdict, _, _) => verdict,
        }
    }

    fn equal_to_others(&mut self, group: &str, name: &str, mut answer: Answer) -> Verdict {
        answer.headers.retain(|(name, _)| name != "date");
        let (first, expected) = self.equal.entry(group.to_owned()).or_insert_with(|| (name.to_owned(), answer.clone()));
        if *expected == answer {
            return Verdict::Exact;
        }
        let differing = |answer: &Answer, other: &Answer| -> Vec<String> {
            let only = answer.headers.iter().filter(|header| !other.headers.contains(header));
            only.map(|(name, value)| format!("{name}: {value}")).collect()
        };
        Verdict::Wrong(format!(
            "not byte for byte the answer to `{first}`: {:?} here, {:?} there{}",
            differing(&answer, expected),
            differing(expected, &answer),
            if answer.body == expected.body { "" } else { ", and another body" }
        ))
    }

    fn ask(&mut self, case: &Case) -> Result<Answer, NoAnswer> {
        let before = case.request.first.as_ref().map(|first| {
            let first = self.round.cases.iter().find(|case| case.name == *first);
            let first = first.unwrap_or_else(|| panic!("`{}` comes after a case that is not there", case.name));
            self.ask(first)
        });
        let before = before.and_then(Result::ok);
        let fill = |text: &str, tokens: &[String]| {
            let header = |name: &str| before.as_ref().and_then(|answer| answer.header(name)).unwrap_or_default();
            let text = tokens
                .iter()
                .enumerate()
                .fold(text.to_owned(), |text, (number, token)| text.replace(&format!("{{token {number}}}"), token));
            text.replace("{etag}", &header("etag")).replace("{last-modified}", &header("last-modified"))
        };
        let tokens: Vec<String> = case.tokens.iter().map(|token| self.mint.token(token)).collect();
        let request = &case.request;
        let host = self.stage.shifted.site.base_url.trim_start_matches("https://");
        let mut text = format!("{} {} HTTP/1.1\r\n", request.method, request.target.whole());
        if !request.headers.iter().any(|(name, _)| name == "Host") {
            text += &format!("Host: {host}\r\n");
        }
        for (name, value) in &request.headers {
            text += &format!("{name}: {}\r\n", fill(value, &tokens));
        }
        let body = request.body.as_ref().map(|body| fill(body, &tokens)).unwrap_or_default();
        let counted = request.headers.iter().any(|(name, _)| name == "Content-Length" || name == "Transfer-Encoding");
        if request.body.is_some() && !counted {
            text += &format!("Content-Length: {}\r\n", body.len());
        }
        text += "\r\n";
        let (method, whole) = (request.method.as_str(), bytes(&(text + &body)));
        let first = http::send(self.address, method, &whole);
        let nothing = matches!(&first, Err(NoAnswer::Closed(bytes)) if bytes.is_empty());
        if !nothing || !matches!(method, "GET" | "HEAD") {
            return first;
        }
        let second = http::send(self.address, method, &whole);
        if second.is_ok() {
            self.again.push(case.name.clone());
        }
        second
    }
}
