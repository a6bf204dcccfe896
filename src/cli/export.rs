//! `tierpress export`.

use std::path::{Path, PathBuf};

use clap::Args;
use tierpress::diagnostic::Diagnostic;
use tierpress::envelope::{self, VerifyingKey};
use tierpress::export::{self, Address, Brotli, Decider, Exported, KeyFile, Kind, Request};
use tierpress::fs;
use tierpress::manifest::Manifest;

use super::build::failed;
use super::{Ending, Format, say};

/// What `export` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What to make it for
    #[arg(value_parser = kinds())]
    kind: String,
    /// The manifest of a build, or its signed envelope with `--public-key`
    #[arg(long, value_name = "FILE")]
    manifest: PathBuf,
    /// The public key that the manifest is signed with (Ed25519): only a signed manifest is read then
    #[arg(long, value_name = "FILE")]
    public_key: Option<PathBuf>,
    /// The folder to put the configuration into
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Where the proxy listens
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:8080")]
    listen: Address,
    /// Where `tierpress edge --mode decide` listens
    #[arg(long, value_name = "HOST:PORT|unix:/PATH", default_value = "127.0.0.1:9001")]
    decider: Decider,
    /// The folder of the objects, as the proxy sees it [default: objects beside the manifest]
    #[arg(long, value_name = "DIR")]
    objects: Option<PathBuf>,
    /// Where a static server has the objects, for proxies that serve no files [default: 127.0.0.1:9002]
    #[arg(long, value_name = "HOST:PORT")]
    origin: Option<Address>,
    /// The server that paths of `passthrough` go to
    #[arg(long, value_name = "HOST:PORT")]
    upstream: Option<Address>,
    /// nginx has brotli_static: compiled in, or as this module
    #[arg(long, value_name = "MODULE", num_args = 0..=1, require_equals = true)]
    brotli: Option<Option<PathBuf>>,
    /// A key that verifies tokens, for kinds without a decider (repeatable)
    #[arg(long, value_name = "[KID=]FILE")]
    key: Vec<String>,
    /// A set of such keys
    #[arg(long, value_name = "FILE")]
    jwks: Option<PathBuf>,
    /// The Content-Security-Policy, or `none`; the decider is given the same one
    #[arg(long, value_name = "POLICY")]
    csp: Option<String>,
}

fn kinds() -> clap::builder::PossibleValuesParser {
    clap::builder::PossibleValuesParser::new(Kind::ALL.iter().map(|kind| kind.as_str()))
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match export(arguments) {
        Ok(exported) => {
            let out = arguments.out.display().to_string();
            let files = say::number(exported.files.len(), "file");
            say::line(&format!("wrote {files} for {} to {out}", arguments.kind));
            exported.run.iter().for_each(|line| say::line(&format!("  {}", line.replace("{out}", &out))));
            Ending::Done
        }
        Err(fault) => failed(&[*fault], Format::Text, ""),
    }
}

fn export(arguments: &Arguments) -> Result<Exported, Box<Diagnostic>> {
    let manifest = manifest(arguments)?;
    let objects = objects(arguments)?;
    let keys = keys(arguments)?;
    let exported = refused(export::export(
        refused(arguments.kind.parse())?,
        &Request {
            manifest: &manifest,
            listen: arguments.listen.clone(),
            decider: arguments.decider.clone(),
            objects: &objects,
            origin: arguments.origin.clone(),
            upstream: arguments.upstream.clone(),
            brotli: match &arguments.brotli {
                None => Brotli::Absent,
                Some(None) => Brotli::Present,
                Some(Some(module)) => Brotli::Module(module),
            },
            csp: match arguments.csp.as_deref() {
                None => Some(tierpress::edge::answer::CSP),
                Some("none") => None,
                Some(csp) => Some(csp),
            },
            keys: &keys,
        },
    ))?;
    write(&arguments.out, &exported)?;
    Ok(exported)
}

/// The manifest, believed only with a signature where there is a key.
fn manifest(arguments: &Arguments) -> Result<Manifest, Box<Diagnostic>> {
    let name = arguments.manifest.display();
    let fault = |fault: &dyn std::fmt::Display, help: &str| {
        Box::new(Diagnostic::setup(format!("`{name}`: {fault}")).help(help))
    };
    let bytes = fs::read(&arguments.manifest).map_err(disk)?;
    let bytes = match &arguments.public_key {
        None if envelope::open_unverified(&bytes).is_ok() => {
            let help = "give its public key with `--public-key`, or name manifest.json";
            return Err(fault(&"this is a signed envelope, and there is no key to check it with", help));
        }
        None => bytes,
        Some(file) => {
            let key = VerifyingKey::read(&fs::read(file).map_err(disk)?)
                .map_err(|error| Box::new(Diagnostic::setup(format!("`{}`: {error}", file.display()))))?;
            let help = "`tierpress sign` writes manifest.json.dsse; `--public-key` is its public key";
            envelope::open(&bytes, &key).map_err(|error| fault(&error, help))?
        }
    };
    Manifest::parse(&bytes).map_err(|error| fault(&error, "build the site again with this version of tierpress"))
}

fn write(out: &Path, exported: &Exported) -> Result<(), Box<Diagnostic>> {
    for file in &exported.files {
        let path = out.join(&file.name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(disk)?;
        }
        let write = if file.is_secret { fs::write_atomic_secret } else { fs::write_atomic };
        write(&path, &file.bytes).map_err(disk)?;
    }
    Ok(())
}

/// The folder of the objects. One that was named may lie on another machine; the one beside the manifest must be there.
fn objects(arguments: &Arguments) -> Result<PathBuf, Box<Diagnostic>> {
    match &arguments.objects {
        Some(objects) if objects.is_absolute() => Ok(objects.clone()),
        Some(objects) => fs::canonicalize(objects).map_err(disk),
        None => {
            let manifest = fs::canonicalize(&arguments.manifest).map_err(disk)?;
            fs::canonicalize(&manifest.with_file_name("objects")).map_err(disk)
        }
    }
}

fn keys(arguments: &Arguments) -> Result<Vec<KeyFile>, Box<Diagnostic>> {
    let named = arguments.key.iter().map(|key| match key.split_once('=') {
        Some((kid, file)) => (Some(kid.to_owned()), Path::new(file)),
        None => (None, Path::new(key)),
    });
    let sets = arguments.jwks.iter().map(|file| (None, file.as_path()));
    let read = |(kid, file): (Option<String>, &Path)| {
        let bytes = fs::read(file).map_err(disk)?;
        Ok(KeyFile { kid, name: file.display().to_string(), bytes })
    };
    named.chain(sets).map(read).collect()
}

fn refused<T>(result: Result<T, export::ExportError>) -> Result<T, Box<Diagnostic>> {
    result.map_err(|fault| {
        let diagnostic = Diagnostic::setup(fault.to_string());
        Box::new(match fault.help() {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        })
    })
}

fn disk(fault: fs::Error) -> Box<Diagnostic> {
    Box::new(Diagnostic::setup(fault.to_string()))
}
