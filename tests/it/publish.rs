//! Publishing: what stands on the disk after builds that end well, fail, or are killed at any moment.

mod encoded;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};

use tempfile::{TempDir, tempdir};
use tierpress::access::rule::Rule;
use tierpress::digest::{ObjectName, sha256, sha256_hex};
use tierpress::fs::dir::Fuse;
use tierpress::manifest::{Cache, Encoding, FORMAT, Manifest, Object, Otherwise, Pages, Policy, Route, Site};
use tierpress::publish::{LinkMode, Modes, PublishError, Published, Publisher, Record, Tree, TreeMode};
use tierpress::time::Timestamp;

/// A site as publishing sees it: paths with the text of their variants, the first for those who pay. `created` is the
/// clock of the build.
#[derive(Clone)]
struct TestSite {
    pages: BTreeMap<String, Vec<String>>,
    trees: Vec<Tree>,
    created: i64,
    compress: bool,
}

fn tree(folder: &str, gated: Option<usize>, beyond: Option<usize>) -> Tree {
    Tree {
        folder: folder.to_owned(),
        choice: vec![Some(0), gated],
        beyond,
        not_found: beyond.is_none(),
        encoded: false,
    }
}

fn site(pages: &[(&str, &[&str])], created: i64) -> TestSite {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    TestSite {
        pages: pages.iter().map(|(path, variants)| ((*path).to_owned(), texts(variants))).collect(),
        trees: vec![
            tree("public", Some(1), None),
            tree("tiers/free", Some(1), None),
            tree("tiers/pro", Some(0), None),
            tree("bundles/rust", Some(0), Some(1)),
        ],
        created,
        compress: false,
    }
}

fn old_site() -> TestSite {
    site(
        &[
            ("/", &["home"]),
            ("/style.css", &["body {}"]),
            ("/course/", &["course"]),
            ("/course/one/", &["one in full", "one, teaser"]),
            ("/course/two/", &["two in full", "two, teaser"]),
            ("/course/two/sheet.pdf", &["sheet", "no sheet"]),
            ("/blog/a/", &["a"]),
            ("/blog/b/", &["b"]),
            ("/gone/for/ever/", &["gone"]),
            ("/becomes-a-folder", &["file"]),
            ("/becomes-a-file/x", &["x"]),
        ],
        1_000,
    )
}

/// Something of each kind of change: new, altered, removed, file to folder and back, a tier less and one more.
fn new_site() -> TestSite {
    let mut site = site(
        &[
            ("/", &["home, altered"]),
            ("/style.css", &["body {}"]),
            ("/course/", &["course"]),
            ("/course/one/", &["one in full, altered", "one, teaser"]),
            ("/course/two/", &["two in full", "two, teaser, altered"]),
            ("/course/three/", &["three in full", "three, teaser"]),
            ("/blog/a/", &["a"]),
            ("/becomes-a-folder/x", &["x of a folder"]),
            ("/becomes-a-file", &["file now"]),
        ],
        2_000,
    );
    site.trees[1].folder = "tiers/basic".to_owned();
    site
}

fn record(inputs: &str) -> Record {
    let (from, until) = (Timestamp::saturating(100), Timestamp::saturating(200));
    let summary = serde_json::json!({"pages": 3});
    Record { inputs: inputs.to_owned(), valid_from: from, valid_until: Some(until), summary }
}

fn rule(json: &str) -> Rule {
    serde_json::from_str(json).unwrap()
}

