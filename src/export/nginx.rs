//! nginx, in two forms: it asks by `auth_request`, or it is told by `X-Accel-Redirect`.
//!
//! Both serve an object that the decider names and never a path that a request names. Little of the manifest stands in the
//! configuration, so that a new build needs no reload.

use std::borrow::Cow;
use std::path::Path;

use super::template::fill;
use super::{
    Address, Brotli, ExportError, Exported, File, Kind, Request, comment, decider_command, has_encoding, path_text,
    upstream,
};
use crate::edge::answer;
use crate::manifest::Encoding;

const LANGUAGE: &str = "nginx";

/// What every request to the decider has in common.
const PROXY: &str = "\
proxy_http_version 1.1;
proxy_set_header Connection \"\";
proxy_connect_timeout 2s;
proxy_read_timeout 10s;
proxy_buffer_size 16k;
proxy_buffers 8 16k;";

/// nginx that asks.
pub(super) fn auth_request(request: &Request<'_>) -> Result<Exported, ExportError> {
    exported(
        request,
        &Form {
            kind: Kind::Nginx,
            template: include_str!("nginx/auth_request.conf"),
            passthrough: "tierpress_passthrough",
            decide: "",
        },
    )
}

/// nginx that is told.
pub(super) fn accel(request: &Request<'_>) -> Result<Exported, ExportError> {
    exported(
        request,
        &Form {
            kind: Kind::NginxAccel,
            template: include_str!("nginx/accel.conf"),
            passthrough: "tierpress_upstream",
            decide: " --accel-prefix /./objects/",
        },
    )
}

/// Where the two forms differ.
struct Form {
    kind: Kind,
    template: &'static str,
    /// The name of the location for `passthrough`.
    passthrough: &'static str,
    /// What the decider must be told.
    decide: &'static str,
}

fn exported(request: &Request<'_>, form: &Form) -> Result<Exported, ExportError> {
    let upstream = upstream(request)?;
    let security = security(request)?;
    let passthrough = fill(include_str!("nginx/passthrough.conf"), &[("name", form.passthrough)]);
    let site = fill(
        form.template,
        &[
            ("title", comment(LANGUAGE, &request.manifest.site.base_url)?),
            ("build", comment(LANGUAGE, &request.manifest.build)?),
            ("listen", &request.listen.to_string()),
            ("decider", &request.decider.to_string()),
            ("objects", &quoted_folder(request.objects)?),
            ("encodings", &encodings(request)),
            ("plain", &encodings(request).replace(" on;", " off;")),
            ("upstream_block", &upstream.map(upstream_block).unwrap_or_default()),
            ("passthrough", upstream.map(|_| passthrough.as_str()).unwrap_or_default()),
            ("proxy", PROXY),
            ("question", &fill(include_str!("nginx/question.conf"), &[("proxy", PROXY)])),
            ("refusals", &refusals(&security)?),
            ("security", &security),
            ("body", if upstream.is_some() { "16m" } else { "64k" }),
        ],
    );
    let kind = form.kind.as_str();
    let whole = fill(include_str!("nginx/nginx.conf"), &[("kind", kind), ("load_module", &load_module(request)?)]);
    Ok(Exported {
        files: vec![File::new("nginx.conf", whole), File::new("tierpress.conf", site)],
        run: vec![decider_command(request, form.decide), "nginx -p {out} -c nginx.conf -g 'daemon off;'".to_owned()],
    })
}

/// The answers that nginx gives without the decider.
fn refusals(security: &str) -> Result<String, ExportError> {
    Ok(fill(
        include_str!("nginx/refusals.conf"),
        &[
            ("security", security),
            ("text", answer::TEXT),
            ("bad_target", &quoted(answer::BAD_TARGET)?),
            ("bad_method", &quoted(answer::BAD_METHOD)?),
        ],
    ))
}

/// The headers that every answer has: written out, for it costs time to hand them from the decider to nginx.
fn security(request: &Request<'_>) -> Result<String, ExportError> {
    let line = |(name, value): (&str, Cow<'_, str>)| Ok(format!("add_header {name} {} always;", quoted(&value)?));
    answer::security(request.csp).map(line).collect::<Result<Vec<_>, _>>().map(|lines| lines.join("\n"))
}

/// The directive that loads Brotli, where a module was named.
pub(super) fn load_module(request: &Request<'_>) -> Result<String, ExportError> {
    match request.brotli {
        Brotli::Absent | Brotli::Present => Ok(String::new()),
        Brotli::Module(module) => Ok(format!("load_module {};", quoted(path_text(module, LANGUAGE)?)?)),
    }
}

/// The other upstream, with connections that are kept.
pub(super) fn upstream_block(upstream: &Address) -> String {
    format!("\nupstream tierpress_upstream {{\n    server {upstream} max_fails=0;\n    keepalive 16;\n}}")
}

/// Where encoded objects lie and nginx can send them.
pub(super) fn encodings(request: &Request<'_>) -> String {
    let mut lines = Vec::new();
    if has_encoding(request.manifest, Encoding::Br) && request.brotli != Brotli::Absent {
        lines.push("brotli_static on;");
    }
    if has_encoding(request.manifest, Encoding::Gzip) {
        lines.push("gzip_static on;");
    }
    if !lines.is_empty() {
        lines.push("gzip_vary on;");
    }
    lines.join("\n")
}

/// A text between quotes. A `$` begins a variable, and nginx knows no way to write one that does not.
fn quoted(text: &str) -> Result<String, ExportError> {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '$' => return Err(ExportError::unquotable(LANGUAGE, text, "a `$`")),
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            control if control.is_control() => {
                return Err(ExportError::unquotable(LANGUAGE, text, "a control character"));
            }
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    Ok(quoted)
}

/// A folder with its `/`, as `alias` needs it.
pub(super) fn quoted_folder(path: &Path) -> Result<String, ExportError> {
    let text = path_text(path, LANGUAGE)?;
    quoted(&format!("{}/", text.trim_end_matches('/')))
}
