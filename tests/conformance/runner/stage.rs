//! A site of the conformance cases, built and moved to the real clock: what an edge is started on.
//!
//! It refuses to know edges. Everything lies below one folder, so that nothing is left behind.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tierpress::build;
use tierpress::manifest::Manifest;
use tierpress::publish::{LinkMode, Modes, TreeMode};
use tierpress::time::Timestamp;

use super::echo::Echo;
use super::shift::{self, CLOCK};

/// What an edge is started on.
pub(crate) struct Stage {
    /// The name of the site, `school`.
    pub(crate) site: String,
    /// The output folder: `manifest.json`, `edge/`, `objects/`.
    pub(crate) out: PathBuf,
    /// `manifest.json` in it, on the real clock.
    pub(crate) manifest: PathBuf,
    /// `objects/` in it.
    pub(crate) objects: PathBuf,
    /// The public keys that the edge is given, as a JWKS: those of the algorithms it claims.
    pub(crate) jwks: PathBuf,
    /// An empty folder for whatever the edge writes.
    pub(crate) work: PathBuf,
    /// The other upstream, for `passthrough`: it answers with what it was asked.
    pub(crate) upstream: SocketAddr,
    /// The manifest as it was built, for [`CLOCK`].
    pub(crate) unshifted: Manifest,
    /// The manifest as it lies in the folder.
    pub(crate) shifted: Manifest,
    /// How much later the one is than the other, in seconds.
    pub(crate) by: i64,
    _echo: Option<Echo>,
}

/// What a stage is made of.
pub(crate) struct Plan<'a> {
    /// The folder for all of it; it must be there.
    pub(crate) folder: &'a Path,
    /// The site's name.
    pub(crate) site: &'a str,
    /// The instant of the cases that is to be the present: [`CLOCK`], or later to see windows open.
    pub(crate) now: i64,
    /// What the manifest's `clock` is to be in place of that of the build.
    pub(crate) manifest_clock: Option<i64>,
    /// The algorithms whose keys the edge is given.
    pub(crate) algorithms: &'a [&'a str],
    /// Where the other upstream is to listen; port 0 for any free one.
    pub(crate) upstream: SocketAddr,
}

/// Where the data of the conformance cases lies.
pub(crate) fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance")
}

/// The real clock, in seconds.
pub(crate) fn real_now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970");
    i64::try_from(since.as_secs()).expect("the clock is before the end of time")
}

impl Stage {
    /// Builds the site and moves it so that `plan.now` is the present.
    pub(crate) fn new(plan: &Plan<'_>) -> Self {
        let out = plan.folder.join("out");
        let mut unshifted = built(&data().join("sites").join(plan.site), &out);
        if let Some(clock) = plan.manifest_clock {
            unshifted.clock = Timestamp::saturating(clock);
        }
        Self::of(plan, unshifted)
    }

    /// A stage that was made before: for whoever starts the edge by hand in between.
    pub(crate) fn open(plan: &Plan<'_>, by: i64) -> Self {
        let out = plan.folder.join("out");
        let shifted = Manifest::parse(&fs::read(out.join("manifest.json")).unwrap()).expect("the manifest can be read");
        Self::with(plan, shift::manifest(&shifted, -by), (shifted, by))
    }

    /// A stage of a manifest whose objects lie in `plan.folder/out/objects` already.
    pub(crate) fn of(plan: &Plan<'_>, unshifted: Manifest) -> Self {
        let out = plan.folder.join("out");
        let by = real_now() - plan.now;
        let shifted = shift::manifest(&unshifted, by);
        shifted.check().expect("the moved manifest holds together");
        write_contract(&out, &shifted);
        fs::write(plan.folder.join("jwks.json"), key_set(plan.site, plan.algorithms).to_string()).unwrap();
        fs::create_dir_all(plan.folder.join("work")).unwrap();
        Self::with(plan, unshifted, (shifted, by))
    }

    /// A stage of a site that was built into `folder/out` for the real clock, with keys and another upstream of its own.
    pub(crate) fn ready(folder: &Path, jwks: PathBuf, upstream: SocketAddr) -> Self {
        let (out, work) = (folder.join("out"), folder.join("work"));
        fs::create_dir_all(&work).unwrap();
        let manifest =
            Manifest::parse(&fs::read(out.join("manifest.json")).unwrap()).expect("the manifest can be read");
        Self {
            site: "ready".to_owned(),
            manifest: out.join("manifest.json"),
            objects: out.join("objects"),
            out,
            jwks,
            work,
            upstream,
            shifted: manifest.clone(),
            unshifted: manifest,
            by: 0,
            _echo: None,
        }
    }

    fn with(plan: &Plan<'_>, unshifted: Manifest, (shifted, by): (Manifest, i64)) -> Self {
        let out = plan.folder.join("out");
        let echo = Echo::start(plan.upstream);
        Self {
            site: plan.site.to_owned(),
            manifest: out.join("manifest.json"),
            objects: out.join("objects"),
            out,
            jwks: plan.folder.join("jwks.json"),
            work: plan.folder.join("work"),
            upstream: echo.address(),
            unshifted,
            shifted,
            by,
            _echo: Some(echo),
        }
    }
}

/// Builds a site at [`CLOCK`] and reads its manifest.
pub(crate) fn built(root: &Path, out: &Path) -> Manifest {
    let clock = Timestamp::saturating(CLOCK);
    let request = build::Request {
        root,
        out,
        now: clock,
        created: clock,
        modes: Modes { compress: true, link: LinkMode::Hard, trees: TreeMode::None },
        ..build::Request::default()
    };
    if let Err(faults) = build::build(&request) {
        let faults: String = faults.iter().map(|fault| format!("{fault}\n")).collect();
        panic!("{} cannot be built:\n{faults}", root.display());
    }
    Manifest::parse(&fs::read(out.join("manifest.json")).unwrap()).expect("the manifest can be read")
}

/// Writes `manifest.json`, `edge/root.json` and the shards.
fn write_contract(out: &Path, manifest: &Manifest) {
    let edge = out.join("edge");
    if edge.exists() {
        fs::remove_dir_all(&edge).unwrap();
    }
    fs::create_dir_all(&edge).unwrap();
    let shards = manifest.edge_shards();
    for shard in &shards {
        fs::write(edge.join(&shard.name), &shard.bytes).unwrap();
    }
    fs::write(edge.join("root.json"), manifest.edge_root(&shards)).unwrap();
    fs::write(out.join("manifest.json"), manifest.to_json()).unwrap();
}

/// The public keys of a site, of these algorithms. The magazine has one key only, so that its tokens need not name it.
pub(crate) fn key_set(site: &str, algorithms: &[&str]) -> Value {
    let read = |name: &str| -> Value {
        serde_json::from_slice(&fs::read(data().join("keys").join(name)).unwrap()).expect("a key is JSON")
    };
    let mut keys: Vec<Value> = read("jwks.json")["keys"].as_array().expect("`keys` is a list").clone();
    keys.push(read("hs256.json"));
    keys.retain(|key| algorithms.iter().any(|algorithm| key["alg"] == *algorithm));
    if site == "magazine" {
        keys.truncate(1);
    }
    json!({ "keys": keys })
}
