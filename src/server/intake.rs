//! Reading a manifest, and every reason not to answer from it.
//!
//! What is refused here changes nothing: whoever asked keeps the manifest that they have.

use std::path::{Path, PathBuf};

use super::highest::Highest;
use super::objects::Objects;
use crate::account::PLACE;
use crate::digest::{self, Digest};
use crate::envelope::{self, EnvelopeError, VerifyingKey};
use crate::fs;
use crate::manifest::{self, Manifest, ManifestError};
use crate::time::Timestamp;

/// The largest file that is read as a manifest, in bytes.
const LARGEST: u64 = 512 * 1024 * 1024;
/// How far ahead a manifest's clock may be, in seconds: it opens what ours would not yet.
const AHEAD: i64 = 300;

/// Where the manifest comes from and what is asked of it.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) path: PathBuf,
    /// With a key, only envelopes signed with it are read.
    pub(super) public_key: Option<VerifyingKey>,
    /// Whether there is a server for the paths that are not decided here.
    pub(super) passes_on: bool,
    /// What this process is, where it answers below `/account/` itself.
    pub(super) account: Option<Own>,
}

/// The account of this process, as far as a manifest must agree with it.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Own {
    /// The site's address, which its links and forms go by.
    pub(super) base_url: String,
    /// The tokens that it makes.
    pub(super) token: manifest::Token,
}

/// A manifest that may be answered from.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) manifest: Manifest,
    pub(super) payload: Digest,
}

/// Why a manifest is not answered from.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error(transparent)]
    Unreadable(#[from] fs::Error),
    #[error("the manifest is larger than {LARGEST} bytes")]
    TooLarge,
    #[error("{0}")]
    Envelope(EnvelopeError),
    #[error("this is a signed envelope, and there is no key to check it with")]
    NoKey,
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error("it has version {version}, and version {highest} has been seen")]
    Older { version: u64, highest: u64 },
    #[error("it is another manifest with version {0}, which has been seen")]
    Another(u64),
    #[error("its clock says {clock}, which is more than five minutes from now")]
    Ahead { clock: Timestamp },
    #[error("{0}")]
    Incomplete(String),
    #[error("it has `passthrough`, and there is no upstream")]
    NoUpstream,
    #[error("`/account/` is not in its `passthrough`: nobody could reach the account")]
    NoAccount,
    #[error("it was built for `{built}`, and the account is at `{own}`")]
    OtherAddress { built: String, own: String },
    #[error("its tokens are not those that the account makes")]
    OtherTokens,
}

impl Refused {
    /// What can be done about it when a server starts.
    pub(super) fn help(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "`tierpress build` writes a manifest to tierpress-out/manifest.json",
            Self::TooLarge | Self::Manifest(_) => "build the site again with this version of tierpress",
            Self::Envelope(_) => "`tierpress sign` writes manifest.json.dsse; `--public-key` is its public key",
            Self::NoKey => "give its public key with `--public-key`, or name manifest.json",
            Self::Older { .. } | Self::Another(_) => {
                "build it again; to go back on purpose, remove highest.json from the folder `--state`"
            }
            Self::Ahead { .. } => "look at the clock of this machine, and at `--now` of the build",
            Self::Incomplete(_) => "copy the objects before the manifest, or give their folder with `--objects`",
            Self::NoAccount => "write `passthrough: [/account/]` into site.yaml, and build it again",
            Self::OtherAddress { .. } => "give both the same `--base-url`, or TIERPRESS_BASE_URL, or neither",
            Self::OtherTokens => "build it from the site.yaml that the account reads: that of `--root`",
            Self::NoUpstream => "give `--upstream http://HOST:PORT`",
        }
    }
}

impl Intake {
    /// Reads the manifest and checks all of it: its signature, its form, its age, and that its objects are there.
    pub(super) fn read(&self, objects: &Objects, highest: &Highest, now: Timestamp) -> Result<Accepted, Refused> {
        let bytes = read_bounded(&self.path)?;
        let bytes = match &self.public_key {
            Some(key) => envelope::open(&bytes, key).map_err(Refused::Envelope)?,
            None => bytes,
        };
        let manifest = match Manifest::parse(&bytes) {
            Ok(manifest) => manifest,
            Err(_) if envelope::open_unverified(&bytes).is_ok() => return Err(Refused::NoKey),
            Err(error) => return Err(error.into()),
        };
        let payload = digest::sha256(&bytes);
        highest.admits(manifest.version, &payload, self.public_key.is_some())?;
        if manifest.clock.seconds() > now.seconds().saturating_add(AHEAD) {
            return Err(Refused::Ahead { clock: manifest.clock });
        }
        let is_ours = |prefix: &String| self.account.is_some() && prefix.starts_with(PLACE);
        if !self.passes_on && !manifest.site.passthrough.iter().all(is_ours) {
            return Err(Refused::NoUpstream);
        }
        if self.account.is_some() && !manifest.site.passthrough.iter().any(|prefix| PLACE.starts_with(prefix.as_str()))
        {
            return Err(Refused::NoAccount);
        }
        if let Some(own) = &self.account {
            own.admits(&manifest)?;
        }
        objects.check(&manifest).map_err(Refused::Incomplete)?;
        Ok(Accepted { manifest, payload })
    }
}

impl Own {
    /// Otherwise forms would be refused as those of another site, and whoever signed in would be a stranger to the edge.
    fn admits(&self, manifest: &Manifest) -> Result<(), Refused> {
        if manifest.site.base_url != self.base_url {
            let (built, own) = (manifest.site.base_url.clone(), self.base_url.clone());
            return Err(Refused::OtherAddress { built, own });
        }
        match &manifest.token {
            Some(token) if *token != self.token => Err(Refused::OtherTokens),
            Some(_) | None => Ok(()),
        }
    }
}

fn read_bounded(path: &Path) -> Result<Vec<u8>, Refused> {
    let size = fs::metadata_followed(path)?.map_or(0, |found| found.size);
    if size > LARGEST { Err(Refused::TooLarge) } else { Ok(fs::read(path)?) }
}
