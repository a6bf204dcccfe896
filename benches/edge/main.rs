//! Pairs our server with plain nginx, and nginx that asks us with nginx that does not, on the same bytes and one core.
//!
//! `cargo bench --bench edge -- --help` says what can be chosen. Needs nginx and wrk. Servers have one core and the load
//! has another; every round measures each pair in turn and judges the median of the ratios: absolute numbers depend on the
//! machine and on who else uses it, ratios of neighbours hardly do.
#![allow(clippy::print_stdout, reason = "a program that measures says what it measured")]
#![allow(clippy::disallowed_methods, reason = "the generator writes test sites, not a user's files")]
#![allow(clippy::indexing_slicing, reason = "a fault here stops a measurement, nothing else")]

mod load;
mod servers;
mod site;

use std::error::Error;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;

use load::{Load, Target};
use servers::{Nginx, Ours};
use site::Site;

/// Measures `tierpress edge` against nginx.
#[derive(Debug, Parser)]
#[command(name = "edge")]
struct Arguments {
    /// How many rounds there are.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// How many seconds each measurement takes.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// How many connections ask.
    #[arg(long, default_value_t = 32)]
    connections: usize,
    /// How long a page is, in bytes.
    #[arg(long, default_value_t = 4_096)]
    page: usize,
    /// Measure a manifest of so many routes instead: how it loads, and what it costs.
    #[arg(long)]
    routes: Option<usize>,
    /// Where sites go.
    #[arg(long, default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/target/bench-edge"))]
    dir: PathBuf,
    /// The core of the servers.
    #[arg(long, default_value_t = 0)]
    server_core: usize,
    /// The core of the load.
    #[arg(long, default_value_t = 1)]
    load_core: usize,
    /// Only pairs whose name has this in it.
    #[arg(long, default_value = "")]
    only: String,
    /// End with exit code 1 where a goal is missed.
    #[arg(long)]
    strict: bool,
    /// What `cargo bench` says to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Two servers, what each is asked, and the share of the first's pace that the second must have.
struct Pair<'a> {
    name: &'a str,
    plain: Target,
    other: Target,
    goal: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    std::fs::create_dir_all(&arguments.dir)?;
    let load = Load {
        core: arguments.load_core,
        connections: arguments.connections,
        time: Duration::from_secs(arguments.seconds),
    };
    let met = match arguments.routes {
        Some(routes) => large(&arguments, &load, routes)?,
        None => against_nginx(&arguments, &load)?,
    };
    if arguments.strict && !met {
        return Err("a goal was missed".into());
    }
    Ok(())
}

/// Our server, and nginx that asks us, each beside plain nginx.
fn against_nginx(arguments: &Arguments, load: &Load) -> Result<bool, Box<dyn Error>> {
    let site = Site::write(&arguments.dir.join("small"), 100, arguments.page)?;
    let core = arguments.server_core;
    let plain = Nginx::plain(&site, core)?;
    let serving = Ours::start(&site, core, &["--mode", "serve"])?;
    let deciding = Ours::start(&site, core, &["--mode", "decide"])?;
    let over_tcp = Nginx::asking(&site, core, "nginx", &deciding.address.to_string())?;
    let socket = |name: &str| site.root.join(name);
    let (place, _deciding) = Ours::at_socket(&site, core, (&socket("decider.sock"), &["--mode", "decide"]))?;
    let asking = Nginx::asking(&site, core, "nginx", &place)?;
    let accel = ["--mode", "decide", "--accel-prefix", "/./objects/"];
    let (place, _accel) = Ours::at_socket(&site, core, (&socket("accel.sock"), &accel))?;
    let told = Nginx::asking(&site, core, "nginx-accel", &place)?;
    let token = Some(site.token.as_str());
    let mut pairs = Vec::new();
    for (name, address, goal) in [
        ("serve", serving.address, 0.9),
        ("nginx", asking.address, 0.4),
        ("nginx-accel", told.address, 0.4),
        ("nginx over TCP", over_tcp.address, 0.4),
    ] {
        let plain = || Target::new(plain.address, "/public/7/", None, 200);
        let refused = if name == "serve" { 0.5 } else { goal };
        let mut pair = |what: &str, other, goal| {
            let name: &str = format!("{name} {what}").leak();
            pairs.push(Pair { name, plain: plain(), other, goal });
        };
        pair("public", Target::new(address, "/public/7/", None, 200), goal);
        pair("gated", Target::new(address, "/gated/7/", token, 200), goal);
        pair("refused", Target::new(address, "/gated/7/", None, 401), refused);
        pair("not found", Target::new(address, "/nothing/", None, 404), refused);
    }
    measure(arguments, load, &pairs)
}

