//! Caddy, which hands every request to the decider and serves the object that comes back.

use super::template::fill;
use super::{
    Address, ExportError, Exported, File, Kind, Request, comment, decider, decider_command, has_encoding, path_text,
    upstream,
};
use crate::manifest::Encoding;

const LANGUAGE: &str = "Caddy";

/// A Caddyfile.
pub(super) fn caddyfile(request: &Request<'_>) -> Result<Exported, ExportError> {
    let upstream = upstream(request)?;
    let text = fill(
        include_str!("caddy/Caddyfile"),
        &[
            ("title", comment(LANGUAGE, &request.manifest.site.base_url)?),
            ("build", comment(LANGUAGE, &request.manifest.build)?),
            ("site", &format!("http://:{}", request.listen.port())),
            ("bind", &request.listen.bracketed_host()),
            ("decider", &decider(request, Kind::Caddy)?.to_string()),
            ("objects", &quoted(path_text(request.objects, LANGUAGE)?)?),
            ("precompressed", &precompressed(request)),
            ("passthrough", &upstream.map(passthrough).unwrap_or_default()),
        ],
    );
    Ok(Exported {
        files: vec![File::new("Caddyfile", text)],
        run: vec![decider_command(request, ""), "caddy run --config {out}/Caddyfile --adapter caddyfile".to_owned()],
    })
}

fn passthrough(upstream: &Address) -> String {
    format!(
        "
# Paths of another upstream: the request as it came, target, method and body.
@passthrough {{
	status 200
	header Tierpress-Passthrough *
}}
handle_response @passthrough {{
	reverse_proxy {upstream}
}}"
    )
}

fn precompressed(request: &Request<'_>) -> String {
    let encodings = [(Encoding::Br, "br"), (Encoding::Gzip, "gzip")];
    let known = encodings.iter().filter(|(encoding, _)| has_encoding(request.manifest, *encoding));
    let known: Vec<&str> = known.map(|(_, name)| *name).collect();
    if known.is_empty() { String::new() } else { format!("precompressed {}", known.join(" ")) }
}

/// A text between quotes. Braces make placeholders, which nothing escapes everywhere.
fn quoted(text: &str) -> Result<String, ExportError> {
    if text.contains(['{', '}']) {
        return Err(ExportError::unquotable(LANGUAGE, text, "a brace"));
    }
    if text.contains(['"', '\\', '`']) {
        return Err(ExportError::unquotable(LANGUAGE, text, "a quote or a backslash"));
    }
    Ok(format!("\"{text}\""))
}
