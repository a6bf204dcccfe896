//! Two builds of the same input are the same, byte for byte.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::built::{build, command, command_at, contents, copy, differences, run};
use crate::generated::course::Course;
use crate::generated::ours::{self, Gating};

/// Three sections, so that there are bundles, tags that span sections and a last section that is not full.
const COURSE: Course = Course { lessons: 60, seed: 7 };

struct Site {
    folder: tempfile::TempDir,
    root: PathBuf,
}

impl Site {
    fn new(gating: Gating) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        ours::write(&root, COURSE, gating).unwrap();
        Self { folder, root }
    }

    fn out(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

#[track_caller]
fn assert_same(left: &Path, right: &Path) {
    let (left, right) = (contents(left), contents(right));
    assert!(!left.is_empty(), "nothing was built");
    let differences = differences(&left, &right);
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
}

#[test]
fn any_number_of_threads() {
    for gating in [Gating::Gated, Gating::Open] {
        let site = Site::new(gating);
        for threads in ["1", "2", "8"] {
            let compress = (gating == Gating::Gated).then_some("--compress");
            run(command(&site.root, &site.out(threads)).args(compress).env("RAYON_NUM_THREADS", threads)).well();
        }
        assert_same(&site.out("1"), &site.out("2"));
        assert_same(&site.out("1"), &site.out("8"));
    }
}

#[test]
fn compression_comes_and_goes_on_an_unchanged_site() {
    let site = Site::new(Gating::Gated);
    let turn = |out: &str, compress: bool| {
        let built = run(command(&site.root, &site.out(out)).args(compress.then_some("--compress"))).well();
        assert_eq!(crate::encoded::faults(&site.out(out)), Vec::<String>::new());
        assert_eq!(built.count("compressed") > 0, compress);
        built.said["unchanged"].as_bool().unwrap()
    };
    for compress in [true, false] {
        let (fresh, turns) = (format!("fresh {compress}"), format!("turns {compress}"));
        turn(&fresh, compress);
        let unchanged = [!compress, compress, compress].map(|compress| turn(&turns, compress));
        assert_eq!(unchanged, [false, false, true]);
        assert_same(&site.out(&fresh).join("public"), &site.out(&turns).join("public"));
    }
}

#[test]
fn another_folder() {
    let site = Site::new(Gating::Gated);
    let elsewhere = site.out("a folder with spaces/and another");
    copy(&site.root, &elsewhere);
    build(&site.root, &site.out("here")).well();
    build(&elsewhere, &site.out("there")).well();
    assert_same(&site.out("here"), &site.out("there"));

    // The same by relative paths, from inside the site.
    let inside = run(command(Path::new("."), Path::new("../inside")).current_dir(&site.root));
    inside.well();
    assert_same(&site.out("here"), &site.out("inside"));
}

#[test]
fn files_created_in_another_order() {
    let site = Site::new(Gating::Gated);
    let backwards = site.out("backwards");
    for (name, bytes) in contents(&site.root).iter().rev().filter(|(name, _)| !name.ends_with('/')) {
        let path = backwards.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    build(&site.root, &site.out("one")).well();
    build(&backwards, &site.out("two")).well();
    assert_same(&site.out("one"), &site.out("two"));
}

#[test]
fn a_second_build_writes_nothing() {
    let site = Site::new(Gating::Gated);
    let out = site.out("out");
    build(&site.root, &out).well();
    let (bytes, touched) = (contents(&out), changes(&out));
    build(&site.root, &out).well();
    assert_eq!(changes(&out), touched, "something was written again");
    assert!(differences(&contents(&out), &bytes).is_empty());

    // Neither does a later clock, where it changes nothing but itself.
    run(&mut command_at(&site.root, &out, "2026-12-02T00:00:00Z")).well();
    assert_eq!(changes(&out), touched, "a later clock alone wrote something");
}

#[test]
fn links_and_copies_hold_the_same() {
    let site = Site::new(Gating::Gated);
    build(&site.root, &site.out("linked")).well();
    run(command(&site.root, &site.out("copied")).args(["--link", "copy"])).well();
    for out in ["linked", "copied"] {
        // The marker says how the trees were made.
        fs::remove_file(site.out(out).join(".tierpress")).unwrap();
    }
    assert_same(&site.out("linked"), &site.out("copied"));
}

/// What changes of a file or folder when anything is done to it: its inode and the instant of its last change.
fn changes(folder: &Path) -> Vec<(PathBuf, u64, i64, i64)> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            (entry.into_path(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
        })
        .collect()
}
