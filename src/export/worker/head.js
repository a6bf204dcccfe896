// The edge of a Tierpress site, as one module: it decides who may have what, and hands out the objects.
//
// It runs unchanged on Cloudflare Workers (workerd), Deno and Vercel's edge-runtime, and depends on nothing but the web
// platform: fetch, streams, WebCrypto. `tierpress export worker` wrote it; only SETTINGS differs between sites.
//
// What it promises: what is served is always an object that the manifest names, never a name made from a request; the
// manifest's shards are verified against their SHA-256; and where anything cannot be read, verified or understood, the
// answer is 503 and no content.
//
// The order of the parts: settings, paths, the decision, tokens, the answer, the store, objects, requests.

/**
 * What this site's export was told.
 *
 * build, version: the manifest that was exported; an older one is never accepted.
 * csp: the Content-Security-Policy, or null.
 * keys: the public keys that tokens are verified with, each with the one algorithm it may be used with.
 * origin: where the store is if the host binds none: a URL below which `edge/` and `objects/` lie. Or null.
 * upstream: where `passthrough` paths go if the host binds nothing as UPSTREAM. Or null.
 */
const SETTINGS = /* settings */ null;

