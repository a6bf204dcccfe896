//! Plays the conformance cases against an edge of your own.
//!
//! ```text
//! cargo run --example conformance -- prepare DIR
//! cargo run --example conformance -- play DIR/school --url http://127.0.0.1:8080
//! ```
//!
//! `prepare` builds the sites of `tests/conformance` and moves them to the clock of this moment: `DIR/STAGE/out` for the
//! edge to serve, `DIR/STAGE/jwks.json` with the keys to give it. Start the edge on one of them, and `play` the cases of it,
//! within ten minutes. `tests/conformance/README.md` says the rest.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a tool for people who watch it"
)]
#![allow(clippy::disallowed_methods, reason = "it makes and reads files of its own")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]
#![allow(clippy::wildcard_enum_match_arm, reason = "statuses are many")]

use std::fs;
use std::net::{SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};

#[path = "../tests/conformance/runner/mod.rs"]
#[allow(dead_code, reason = "the tests use what this does not")]
mod runner;

use runner::Profile;
use runner::cases::by_stage;
use runner::play::{Score, play};
use runner::stage::{Plan, Stage};

/// Plays the conformance cases against an edge of your own.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Makes the stages, on the clock of this moment.
    Prepare {
        /// The folder for them: it is made.
        dir: PathBuf,
        /// The algorithms whose keys the edge is given.
        #[arg(long, value_delimiter = ',', default_value = "ES256,RS256,EdDSA")]
        algorithms: Vec<String>,
    },
    /// Plays the cases of a stage.
    Play {
        /// One of the folders that `prepare` made.
        stage: PathBuf,
        /// Where the edge listens.
        #[arg(long)]
        url: String,
        /// Where the other upstream is to listen, for paths that pass through.
        #[arg(long, default_value = "127.0.0.1:9100")]
        upstream: SocketAddr,
        /// The algorithms that the edge claims.
        #[arg(long, value_delimiter = ',', default_value = "ES256,RS256,EdDSA")]
        algorithms: Vec<String>,
        /// The traits of the edge.
        #[arg(long, value_delimiter = ',')]
        traits: Vec<String>,
        /// Whether the edge answers `POST /_tierpress/session`.
        #[arg(long)]
        sessions: bool,
    },
}

fn main() -> ExitCode {
    match Arguments::parse().command {
        Command::Prepare { dir, algorithms } => {
            prepare(&dir, leaked(algorithms));
            ExitCode::SUCCESS
        }
        Command::Play { stage, url, upstream, algorithms, traits, sessions } => {
            let profile =
                Profile { name: "this edge", algorithms: leaked(algorithms), traits: leaked(traits), sessions };
            let score = play_all(&stage, &profile, (&url, upstream));
            for (case, fault) in &score.faults {
                println!("{case}\n    {fault}");
            }
            for (case, time) in &score.slow {
                println!("{case}\n    took {} ms", time.as_millis());
            }
            let Score { exact, by_trait, left_out, leaks, faults, .. } = &score;
            println!(
                "{exact} exact, {by_trait} by a trait, {left_out} left out, {} wrong, {leaks} leaks",
                faults.len()
            );
            if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    }
}

/// Profiles name what is known when a program is built; here it is known once it runs, and as long.
fn leaked(words: Vec<String>) -> &'static [&'static str] {
    let words: Vec<&'static str> = words.into_iter().map(|word| &*word.leak()).collect();
    words.leak()
}

fn prepare(dir: &Path, algorithms: &[&str]) {
    for (name, rounds) in by_stage() {
        let folder = dir.join(&name);
        fs::create_dir_all(&folder).unwrap();
        let stage = Stage::new(&Plan {
            folder: &folder,
            site: &rounds[0].site,
            now: rounds[0].now,
            manifest_clock: rounds[0].manifest_clock,
            algorithms,
            upstream: ([127, 0, 0, 1], 0).into(),
        });
        let said = json!({"stage": name, "by": stage.by});
        fs::write(folder.join("stage.json"), said.to_string()).unwrap();
        let cases: usize = rounds.iter().map(|round| round.cases.len()).sum();
        println!("{}: {cases} cases", folder.display());
    }
}

fn play_all(folder: &Path, profile: &Profile, (url, upstream): (&str, SocketAddr)) -> Score {
    let said = fs::read(folder.join("stage.json")).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let said: Value = serde_json::from_slice(&said).unwrap();
    let rounds = by_stage().remove(said["stage"].as_str().unwrap()).expect("there are cases for this stage");
    let plan = Plan {
        folder,
        site: &rounds[0].site,
        now: rounds[0].now,
        manifest_clock: rounds[0].manifest_clock,
        algorithms: profile.algorithms,
        upstream,
    };
    let stage = Stage::open(&plan, said["by"].as_i64().unwrap());
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let address = host.to_socket_addrs().ok().and_then(|mut all| all.next());
    let address = address.unwrap_or_else(|| panic!("`{url}` is no address: http://HOST:PORT"));
    rounds.iter().map(|round| play(round, &stage, profile, address)).fold(Score::default(), Score::and)
}
