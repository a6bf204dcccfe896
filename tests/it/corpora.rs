//! Eight real sites and one real post, as their authors left them and gated at random.
//!
//! They lie beside the project, not in it (`../shared/corpora`), with tools that gate them and know the truth
//! (`../shared/tools`). What they do not know of, this file does not test: inherited access, titles, shared files.

mod readers;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::built::{Built, build, command, copy, run, shared};
use crate::encoded;
use crate::truth::{TIERS, Truth};

const SEEDS: [&str; 3] = ["1", "2", "3"];

/// What every corpus is built with: a title, an address, and a word for the mechanisms of other generators.
fn site_yaml(corpus: &str) -> String {
    let mut text = format!("title: {corpus}\nbase_url: https://{corpus}.example\nlinks: warn\n");
    if corpus == "rust-blog" {
        // Its posts say `extra.release: true` of a release of Rust, which is no date of ours.
        text += "own_keys: [release]\n";
    }
    text
}

mod unchanged {
    use super::*;

    #[track_caller]
    fn check(corpus: &str) {
        let folder = tempfile::tempdir().unwrap();
        copy(&shared("corpora").join(corpus).join("content"), &folder.path().join("content"));
        fs::write(folder.path().join("site.yaml"), site_yaml(corpus)).unwrap();
        let built = build(folder.path(), &folder.path().join("out"));
        report(corpus, &built);
        let built = built.well();
        let sources = markdown_files(&folder.path().join("content"));
        let accounted = ["pages", "drafts", "later", "expired"].map(|name| built.count(name)).iter().sum::<usize>();
        assert!(accounted >= sources, "{sources} sources, but only {accounted} are accounted for: {:#}", built.said);
    }

    #[test]
    fn federal_blog() {
        check("18f-blog");
    }

    #[test]
    fn eng_practices() {
        check("eng-practices");
    }

    #[test]
    fn hpc_intro() {
        check("hpc-intro");
    }

    #[test]
    fn hugo_docs_part() {
        check("hugo-docs-part");
    }

    #[test]
    fn jekyll_docs() {
        check("jekyll-docs");
    }

    #[test]
    fn opensource_guide() {
        check("opensource-guide");
    }

    #[test]
    fn rust_blog() {
        check("rust-blog");
    }

    #[test]
    fn rust_by_example() {
        check("rust-by-example");
    }

    #[test]
    fn seed_post() {
        check("seed-post");
    }
}

mod gated {
    use super::*;

    #[track_caller]
    fn check(corpus: &str) {
        for seed in SEEDS {
            let site = GatedSite::new(corpus, seed);
            // Encoding takes its time: once for each corpus will do.
            let compress = (seed == SEEDS[0]).then_some("--compress");
            let built = run(command(&site.root, &site.out()).args(compress));
            report(&format!("{corpus}, gated {seed}"), &built);
            built.well();
            site.check_trees();
            assert_eq!(encoded::faults(&site.out()), Vec::<String>::new());
            assert_eq!(site.out().join("public/index.html.br").exists(), compress.is_some());
            readers::check(&site.truth, &site.out(), seed);
            site.check_hostile();
        }
    }

    #[test]
    fn federal_blog() {
        check("18f-blog");
    }

    #[test]
    fn eng_practices() {
        check("eng-practices");
    }

    #[test]
    fn hpc_intro() {
        check("hpc-intro");
    }

    #[test]
    fn hugo_docs_part() {
        check("hugo-docs-part");
    }

    #[test]
    fn jekyll_docs() {
        check("jekyll-docs");
    }

    #[test]
    fn opensource_guide() {
        check("opensource-guide");
    }

    #[test]
    fn rust_blog() {
        check("rust-blog");
    }

    #[test]
    fn rust_by_example() {
        check("rust-by-example");
    }
}

/// A corpus with access tags, gated blocks and canaries, and a catalogue for it.
struct GatedSite {
    /// Removed with this value.
    _folder: tempfile::TempDir,
    root: PathBuf,
    truth: Truth,
    site_yaml: String,
}

impl GatedSite {
    fn new(corpus: &str, seed: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        let mut gate = tool("gate_corpus.py");
        gate.arg(shared("corpora").join(corpus).join("content")).arg(&root);
        gate.arg("--mapping").arg(shared("tools/mapping.json"));
        gate.args(["--no-yaml-check", "--seed", seed, "--copy-assets", "200000"]);
        succeed(&mut gate);
        keep_to_themselves(&root.join("content"));
        let truth = Truth::read(&root.join("truth.json"));
        let site_yaml = site_yaml(corpus) + &catalogue(&truth);
        fs::write(root.join("site.yaml"), &site_yaml).unwrap();
        Self { _folder: folder, root, truth, site_yaml }
    }

