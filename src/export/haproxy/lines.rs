//! The manifest as the lines that `data.lua` reads: one thing a line, its parts between tabs.
//!
//! No text is escaped: one that would end a part or a line is refused.

use std::collections::BTreeMap;

use super::LANGUAGE;
use crate::access::rule::{Clause, Rule};
use crate::export::ExportError;
use crate::manifest::{self, AccessControl, Kind, Manifest, ObjectName, Pages, Policy, Route, Site, Token};
use crate::time::Timestamp;

/// The format that `data.lua` knows.
const FORMAT: &str = "tierpress-haproxy/1";

/// How many paths a bucket holds, more or less.
const PATHS_OF_A_BUCKET: usize = 16;

/// A key, as the program needs to know it.
pub(super) struct Key<'a> {
    /// What the configuration calls it.
    pub(super) slot: &'a str,
    pub(super) algorithm: &'a str,
    pub(super) kid: Option<&'a str>,
}

/// All lines, the last of which says how many there are.
pub(super) fn data(manifest: &Manifest, keys: &[Key<'_>]) -> Result<String, ExportError> {
    // Whatever else a manifest holds is not looked at to decide.
    let Manifest {
        access_controls,
        build,
        clock,
        created: _,
        format: _,
        objects,
        pages,
        policies,
        redirects,
        routes,
        rules,
        site,
        token,
        version: _,
    } = manifest;
    let mut lines = Lines::default();
    lines.add(&[FORMAT, build])?;
    lines.add(&["clock", &clock.seconds().to_string()])?;
    lines.site(site)?;
    if let Some(token) = token {
        lines.token(token)?;
    }
    for Key { slot, algorithm, kid } in keys {
        let parts = ["key", slot, algorithm];
        lines.add(&parts.into_iter().chain(*kid).collect::<Vec<_>>())?;
    }
    let tier = |control: &&AccessControl| control.kind == Kind::Tier;
    if let Some(AccessControl { id, kind: _ }) = access_controls.iter().find(tier) {
        lines.add(&["lowest_tier", id.as_str()])?;
    }
    lines.objects(objects)?;
    lines.pages(pages)?;
    rules.iter().try_for_each(|rule| lines.rule(rule))?;
    policies.iter().try_for_each(|policy| lines.policy(policy))?;
    lines.paths(routes, redirects)?;
    let count = lines.count + 1;
    lines.add(&["end", &count.to_string()])?;
    Ok(lines.text)
}

#[derive(Default)]
struct Lines<'m> {
    text: String,
    count: usize,
    /// The number of each media type, from 1 on, as Lua counts.
    types: BTreeMap<&'m str, usize>,
    /// The media type of each object.
    objects: BTreeMap<&'m ObjectName, &'m str>,
}

impl<'m> Lines<'m> {
    /// The one door for texts.
    fn add(&mut self, parts: &[&str]) -> Result<(), ExportError> {
        for (number, part) in parts.iter().enumerate() {
            if part.bytes().any(|byte| byte.is_ascii_control()) {
                return Err(ExportError::unquotable(LANGUAGE, part, "a control character"));
            }
            if number > 0 {
                self.text.push('\t');
            }
            self.text.push_str(part);
        }
        self.text.push('\n');
        self.count += 1;
        Ok(())
    }

    fn site(&mut self, site: &Site) -> Result<(), ExportError> {
        let Site { base_url: _, denied_status, login_url, passthrough, refresh_url, title: _, upgrade_url: _ } = site;
        self.add(&["denied_status", &denied_status.to_string()])?;
        for (name, url) in [("login_url", login_url), ("refresh_url", refresh_url)] {
            if let Some(url) = url {
                self.add(&[name, url])?;
            }
        }
        passthrough.iter().try_for_each(|prefix| self.add(&["passthrough", prefix]))
    }

    fn token(&mut self, token: &Token) -> Result<(), ExportError> {
        let Token { audience, claim, cookie, issuer, max_entitlements, max_ttl } = token;
        self.add(&["token", issuer, audience, claim, cookie, &max_ttl.to_string(), &max_entitlements.to_string()])
    }

