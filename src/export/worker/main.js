// ---------------------------------------------------------------------------------------------------------------------
// Requests.

export default {
  fetch(request, env, context) {
    return handle(request, env ?? {}, context);
  },
};

/** Answers a request. Whatever goes wrong on the way: 503, and nothing of any object. */
async function handle(request, env, context, target = targetOf(request.url)) {
  try {
    return await respond(request, env, context, target);
  } catch (error) {
    // Never the request's headers: they hold tokens.
    console.error(`tierpress: ${error instanceof Error ? error.message : "unknown fault"}`);
    return textOnly(503, UNAVAILABLE, request);
  }
}

async function respond(request, env, context, target) {
  const now = Math.floor(Date.now() / 1000);
  const root = await currentRoot(env, now, context);
  const endpoint = request.method === "POST" ? SESSION.get(target.split("?")[0]) : undefined;
  if (endpoint !== undefined && root.token !== undefined) return endpoint(request, root, now);

  const { headers, method } = request;
  // Whether there is anything at a path must not show in the work done: the token is verified for every path.
  const reader = await readerOf(headers, root, now);
  const path = canonical(target);
  const isLookedUp = path !== null && isRead(method) && !passesThrough(root.site, path);
  const manifest = isLookedUp ? await manifestFor(env, root, path) : { ...root, parts: [] };
  const navigation = isNavigation(method, headers.get("sec-fetch-mode"), headers.get("accept"));
  const decision = decide(manifest, { method, target, reader, now, navigation });
  if (decision.outcome === "passthrough") return passOn(request, env, target);
  return send(env, manifest, answer(manifest, decision, SETTINGS.csp), request);
}

/**
 * The request target out of a request's URL, as it was sent where the host still has it so; empty where there is none.
 * `new URL` is not used: it resolves dots and backslashes, and what cannot be seen any more cannot be refused.
 */
function targetOf(url) {
  const [, target] = /^https?:\/\/[^/?]*(.*)$/is.exec(url) ?? ["", ""];
  return target;
}

/** Who asks. Tokens that were verified are remembered, whole, and not beyond their end. */
async function readerOf(headers, root, now) {
  if (root.token === undefined) return VISITOR;
  const token = presented(headers.get("authorization"), headers.get("cookie"), root.token.cookie);
  if (token === null) return VISITOR;
  const known = memory.tokens.get(token);
  if (known !== undefined && now < known.expires) return readerAt(known, now);
  const verified = await verifyWithKeys(token, root.token);
  if (verified !== null && now < verified.expires && memory.root === root) {
    const [oldest] = memory.tokens.keys();
    if (memory.tokens.size >= TOKENS_KEPT) memory.tokens.delete(oldest);
    memory.tokens.set(token, verified);
  }
  return readerAt(verified, now);
}

async function verifyWithKeys(token, settings) {
  memory.keys ??= await importKeys(SETTINGS.keys);
  return verify(token, settings, memory.keys);
}

// The session: gets a token into a cookie, and out of it.

const SESSION = new Map([
  ["/_tierpress/session", beginSession],
  ["/_tierpress/session/end", endSession],
]);
const LONGEST_FORM = 16 * 1024;
/** How long a cookie is kept whose token can be refreshed, in seconds. */
const KEPT_FOR_REFRESH = 30 * 24 * 3600;

async function beginSession(request, root, now) {
  const { base_url: base, login_url: login, refresh_url: refresh } = root.site;
  const pages = [base, login, refresh].filter((url) => url !== undefined);
  const form = await formFrom(pages, root, request);
  if (form.refusal !== undefined) return form.refusal;
  const [token, ...more] = form.getAll("token");
  const isOne = token !== undefined && more.length === 0;
  const verified = isOne ? await verifyWithKeys(token, root.token) : null;
  if (readerAt(verified, now).kind !== "member") return textOnly(403, "this token is not good\n", request);
  const age = refresh === undefined ? verified.expires - now : KEPT_FOR_REFRESH;
  const cookie = `${root.token.cookie}=${token}; Path=/; Max-Age=${age}; HttpOnly; Secure; SameSite=Lax`;
  return seeOther(form.getAll("next"), cookie);
}