    fn out(&self) -> PathBuf {
        self.root.join("out")
    }

    /// The independent checker finds nothing in any tree.
    fn check_trees(&self) {
        let out = self.out();
        let tree = |dir: PathBuf, tier: &str, bundles: &[&str], require: bool| {
            assert!(dir.is_dir(), "no tree {}", dir.display());
            serde_json::json!({"dir": dir, "tier": tier, "bundles": bundles, "days": 10_000, "require": require})
        };
        let mut public = tree(out.join("public"), TIERS[0], &[], true);
        public["days"] = 0.into();
        let mut trees = vec![public];
        trees.extend(TIERS.iter().map(|tier| tree(out.join("tiers").join(tier), tier, &[], true)));
        for bundle in &self.truth.bundles {
            // It holds what the bundle opens beyond the tree of the default tier, and only that.
            let dir = out.join("bundles").join(bundle);
            if dir.exists() {
                trees.push(tree(dir, TIERS[0], &[bundle], false));
            }
        }
        let list = self.root.join("trees.json");
        fs::write(&list, serde_json::to_vec(&trees).unwrap()).unwrap();
        let mut check = tool("gate_check.py");
        succeed(check.arg(self.root.join("truth.json")).arg(list).args(["--meta", "public"]));
    }

    /// Pages whose front matter takes no more keys: refused or built, each by itself, and never a crash.
    fn check_hostile(&self) {
        let hostile = self.root.join("hostile");
        if !hostile.exists() {
            return;
        }
        let site = self.root.join("hostile-site");
        copy(&hostile, &site.join("content"));
        fs::write(site.join("site.yaml"), &self.site_yaml).unwrap();
        let built = build(&site, &site.join("out"));
        assert!((0..=2).contains(&built.code), "exit code {}\n{}", built.code, built.stderr);
        assert!(!built.stderr.contains("panicked"), "{}", built.stderr);
    }
}

/// The tool knows nothing of inheritance: what it writes into an `_index.md` is for that page alone.
fn keep_to_themselves(content: &Path) {
    for entry in walkdir::WalkDir::new(content) {
        let entry = entry.unwrap();
        if entry.file_name() != "_index.md" {
            continue;
        }
        let text = fs::read_to_string(entry.path()).unwrap();
        let (fence, rest) = text.split_once('\n').unwrap();
        let cascade = match fence.trim_end() {
            "---" => "cascade: {access: public, drip: none, draft: false}",
            "+++" => "cascade = {access = 'public', drip = 'none', draft = false}",
            _ => panic!("{} has no front matter", entry.path().display()),
        };
        fs::write(entry.path(), format!("{fence}\n{cascade}\n{rest}")).unwrap();
    }
}

fn catalogue(truth: &Truth) -> String {
    let mut text = String::from("access:\n  default: public\n  default_tier: free\n  tiers:\n");
    for tier in TIERS {
        let free = if tier == "free" { ", free: true" } else { "" };
        text += &format!("    - {{id: {tier}, title: {tier}{free}}}\n");
    }
    if !truth.bundles.is_empty() {
        text += "  bundles:\n";
    }
    for bundle in &truth.bundles {
        text += &format!("    - {{id: {bundle}, title: {bundle}}}\n");
    }
    text
}

fn tool(name: &str) -> Command {
    let mut command = Command::new("python3");
    command.arg("-B").arg(shared("tools").join(name));
    command
}

#[track_caller]
fn succeed(command: &mut Command) {
    let output = command.output().expect("python3 starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{command:?}\n{said}\n{}", String::from_utf8_lossy(&output.stderr));
}

/// One line of the table that `--show-output` shows.
fn report(name: &str, built: &Built) {
    let pages = if built.code == 0 { built.count("pages") } else { 0 };
    let (warnings, errors) = (built.diagnostics("warning"), built.diagnostics("error"));
    let seconds = built.time.as_secs_f64();
    println!("{name:<28} {pages:>5} pages {warnings:>5} warnings {errors:>3} errors {seconds:>6.2} s");
}

fn markdown_files(folder: &Path) -> usize {
    let is_page = |name: &str| name.ends_with(".md") || name.ends_with(".markdown");
    walkdir::WalkDir::new(folder)
        .into_iter()
        .filter(|entry| is_page(&entry.as_ref().unwrap().file_name().to_string_lossy().to_lowercase()))
        .count()
}
