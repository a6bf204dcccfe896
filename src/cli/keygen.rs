//! `tierpress keygen`: a private key, and beside it what edges need to know of it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use tierpress::diagnostic::Diagnostic;
use tierpress::edge::token::Algorithm;
use tierpress::edge::token::issue::SigningKey;
use tierpress::fs;

use super::build::failed;
use super::{Ending, Format, say};

/// What `keygen` takes.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  tierpress keygen --out keys/token.pem                      and keys/token.jwks.json for edges
  tierpress keygen --purpose manifest --out keys/site.pem    and keys/site.pub.pem for edges

The private key can be read by its owner alone (mode 0600). No file is ever overwritten.")]
pub(super) struct Arguments {
    /// Where the private key goes (PKCS#8, PEM); the public one goes beside it
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// What is signed with it
    #[arg(long, value_enum, default_value_t)]
    purpose: Purpose,
    /// How it signs [default: es256 for tokens, which every edge can verify; eddsa for manifests]
    #[arg(long, value_enum)]
    algorithm: Option<Choice>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
enum Purpose {
    /// Tokens of readers: the public key is a JWKS
    #[default]
    Token,
    /// Manifests: the public key is an Ed25519 PEM
    Manifest,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Choice {
    Es256,
    Rs256,
    Eddsa,
}

pub(super) fn run(arguments: &Arguments) -> Ending {
    match keygen(arguments) {
        Ok(lines) => {
            lines.iter().for_each(|line| say::line(line));
            Ending::Done
        }
        Err(fault) => failed(&[*fault], Format::Text, ""),
    }
}

/// Makes the pair, and says where it is.
fn keygen(arguments: &Arguments) -> Result<Vec<String>, Box<Diagnostic>> {
    let private = &arguments.out;
    let public = private.with_extension(match arguments.purpose {
        Purpose::Token => "jwks.json",
        Purpose::Manifest => "pub.pem",
    });
    for path in [private, &public] {
        if fs::exists(path).map_err(|fault| disk(&fault))? {
            let fault = Diagnostic::setup(format!("`{}` is there already", path.display()));
            return Err(Box::new(fault.help("choose another name with `--out`: keys are never overwritten")));
        }
    }
    let fault = |fault: &str| Box::new(Diagnostic::setup(fault));
    let key = SigningKey::generate(algorithm(arguments)?).map_err(|error| fault(&error.to_string()))?;
    let (pem, half) = key.to_pem().zip(key.public()).ok_or_else(|| fault("no key could be made"))?;
    let for_edges = match arguments.purpose {
        Purpose::Token => format!("{:#}\n", key.jwks()),
        Purpose::Manifest => half.pem(),
    };
    write(private, |path| fs::write_new_secret(path, pem.as_bytes()))?;
    write(&public, |path| fs::write_new(path, for_edges.as_bytes()))?;
    let mut lines = vec![
        format!("{}: the private key, {}; keep it secret", private.display(), key.algorithm().as_str()),
        format!("{}: the public key, for edges", public.display()),
    ];
    if arguments.purpose == Purpose::Token {
        lines.extend(key.kid().map(|kid| format!("its tokens have the kid {kid}")));
    }
    Ok(lines)
}

fn algorithm(arguments: &Arguments) -> Result<Algorithm, Box<Diagnostic>> {
    match (arguments.purpose, arguments.algorithm) {
        (Purpose::Token, None | Some(Choice::Es256)) => Ok(Algorithm::Es256),
        (Purpose::Token, Some(Choice::Rs256)) => Ok(Algorithm::Rs256),
        (Purpose::Token | Purpose::Manifest, Some(Choice::Eddsa)) | (Purpose::Manifest, None) => Ok(Algorithm::EdDsa),
        (Purpose::Manifest, Some(Choice::Es256 | Choice::Rs256)) => {
            let fault = Diagnostic::setup("manifests are signed with Ed25519 alone");
            Err(Box::new(fault.help("leave `--algorithm` out, or say `--algorithm eddsa`")))
        }
    }
}

fn write(path: &Path, write: impl Fn(&Path) -> Result<(), fs::Error>) -> Result<(), Box<Diagnostic>> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|fault| disk(&fault))?;
    }
    write(path).map_err(|fault| disk(&fault))
}

fn disk(fault: &fs::Error) -> Box<Diagnostic> {
    Box::new(Diagnostic::setup(fault.to_string()))
}
