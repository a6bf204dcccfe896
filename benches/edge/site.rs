//! A build of as many pages as are asked for, half public, half for `pro`, and the public ones as plain files too.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use serde_json::{Map, json};
use tierpress::digest::ObjectName;
use tierpress::manifest::Manifest;

/// A build and what belongs to it.
#[derive(Debug)]
pub(crate) struct Site {
    pub(crate) root: PathBuf,
    /// The output: manifest and objects.
    pub(crate) out: PathBuf,
    pub(crate) keys: PathBuf,
    /// A token for `pro`, good for a day.
    pub(crate) token: String,
}

impl Site {
    /// Writes a site with so many routes, whose pages have so many bytes; or finds the one that was written before.
    pub(crate) fn write(root: &Path, routes: usize, page: usize) -> Result<Self, Box<dyn Error>> {
        let out = root.join("out");
        let (private, keys) = (root.join("token.pem"), root.join("token.jwks.json"));
        let marker = root.join(format!("written-{routes}-{page}"));
        if !marker.exists() {
            drop(std::fs::remove_dir_all(root));
            std::fs::create_dir_all(&out)?;
            write(root, &out, routes, page)?;
            tierpress(&["keygen", "--out", &private.to_string_lossy()])?;
            std::fs::write(marker, "")?;
        }
        let manifest = out.join("manifest.json");
        let arguments = ["token", "pro", "--ttl", "1d", "--manifest", &manifest.to_string_lossy(), "--key"];
        let token = tierpress(&[&arguments[..], &[&private.to_string_lossy()]].concat())?;
        Ok(Self { root: root.to_owned(), out, keys, token: token.trim().to_owned() })
    }
}

fn tierpress(arguments: &[&str]) -> Result<String, Box<dyn Error>> {
    let output = Command::new(env!("CARGO_BIN_EXE_tierpress")).args(arguments).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?)
}

fn write(root: &Path, out: &Path, routes: usize, page: usize) -> Result<(), Box<dyn Error>> {
    let mut objects = Map::new();
    let mut add = |text: &str| -> Result<String, Box<dyn Error>> {
        let name = ObjectName::of(text.as_bytes(), "html").to_string();
        let path = out.join("objects").join(&name);
        std::fs::create_dir_all(path.parent().ok_or("no folder")?)?;
        std::fs::write(path, text)?;
        objects.insert(name.clone(), json!({"size": text.len(), "type": "text/html; charset=utf-8"}));
        Ok(name)
    };
    let mut table = Map::new();
    for number in 0..routes.div_ceil(2) {
        let public = text(&format!("public {number}"), page);
        let name = add(&public)?;
        table.insert(format!("/public/{number}/"), json!({"policy": 0, "objects": [name]}));
        let name = add(&text(&format!("gated {number}"), page))?;
        table.insert(format!("/gated/{number}/"), json!({"policy": 1, "objects": [name]}));
        if number < 50 {
            let plain = root.join(format!("www/public/{number}"));
            std::fs::create_dir_all(&plain)?;
            std::fs::write(plain.join("index.html"), &public)?;
        }
    }
    let mut pages = Map::new();
    for name in ["expired", "no_tier", "not_entitled", "not_found", "not_signed_in", "not_yet"] {
        pages.insert(name.to_owned(), add(&text(name, page))?.into());
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
    let manifest = json!({
        "format": "tierpress-manifest/1", "build": "0".repeat(64), "version": 1, "created": now, "clock": now,
        "access_controls": [{"id": "free", "kind": "tier"}, {"id": "pro", "kind": "tier"}],
        "site": {"base_url": "https://learn.example", "title": "School", "denied_status": 403},
        "token": {
            "issuer": "https://id.example", "audience": "https://learn.example", "claim": "entitlements",
            "cookie": "__Host-tierpress", "max_ttl": 86_400, "max_entitlements": 32,
        },
        "rules": [[{"all": []}], [{"all": [{"any": ["pro"]}]}]],
        "policies": [
            {"cache": "public", "open": 1, "otherwise": "denied", "variants": [0]},
            {"cache": "private", "open": 1, "otherwise": "denied", "variants": [1]},
        ],
        "routes": table, "redirects": {}, "pages": pages, "objects": objects,
    });
    // Read back and written by the library: these are the bytes that a build writes.
    let manifest = Manifest::parse(&serde_json::to_vec(&manifest)?)?;
    std::fs::write(out.join("manifest.json"), manifest.to_json())?;
    Ok(())
}

/// A page of a length.
fn text(title: &str, length: usize) -> String {
    let mut text = format!("<!doctype html><title>{title}</title>\n");
    while text.len() < length {
        text.push_str("<p>A paragraph of some words.</p>\n");
    }
    text.truncate(length);
    text
}
