//! HAProxy without a decider: it verifies signatures itself, and Lua decides as [`crate::edge::decide`] does.
//!
//! The program is the same for every site; what is the site's own lies beside it as data, a line for each thing, so that
//! no text of a manifest is ever part of a program. Files come from a static server. It refuses keys that `jwt_verify`
//! has no algorithm for, and texts that would break a line.

mod lines;

use super::template::fill;
use super::{Address, ExportError, Exported, File, Kind, Request, comment, origin, upstream};
use crate::edge::answer;
use crate::edge::token::{Algorithm, Key};

const LANGUAGE: &str = "HAProxy";

/// The parts of the program, each a chunk whose value later ones know by its name.
const PARTS: [(&str, &str); 5] = [
    ("json", include_str!("haproxy/json.lua")),
    ("paths", include_str!("haproxy/path.lua")),
    ("data", include_str!("haproxy/data.lua")),
    ("tokens", include_str!("haproxy/token.lua")),
    ("decide", include_str!("haproxy/decide.lua")),
];

/// A key that HAProxy verifies with.
struct VerifyingKey {
    kid: Option<String>,
    algorithm: Algorithm,
    /// `key-…`, made from the key, so that a file never changes its meaning.
    slot: String,
    pem: String,
}

/// HAProxy, its program, its data and its keys.
pub(super) fn haproxy(request: &Request<'_>) -> Result<Exported, ExportError> {
    let upstream = upstream(request)?;
    let (keys, left_out) = keys(request)?;
    let config = fill(
        include_str!("haproxy/haproxy.cfg"),
        &[
            ("title", comment(LANGUAGE, &request.manifest.site.base_url)?),
            ("build", comment(LANGUAGE, &request.manifest.build)?),
            ("listen", &request.listen.to_string()),
            ("verify", &keys.iter().map(verify).collect::<Vec<_>>().join("\n")),
            ("text", &quoted(answer::TEXT)?),
            ("bad_target", &quoted(answer::BAD_TARGET)?),
            ("bad_method", &quoted(answer::BAD_METHOD)?),
            ("csp", &request.csp.map(csp).transpose()?.unwrap_or_default()),
            ("origin", &origin::address(request).to_string()),
            ("use_upstream", upstream.map(|_| USE_UPSTREAM).unwrap_or_default()),
            ("upstream", &upstream.map(upstream_backend).unwrap_or_default()),
        ],
    );
    let mut files = vec![File::new("tierpress.lua", program()), File::new("tierpress.data", data(request, &keys)?)];
    files.extend(keys.iter().map(|key| File::new(&format!("{}.pem", key.slot), key.pem.clone())));
    let static_files = origin::Form { kind: Kind::Haproxy, proxy: LANGUAGE, http: "", headers: "", locations: OBJECTS };
    files.push(origin::file(request, &static_files)?);
    // Last, for it names the others.
    files.push(File::new("haproxy.cfg", config));
    let run = left_out.into_iter().chain([origin::COMMAND, "haproxy -C {out} -f haproxy.cfg"].map(str::to_owned));
    Ok(Exported { files, run: run.collect() })
}

const OBJECTS: &str = "\
location / {
    try_files $uri =503;
}";

const USE_UPSTREAM: &str = "use_backend tierpress_upstream if { var(txn.tierpress_to) -m str upstream }";

fn upstream_backend(upstream: &Address) -> String {
    format!(
        "\
# Paths of another upstream: the request as it came, target, method and body.
backend tierpress_upstream from tierpress
    http-request set-header x-forwarded-for %[src]
    http-request set-header x-forwarded-proto http unless {{ ssl_fc }}
    http-request set-header x-forwarded-proto https if {{ ssl_fc }}
    server upstream {upstream}"
    )
}

/// The step that verifies a signature, for one key.
fn verify(key: &VerifyingKey) -> String {
    let VerifyingKey { kid: _, algorithm, slot, pem: _ } = key;
    format!(
        "http-request set-var(txn.tierpress_signed) var(txn.tierpress_token),jwt_verify({},{slot}.pem) if \
         {{ var(txn.tierpress_key) -m str {slot} }}",
        algorithm.as_str()
    )
}

/// The `Content-Security-Policy`: a text in which HAProxy looks for `%` once more.
fn csp(csp: &str) -> Result<String, ExportError> {
    let policy = quoted(&csp.replace('%', "%%"))?;
    Ok(format!(
        "http-after-response set-header content-security-policy {policy} if {{ var(txn.tierpress_sent) -m found }}"
    ))
}

fn program() -> String {
    let mut program = String::from(
        "-- Made by `tierpress export haproxy`; the same for every site. Its data is `tierpress.data`.\n\n",
    );
    for (name, text) in PARTS {
        program.push_str(&format!("local {name} = (function()\n{text}end)()\n\n"));
    }
    program + include_str!("haproxy/edge.lua")
}

fn data(request: &Request<'_>, keys: &[VerifyingKey]) -> Result<String, ExportError> {
    let keys: Vec<lines::Key<'_>> = keys
        .iter()
        .map(|key| lines::Key { slot: &key.slot, algorithm: key.algorithm.as_str(), kid: key.kid.as_deref() })
        .collect();
    lines::data(request.manifest, &keys)
}

/// The keys that were given, all of which must be such as HAProxy can use; and what is said of those that no edge uses.
fn keys(request: &Request<'_>) -> Result<(Vec<VerifyingKey>, Vec<String>), ExportError> {
    let Some(token) = &request.manifest.token else { return Ok((Vec::new(), Vec::new())) };
    if request.keys.is_empty() {
        return Err(ExportError::Missing {
            what: format!("tokens of `{}` are to be verified, and no key is given", token.issuer),
            help: "give `--jwks FILE` or `--key [KID=]FILE`".to_owned(),
        });
    }
    let all = super::keys(request.keys)?;
    let keys = all.iter().map(|(kid, key)| usable(kid, key)).collect::<Result<_, _>>()?;
    Ok((keys, all.left_out().to_vec()))
}

fn usable(kid: Option<&str>, key: &Key) -> Result<VerifyingKey, ExportError> {
    let algorithm = key.algorithm();
    let public = key.public().filter(|_| matches!(algorithm, Algorithm::Es256 | Algorithm::Rs256));
    let Some(public) = public else {
        let (name, algorithm) = (kid.unwrap_or("without a name"), algorithm.as_str());
        return Err(unusable(&format!("the key `{name}` is for {algorithm}, and it verifies ES256 and RS256 only")));
    };
    Ok(VerifyingKey {
        kid: kid.map(str::to_owned),
        algorithm,
        slot: format!("key-{}", public.thumbprint()),
        pem: public.pem(),
    })
}

fn unusable(reason: &str) -> ExportError {
    ExportError::Unenforceable { kind: Kind::Haproxy, reason: reason.to_owned() }
}

/// A text as one word of the configuration, between weak quotes (HAProxy's manual, 2.2).
fn quoted(text: &str) -> Result<String, ExportError> {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' | '$' => quoted.extend(['\\', character]),
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
