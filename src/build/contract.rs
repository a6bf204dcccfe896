//! The manifest of a plan and its objects, and which tree gets what.

use std::collections::BTreeMap;

use crate::access::entitlement::{Reader, typical_readers};
use crate::access::gated::RuleId;
use crate::access::rule::Rule;
use crate::build::Objects;
use crate::id::Id;
use crate::manifest::{self, AccessControl, Cache, Kind, Manifest, ObjectName, Otherwise, Pages, Policy, Route};
use crate::plan::{Plan, Subject};
use crate::publish::{Stored, Tree};
use crate::site::Site;
use crate::time::Timestamp;

/// Numbers rules and policies in the order in which routes ask for them.
struct Registry<'a> {
    plan: &'a Plan,
    rules: Vec<Rule>,
    numbers: BTreeMap<RuleId, usize>,
    policies: Vec<Policy>,
    known: BTreeMap<Policy, usize>,
    objects: BTreeMap<ObjectName, manifest::Object>,
}

impl Registry<'_> {
    fn rule(&mut self, id: RuleId) -> usize {
        if let Some(number) = self.numbers.get(&id) {
            return *number;
        }
        self.rules.push(self.plan.book().rule(id).clone());
        self.numbers.insert(id, self.rules.len() - 1);
        self.rules.len() - 1
    }

    fn policy(&mut self, requirements: &[RuleId], open: usize, hidden: bool) -> usize {
        let book = self.plan.book();
        let all_public = requirements.iter().all(|rule| *rule == RuleId::PUBLIC);
        let cache = if all_public {
            Cache::Public
        } else if requirements.iter().all(|rule| book.rule(*rule).same_for_all()) {
            Cache::Timed
        } else {
            Cache::Private
        };
        let variants = requirements.iter().map(|rule| self.rule(*rule)).collect();
        let otherwise = if hidden { Otherwise::Hidden } else { Otherwise::Denied };
        let policy = Policy { cache, open, otherwise, variants };
        if let Some(number) = self.known.get(&policy) {
            return *number;
        }
        self.known.insert(policy.clone(), self.policies.len());
        self.policies.push(policy);
        self.policies.len() - 1
    }

    fn object(&mut self, stored: &Stored, url: &str) -> ObjectName {
        let name = stored.name.clone();
        if !self.objects.contains_key(&name) {
            let object = manifest::Object { encodings: Vec::new(), size: stored.size, media_type: content_type(url) };
            self.objects.insert(name.clone(), object);
        }
        name
    }
}

/// The media type of a URL: of a page where it ends in a slash.
fn content_type(url: &str) -> String {
    if url.ends_with('/') {
        return "text/html; charset=utf-8".to_owned();
    }
    let guess = mime_guess::from_path(url).first_or_octet_stream();
    let essence = guess.essence_str().to_owned();
    let is_text = essence.starts_with("text/")
        || matches!(essence.as_str(), "application/json" | "application/javascript" | "image/svg+xml");
    if is_text { format!("{essence}; charset=utf-8") } else { essence }
}

/// The manifest.
#[must_use]
pub(super) fn manifest(plan: &Plan, stored: &Objects, created: Timestamp) -> Manifest {
    let site = plan.site();
    let mut registry = Registry {
        plan,
        rules: vec![Rule::public()],
        numbers: BTreeMap::from([(RuleId::PUBLIC, 0)]),
        policies: Vec::new(),
        known: BTreeMap::new(),
        objects: BTreeMap::new(),
    };
    let mut routes = BTreeMap::new();
    let mut specials: BTreeMap<&str, ObjectName> = BTreeMap::new();
    for (output, objects) in plan.outputs.iter().zip(&stored.outputs) {
        let url = output.url.as_deref().unwrap_or("/");
        let names: Vec<ObjectName> = objects.iter().map(|object| registry.object(object, url)).collect();
        match (output.subject, &output.url) {
            (Subject::NotFound, _) => specials.extend(names.first().map(|name| ("not_found", name.clone()))),
            (Subject::Denial(reason), _) => specials.extend(names.first().map(|name| (reason, name.clone()))),
            (_, Some(url)) if !names.is_empty() => {
                let requirements: Vec<RuleId> =
                    output.shape.variants.iter().map(|variant| variant.requirement).collect();
                let policy = registry.policy(&requirements, output.shape.open, output.hidden);
                routes.insert(url.clone(), Route { objects: names, policy });
            }
            _ => {}
        }
    }
    for (file, object) in site.files.iter().zip(&stored.files) {
        let policy = registry.policy(&[file.rule], 1, file.hidden);
        let object = registry.object(object, &file.url);
        routes.insert(file.url.clone(), Route { objects: vec![object], policy });
    }
    for (file, object) in site.statics.iter().zip(&stored.statics) {
        let policy = registry.policy(&[RuleId::PUBLIC], 1, false);
        let object = registry.object(object, &file.url);
        routes.insert(file.url.clone(), Route { objects: vec![object], policy });
    }
    let Registry { rules, policies, objects, .. } = registry;
    finish(site, (routes, policies, rules, objects), &specials, created)
}