/// The manifest of a site whose objects are stored on the way.
fn store(publisher: &Publisher, site: &TestSite) -> Result<Manifest, PublishError> {
    let mut objects = BTreeMap::new();
    let mut put = |text: &str, extension: &str| -> Result<ObjectName, PublishError> {
        let stored = publisher.put(text.as_bytes(), extension)?;
        let object = Object { encodings: Vec::new(), size: stored.size, media_type: "text/html".to_owned() };
        objects.insert(stored.name.clone(), object);
        Ok(stored.name)
    };
    let mut routes = BTreeMap::new();
    for (path, texts) in &site.pages {
        let extension = path.rsplit_once('.').map_or("html", |(_, extension)| extension);
        let names = texts.iter().map(|text| put(text, extension)).collect::<Result<_, _>>()?;
        routes.insert(path.clone(), Route { objects: names, policy: texts.len() - 1 });
    }
    let mut page = |text: &str| put(text, "html");
    let pages = Pages {
        expired: page("expired")?,
        no_tier: page("no tier")?,
        not_entitled: page("not entitled")?,
        not_found: page("not found")?,
        not_signed_in: page("not signed in")?,
        not_yet: page("not yet")?,
    };
    let policy = |variants: &[usize], cache| Policy {
        cache,
        open: 1,
        otherwise: Otherwise::Denied,
        variants: variants.to_vec(),
    };
    Ok(Manifest {
        access_controls: Vec::new(),
        build: String::new(),
        clock: Timestamp::saturating(site.created + 5),
        created: Timestamp::saturating(site.created),
        format: FORMAT.to_owned(),
        objects,
        pages,
        policies: vec![policy(&[0], Cache::Public), policy(&[1, 0], Cache::Private)],
        redirects: BTreeMap::new(),
        routes,
        rules: vec![rule(r#"[{"all": []}]"#), rule(r#"[{"all": [{"any": ["pro", "rust"]}]}]"#)],
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
        version: 0,
    })
}

fn build(out: &Path, site: &TestSite, link: LinkMode, fuse: Fuse) -> Result<Published, PublishError> {
    let mut publisher = Publisher::open_with_fuse(out, link, fuse)?;
    let mut manifest = store(&publisher, site)?;
    if site.compress {
        publisher.encode(&mut manifest.objects)?;
    }
    publisher.finish(manifest, &site.trees, record("inputs"), None)
}

fn publish(out: &Path, site: &TestSite) -> Published {
    build(out, site, LinkMode::Hard, Fuse::default()).unwrap()
}

/// Every file below a folder, by its path.
fn files(out: &Path) -> BTreeMap<String, Vec<u8>> {
    let walked = tierpress::fs::walk(out).unwrap();
    let files = walked.into_iter().filter(|entry| entry.kind != tierpress::fs::Kind::Folder);
    files.map(|entry| (relative(out, &entry.path), fs::read(&entry.path).unwrap())).collect()
}

/// The same, and all folders, with everything that a write would change.
fn stamps(out: &Path) -> BTreeMap<String, (u64, u64, i64, i64, i64, i64)> {
    let stamp = |path: &Path| {
        let data = fs::symlink_metadata(path).unwrap();
        (data.ino(), data.nlink(), data.mtime(), data.mtime_nsec(), data.ctime(), data.ctime_nsec())
    };
    let walked = tierpress::fs::walk(out).unwrap();
    walked.into_iter().map(|entry| (relative(out, &entry.path), stamp(&entry.path))).collect()
}

fn relative(out: &Path, path: &Path) -> String {
    path.strip_prefix(out).unwrap().to_str().unwrap().to_owned()
}

fn manifest(out: &Path) -> Manifest {
    Manifest::parse(&fs::read(out.join("manifest.json")).unwrap()).unwrap()
}

/// What an edge relies on: the manifest is one build's, and each of its objects and shards is there, whole.
fn check_served(out: &Path) -> Manifest {
    let manifest = manifest(out);
    assert_eq!(manifest.build_id(), manifest.build);
    for (name, object) in &manifest.objects {
        let bytes = fs::read(out.join("objects").join(name.as_str())).unwrap();
        assert_eq!((sha256_hex(&bytes).as_str(), bytes.len() as u64), (name.hash(), object.size), "{name}");
    }
    let root: serde_json::Value = serde_json::from_slice(&fs::read(out.join("edge/root.json")).unwrap()).unwrap();
    for shard in root["shards"].as_array().unwrap() {
        let shard = shard.as_str().unwrap();
        assert_eq!(format!("{}.json", sha256_hex(&fs::read(out.join("edge").join(shard)).unwrap())), shard);
    }
    manifest
}

/// What a build of a site into a new folder gives.
struct Clean {
    created: i64,
    files: BTreeMap<String, Vec<u8>>,
    folders: BTreeSet<String>,
}

impl Clean {
    fn of(site: &TestSite, link: LinkMode) -> Self {
        let folder = new_folder();
        let out = folder.path().join("out");
        build(&out, site, link, Fuse::default()).unwrap();
        Self { created: site.created, files: files(&out), folders: folders(&out) }
    }

    /// That an output is the same, but for objects and shards that stay for others.
    fn check(&self, out: &Path) {
        let mut found = files(out);
        // Only the number of an output's history differs from that of a new one.
        let own = format!("\"version\": {}", manifest(out).version);
        let new = format!("\"version\": {}", self.created);
        for path in ["manifest.json", "edge/root.json"] {
            let text = String::from_utf8(found[path].clone()).unwrap();
            found.insert(path.to_owned(), text.replace(&own, &new).into_bytes());
        }
        let may_stay = |path: &str| path.starts_with("objects/") || path.starts_with("edge/");
        found.retain(|path, _| self.files.contains_key(path) || !may_stay(path));
        assert_eq!(found.keys().collect::<Vec<_>>(), self.files.keys().collect::<Vec<_>>());
        for (path, bytes) in &self.files {
            assert_eq!(String::from_utf8_lossy(&found[path]), String::from_utf8_lossy(bytes), "{path}");
        }
        assert_eq!(folders(out), self.folders);
        let stamps = stamps(out);
        for (name, object) in check_served(out).objects {
            let encoded = object.encodings.iter().map(|encoding| format!("{name}.{}", encoding.suffix()));
            for file in std::iter::once(name.to_string()).chain(encoded) {
                let (inode, links, mtime, ..) = stamps[&format!("objects/{file}")];
                let names = stamps.values().filter(|stamp| stamp.0 == inode).count();
                assert_eq!(links, u64::try_from(names).unwrap(), "{file} is linked from elsewhere");
                assert_eq!(mtime, name.mtime(), "{file}");
            }
        }
    }
}

fn check_clean(out: &Path, site: &TestSite, link: LinkMode) {
    Clean::of(site, link).check(out);
}

fn folders(out: &Path) -> BTreeSet<String> {
    let walked = tierpress::fs::walk(out).unwrap().into_iter();
    let folders = walked.filter(|entry| entry.kind == tierpress::fs::Kind::Folder);
    folders.map(|entry| relative(out, &entry.path)).collect()
}

/// A new folder in memory where the system has such a place: these tests make and remove a hundred thousand files, and
/// ext4 is slow to give the number of a removed file to a new one.
fn new_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempdir()).unwrap()
}

