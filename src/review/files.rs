//! Files that no page shows, and open addresses that tell of a hidden page by its name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::access::gated::RuleId;
use crate::diagnostic::lint::Lint;
use crate::diagnostic::{Diagnostic, Location};
use crate::plan::Plan;
use crate::site::written::FileRule;
use crate::site::{Content, File, Page};

/// Looks every file over.
pub(super) fn check(plan: &Plan) -> Vec<Diagnostic> {
    let mut found = unshown(plan);
    found.extend(telling_names(plan));
    found
}

/// Open files that nothing shows, folder by folder. Of gated ones `load` has warned already.
fn unshown(plan: &Plan) -> Vec<Diagnostic> {
    let mut folders: BTreeMap<&str, Vec<&File>> = BTreeMap::new();
    for file in
        plan.site().files.iter().filter(|file| file.why == FileRule::Unshown && plan.book().rule(file.rule).is_public())
    {
        let folder = file.source.rsplit_once('/').map_or("", |(folder, _)| folder);
        folders.entry(folder).or_default().push(file);
    }
    let fault = |files: Vec<&File>| {
        let first = files.first()?;
        let message = match files.len() {
            1 => "no page shows this file, and everybody may have it".to_owned(),
            2 => "no page shows this file and another one here, and everybody may have them".to_owned(),
            count => format!("no page shows this file and {} others here, and everybody may have them", count - 1),
        };
        let help = "link or show it, say who it is for with `files:` in the front matter beside it, or delete it";
        Some(Diagnostic::warning(message).at(Location::file(&first.source)).help(help).named(Lint::UnshownFile))
    };
    folders.into_values().filter_map(fault).collect()
}

/// An address with a source, and who may learn of it.
struct Address<'a> {
    url: &'a str,
    source: &'a Arc<str>,
    known: RuleId,
}

/// Addresses that hold the name of a hidden page and are told to some who may not know of it.
fn telling_names(plan: &Plan) -> Vec<Diagnostic> {
    let site = plan.site();
    let hidden: Vec<(&Page, &str)> = site.pages.iter().filter(|page| page.access.hidden).filter_map(named).collect();
    if hidden.is_empty() {
        return Vec::new();
    }
    let pages =
        site.pages.iter().map(|page| Address { url: &page.url, source: &page.source, known: page.access.known });
    let files = site.files.iter().map(|file| {
        let known = if file.hidden { file.rule } else { RuleId::PUBLIC };
        Address { url: &file.url, source: &file.source, known }
    });
    let statics = site.statics.iter().filter_map(|file| match &file.content {
        Content::OnDisk(source) => Some(Address { url: &file.url, source, known: RuleId::PUBLIC }),
        Content::Embedded(_) => None,
    });
    let mut found = Vec::new();
    for address in pages.chain(files).chain(statics) {
        let tells = |(page, name): &&(&Page, &str)| {
            let other = page.source != *address.source && !address.url.starts_with(&page.url);
            other && holds_name(address.url, name) && !plan.book().implies(address.known, page.access.known)
        };
        if let Some((page, name)) = hidden.iter().find(tells) {
            let message = format!(
                "the address `{}` tells of `{}`, which is hidden: both are called `{name}`",
                address.url, page.source
            );
            let fault =
                Diagnostic::warning(message).at(Location::file(address.source)).also(Location::file(&page.source));
            found.push(
                fault.help("rename one of the two, or give the hidden page another `slug`").named(Lint::TellingName),
            );
        }
    }
    found
}

/// A page with the last part of its URL, if that is a name that others would not bear by chance.
fn named(page: &Page) -> Option<(&Page, &str)> {
    let name = page.url.trim_end_matches('/').rsplit_once('/').map(|(_, name)| name)?;
    (name.chars().count() >= 6 || name.contains('-')).then_some((page, name))
}

/// Whether a part of a path is the name, extension aside; or, where the name has several words, holds them.
fn holds_name(url: &str, name: &str) -> bool {
    let stem = |part: &str| part.split_once('.').map_or(part, |(stem, _)| stem).to_lowercase();
    url.split('/').filter(|part| !part.is_empty()).map(stem).any(|part| {
        let words = format!("-{}-", part.replace('_', "-"));
        part == name || (name.contains('-') && words.contains(&format!("-{name}-")))
    })
}