type Parts = (BTreeMap<String, Route>, Vec<Policy>, Vec<Rule>, BTreeMap<ObjectName, manifest::Object>);

fn finish(
    site: &Site,
    (routes, policies, rules, objects): Parts,
    specials: &BTreeMap<&str, ObjectName>,
    created: Timestamp,
) -> Manifest {
    let config = &site.config;
    let catalogue = &config.catalogue;
    let tiers = catalogue.tiers().iter().map(|tier| AccessControl { id: tier.id.clone(), kind: Kind::Tier });
    let bundles = catalogue.bundles().iter().map(|bundle| AccessControl { id: bundle.id.clone(), kind: Kind::Bundle });
    // The plan always has them; were one missing, publishing would refuse the name of what was never stored.
    let special = |reason: &str| specials.get(reason).cloned().unwrap_or_else(|| ObjectName::of(b"", "html"));
    Manifest {
        access_controls: tiers.chain(bundles).collect(),
        build: String::new(),
        clock: site.clock,
        created,
        format: manifest::FORMAT.to_owned(),
        objects,
        pages: Pages {
            expired: special("expired"),
            no_tier: special("no_tier"),
            not_entitled: special("not_entitled"),
            not_found: special("not_found"),
            not_signed_in: special("not_signed_in"),
            not_yet: special("not_yet"),
        },
        policies,
        redirects: site.redirects.clone(),
        routes,
        rules,
        site: manifest::Site {
            base_url: config.base_url.clone(),
            denied_status: config.denied_status,
            login_url: config.login_url.clone(),
            passthrough: config.passthrough.clone(),
            refresh_url: config.refresh_url.clone(),
            title: config.title.clone(),
            upgrade_url: config.upgrade_url.clone(),
        },
        token: Some(manifest::Token {
            audience: config.token.audience.clone(),
            claim: config.token.claim.clone(),
            cookie: config.token.cookie.clone(),
            issuer: config.token.issuer.clone(),
            max_entitlements: config.token.max_entitlements,
            max_ttl: config.token.max_ttl,
        }),
        version: 0,
    }
}

/// The readers for whom the site is laid out: a visitor, every tier, every bundle with the default tier.
#[must_use]
pub(super) fn readers(site: &Site) -> Vec<(String, Reader)> {
    let catalogue = &site.config.catalogue;
    let folder = |held: Option<Id>| match held {
        None => "public".to_owned(),
        Some(id) if catalogue.kind(&id) == Some(Kind::Bundle) => format!("bundles/{id}"),
        Some(id) => format!("tiers/{id}"),
    };
    typical_readers(catalogue).into_iter().map(|(held, reader)| (folder(held), reader)).collect()
}

/// The trees: what each of those readers is served at the build's clock.
#[must_use]
pub(super) fn trees(site: &Site, manifest: &Manifest) -> Vec<Tree> {
    let readers = readers(site);
    let default = site.config.catalogue.default_tier().map_or("public".to_owned(), |tier| format!("tiers/{tier}"));
    let base = readers.iter().position(|(folder, _)| *folder == default);
    let tree = |(folder, reader): &(String, Reader)| {
        let holds = |rule: &usize| manifest.rules.get(*rule).is_some_and(|rule| rule.holds(reader, site.clock));
        let is_bundle = folder.starts_with("bundles/");
        Tree {
            choice: manifest.policies.iter().map(|policy| policy.variants.iter().position(holds)).collect(),
            beyond: if is_bundle { base } else { None },
            not_found: !is_bundle,
            // Of the trees only this one may lie on a plain host, which is what finds such files by their names.
            encoded: folder == "public",
            folder: folder.clone(),
        }
    };
    readers.iter().map(tree).collect()
}

/// The next instant at which something is released or ends by itself, comes within the horizon, or is for those alone who
/// joined before: then a paywall names other ways in.
#[must_use]
pub(super) fn next_change(plan: &Plan) -> Option<Timestamp> {
    let site = plan.site();
    let bounds = plan.book().rules().iter().filter_map(|rule| rule.next_bound(site.clock));
    let horizon = site.config.release_horizon.seconds();
    let later = site.skipped.later.iter().map(|(_, release)| Timestamp::saturating(release.seconds() - horizon));
    let needs = plan.book().rules().iter().flat_map(|rule| rule.clauses()).flat_map(|clause| &clause.all);
    let joined = needs.filter_map(|need| need.joined_before).filter(|joined| *joined > site.clock);
    bounds.chain(later).chain(joined).min()
}