async function endSession(request, root) {
  const form = await formFrom([root.site.base_url], root, request);
  return form.refusal ?? seeOther(form.getAll("next"), clearedCookie(root.token.cookie));
}

/** The fields of a form that one of these pages has sent; or the `refusal` of what is none. */
async function formFrom(pages, root, request) {
  const refusal = (status, words) => ({ refusal: textOnly(status, words, request) });
  // Browsers say where a form is from, and let no page say otherwise.
  const origins = pages.map((page) => new URL(page, root.site.base_url).origin).filter((origin) => origin !== "null");
  const isOurs = origins.includes(request.headers.get("origin"));
  if (!isOurs) return refusal(403, "this form was not sent by a page that may\n");
  const type = (request.headers.get("content-type") ?? "").split(";")[0].trim().toLowerCase();
  if (type !== "application/x-www-form-urlencoded") return refusal(415, "a form is expected\n");
  const bytes = await firstBytes(request.body, LONGEST_FORM);
  if (bytes === null) return refusal(413, "the form is too large\n");
  // URLSearchParams would drop a `?` at the start.
  return new URLSearchParams(`&${new TextDecoder().decode(bytes)}`);
}

/** All bytes of a stream, or null where there are more than `most`. */
async function firstBytes(stream, most) {
  const chunks = [];
  let length = 0;
  const reader = stream?.getReader();
  for (let read = await reader?.read(); read !== undefined && !read.done; read = await reader.read()) {
    length += read.value.length;
    if (length > most) return null;
    chunks.push(read.value);
  }
  const bytes = new Uint8Array(length);
  chunks.reduce((at, chunk) => (bytes.set(chunk, at), at + chunk.length), 0);
  return bytes;
}

/** On to a path of this site, never to another host. It may come encoded, or decoded as `next` was for a page. */
function seeOther([next = "", ...more], cookie) {
  const path = more.length === 0 && next.startsWith("/") ? (canonical(next) ?? servable(next.split("?")[0])) : null;
  const headers = [
    ["cache-control", "no-store"],
    ["location", path === null ? "/" : encode(path)],
    ["set-cookie", cookie],
    ...security(SETTINGS.csp),
  ];
  return new Response(null, { status: 303, headers });
}

function textOnly(status, words, request) {
  const headers = [["cache-control", "no-store"], ["content-type", TEXT], ...security(SETTINGS.csp)];
  return textResponse({ status, text: words }, new Headers(headers), request);
}

// What belongs to another upstream.

/** Headers that are about one connection, or that are written anew for the next one (RFC 9110, 7.6.1). */
const OF_THE_CONNECTION =
  "connection content-length host keep-alive proxy-connection te trailer transfer-encoding upgrade";

function passOn(request, env, target) {
  const headers = new Headers(request.headers);
  const named = (headers.get("connection") ?? "").toLowerCase().split(",").map((name) => name.trim());
  for (const name of [...headers.keys()]) {
    // Those that begin with `tierpress-` are ours to say: a client's are not handed on.
    if (name.startsWith("tierpress-") || named.includes(name)) headers.delete(name);
  }
  // Where the upstream is told of a host, it is told of the one that was asked, and not of what a client made up.
  headers.set("x-forwarded-host", request.headers.get("host") ?? "");
  if (typeof env.UPSTREAM?.fetch === "function") {
    return env.UPSTREAM.fetch(new Request(request, { headers, redirect: "manual" }));
  }
  const upstream = env.UPSTREAM ?? SETTINGS.upstream;
  if (upstream === null) throw new Error("no upstream: bind UPSTREAM");
  for (const name of OF_THE_CONNECTION.split(" ")) headers.delete(name);
  // Some hosts decode what they fetch and keep the header that says it is encoded.
  headers.set("accept-encoding", "identity");
  const init = { method: request.method, headers, redirect: "manual" };
  if (!isRead(request.method) && request.body !== null) Object.assign(init, { body: request.body, duplex: "half" });
  return fetch(`${upstream}${target}`, init);
}
