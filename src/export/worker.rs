//! One ES module for the runtimes of the edge (Cloudflare Workers, Deno, Vercel's edge-runtime), and how each is entered.
//!
//! The module decides by itself: it reads `edge/root.json`, its shards and the objects from a store that nothing else
//! serves. It is plain JavaScript, put together from the parts beside this file and otherwise unchanged, for whoever runs
//! it is to be able to read it. What differs between sites is one constant, written as JSON.

use serde_json::{Value, json};

use super::template::fill;
use super::{Address, ExportError, Exported, File, KeyFile, Request, path_text, upstream};
use crate::edge::token::Key;

/// The parts of the module, in their order.
const PARTS: [&str; 8] = [
    include_str!("worker/head.js"),
    include_str!("worker/path.js"),
    include_str!("worker/decide.js"),
    include_str!("worker/token.js"),
    include_str!("worker/answer.js"),
    include_str!("worker/store.js"),
    include_str!("worker/objects.js"),
    include_str!("worker/main.js"),
];

/// What stands for the settings in the first part.
const SETTINGS: &str = "/* settings */ null";

/// The most files that Cloudflare takes as static assets of one worker, on its free plan.
const ASSETS: usize = 20_000;

/// The largest of them, in bytes.
const ASSET_BYTES: u64 = 25 << 20;

/// Makes the module and its entries.
pub(super) fn worker(request: &Request<'_>) -> Result<Exported, ExportError> {
    let upstream = upstream(request)?;
    let store = store(request)?;
    let (keys, left_out) = if request.manifest.token.is_some() { keys(request.keys)? } else { Default::default() };
    // The key that verifies HS256 is the one that signs.
    let shared = keys.iter().any(|key| key.pointer("/jwk/kty").is_some_and(|kind| kind == "oct"));
    let module = module(&settings(request, upstream, keys)?);
    let mut files = vec![
        File::new("deno.mjs", deno(request, store)),
        File::new("workerd.capnp", workerd(request, store, upstream)),
        File::new("wrangler.jsonc", include_str!("worker/wrangler.jsonc").to_owned()),
    ];
    files.extend(request.origin.iter().map(|_| File::new("edge-runtime.js", script(&module))));
    files.push(File::new("worker.mjs", module));
    files.iter_mut().for_each(|file| file.is_secret = shared);
    Ok(Exported { files, run: left_out.into_iter().chain(run(request, store)).collect() })
}

/// The module with its settings.
fn module(settings: &Value) -> String {
    PARTS.join("\n").replacen(SETTINGS, &format!("{settings:#}"), 1)
}

/// The module as a script, for the host that knows no modules.
fn script(module: &str) -> String {
    let script = module.replace("\nexport default {", "\nconst worker = {").replace("\nexport ", "\n");
    format!("{script}\n{}", include_str!("worker/edge-runtime.js"))
}

fn settings(request: &Request<'_>, upstream: Option<&Address>, keys: Vec<Value>) -> Result<Value, ExportError> {
    let manifest = request.manifest;
    let url = |address: &Address| format!("http://{address}");
    if let Some(csp) = request.csp.filter(|csp| !csp.bytes().all(|byte| (b' '..=b'~').contains(&byte))) {
        return Err(ExportError::unquotable("HTTP", csp, "a character that headers do not have"));
    }
    Ok(json!({
        "build": manifest.build,
        "version": manifest.version,
        "csp": request.csp,
        "keys": keys,
        "origin": request.origin.as_ref().map(url),
        "upstream": upstream.map(url),
    }))
}

/// The keys as `{kid, alg, jwk}`, and what is said of those that no edge uses. They are checked here, so that a fault is one
/// of the export and not of every request.
fn keys(files: &[KeyFile]) -> Result<(Vec<Value>, Vec<String>), ExportError> {
    let all = super::keys(files)?;
    let keys: Option<Vec<Value>> = all.iter().map(|(kid, key)| jwk(kid, key, files)).collect();
    let keys = keys.filter(|keys| !keys.is_empty()).ok_or_else(|| ExportError::Missing {
        what: "the site has tokens, and there is no key to verify them with".to_owned(),
        help: "give `--jwks FILE` or `--key FILE`".to_owned(),
    })?;
    Ok((keys, all.left_out().to_vec()))
}

