//! Reading a manifest: once over its bytes, every name kept once, maps filled in one go.
//!
//! A site of 100,000 pages has up to 50 MB of manifest, most of it the names of objects, which stand with the objects and again
//! with the routes. Here a route shares the name of the object it leads to, and finding that name is the proof that there
//! is such an object. An edge holds two manifests while it takes a new one in.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{AccessControl, FORMAT, Manifest, ManifestError, Object, ObjectName, Pages, Policy, Route, Site, Token};
use crate::access::rule::Rule;
use crate::time::Timestamp;

/// A manifest whose large parts are still text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts<'a> {
    access_controls: Vec<AccessControl>,
    build: String,
    clock: Timestamp,
    created: Timestamp,
    format: String,
    #[serde(borrow)]
    objects: &'a RawValue,
    pages: Pages,
    policies: Vec<Policy>,
    #[serde(borrow)]
    redirects: &'a RawValue,
    #[serde(borrow)]
    routes: &'a RawValue,
    rules: Vec<Rule>,
    site: Site,
    #[serde(default)]
    token: Option<Token>,
    version: u64,
}

/// Read where a manifest is no manifest, so that another format is named and not blamed for its fields.
#[derive(Deserialize)]
struct Head {
    format: String,
}

/// Reads a manifest, and says whether every name in its routes is that of an object.
pub(super) fn read(bytes: &[u8]) -> Result<(Manifest, bool), ManifestError> {
    let parts = match serde_json::from_slice::<Parts<'_>>(bytes) {
        Ok(Parts { format, .. }) if format != FORMAT => return Err(ManifestError::Format(format)),
        Ok(parts) => parts,
        Err(error) => {
            let head = serde_json::from_slice::<Head>(bytes).ok().filter(|head| head.format != FORMAT);
            return Err(head.map_or(ManifestError::Json(error), |head| ManifestError::Format(head.format)));
        }
    };
    let Parts {
        access_controls,
        build,
        clock,
        created,
        format,
        objects,
        pages,
        policies,
        redirects,
        routes,
        rules,
        site,
        token,
        version,
    } = parts;
    let objects: BTreeMap<ObjectName, Object> = map(objects, |_| ())?;
    let mut all_found = true;
    let share = |name: &mut ObjectName| match objects.get_key_value(name) {
        Some((known, _)) => *name = known.clone(),
        None => all_found = false,
    };
    let routes = routes_of(routes, share)?;
    let redirects = map(redirects, |_: &mut String| ())?;
    let manifest = Manifest {
        access_controls,
        build,
        clock,
        created,
        format,
        objects,
        pages,
        policies,
        redirects,
        routes,
        rules,
        site,
        token,
        version,
    };
    Ok((manifest, all_found))
}

/// Reads routes, and hands out each name of an object.
fn routes_of(
    text: &RawValue,
    mut share: impl FnMut(&mut ObjectName),
) -> Result<BTreeMap<String, Route>, ManifestError> {
    map(text, |route: &mut Route| {
        route.objects.iter_mut().for_each(&mut share);
        route.objects.shrink_to_fit();
    })
}

/// Reads a map, of several entries with one key the last one, and sees to each value. A map that is made from all entries
/// at once is half as large as one that they are put into one by one.
fn map<K, V>(text: &RawValue, each: impl FnMut(&mut V)) -> Result<BTreeMap<K, V>, ManifestError>
where
    K: Ord + DeserializeOwned,
    V: DeserializeOwned,
{
    let mut text = serde_json::Deserializer::from_str(text.get());
    let entries = text.deserialize_map(Entries { each, of: PhantomData })?;
    Ok(entries.into_iter().collect())
}

struct Entries<F, K, V> {
    each: F,
    of: PhantomData<(K, V)>,
}

impl<'de, F: FnMut(&mut V), K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Entries<F, K, V> {
    type Value = Vec<(K, V)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((key, mut value)) = map.next_entry()? {
            (self.each)(&mut value);
            entries.push((key, value));
        }
        Ok(entries)
    }
}
