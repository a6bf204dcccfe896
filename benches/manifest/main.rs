//! Measures the manifest of a large site: its size, what it takes to read it, to cut it into shards, to hold two of them.
//!
//! `cargo bench --bench manifest` makes the manifest of a course with 100,000 lessons, of which three in four are gated and
//! have a teaser besides. The times are those of this process on the processor, so that others on the machine do not
//! count; an edge that takes a new manifest in holds the old one and the new one's bytes as well, and so does this.
#![allow(clippy::print_stdout, reason = "a program that measures says what it measured")]
#![allow(clippy::disallowed_methods, reason = "the system says what memory is used")]
#![allow(clippy::expect_used, reason = "a fault here stops a measurement, nothing else")]

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use tierpress::access::rule::Rule;
use tierpress::digest::ObjectName;
use tierpress::manifest::{Cache, Encoding, FORMAT, Manifest, Object, Otherwise, Pages, Policy, Route, Site};
use tierpress::time::Timestamp;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The longest that reading may take, in milliseconds, and the most memory for two manifests, in megabytes.
const GOALS: (u128, u64) = (1_500, 250);

/// Measures the manifest of a large site.
#[derive(Debug, Parser)]
#[command(name = "manifest")]
struct Arguments {
    /// How many lessons the site has.
    #[arg(long, default_value_t = 100_000)]
    routes: usize,
    /// End with exit code 1 where a goal is missed.
    #[arg(long)]
    strict: bool,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> ExitCode {
    let Arguments { routes, strict, bench: _ } = Arguments::parse();
    // Made by another process, for what making it takes is no part of what reading it takes.
    let bytes = match std::env::var_os("TIERPRESS_BENCH_MANIFEST") {
        Some(path) => {
            write(routes, std::path::Path::new(&path));
            return ExitCode::SUCCESS;
        }
        None => made(routes),
    };
    println!("{routes} routes: {:.1} MB of JSON", megabytes(bytes.len() as u64));
    let before = memory("VmRSS");
    let (first, parse) = timed(|| Manifest::parse(&bytes).expect("a manifest"));
    println!("read and checked: {parse} ms, {} MB", memory("VmRSS").saturating_sub(before));
    let second = Manifest::parse(&bytes).expect("a manifest");
    let peak = memory("VmHWM");
    println!("two of them and the bytes of one: {peak} MB at most");
    assert_eq!(first.version, second.version);
    drop(second);
    println!("written: {} ms; hashed: {} ms", timed(|| first.to_json()).1, timed(|| first.build_id()).1);
    let (shards, cut) = timed(|| first.edge_shards());
    println!(
        "{} shards of {} kB at most: {cut} ms",
        shards.len(),
        shards.iter().map(|shard| shard.bytes.len() / 1024).max().unwrap_or(0)
    );
    let missed = parse > GOALS.0 || peak > GOALS.1;
    println!("goals of {} ms and {} MB: {}", GOALS.0, GOALS.1, if missed { "missed" } else { "met" });
    if missed && strict { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// The bytes of the manifest, from a process of its own.
fn made(routes: usize) -> Vec<u8> {
    let path = std::env::temp_dir().join(format!("tierpress-manifest-{}.json", std::process::id()));
    let this = std::env::current_exe().expect("this program has a path");
    let made = std::process::Command::new(this)
        .args(["--routes", &routes.to_string()])
        .env("TIERPRESS_BENCH_MANIFEST", &path)
        .status();
    assert!(made.expect("this program starts again").success(), "no manifest was made");
    let bytes = std::fs::read(&path).expect("the manifest was written");
    std::fs::remove_file(&path).expect("the manifest is ours");
    bytes
}

fn write(routes: usize, path: &std::path::Path) {
    let mut manifest = manifest(routes);
    manifest.build = manifest.build_id();
    std::fs::write(path, manifest.to_json()).expect("the manifest can be written");
}

/// A course: three in four lessons are gated, and have a teaser.
fn manifest(lessons: usize) -> Manifest {
    let object = |size| Object {
        encodings: vec![Encoding::Br, Encoding::Gzip],
        size,
        media_type: "text/html; charset=utf-8".to_owned(),
    };
    let page = |reason: &str| ObjectName::of(reason.as_bytes(), "html");
    let pages = Pages {
        expired: page("expired"),
        no_tier: page("no_tier"),
        not_entitled: page("not_entitled"),
        not_found: page("not_found"),
        not_signed_in: page("not_signed_in"),
        not_yet: page("not_yet"),
    };
    let Pages { expired, no_tier, not_entitled, not_found, not_signed_in, not_yet } = pages.clone();
    let special = [expired, no_tier, not_entitled, not_found, not_signed_in, not_yet];
    let mut objects: BTreeMap<ObjectName, Object> = special.into_iter().map(|name| (name, object(900))).collect();
    let mut routes = BTreeMap::new();
    for lesson in 0..lessons {
        let variants: usize = if lesson % 4 == 0 { 1 } else { 2 };
        let name = |variant| ObjectName::of(format!("{lesson} {variant}").as_bytes(), "html");
        let names: Vec<ObjectName> = (0..variants).map(name).collect();
        objects.extend(names.iter().map(|name| (name.clone(), object(5_000))));
        let path = format!("/course-{:03}/lesson-number-{lesson:06}/", lesson / 500);
        routes.insert(path, Route { objects: names, policy: variants - 1 });
    }
    let policy = |variants: &[usize], cache| Policy {
        cache,
        open: 1,
        otherwise: Otherwise::Denied,
        variants: variants.to_vec(),
    };
    let rule: Rule = serde_json::from_str(r#"[{"all": [{"any": ["pro", "course"]}]}]"#).expect("a rule");
    Manifest {
        access_controls: Vec::new(),
        build: String::new(),
        clock: Timestamp::saturating(1_795_000_000),
        created: Timestamp::saturating(1_795_000_000),
        format: FORMAT.to_owned(),
        objects,
        pages,
        policies: vec![policy(&[0], Cache::Public), policy(&[1, 0], Cache::Private)],
        redirects: BTreeMap::new(),
        routes,
        rules: vec![Rule::public(), rule],
        site: Site {
            base_url: "https://learn.example".to_owned(),
            denied_status: 403,
            login_url: None,
            passthrough: Vec::new(),
            refresh_url: None,
            title: "Learn".to_owned(),
            upgrade_url: None,
        },
        token: None,
        version: 1_795_000_000,
    }
}

/// What a task gives, and how many milliseconds it took.
fn timed<T>(task: impl FnOnce() -> T) -> (T, u128) {
    let before = processor_time();
    let result = task();
    (result, processor_time() - before)
}

/// Milliseconds of processors that this process took, on all threads.
fn processor_time() -> u128 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("the system says what a process used");
    let time = usage.user_time() + usage.system_time();
    u128::try_from(time.num_milliseconds()).unwrap_or(0)
}

/// A line of `/proc/self/status`, in megabytes.
fn memory(key: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux says what a process uses");
    let line = text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.map_or(0, |kilobytes| kilobytes / 1024)
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