fn output() -> (TempDir, PathBuf) {
    let folder = new_folder();
    let out = folder.path().join("deep/out");
    (folder, out)
}

fn current(out: &Path, inputs: &str, clock: i64, modes: Modes) -> Option<serde_json::Value> {
    Publisher::is_current(out, inputs, Timestamp::saturating(clock), modes)
}

#[test]
fn a_new_output_has_each_part() {
    let (_folder, out) = output();
    let published = publish(&out, &old_site());
    let files = files(&out);
    let text = |path: &str| String::from_utf8(files[path].clone()).unwrap();
    assert_eq!(text("public/index.html"), "home");
    assert_eq!(text("public/style.css"), "body {}");
    assert_eq!(text("public/course/one/index.html"), "one, teaser");
    assert_eq!(text("public/course/two/sheet.pdf"), "no sheet");
    assert_eq!(text("public/404.html"), "not found");
    assert_eq!(text("tiers/pro/course/one/index.html"), "one in full");
    let bundle: Vec<&String> = files.keys().filter(|path| path.starts_with("bundles/")).collect();
    let beyond = ["course/one/index.html", "course/two/index.html", "course/two/sheet.pdf"];
    assert_eq!(bundle, beyond.map(|path| format!("bundles/rust/{path}")).iter().collect::<Vec<_>>());
    assert!(text(".htaccess").contains("Require all denied"));
    assert!(text("README.txt").contains("Only public/ may lie on a plain web host"));
    assert_eq!(text("edge/root.json").matches(".json\"").count(), 256);
    assert_eq!(published.manifest, check_served(&out));
    assert_eq!((published.manifest.version, published.unchanged), (1_000, false));
    let (objects, links) = (published.objects_total, published.links_made);
    assert_eq!((objects, published.objects_written, links, published.removed), (20, 20, 3 * 12 + 3, 0));
    check_clean(&out, &old_site(), LinkMode::Hard);
}

#[test]
fn an_equal_build_writes_nothing() {
    for link in [LinkMode::Hard, LinkMode::Copy] {
        let (_folder, out) = output();
        build(&out, &old_site(), link, Fuse::default()).unwrap();
        let before = stamps(&out);
        // Only the clocks are others.
        let publisher = Publisher::open(&out, link).unwrap();
        let mut later = store(&publisher, &old_site()).unwrap();
        (later.clock, later.created) = (Timestamp::saturating(7_000), Timestamp::saturating(8_000));
        let published = publisher.finish(later, &old_site().trees, record("inputs"), None).unwrap();
        assert!(published.unchanged);
        assert_eq!((published.objects_written, published.links_made, published.removed), (0, 0, 0));
        assert_eq!(published.manifest.created, Timestamp::saturating(1_000));
        assert_eq!(stamps(&out), before);
    }
}

#[test]
fn two_builds_of_one_input_are_equal_in_every_byte_and_time() {
    let times = |out: &Path| -> BTreeMap<String, i64> {
        let stamps = stamps(out).into_iter().filter(|(path, _)| out.join(path).is_file() && !path.ends_with(".lock"));
        stamps.filter(|(path, _)| !["README.txt"].contains(&path.as_str())).map(|(path, s)| (path, s.2)).collect()
    };
    let ((_a, one), (_b, two)) = (output(), output());
    publish(&one, &old_site());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(8).build().unwrap();
    pool.install(|| publish(&two, &old_site()));
    assert_eq!(files(&one), files(&two));
    assert_eq!(times(&one), times(&two));
}

#[test]
fn a_changed_site_replaces_the_old_one() {
    for link in [LinkMode::Hard, LinkMode::Copy] {
        let (_folder, out) = output();
        build(&out, &old_site(), link, Fuse::default()).unwrap();
        let before = stamps(&out);
        let published = build(&out, &new_site(), link, Fuse::default()).unwrap();
        assert_eq!((published.manifest.version, published.unchanged), (2_000, false));
        check_clean(&out, &new_site(), link);
        assert!(!out.join("tiers/free").exists() && !out.join("public/gone").exists());
        let after = stamps(&out);
        for kept in ["public/style.css", "tiers/pro/blog/a/index.html"] {
            assert_eq!(before[kept].0, after[kept].0, "{kept} was not altered");
        }
        // What the previous manifest names stays for edges that still have it, and goes with the next change.
        let gone = ObjectName::of(b"gone", "html");
        assert!(out.join("objects").join(gone.as_str()).exists());
        let third = TestSite { created: 3_000, ..old_site() };
        build(&out, &third, link, Fuse::default()).unwrap();
        build(&out, &TestSite { created: 4_000, ..new_site() }, link, Fuse::default()).unwrap();
        let mut fifth = new_site();
        fifth.pages.insert("/fifth/".to_owned(), vec!["fifth".to_owned()]);
        fifth.created = 5_000;
        build(&out, &fifth, link, Fuse::default()).unwrap();
        assert!(!out.join("objects").join(gone.as_str()).exists());
        check_clean(&out, &fifth, link);
    }
}

