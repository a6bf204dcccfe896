//! A small nginx that serves objects by their names, for proxies that serve no files.
//!
//! It decides nothing: only the proxy that was told what to serve may reach it.

use super::nginx::{encodings, load_module, quoted_folder};
use super::template::fill;
use super::{Address, ExportError, File, Kind, Request};

/// Where it listens if nobody says.
const PORT: u16 = 9002;

/// How it is run.
pub(super) const COMMAND: &str = "nginx -p {out}/origin -c nginx.conf -g 'daemon off;'";

/// Where proxies differ.
pub(super) struct Form<'a> {
    pub(super) kind: Kind,
    /// The proxy's name, for people.
    pub(super) proxy: &'a str,
    /// Directives of the `http` block.
    pub(super) http: &'a str,
    /// The headers that the origin adds to objects.
    pub(super) headers: &'a str,
    /// How the object is found.
    pub(super) locations: &'a str,
}

/// Where the origin is.
pub(super) fn address(request: &Request<'_>) -> Address {
    request.origin.clone().unwrap_or_else(|| Address::loopback(PORT))
}

/// `origin/nginx.conf`.
pub(super) fn file(request: &Request<'_>, form: &Form<'_>) -> Result<File, ExportError> {
    let text = fill(
        include_str!("origin/nginx.conf"),
        &[
            ("kind", form.kind.as_str()),
            ("proxy_name", form.proxy),
            ("load_module", &load_module(request)?),
            ("http", form.http),
            ("origin", &address(request).to_string()),
            ("objects", &quoted_folder(request.objects)?),
            ("encodings", &encodings(request)),
            ("headers", form.headers),
            ("locations", form.locations),
        ],
    );
    Ok(File::new("origin/nginx.conf", text))
}
