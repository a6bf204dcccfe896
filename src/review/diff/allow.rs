//! What a pipeline stops at, and what it was told to let pass.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobMatcher};

use super::{Alarm, Diff, Opening, settings};

/// Paths that may change, each with the reason why.
#[derive(Clone, Debug, Default)]
pub struct Allowed(Vec<Entry>);

#[derive(Clone, Debug)]
struct Entry {
    line: usize,
    glob: GlobMatcher,
    written: String,
}

/// A line of such a list that cannot be read.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{message}")]
pub struct BadEntry {
    /// The line, from 1.
    pub line: usize,
    /// The line itself.
    pub text: String,
    /// What is wrong.
    pub message: String,
}

/// A path that changed in a way that nobody allowed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stopped {
    /// The path.
    pub path: String,
    /// In what way.
    pub alarm: Alarm,
    /// What of it opened, where that is the alarm.
    pub opening: Opening,
}

/// What came of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// Paths that nobody allowed to change so.
    pub found: Vec<Stopped>,
    /// How many were allowed.
    pub allowed: usize,
    /// Entries that allow nothing: line and glob.
    pub idle: Vec<(usize, String)>,
}

impl Allowed {
    /// Reads a list: a glob and a reason a line; empty lines and lines that begin with `#` say nothing.
    ///
    /// # Errors
    /// Every line that is no glob with a reason.
    pub fn parse(text: &str) -> Result<Self, Vec<BadEntry>> {
        let lines = text.lines().enumerate().map(|(number, line)| (number + 1, line.trim()));
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let (mut entries, mut faults) = (Vec::new(), Vec::new());
        for (line, text) in lines {
            match entry(line, text) {
                Ok(entry) => entries.push(entry),
                Err(message) => faults.push(BadEntry { line, text: text.to_owned(), message }),
            }
        }
        if faults.is_empty() { Ok(Self(entries)) } else { Err(faults) }
    }
}

fn entry(line: usize, text: &str) -> Result<Entry, String> {
    let (glob, reason) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let glob = glob.trim();
    if !glob.starts_with(['/', '*']) && !glob.starts_with(settings::PATH) {
        return Err(format!("`{glob}` is no path: it begins with `/`, or with `{}:` for a setting", settings::PATH));
    }
    if reason.trim().is_empty() {
        return Err(format!("`{glob}` has no reason"));
    }
    // `*` stays within a folder; `**` does not.
    let built = GlobBuilder::new(glob).literal_separator(true).build();
    let matcher = built.map_err(|error| format!("`{glob}` is no glob: {}", error.kind()))?.compile_matcher();
    Ok(Entry { line, glob: matcher, written: glob.to_owned() })
}

impl Diff {
    /// Looks for what a pipeline is to stop at.
    #[must_use]
    pub fn judge(&self, stop_at: &BTreeSet<Alarm>, allowed: &Allowed) -> Verdict {
        let mut verdict = Verdict::default();
        let mut used = BTreeSet::new();
        let mut judge = |stopped: Stopped, was: Option<&str>| {
            let paths = || std::iter::once(stopped.path.as_str()).chain(was);
            let by = |entry: &&Entry| paths().any(|path| entry.glob.is_match(path));
            let by: Vec<usize> = allowed.0.iter().filter(by).map(|entry| entry.line).collect();
            if by.is_empty() {
                verdict.found.push(stopped);
            } else {
                verdict.allowed += 1;
            }
            used.extend(by);
        };
        for setting in self.settings.iter().filter(|_| stop_at.contains(&Alarm::Open)) {
            judge(Stopped { path: setting.path(), alarm: Alarm::Open, opening: Opening::Setting }, None);
        }
        for change in &self.changes {
            for alarm in change.alarms().intersection(stop_at) {
                let (path, opening) = (change.path.clone(), change.opening());
                judge(Stopped { path, alarm: *alarm, opening }, change.was.as_deref());
            }
        }
        let idle = allowed.0.iter().filter(|entry| !used.contains(&entry.line));
        verdict.idle = idle.map(|entry| (entry.line, entry.written.clone())).collect();
        verdict
    }
}