#[test]
fn versions_rise_whatever_the_clock_says() {
    let (_folder, out) = output();
    publish(&out, &new_site());
    assert_eq!(publish(&out, &old_site()).manifest.version, 2_001);
    assert_eq!(publish(&out, &new_site()).manifest.version, 2_002);
}

#[test]
fn a_folder_of_somebody_else_is_not_touched() {
    let folder = new_folder();
    fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    let before = stamps(folder.path());
    let error = Publisher::open(folder.path(), LinkMode::Hard).unwrap_err();
    assert_eq!(error.to_string(), format!("`{}` holds files and was not made by tierpress", folder.path().display()));
    assert_eq!(stamps(folder.path()), before);
    let file = folder.path().join("thesis.txt");
    assert!(matches!(Publisher::open(&file, LinkMode::Hard), Err(PublishError::Foreign { .. })));
    let link = folder.path().join("broken");
    symlink("nowhere", &link).unwrap();
    assert!(matches!(Publisher::open(&link, LinkMode::Hard), Err(PublishError::Foreign { .. })));
    // A folder or symlink under the marker's name is not our marker.
    fs::create_dir(folder.path().join(".tierpress")).unwrap();
    assert!(matches!(Publisher::open(folder.path(), LinkMode::Hard), Err(PublishError::Foreign { .. })));
    assert_eq!(fs::read_to_string(file).unwrap(), "years of work");
}

#[test]
fn empty_folders_and_symlinks_to_them_are_taken() {
    let folder = new_folder();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    fs::create_dir(&real).unwrap();
    symlink(&real, &link).unwrap();
    publish(&link, &old_site());
    check_clean(&real, &old_site(), LinkMode::Hard);
}

#[test]
fn only_one_build_at_a_time() {
    let (_folder, out) = output();
    let first = Publisher::open(&out, LinkMode::Hard).unwrap();
    let error = Publisher::open(&out, LinkMode::Hard).unwrap_err();
    assert_eq!(error.to_string(), format!("another build is writing to `{}`", out.display()));
    drop(first);
    publish(&out, &old_site());
}

/// The file of the object with this text.
fn object(out: &Path, text: &str) -> PathBuf {
    out.join("objects").join(ObjectName::of(text.as_bytes(), "html").as_str())
}

fn cut_short(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    file.set_len(3).unwrap();
}

/// Writes other bytes of the same length into a file.
fn alter(path: &Path) {
    let length = fs::metadata(path).unwrap().len();
    let mut file = OpenOptions::new().write(true).open(path).unwrap();
    file.write_all(&vec![b'!'; usize::try_from(length).unwrap()]).unwrap();
}

