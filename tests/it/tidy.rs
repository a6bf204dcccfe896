//! The structure of the code, as a test: who may name whom, and habits that no lint knows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Which modules of the crate each module may name. It has no cycle, and that is tested too.
const MAY_NAME: [(&str, &[&str]); 28] = [
    ("id", &[]),
    ("time", &[]),
    ("escape", &[]),
    ("path", &[]),
    ("digest", &[]),
    ("diagnostic", &[]),
    ("fs", &[]),
    ("access", &["id", "time", "diagnostic"]),
    ("config", &["access", "diagnostic", "id", "time"]),
    ("ledger", &["access", "config", "diagnostic", "digest", "fs", "id", "members", "time"]),
    ("provider", &["access", "config", "id", "members", "time"]),
    ("intake", &["account", "config", "ledger", "members", "provider", "time"]),
    ("site", &["access", "config", "time"]),
    ("manifest", &["access", "digest", "id", "path", "time"]),
    ("edge", &["access", "id", "manifest", "path", "time"]),
    ("members", &["access", "config", "diagnostic", "edge", "escape", "id", "manifest", "time"]),
    ("envelope", &[]),
    (
        "review",
        &["access", "config", "diagnostic", "digest", "edge", "fs", "id", "manifest", "path", "plan", "site", "time"],
    ),
    ("webhooks", &["diagnostic", "id", "ledger", "members", "time"]),
    (
        "server",
        &[
            "access",
            "account",
            "diagnostic",
            "digest",
            "edge",
            "envelope",
            "fs",
            "manifest",
            "members",
            "path",
            "time",
            "webhooks",
        ],
    ),
    ("export", &["access", "diagnostic", "digest", "edge", "id", "manifest", "path", "time"]),
    ("load", &["access", "config", "diagnostic", "escape", "fs", "id", "members", "path", "site", "time"]),
    ("plan", &["access", "diagnostic", "digest", "site", "time"]),
    ("render", &["access", "config", "diagnostic", "escape", "id", "path", "plan", "time"]),
    ("publish", &["diagnostic", "digest", "envelope", "fs", "id", "manifest", "time"]),
    (
        "build",
        &[
            "access",
            "config",
            "diagnostic",
            "digest",
            "fs",
            "id",
            "load",
            "manifest",
            "plan",
            "publish",
            "render",
            "review",
            "site",
            "time",
        ],
    ),
    (
        "account",
        &[
            "access",
            "build",
            "config",
            "diagnostic",
            "edge",
            "fs",
            "id",
            "ledger",
            "manifest",
            "members",
            "path",
            "provider",
            "render",
            "time",
        ],
    ),
    (
        "serve",
        &[
            "access",
            "build",
            "config",
            "diagnostic",
            "digest",
            "edge",
            "escape",
            "fs",
            "id",
            "load",
            "manifest",
            "plan",
            "render",
            "review",
            "server",
            "site",
            "time",
        ],
    ),
];

fn sources() -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        entries.sort();
        for path in entries {
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path, text));
            }
        }
    }
    let mut found = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    found
}

/// The top module a file belongs to.
fn module(path: &Path) -> String {
    let below = path.strip_prefix(Path::new(env!("CARGO_MANIFEST_DIR")).join("src")).unwrap();
    let first = below.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn modules_name_only_those_below_them() {
    let table: BTreeMap<&str, &[&str]> = MAY_NAME.into_iter().collect();
    let mut faults = Vec::new();
    for (path, text) in sources() {
        let own = module(&path);
        if matches!(own.as_str(), "main" | "lib" | "cli") {
            continue;
        }
        let Some(allowed) = table.get(own.as_str()) else {
            faults.push(format!("{} belongs to a module that the table does not have", path.display()));
            continue;
        };
        // Tests at the end of a file may build what they need.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for (at, _) in code.match_indices("crate::") {
            let rest = &code[at + "crate::".len()..];
            let name: String = rest.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            let line = code[..at].lines().last().unwrap_or_default();
            let said = line.trim_start().starts_with("//");
            if !name.is_empty() && name != own && !said && !allowed.contains(&name.as_str()) {
                faults.push(format!("{}: `{own}` names `{name}`", path.display()));
            }
        }
    }
    faults.sort();
    faults.dedup();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_table_has_no_cycle() {
    let mut below: BTreeMap<&str, &[&str]> = MAY_NAME.into_iter().collect();
    while !below.is_empty() {
        let done: Vec<&str> = below
            .iter()
            .filter(|(_, names)| names.iter().all(|name| !below.contains_key(name)))
            .map(|(own, _)| *own)
            .collect();
        assert!(!done.is_empty(), "these name each other: {:?}", below.keys());
        for own in done {
            below.remove(own);
        }
    }
}

#[test]
fn only_plan_makes_passes_and_views() {
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let inside = module(&path) == "plan" || path.ends_with("access/gated.rs");
        for word in ["Pass::under(", "View::new(", "EntryView::new("] {
            assert!(inside || !code.contains(word), "{} makes a view: `{word}`", path.display());
        }
    }
}

#[test]
fn files_begin_with_why_they_exist() {
    for (path, text) in sources() {
        assert!(text.starts_with("//! "), "{} does not say why it exists", path.display());
    }
}

#[test]
fn no_error_is_dropped() {
    for (path, text) in sources() {
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let lost = code.lines().find(|line| line.trim_end().ends_with(".ok();") && !line.contains("let "));
        assert!(lost.is_none(), "{} drops an error: {lost:?}", path.display());
        for word in ["filter_map(Result::ok)", "let _ = ", "    _ = ", "todo!(", "unimplemented!("] {
            assert!(!code.contains(word), "{} drops something: `{word}`", path.display());
        }
    }
}