fn jwk(kid: Option<&str>, key: &Key, files: &[KeyFile]) -> Option<Value> {
    let mut jwk = match key.public() {
        Some(public) => public.jwk(kid),
        None => files.iter().find_map(|file| secret(kid, file))?,
    };
    // How it may be used is said beside it, for hosts do not agree on the words.
    let members = jwk.as_object_mut()?;
    members.retain(|name, _| matches!(name.as_str(), "kty" | "crv" | "x" | "y" | "n" | "e" | "k"));
    let mut setting = json!({"alg": key.algorithm().as_str(), "jwk": jwk});
    if let (Some(kid), Some(setting)) = (kid, setting.as_object_mut()) {
        setting.insert("kid".to_owned(), kid.into());
    }
    Some(setting)
}

/// The shared secret of that name in a file: only there it still has its bytes.
fn secret(kid: Option<&str>, file: &KeyFile) -> Option<Value> {
    let json: Value = serde_json::from_slice(&file.bytes).ok()?;
    let list = json.get("keys").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![json]);
    list.into_iter().find(|jwk| {
        let named = jwk.get("kid").and_then(Value::as_str).or(file.kid.as_deref());
        jwk.get("kty").is_some_and(|kind| kind == "oct") && named == kid
    })
}

/// The folder with `edge` and `objects`; none where an origin has it.
fn store<'r>(request: &'r Request<'_>) -> Result<Option<&'r str>, ExportError> {
    if request.origin.is_some() {
        return Ok(None);
    }
    match (request.objects.file_name(), request.objects.parent()) {
        (Some(name), Some(store)) if name == "objects" => path_text(store, "workerd").map(Some),
        _ => Err(ExportError::Missing {
            what: format!("there is no `edge` and `objects` side by side at `{}`", request.objects.display()),
            help: "a worker reads both from one folder, as `tierpress build` lays them out".to_owned(),
        }),
    }
}

fn deno(request: &Request<'_>, store: Option<&str>) -> String {
    let listen = json!({"hostname": request.listen.host(), "port": request.listen.port()});
    fill(include_str!("worker/deno.js"), &[("listen", &listen.to_string()), ("store", &json!(store).to_string())])
}

fn workerd(request: &Request<'_>, store: Option<&str>, upstream: Option<&Address>) -> String {
    let external = |address: &Address| format!("external = (address = {}, http = ())", quoted(&address.to_string()));
    let origin = request.origin.as_ref().map(external).unwrap_or_default();
    let store = store.map_or(origin, |store| format!("disk = (path = {}, writable = false)", quoted(store)));
    let upstream = upstream.map(|upstream| format!("(name = \"upstream\", {}),", external(upstream)));
    let binding = upstream.as_ref().map(|_| "(name = \"UPSTREAM\", service = \"upstream\"),").unwrap_or_default();
    fill(
        include_str!("worker/workerd.capnp"),
        &[
            ("store", &store),
            ("upstream", &upstream.unwrap_or_default()),
            ("binding", binding),
            ("listen", &quoted(&request.listen.to_string())),
        ],
    )
}

/// A text of Cap'n Proto. Control characters were refused before.
fn quoted(text: &str) -> String {
    let escaped: String =
        text.chars().flat_map(|c| ['\\', c].into_iter().skip(usize::from(!matches!(c, '"' | '\\')))).collect();
    format!("\"{escaped}\"")
}

fn run(request: &Request<'_>, store: Option<&str>) -> Vec<String> {
    let Request { manifest, listen, .. } = request;
    let read = store.map(|store| format!(" --allow-read={store}")).unwrap_or_default();
    let mut run =
        vec!["workerd serve {out}/workerd.capnp".to_owned(), format!("deno run --allow-net{read} {{out}}/deno.mjs")];
    if request.origin.is_some() {
        run.push(format!(
            "edge-runtime --listen --host {} --port {} {{out}}/edge-runtime.js",
            listen.host(),
            listen.port()
        ));
    }
    let files = manifest.objects.len() + manifest.objects.values().map(|object| object.encodings.len()).sum::<usize>();
    run.push(
        "wrangler deploy --config {out}/wrangler.jsonc, after `edge` and `objects` were put into {out}/store"
            .to_owned(),
    );
    if files > ASSETS {
        run.push(format!("{files} objects: more than Cloudflare takes as static assets on its free plan"));
    }
    if manifest.objects.values().any(|object| object.size > ASSET_BYTES) {
        run.push("some objects have more than 25 MiB, which Cloudflare takes from no one as a static asset".to_owned());
    }
    run
}
