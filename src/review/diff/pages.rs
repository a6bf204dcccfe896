//! Which path of one manifest is which of the other: kept, moved, vanished, appeared.

use std::collections::{BTreeMap, BTreeSet};

use super::pair::{Pair, Readers, Side};
use super::{Access, Change, What};
use crate::digest::ObjectName;
use crate::manifest::Route;

/// Every path that is not as it was, in order.
pub(super) fn changes(pair: &Pair<'_>) -> Vec<Change> {
    let readers = pair.before.readers();
    let mut pages =
        Pages { pair, readers: &readers, known: BTreeMap::new(), found: Vec::new(), targets: BTreeSet::new() };
    let twins = twins(pair);
    for (path, route) in pair.before.routes() {
        pages.old(path, route, &twins);
    }
    for (path, target) in &pair.before.manifest.redirects {
        if pair.before.find(path).is_some() && pair.after.find(path).is_none() {
            let led_to = Some(target.clone());
            pages.found.push(Change { led_to, ..Change::new(path, What::Vanished) });
        }
    }
    for (path, route) in pair.after.routes() {
        if pair.before.route(path).is_none() && !pages.targets.contains(path.as_str()) {
            let access = pages.access(None, Some(route.policy));
            let parts = pair.again(&readers, route);
            pages.found.push(Change { access, parts, ..Change::new(path, What::Appeared) });
        }
    }
    let mut found = pages.found;
    pair.add_moved_in(&mut found);
    found.sort_by(|a, b| (&a.path, &a.was).cmp(&(&b.path, &b.was)));
    found
}

struct Pages<'a> {
    pair: &'a Pair<'a>,
    /// Who was given each object, and where.
    readers: &'a Readers<'a>,
    /// What is known of two policies.
    known: BTreeMap<(Option<usize>, Option<usize>), Access>,
    found: Vec<Change>,
    /// Where something moved to.
    targets: BTreeSet<&'a str>,
}

impl<'a> Pages<'a> {
    fn access(&mut self, before: Option<usize>, after: Option<usize>) -> Access {
        let known = self.known.entry((before, after));
        known.or_insert_with(|| self.pair.access(before, after)).clone()
    }

    fn old(&mut self, path: &str, route: &'a Route, twins: &BTreeMap<&str, &'a str>) {
        let pair = self.pair;
        if let Some(after) = pair.after.route(path) {
            let change = self.both((path, path), What::Kept, (route, after));
            if !change.is_content_alone() || change.content {
                self.found.push(change);
            }
            return;
        }
        let led = pair.after.find(path);
        let twin = twins.get(path).and_then(|twin| pair.after.manifest.routes.get_key_value(*twin));
        let Some((target, after)) = led.or(twin) else {
            let access = self.access(Some(route.policy), None);
            self.found.push(Change { access, ..Change::new(path, What::Vanished) });
            return;
        };
        self.targets.insert(target);
        let change = self.both((path, target), What::Moved, (route, after));
        self.found.push(Change { was: Some(path.to_owned()), redirect: led.is_some(), ..change });
    }

    fn both(&mut self, (was, path): (&str, &str), what: What, (before, after): (&'a Route, &'a Route)) -> Change {
        // The sitemap names what is said of the pages themselves.
        let parts = if path == "/sitemap.xml" { None } else { self.pair.parts((was, before), (path, after)) };
        Change {
            access: self.access(Some(before.policy), Some(after.policy)),
            parts,
            brought: self.pair.bytes_from_elsewhere(self.readers, before, after),
            content: before.objects != after.objects,
            ..Change::new(path, what)
        }
    }
}

impl<'a> Side<'a> {
    /// Every path that it serves itself.
    pub(super) fn routes(&self) -> impl Iterator<Item = (&'a String, &'a Route)> {
        let routes = &self.manifest.routes;
        routes.iter().filter(|(path, _)| !path.starts_with("/_tierpress/") && !self.passes(path))
    }

    fn route(&self, path: &str) -> Option<&'a Route> {
        self.manifest.routes.get(path).filter(|_| !self.passes(path))
    }

    /// Where a path leads: to itself, by a redirect, or with a slash put to it.
    fn find(&self, path: &str) -> Option<(&'a String, &'a Route)> {
        if self.passes(path) {
            return None;
        }
        let routes = &self.manifest.routes;
        let redirect = || routes.get_key_value(self.manifest.redirects.get(path)?);
        let slash = || if path.ends_with('/') { None } else { routes.get_key_value(&format!("{path}/")) };
        routes.get_key_value(path).or_else(redirect).or_else(slash)
    }

    /// Whether a path belongs to another server.
    fn passes(&self, path: &str) -> bool {
        let below = |rest: &str, prefix: &str| prefix.ends_with('/') || rest.is_empty() || rest.starts_with('/');
        let passthrough = &self.manifest.site.passthrough;
        passthrough.iter().any(|prefix| path.strip_prefix(prefix.as_str()).is_some_and(|rest| below(rest, prefix)))
    }
}

/// Paths that are gone, and new ones with the very same objects; only where both are the only ones with them.
fn twins<'a>(pair: &Pair<'a>) -> BTreeMap<&'a str, &'a str> {
    let alone = |these: &Side<'a>, those: &Side<'a>| {
        let mut found: BTreeMap<&'a [ObjectName], Option<&'a str>> = BTreeMap::new();
        for (path, route) in these.routes().filter(|(path, _)| those.find(path).is_none()) {
            let path = Some(path.as_str());
            found.entry(&route.objects).and_modify(|known| *known = None).or_insert(path);
        }
        found
    };
    let (gone, come) = (alone(&pair.before, &pair.after), alone(&pair.after, &pair.before));
    gone.iter().filter_map(|(objects, path)| Some(((*path)?, (*come.get(objects)?)?))).collect()
}
