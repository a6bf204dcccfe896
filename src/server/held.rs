//! The manifest in force, with all that hangs on it. A request looks at one of these from its beginning to its end.

use std::sync::Arc;

use super::readers::Readers;
use crate::digest::Digest;
use crate::manifest::Manifest;
use crate::time::Timestamp;

/// A manifest that was checked, and the readers that are known under it.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) manifest: Arc<Manifest>,
    /// The hash of its bytes, which tells two manifests of one version apart.
    pub(super) payload: Digest,
    /// Since when it is answered from.
    pub(super) since: Timestamp,
    pub(super) readers: Readers,
}