#[test]
fn damage_is_put_right() {
    type Damage = (&'static str, fn(&Path));
    let damage: [Damage; 13] = [
        ("an object cut short", |out| cut_short(&object(out, "one in full"))),
        ("an object written to", |out| alter(&object(out, "one, teaser"))),
        ("an object gone", |out| fs::remove_file(object(out, "course")).unwrap()),
        ("a folder in place of an object", |out| {
            fs::remove_file(object(out, "course")).unwrap();
            fs::create_dir_all(object(out, "course").join("x")).unwrap();
        }),
        ("a file in place of a folder of objects", |out| {
            let folder = object(out, "course").parent().unwrap().to_owned();
            fs::remove_dir_all(&folder).unwrap();
            fs::write(folder, "").unwrap();
        }),
        ("a tree file gone", |out| fs::remove_file(out.join("public/index.html")).unwrap()),
        ("a tree file replaced", |out| {
            fs::remove_file(out.join("tiers/pro/index.html")).unwrap();
            fs::write(out.join("tiers/pro/index.html"), "mine").unwrap();
        }),
        ("a tree folder gone", |out| fs::remove_dir_all(out.join("tiers/free/course")).unwrap()),
        ("all bundles gone", |out| fs::remove_dir_all(out.join("bundles")).unwrap()),
        ("a symlink in place of a tree folder", |out| {
            fs::rename(out.join("public/course"), out.join("../course")).unwrap();
            symlink(out.join("../course"), out.join("public/course")).unwrap();
            fs::remove_file(out.join("public/index.html")).unwrap();
        }),
        ("a shard gone", |out| {
            let mut shards = fs::read_dir(out.join("edge")).unwrap().map(|entry| entry.unwrap().path());
            fs::remove_file(shards.find(|path| !path.ends_with("root.json")).unwrap()).unwrap();
        }),
        ("an altered manifest", |out| {
            let path = out.join("manifest.json");
            let text = fs::read_to_string(&path).unwrap();
            fs::write(&path, text.replace("\"Learn\"", "\"Steal\"")).unwrap();
        }),
        ("an altered root", |out| alter(&out.join("edge/root.json"))),
    ];
    for (what, damage) in damage {
        let (_folder, out) = output();
        publish(&out, &old_site());
        assert!(current(&out, "inputs", 150, Modes::default()).is_some(), "{what}");
        damage(&out);
        assert_eq!(current(&out, "inputs", 150, Modes::default()), None, "{what}");
        assert!(!publish(&out, &old_site()).unchanged, "{what}");
        let outside = out.join("../course/one/index.html");
        assert!(!what.contains("symlink") || outside.exists(), "what a symlink leads to is not ours");
        fs::remove_dir_all(out.join("../course")).unwrap_or_default();
        check_clean(&out, &old_site(), LinkMode::Hard);
        assert!(current(&out, "inputs", 150, Modes::default()).is_some(), "{what}");
    }
}

#[test]
fn strays_in_trees_go_and_files_beside_them_stay() {
    let (_folder, out) = output();
    publish(&out, &old_site());
    fs::write(out.join("public/stray.html"), "stray").unwrap();
    fs::create_dir_all(out.join("public/old/section")).unwrap();
    fs::create_dir_all(out.join("tiers/former/course")).unwrap();
    fs::write(out.join("objects/stray"), "stray").unwrap();
    fs::write(out.join("notes.txt"), "not ours, but harmless").unwrap();
    let published = publish(&out, &old_site());
    assert_eq!((published.unchanged, published.removed), (false, 2));
    fs::remove_file(out.join("notes.txt")).unwrap();
    check_clean(&out, &old_site(), LinkMode::Hard);
}

#[test]
fn a_lost_time_is_given_back_without_a_copy() {
    let (_folder, out) = output();
    publish(&out, &old_site());
    let path = object(&out, "course");
    let before = fs::metadata(&path).unwrap();
    tierpress::fs::set_mtime(&path, 1_700_000_000).unwrap();
    let published = publish(&out, &old_site());
    assert_eq!((published.objects_written, published.links_made), (0, 0));
    assert_eq!(fs::metadata(&path).unwrap().ino(), before.ino());
    check_clean(&out, &old_site(), LinkMode::Hard);
}

/// Builds that are killed after each number of changes, up to the one that is not.
fn kill_at_every_step(site: &TestSite, link: LinkMode, start: impl Fn(&Path), check: impl Fn(&Path, usize)) {
    let clean = Clean::of(site, link);
    for changes in 0.. {
        let (_folder, out) = output();
        start(&out);
        let fuse = Fuse::after(changes);
        let result = build(&out, site, link, fuse.clone());
        if result.is_ok() {
            assert!(changes > 50, "the last build made {changes} changes");
            return;
        }
        assert!(fuse.is_burnt(), "{:?}", result.err());
        check(&out, changes);
        build(&out, site, link, Fuse::default()).unwrap();
        clean.check(&out);
    }
}

#[test]
fn a_rebuild_killed_at_any_step_leaves_one_build_and_is_put_right() {
    for link in [LinkMode::Hard, LinkMode::Copy] {
        let start = |out: &Path| {
            build(out, &old_site(), link, Fuse::default()).unwrap();
        };
        kill_at_every_step(&new_site(), link, start, |out, changes| {
            let version = check_served(out).version;
            assert!([1_000, 2_000].contains(&version), "after {changes} changes");
            if changes > 0 {
                assert_eq!(current(out, "inputs", 150, Modes { link, ..Modes::default() }), None);
            }
        });
    }
}

#[test]
fn a_first_build_killed_at_any_step_is_put_right() {
    let last = std::cell::Cell::new(0);
    let few = site(&[("/", &["home"]), ("/a/b/", &["full", "teaser"])], 1_000);
    let clean = Clean::of(&few, LinkMode::Hard);
    for changes in (0..).step_by(7) {
        let (_folder, out) = output();
        if build(&out, &few, LinkMode::Hard, Fuse::after(changes)).is_ok() {
            break;
        }
        last.set(changes);
        if out.join("manifest.json").exists() {
            check_served(&out);
        }
        publish(&out, &few);
        clean.check(&out);
    }
    assert!(last.get() > 256);
}

#[test]
fn a_killed_build_can_be_followed_by_any_other() {
    for changes in (1..200).step_by(9) {
        let (_folder, out) = output();
        publish(&out, &old_site());
        let first = build(&out, &new_site(), LinkMode::Hard, Fuse::after(changes)).is_ok();
        let mut third = old_site();
        third.pages.insert("/third/".to_owned(), vec!["third".to_owned(), "third, teaser".to_owned()]);
        third.created = 3_000;
        let second = build(&out, &third, LinkMode::Hard, Fuse::after(changes / 2)).is_ok();
        check_served(&out);
        assert!(!second || first || changes / 2 > 20);
        publish(&out, &TestSite { created: 4_000, ..old_site() });
        let version = check_served(&out).version;
        assert!(version == 1_000 || version >= 3_000, "{version}");
        check_clean(&out, &TestSite { created: manifest(&out).created.seconds(), ..old_site() }, LinkMode::Hard);
    }
}

#[test]
fn after_a_kill_objects_are_read_before_they_are_believed() {
    let (_folder, out) = output();
    publish(&out, &old_site());
    build(&out, &new_site(), LinkMode::Hard, Fuse::after(2)).unwrap_err();
    let path = object(&out, "course");
    let time = fs::metadata(&path).unwrap().mtime();
    alter(&path);
    tierpress::fs::set_mtime(&path, time).unwrap();
    publish(&out, &new_site());
    check_clean(&out, &new_site(), LinkMode::Hard);
}

#[test]
fn a_file_in_the_way_is_an_error_and_the_old_site_stays() {
    for (folder, error) in [("edge", "list"), ("public", "list"), ("tiers", "list"), ("objects", "list")] {
        let (_folder, out) = output();
        publish(&out, &old_site());
        fs::rename(out.join(folder), out.join("away")).unwrap();
        fs::write(out.join(folder), "in the way").unwrap();
        let found = build(&out, &new_site(), LinkMode::Hard, Fuse::default()).unwrap_err();
        let path = out.join(folder);
        assert_eq!(found.to_string(), format!("cannot {error} `{}`: not a directory", path.display()));
        fs::remove_file(&path).unwrap();
        fs::rename(out.join("away"), &path).unwrap();
        check_served(&out);
        publish(&out, &new_site());
        check_clean(&out, &new_site(), LinkMode::Hard);
    }
    let folder = new_folder();
    fs::write(folder.path().join("file"), "").unwrap();
    let error = Publisher::open(&folder.path().join("file/out"), LinkMode::Hard).unwrap_err();
    assert!(error.to_string().ends_with("file/out`: not a directory"), "{error}");
}

#[test]
fn a_full_disk_is_an_error_and_the_old_site_stays() {
    let folder = new_folder();
    let mount =
        |arguments: &[&str]| std::process::Command::new(arguments[0]).args(&arguments[1..]).arg(folder.path()).status();
    let options = ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs"];
    let mounted = mount(&options).is_ok_and(|status| status.success());
    assert!(mounted, "this test fills a small tmpfs, and must be root to mount it");
    let result = std::panic::catch_unwind(|| {
        let out = folder.path().join("out");
        publish(&out, &old_site());
        let mut large = new_site();
        large.pages.insert("/large/".to_owned(), vec!["large ".repeat(1 << 19)]);
        let error = build(&out, &large, LinkMode::Hard, Fuse::default()).unwrap_err();
        assert!(error.to_string().ends_with("no space left on device"), "{error}");
        assert!(!object(&out, &"large ".repeat(1 << 19)).exists());
        assert_eq!(check_served(&out).version, 1_000);
        let file = new_folder();
        fs::write(file.path().join("film"), vec![1; 4 << 20]).unwrap();
        let publisher = Publisher::open(&out, LinkMode::Hard).unwrap();
        let error = publisher.put_file(&file.path().join("film"), "mp4").unwrap_err();
        assert!(error.to_string().ends_with("no space left on device"), "{error}");
        drop(publisher);
        publish(&out, &new_site());
        check_clean(&out, &new_site(), LinkMode::Hard);
    });
    assert!(mount(&["umount"]).unwrap().success());
    result.unwrap();
}

#[test]
fn files_are_objects_like_any_other() {
    let (_folder, out) = output();
    let files = new_folder();
    let (small, large) = (files.path().join("small.PDF"), files.path().join("large"));
    fs::write(&small, "small").unwrap();
    let bytes: Vec<u8> = (0..5_000_000_u32).map(|n| (n % 251) as u8).collect();
    fs::write(&large, &bytes).unwrap();
    let publisher = Publisher::open(&out, LinkMode::Hard).unwrap();
    let stored = publisher.put_file(&small, "PDF").unwrap();
    assert_eq!((stored.name.clone(), stored.size), (ObjectName::of(b"small", "pdf"), 5));
    let mut inodes = BTreeSet::new();
    for _ in 0..2 {
        let stored = publisher.put_file(&large, "").unwrap();
        assert_eq!((stored.name.clone(), stored.size), (ObjectName::of(&bytes, ""), 5_000_000));
        let path = out.join("objects").join(stored.name.as_str());
        inodes.insert(fs::metadata(&path).unwrap().ino());
        assert!(fs::read(&path).unwrap() == bytes);
        assert_eq!(fs::metadata(&path).unwrap().mtime(), sha256(&bytes).mtime());
    }
    drop(publisher);
    let publisher = Publisher::open(&out, LinkMode::Hard).unwrap();
    let stored = publisher.put_file(&large, "").unwrap();
    inodes.insert(fs::metadata(out.join("objects").join(stored.name.as_str())).unwrap().ino());
    assert_eq!(inodes.len(), 1, "it was written once");
    let missing = publisher.put_file(&files.path().join("missing"), "").unwrap_err();
    assert!(missing.to_string().ends_with("missing`: no such file or directory"), "{missing}");
}

#[test]
fn links_and_copies_can_take_turns() {
    let (_folder, out) = output();
    for link in [LinkMode::Hard, LinkMode::Copy, LinkMode::Hard] {
        build(&out, &old_site(), link, Fuse::default()).unwrap();
        check_clean(&out, &old_site(), link);
        let links = fs::metadata(object(&out, "home")).unwrap().nlink();
        assert_eq!(links, if link == LinkMode::Hard { 4 } else { 1 });
        assert!(current(&out, "inputs", 150, Modes { link, ..Modes::default() }).is_some());
    }
}

#[test]
fn trees_can_be_left_out_and_come_back() {
    let (_folder, out) = output();
    publish(&out, &old_site());
    let bare = TestSite { trees: Vec::new(), ..old_site() };
    publish(&out, &bare);
    check_clean(&out, &bare, LinkMode::Hard);
    assert!(!out.join("public").exists() && !out.join("tiers").exists());
    let modes = Modes { trees: TreeMode::None, ..Modes::default() };
    assert!(current(&out, "inputs", 150, modes).is_some());
    assert_eq!(current(&out, "inputs", 150, Modes::default()), None);
    publish(&out, &old_site());
    check_clean(&out, &old_site(), LinkMode::Hard);
}

#[test]
fn an_output_is_current_for_the_same_inputs_in_their_time() {
    for link in [LinkMode::Hard, LinkMode::Copy] {
        let modes = Modes { link, ..Modes::default() };
        let (_folder, out) = output();
        assert_eq!(current(&out, "inputs", 150, modes), None);
        build(&out, &old_site(), link, Fuse::default()).unwrap();
        let before = stamps(&out);
        let summary = Some(serde_json::json!({"pages": 3}));
        let cases = [("inputs", 150, true), ("inputs", 100, true), ("inputs", 199, true)];
        let not = [("others", 150, false), ("inputs", 99, false), ("inputs", 200, false)];
        for (inputs, clock, is_current) in cases.into_iter().chain(not) {
            let expected = summary.clone().filter(|_| is_current);
            assert_eq!(current(&out, inputs, clock, modes), expected, "{inputs} {clock}");
        }
        let other = if link == LinkMode::Hard { LinkMode::Copy } else { LinkMode::Hard };
        assert_eq!(current(&out, "inputs", 150, Modes { link: other, ..modes }), None);
        assert_eq!(stamps(&out), before);
        let tree_file = out.join("tiers/pro/course/one/index.html");
        fs::remove_file(&tree_file).unwrap();
        assert_eq!(current(&out, "inputs", 150, modes), None);
        build(&out, &old_site(), link, Fuse::default()).unwrap();
        assert_eq!(current(&out, "inputs", 150, modes), summary);
    }
}

/// Puts manifest and root into envelopes, as `tierpress sign` does, but for the signature; `change` alters them before.
fn seal(out: &Path, change: impl Fn(&mut serde_json::Value)) {
    use base64::Engine as _;
    for name in ["manifest.json", "edge/root.json"] {
        let mut payload: serde_json::Value = serde_json::from_slice(&fs::read(out.join(name)).unwrap()).unwrap();
        change(&mut payload);
        let payload = base64::engine::general_purpose::STANDARD.encode(payload.to_string());
        let payload_type = tierpress::envelope::PAYLOAD_TYPE;
        let envelope = serde_json::json!({"payload": payload, "payloadType": payload_type, "signatures": []});
        fs::write(out.join(format!("{name}.dsse")), envelope.to_string()).unwrap();
    }
}

#[test]
fn a_signed_manifest_of_another_version_keeps_everything() {
    let (_folder, out) = output();
    publish(&out, &old_site());
    seal(&out, |payload| payload["a_field_of_tomorrow"] = 1.into());
    let signed = manifest(&out);
    for (version, text) in [(2_000, "second"), (3_000, "third"), (4_000, "fourth")] {
        let mut next = new_site();
        next.pages.insert("/next/".to_owned(), vec![text.to_owned()]);
        next.created = version;
        publish(&out, &next);
    }
    for name in signed.objects.keys() {
        assert!(out.join("objects").join(name.as_str()).exists(), "{name}");
    }
    for shard in signed.edge_shards() {
        assert!(out.join("edge").join(&shard.name).exists(), "{}", shard.name);
    }
}

#[test]
fn the_root_of_half_a_build_keeps_its_objects() {
    let (_folder, out) = output();
    publish(&out, &old_site());
    let before = fs::read(out.join("manifest.json")).unwrap();
    let mut half = new_site();
    half.pages.insert("/half/".to_owned(), vec!["only half published".to_owned()]);
    half.created = 2_000;
    publish(&out, &half);
    // As a kill between `edge/root.json` and the manifest leaves it.
    let published = manifest(&out);
    fs::write(out.join("manifest.json"), before).unwrap();
    let mut next = old_site();
    next.pages.insert("/next/".to_owned(), vec!["next".to_owned()]);
    next.created = 3_000;
    publish(&out, &next);
    for name in published.objects.keys() {
        assert!(out.join("objects").join(name.as_str()).exists(), "{name}");
    }
    next.pages.insert("/next/".to_owned(), vec!["after next".to_owned()]);
    next.created = 4_000;
    publish(&out, &next);
    assert!(!object(&out, "only half published").exists(), "nobody's");
}

#[test]
fn a_signed_manifest_keeps_its_objects_and_shards() {
    let (_folder, out) = output();
    publish(&out, &old_site());
    seal(&out, |_| ());
    let signed = manifest(&out);
    let shards: Vec<_> = signed.edge_shards().into_iter().map(|shard| shard.name).collect();
    for (version, text) in [(2_000, "second"), (3_000, "third"), (4_000, "fourth")] {
        let mut next = new_site();
        next.pages.insert("/next/".to_owned(), vec![text.to_owned()]);
        next.created = version;
        publish(&out, &next);
    }
    for name in signed.objects.keys() {
        assert!(out.join("objects").join(name.as_str()).exists(), "{name}");
    }
    for name in shards {
        assert!(out.join("edge").join(&name).exists(), "{name}");
    }
    assert!(object(&out, "third").exists(), "the previous manifest's");
    assert!(!object(&out, "second").exists(), "nobody's");
    assert!(out.join("manifest.json.dsse").exists() && out.join("edge/root.json.dsse").exists());
}

#[test]
fn what_cannot_be_laid_out_is_refused_before_anything_changes() {
    let paths = ["/../x", "/a/../../x", "/a/./b", "/a//b", "//", "x", "", "/a\\b", "/a\0b", "/.tierpress.tmp"];
    let refused = |add: &dyn Fn(&mut TestSite)| {
        let (_folder, out) = output();
        publish(&out, &old_site());
        let mut site = TestSite { created: 2_000, ..old_site() };
        add(&mut site);
        let before = stamps(&out);
        let error = build(&out, &site, LinkMode::Hard, Fuse::default()).unwrap_err();
        let (before, mut after) = (before, stamps(&out));
        // The object of the new route may be there already; the marker says that a build began.
        after.retain(|path, _| before.contains_key(path) && !path.starts_with("objects") && !path.starts_with(".tier"));
        assert!(after.iter().all(|(path, stamp)| before[path] == *stamp));
        assert_eq!(check_served(&out).version, 1_000);
        assert!(!out.join("../x").exists() && !out.join("x").exists());
        publish(&out, &old_site());
        check_clean(&out, &old_site(), LinkMode::Hard);
        error.to_string()
    };
    for path in paths {
        let error = refused(&|site| {
            site.pages.insert(path.to_owned(), vec!["x".to_owned()]);
        });
        assert_eq!(error, format!("`{path}` cannot be the path of a file"));
    }
    let conflicts = [
        ("/course/one", "`/course/one` and `/course/one/` cannot both be files"),
        ("/style.css/", "`/style.css` and `/style.css/` cannot both be files"),
        ("/style.css/x", "`/style.css` and `/style.css/x` cannot both be files"),
        ("/course/index.html", "`/course/` and `/course/index.html` cannot both be files"),
        ("/index.html/", "`/` and `/index.html/` cannot both be files"),
        ("/404.html", "`/404.html` and `/404.html` cannot both be files"),
    ];
    for (path, expected) in conflicts {
        let error = refused(&|site| {
            site.pages.insert(path.to_owned(), vec!["x".to_owned()]);
        });
        assert_eq!(error, expected);
    }
    for folder in ["..", "tiers", "tiers/../x", "objects", "bundles/a/b", "tiers/pro", "/x", "edge", "tiers/PRO"] {
        let error = refused(&|site| site.trees[0].folder = folder.to_owned());
        assert_eq!(error, format!("`{folder}` cannot be a tree"));
    }
    let error = refused(&|site| site.trees[0].choice = vec![Some(0)]);
    assert!(error.starts_with("the tree `public` has no choice for `/course/one/`"), "{error}");
    let error = refused(&|site| site.trees[0].choice = vec![Some(0), Some(2)]);
    assert!(error.starts_with("the tree `public` has no choice for `/course/one/`"), "{error}");
    let error = refused(&|site| site.trees[0].beyond = Some(9));
    assert_eq!(error, "`public` cannot be a tree");
}

#[test]
fn an_object_that_was_not_stored_is_an_error() {
    let (_folder, out) = output();
    publish(&out, &old_site());
    let publisher = Publisher::open(&out, LinkMode::Hard).unwrap();
    let mut manifest = store(&publisher, &old_site()).unwrap();
    let name = ObjectName::of(b"never stored", "html");
    let object = Object { encodings: Vec::new(), size: 12, media_type: "text/html".to_owned() };
    manifest.objects.insert(name.clone(), object);
    let error = publisher.finish(manifest, &old_site().trees, record("inputs"), None).unwrap_err();
    assert_eq!(error.to_string(), format!("the object `{name}` was not stored"));
    check_served(&out);
}

#[test]
fn markers_that_cannot_be_understood_are_ours_all_the_same() {
    for text in ["", "{", "[]", "{\"format\": \"tierpress-output/2\", \"complete\": null}"] {
        let (_folder, out) = output();
        publish(&out, &old_site());
        fs::write(out.join(".tierpress"), text).unwrap();
        assert_eq!(current(&out, "inputs", 150, Modes::default()), None);
        publish(&out, &old_site());
        check_clean(&out, &old_site(), LinkMode::Hard);
    }
}

#[test]
fn a_previous_manifest_is_handed_out() {
    let (_folder, out) = output();
    assert!(Publisher::open(&out, LinkMode::Hard).unwrap().previous().is_none());
    let published = publish(&out, &old_site());
    assert_eq!(Publisher::open(&out, LinkMode::Hard).unwrap().previous(), Some(&published.manifest));
    fs::write(out.join("manifest.json"), "{}").unwrap();
    assert!(Publisher::open(&out, LinkMode::Hard).unwrap().previous().is_none());
}

#[test]
fn many_threads_store_each_object_once() {
    let (_folder, out) = output();
    let publisher = Publisher::open(&out, LinkMode::Hard).unwrap();
    let names: Vec<BTreeSet<ObjectName>> = std::thread::scope(|scope| {
        let put = |number: u32| publisher.put(&number.to_le_bytes(), "html").unwrap().name;
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(move || (0..500).map(put).collect())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(names.iter().all(|found| found.len() == 500 && *found == names[0]));
    let manifest = store(&publisher, &old_site()).unwrap();
    let published = publisher.finish(manifest, &old_site().trees, record("inputs"), None).unwrap();
    assert_eq!(published.objects_written, 520);
}
