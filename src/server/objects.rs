//! The objects of a build, opened by their names in the manifest and by nothing else.
//!
//! Small ones are held in memory, shared by name: a name never changes its meaning, so nothing held is ever stale. Large
//! ones are opened anew for each answer and read piece by piece.

use std::hash::{Hash, Hasher};
use std::io::Read as _;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use hyper::HeaderMap;
use hyper::body::Bytes;
use quick_cache::Equivalent;
use quick_cache::sync::Cache;

use crate::edge::Decision;
use crate::fs::{self, File};
use crate::manifest::{Encoding, Manifest, Object};

/// The largest object that is held in memory, in bytes.
const LARGEST_HELD: u64 = 1024 * 1024;
/// No object may take more than this part of the memory there is.
const SHARE: u64 = 16;
/// What holding an object costs besides its bytes.
const OVERHEAD: u64 = 2 * 1024;
/// How large an object is on average, for the size of the tables.
const USUAL_SIZE: u64 = 8 * 1024;

/// Where objects lie, and those that are in memory.
#[derive(Debug)]
pub(super) struct Objects {
    folder: PathBuf,
    memory: Cache<Key, Arc<Stored>, Weight>,
    largest_held: u64,
}

/// A form of an object: its name and its encoding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form<'a> {
    pub(super) name: &'a str,
    pub(super) encoding: Option<Encoding>,
}

/// An object in memory.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) bytes: Bytes,
    /// The headers that the first answer with it had: most have these again.
    pub(super) headers: OnceLock<(Shape, HeaderMap)>,
}

/// All that the headers of an answer with an object depend on, besides the object itself.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Shape {
    /// The decision, less its borrowed object.
    decision: Decision<'static>,
    /// What the manifest says of the object.
    object: Object,
}

/// An object that is ready to be sent.
#[derive(Debug)]
pub(super) enum Opened {
    Stored(Arc<Stored>),
    File { file: File, size: u64 },
}

impl Shape {
    /// What the headers of this decision depend on.
    pub(super) fn of(decision: &Decision<'_>, object: &Object) -> Self {
        Self { decision: Decision { object: None, ..decision.clone() }, object: object.clone() }
    }

    /// Whether an answer to this decision has the same headers.
    pub(super) fn is_of(&self, decision: &Decision<'_>, object: &Object) -> bool {
        let Decision { outcome, status, reason, object: _, location, available_at, cache, clear_cookie } = decision;
        let own = &self.decision;
        own.outcome == *outcome
            && own.status == *status
            && own.reason == *reason
            && own.location == *location
            && own.available_at == *available_at
            && own.cache == *cache
            && own.clear_cookie == *clear_cookie
            && self.object == *object
    }
}

impl Objects {
    /// Objects of this folder, of which so many bytes are held in memory.
    pub(super) fn new(folder: PathBuf, memory: u64) -> Self {
        let items = usize::try_from(memory / USUAL_SIZE).unwrap_or(usize::MAX);
        let memory_cache = Cache::with_weighter(items, memory, Weight);
        Self { folder, memory: memory_cache, largest_held: LARGEST_HELD.min(memory / SHARE) }
    }

    /// A form that is in memory.
    pub(super) fn stored(&self, form: Form<'_>) -> Option<Arc<Stored>> {
        self.memory.get(&form)
    }

    /// Opens a form, and holds it in memory if it is small. This reads the disk and may take its time.
    ///
    /// # Errors
    /// When it is not there, or is not as long as the manifest says.
    pub(super) fn open(&self, form: Form<'_>, object: &Object) -> Result<Opened, fs::Error> {
        let path = self.path(form);
        let failed = |source| fs::Error::new(fs::Deed::Read, &path, source);
        let mut file = fs::open(&path)?;
        let size = file.metadata().map_err(failed)?.len();
        if form.encoding.is_none() && size != object.size {
            return Err(failed(std::io::Error::other("it is not as long as the manifest says")));
        }
        if size > self.largest_held {
            return Ok(Opened::File { file, size });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
        file.read_to_end(&mut bytes).map_err(failed)?;
        let stored = Arc::new(Stored { bytes: bytes.into(), headers: OnceLock::new() });
        let key = Key { name: form.name.into(), encoding: form.encoding };
        self.memory.insert(key, Arc::clone(&stored));
        Ok(Opened::Stored(stored))
    }

    /// Checks that every object of a manifest lies there, each as long as it must be.
    ///
    /// # Errors
    /// For one that does not.
    pub(super) fn check(&self, manifest: &Manifest) -> Result<(), String> {
        use rayon::prelude::*;
        let fault = |form: Form<'_>, size: Option<u64>| match fs::metadata_followed(&self.path(form)) {
            Err(error) => Some(error.to_string()),
            Ok(None) => Some(format!("the object `{}` is missing", form.file())),
            Ok(Some(found)) if size.is_some_and(|size| size != found.size) => {
                Some(format!("the object `{}` is not as long as the manifest says", form.file()))
            }
            Ok(Some(_)) => None,
        };
        let objects: Vec<_> = manifest.objects.iter().collect();
        let found = objects.par_iter().find_map_first(|(name, object)| {
            let form = |encoding| Form { name: name.as_str(), encoding };
            let encoded = || object.encodings.iter().find_map(|encoding| fault(form(Some(*encoding)), None));
            fault(form(None), Some(object.size)).or_else(encoded)
        });
        found.map_or(Ok(()), Err)
    }

    /// How many objects are in memory, and how many bytes they take.
    pub(super) fn held(&self) -> (usize, u64) {
        (self.memory.len(), self.memory.weight())
    }

    fn path(&self, form: Form<'_>) -> PathBuf {
        self.folder.join(form.file())
    }
}

impl Form<'_> {
    /// The path of the file below the folder of the objects.
    fn file(self) -> String {
        let suffix = match self.encoding {
            None => "",
            Some(Encoding::Br) => ".br",
            Some(Encoding::Gzip) => ".gz",
        };
        format!("{}{suffix}", self.name)
    }

    /// The strong `ETag`: objects are named by their hash, and each encoding is another representation (RFC 9110, 8.8.3).
    pub(super) fn etag(self) -> String {
        let hash = self.name.get(3..67).unwrap_or(self.name);
        let suffix = match self.encoding {
            None => "",
            Some(Encoding::Br) => "-br",
            Some(Encoding::Gzip) => "-gz",
        };
        format!("\"{hash}{suffix}\"")
    }
}

/// A form, owned.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Key {
    name: Box<str>,
    encoding: Option<Encoding>,
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Form { name: &self.name, encoding: self.encoding }.hash(state);
    }
}

impl Hash for Form<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
        self.encoding.map(|encoding| encoding == Encoding::Br).hash(state);
    }
}

impl Equivalent<Key> for Form<'_> {
    fn equivalent(&self, key: &Key) -> bool {
        *self.name == *key.name && self.encoding == key.encoding
    }
}

/// What an object in memory weighs.
#[derive(Clone, Debug)]
struct Weight;

impl quick_cache::Weighter<Key, Arc<Stored>> for Weight {
    fn weight(&self, _: &Key, stored: &Arc<Stored>) -> u64 {
        OVERHEAD + u64::try_from(stored.bytes.len()).unwrap_or(u64::MAX - OVERHEAD)
    }
}