    fn objects(&mut self, objects: &'m BTreeMap<ObjectName, manifest::Object>) -> Result<(), ExportError> {
        self.objects = objects.iter().map(|(name, object)| (name, object.media_type.as_str())).collect();
        let types: std::collections::BTreeSet<&str> = self.objects.values().copied().collect();
        self.types = types.into_iter().zip(1..).collect();
        self.types.clone().into_keys().try_for_each(|media_type| self.add(&["type", media_type]))
    }

    /// An object with the number of its media type. A manifest that was checked has all objects that it names.
    fn object(&self, name: &ObjectName) -> String {
        let number = self.objects.get(name).and_then(|media_type| self.types.get(media_type));
        format!("{}:{name}", number.copied().unwrap_or_default())
    }

    fn pages(&mut self, pages: &Pages) -> Result<(), ExportError> {
        let Pages { expired, no_tier, not_entitled, not_found, not_signed_in, not_yet } = pages;
        let named = [
            ("expired", expired),
            ("no_tier", no_tier),
            ("not_entitled", not_entitled),
            ("not_found", not_found),
            ("not_signed_in", not_signed_in),
            ("not_yet", not_yet),
        ];
        named.into_iter().try_for_each(|(name, page)| self.add(&["page", name, &self.object(page)]))
    }

    /// Routes and redirects, in buckets: a path is looked for in its own alone.
    fn paths(
        &mut self,
        routes: &BTreeMap<String, Route>,
        redirects: &BTreeMap<String, String>,
    ) -> Result<(), ExportError> {
        let count = (routes.len() + redirects.len()) / PATHS_OF_A_BUCKET + 1;
        let routes = routes.iter().map(|(path, route)| {
            let objects: Vec<String> = route.objects.iter().map(|object| self.object(object)).collect();
            ["route".to_owned(), path.clone(), format!("{} {}", route.policy + 1, objects.join(" "))]
        });
        let redirects = redirects.iter().map(|(path, target)| ["redirect".to_owned(), path.clone(), target.clone()]);
        let mut buckets = vec![Vec::new(); count];
        for line in routes.chain(redirects) {
            let [_, path, _] = &line;
            if let Some(bucket) = buckets.get_mut(bucket_of(path, count)) {
                bucket.push(line);
            }
        }
        for bucket in &buckets {
            self.add(&["bucket"])?;
            bucket.iter().try_for_each(|[kind, path, value]| self.add(&[kind, path, value]))?;
        }
        Ok(())
    }

    fn rule(&mut self, rule: &Rule) -> Result<(), ExportError> {
        self.add(&["rule"])?;
        for Clause { all, from, until } in rule.clauses() {
            self.add(&["clause", &instant(*from), &instant(*until)])?;
            for need in all {
                let ids: Vec<&str> = need.any.iter().map(crate::id::Id::as_str).collect();
                let after = need.after.seconds().to_string();
                self.add(&["need", &after, &instant(need.joined_before), &instant(need.kept), &ids.join(" ")])?;
            }
        }
        Ok(())
    }

    fn policy(&mut self, policy: &Policy) -> Result<(), ExportError> {
        let Policy { cache, open, otherwise, variants } = policy;
        let cache = match cache {
            manifest::Cache::Immutable => "immutable",
            manifest::Cache::Private => "private",
            manifest::Cache::Public => "public",
            manifest::Cache::Timed => "timed",
        };
        let otherwise = match otherwise {
            manifest::Otherwise::Denied => "denied",
            manifest::Otherwise::Hidden => "hidden",
        };
        let rules: Vec<String> = variants.iter().map(|rule| (rule + 1).to_string()).collect();
        self.add(&["policy", cache, &open.to_string(), otherwise, &rules.join(" ")])
    }
}

/// An instant in seconds, or nothing.
fn instant(instant: Option<Timestamp>) -> String {
    instant.map(|instant| instant.seconds().to_string()).unwrap_or_default()
}

/// The number of a path's bucket, from 0 on. The program reckons alike (`data.lua`).
fn bucket_of(path: &str, count: usize) -> usize {
    let mut hash = path.len() as u64;
    for eight in path.as_bytes().chunks(8) {
        let mut bytes = [0; 8];
        bytes.iter_mut().zip(eight).for_each(|(byte, found)| *byte = *found);
        hash = (hash ^ u64::from_le_bytes(bytes)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        hash ^= hash >> 32;
    }
    usize::try_from(hash >> 33).unwrap_or_default() % count
}