/// A manifest of many routes beside one of few.
fn large(arguments: &Arguments, load: &Load, routes: usize) -> Result<bool, Box<dyn Error>> {
    let core = arguments.server_core;
    // Pages of one length on both sides, so that only the tables differ.
    let few = Site::write(&arguments.dir.join("small-pages"), 100, 256)?;
    let many = Site::write(&arguments.dir.join(format!("routes-{routes}")), routes, 256)?;
    let bytes = std::fs::metadata(many.out.join("manifest.json"))?.len();
    println!("{routes} routes: a manifest of {:.1} MB", bytes as f64 / 1e6);
    let mut met = true;
    for mode in ["serve", "decide"] {
        let mut times = Vec::new();
        let mut memory = Vec::new();
        for _ in 0..arguments.rounds {
            let server = Ours::start(&many, core, &["--mode", mode])?;
            times.push(server.started.as_secs_f64());
            memory.push(server.memory()?);
        }
        let (time, memory) = (load::spread(&times), load::spread(&memory));
        met &= time.median < 1.5 && memory.median < 250.0;
        println!("{mode}: loads in {time} s (goal 1.5), {memory} MB resident at its peak (goal 250)");
    }
    let (small, large) = (Ours::start(&few, core, &[])?, Ours::start(&many, core, &[])?);
    let half = routes / 2;
    let page =
        |address, kind: &str, number: usize, token| Target::new(address, &format!("/{kind}/{number}/"), token, 200);
    let pairs = [
        Pair {
            name: "many routes, public",
            plain: page(small.address, "public", 7, None),
            other: page(large.address, "public", half, None),
            goal: 0.95,
        },
        Pair {
            name: "many routes, gated",
            plain: page(small.address, "gated", 7, Some(few.token.as_str())),
            other: page(large.address, "gated", half, Some(many.token.as_str())),
            goal: 0.95,
        },
        Pair {
            name: "many routes, not found",
            plain: Target::new(small.address, "/nothing/", None, 404),
            other: Target::new(large.address, "/nothing/", None, 404),
            goal: 0.95,
        },
    ];
    met &= measure(arguments, load, &pairs)?;
    println!("{:.0} MB resident after the load", large.memory()?);
    Ok(met)
}

/// Measures all pairs in turn, round by round, and says what came of it.
fn measure(arguments: &Arguments, load: &Load, pairs: &[Pair<'_>]) -> Result<bool, Box<dyn Error>> {
    let pairs: Vec<&Pair<'_>> = pairs.iter().filter(|pair| pair.name.contains(&arguments.only)).collect();
    let mut ratios = vec![Vec::new(); pairs.len()];
    let mut paces = vec![(Vec::new(), Vec::new()); pairs.len()];
    for pair in &pairs {
        pair.plain.check()?;
        pair.other.check()?;
    }
    for round in 0..arguments.rounds {
        for (index, pair) in pairs.iter().enumerate() {
            // Who goes first changes from round to round.
            let (first, second) = if round % 2 == 0 { (&pair.plain, &pair.other) } else { (&pair.other, &pair.plain) };
            let (first, second) = (load.run(first)?, load.run(second)?);
            let (plain, other) = if round % 2 == 0 { (first, second) } else { (second, first) };
            ratios[index].push(other / plain);
            paces[index].0.push(plain);
            paces[index].1.push(other);
        }
    }
    let mut met = true;
    println!("{:<24} {:>9} {:>9}   ratio  (lowest to highest)  goal", "", "plain/s", "other/s");
    for (index, pair) in pairs.iter().enumerate() {
        let ratio = load::spread(&ratios[index]);
        let (plain, other) = (load::spread(&paces[index].0), load::spread(&paces[index].1));
        let verdict = if ratio.median >= pair.goal { "met" } else { "MISSED" };
        met &= ratio.median >= pair.goal;
        println!(
            "{:<24} {:>9.0} {:>9.0}   {:.2}   ({:.2} to {:.2})        {:.2} {verdict}",
            pair.name, plain.median, other.median, ratio.median, ratio.lowest, ratio.highest, pair.goal
        );
    }
    Ok(met)
}
