//! `tierpress sign`: puts the manifest of an output into signed envelopes, beside itself.

use std::path::{Path, PathBuf};

use clap::Args;
use tierpress::diagnostic::Diagnostic;
use tierpress::envelope::{self, SigningKey};
use tierpress::fs;
use tierpress::manifest::Manifest;

use super::build::failed;
use super::{Ending, Format, say};

/// What `sign` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  tierpress build && tierpress sign --key keys/site.pem

An edge is then given the envelope and the public key, and believes nothing else:
  tierpress edge --manifest tierpress-out/manifest.json.dsse --public-key keys/site.pub.pem …
Sign again after each build.")]
pub(super) struct Arguments {
    /// The private Ed25519 key: PKCS#8 in PEM, or a JWK
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The output folder
    #[arg(long, value_name = "DIR", default_value = "tierpress-out")]
    out: PathBuf,
}

/// What a payload says of itself.
#[derive(serde::Deserialize)]
struct Head {
    version: u64,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match sign(arguments) {
        Ok(line) => {
            say::line(&line);
            Ending::Done
        }
        Err(fault) => failed(&[*fault], Format::Text, "; nothing was signed"),
    }
}

fn sign(arguments: &Arguments) -> Result<String, Box<Diagnostic>> {
    let Arguments { key, out } = arguments;
    let key = SigningKey::read(&fs::read(key).map_err(|fault| disk(&fault))?).map_err(|fault| {
        let fault = Diagnostic::setup(format!("`{}`: {fault}", key.display()));
        Box::new(fault.help("make one with `tierpress keygen --purpose manifest --out FILE`"))
    })?;
    let (manifest, bytes, root) = read(out)?;
    // First the root, as `build` writes it: an edge that reads the manifest finds the rest in place.
    let files = [(out.join("edge/root.json.dsse"), root), (out.join("manifest.json.dsse"), bytes)];
    for (path, payload) in &files {
        check_version(path, payload, manifest.version)?;
    }
    for (path, payload) in &files {
        fs::write_atomic(path, &envelope::sign(payload, &key)).map_err(|fault| disk(&fault))?;
    }
    Ok(format!("signed version {} of {}: {}", manifest.version, manifest.site.base_url, out.display()))
}

/// The manifest of an output, its bytes, and those of its root: whole, unaltered, and of one build.
fn read(out: &Path) -> Result<(Manifest, Vec<u8>, Vec<u8>), Box<Diagnostic>> {
    let path = out.join("manifest.json");
    let bytes = fs::read(&path).map_err(|fault| {
        let help = "build the site first, or name its output folder with `--out`";
        Box::new(Diagnostic::setup(fault.to_string()).help(help))
    })?;
    let manifest = Manifest::parse(&bytes)
        .map_err(|fault| Box::new(Diagnostic::setup(format!("`{}`: {fault}", path.display()))))?;
    let altered = |path: &Path| {
        let fault = Diagnostic::setup(format!("`{}` is not as `tierpress build` wrote it", path.display()));
        Box::new(fault.help("build again, and sign when no build is under way"))
    };
    if manifest.build_id() != manifest.build || manifest.to_json() != bytes {
        return Err(altered(&path));
    }
    let path = out.join("edge/root.json");
    let root = fs::read(&path).map_err(|fault| disk(&fault))?;
    if manifest.edge_root(&manifest.edge_shards()) != root {
        return Err(altered(&path));
    }
    Ok((manifest, bytes, root))
}

/// Refuses what edges would refuse: an older version than is signed already, or another thing under the same version.
fn check_version(path: &Path, payload: &[u8], version: u64) -> Result<(), Box<Diagnostic>> {
    if !fs::exists(path).map_err(|fault| disk(&fault))? {
        return Ok(());
    }
    let signed = envelope::open_unverified(&fs::read(path).map_err(|fault| disk(&fault))?).ok();
    let head = signed.as_ref().and_then(|signed| serde_json::from_slice::<Head>(signed).ok());
    let (Some(signed), Some(Head { version: before })) = (signed, head) else {
        let fault = Diagnostic::setup(format!("`{}` is no signed manifest", path.display()));
        return Err(Box::new(fault.help("remove it, if it is nothing that you need")));
    };
    let fault = if version < before {
        format!("version {version} is older than {before}, which is signed already")
    } else if version == before && signed != payload {
        format!("another manifest is signed already under version {version}")
    } else {
        return Ok(());
    };
    let help = "build again in the folder where the last one was signed: the new version will be above it";
    Err(Box::new(Diagnostic::setup(fault).help(help)))
}

fn disk(fault: &fs::Error) -> Box<Diagnostic> {
    Box::new(Diagnostic::setup(fault.to_string()))
}
