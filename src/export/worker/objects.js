// ---------------------------------------------------------------------------------------------------------------------
// Objects: the bytes of a body, whole, in part, encoded, or not at all because the reader has them.

/** Sends what `answer` says, with the bytes of its object. */
function send(env, manifest, said, request) {
  const headers = new Headers(said.headers);
  if (said.object === null) return textResponse(said, headers, request);
  const object = lookUp(manifest, "objects", said.object);
  const name = `objects/${said.object}`;
  // A refusal is sent whole and as it is: to ask for a part of it, or for what has changed, would be a way round it.
  if (said.status !== 200) {
    return whole({ env, name }, { object, encoding: null, headers, status: said.status }, request);
  }
  const encodings = env.ENCODED === false ? [] : (object.encodings ?? []);
  const encoding = chooseEncoding(request.headers.get("accept-encoding"), encodings);
  const store = { env, name: `${name}${encoding === null ? "" : `.${encoding.suffix}`}` };
  if (encodings.length > 0) headers.append("vary", "Accept-Encoding");
  if (encoding !== null) headers.set("content-encoding", encoding.name);
  // The name of an object is its hash; so two variants of one page never share a tag.
  const tag = `"${said.object.slice(3, 67)}${encoding === null ? "" : `-${encoding.suffix}`}"`;
  headers.set("etag", tag);
  if (matches(request.headers.get("if-none-match"), tag)) return notModified(headers);
  if (encoding !== null) return whole(store, { object, encoding, headers, status: 200 }, request);
  headers.set("accept-ranges", "bytes");
  const range = rangeOf(request, tag, object.size);
  if (range === null) return whole(store, { object, encoding, headers, status: 200 }, request);
  if (range === "none") return notSatisfiable(headers, object.size);
  return part(store, { range, headers, size: object.size });
}

function textResponse(said, headers, request) {
  const body = said.text === null ? new Uint8Array() : new TextEncoder().encode(said.text);
  headers.set("content-length", String(body.length));
  return new Response(request.method === "HEAD" || said.text === null ? null : body, { status: said.status, headers });
}

/** The whole object. `encodeBody` tells Workers that the bytes are encoded already; other hosts take them as they are. */
async function whole({ env, name }, { object, encoding, headers, status }, request) {
  const method = request.method === "HEAD" ? "HEAD" : "GET";
  const stored = await fromStore(env, name, { method });
  const length = stored.headers.has("content-encoding") ? null : stored.headers.get("content-length");
  // A store that answers with something else (a page of its own, say) is not to be passed on.
  if (stored.status !== 200 || (encoding === null && length !== null && Number(length) !== object.size)) {
    throw new Error(`the store has something else as ${name}`);
  }
  if (encoding === null) headers.set("content-length", String(object.size));
  else if (length !== null) headers.set("content-length", length);
  const encodeBody = encoding === null ? "automatic" : "manual";
  return new Response(method === "HEAD" ? null : stored.body, { status, headers, encodeBody });
}

/** A part of an object: as the store cuts it, or cut here where the store knows no ranges. */
async function part({ env, name }, { range, headers, size }) {
  const { first, last } = range;
  const stored = await fromStore(env, name, { headers: { range: `bytes=${first}-${last}` } });
  const contentRange = `bytes ${first}-${last}/${size}`;
  headers.set("content-range", contentRange);
  headers.set("content-length", String(last - first + 1));
  if (stored.status === 206 && stored.headers.get("content-range") !== contentRange) {
    throw new Error(`the store has something else as ${name}`);
  }
  const body = stored.status === 206 ? stored.body : cut(stored.body, first, last);
  return new Response(body, { status: 206, headers });
}

/** The bytes from `first` to `last` of a stream, which is read no further than that. */
function cut(stream, first, last) {
  let at = 0;
  const knife = new TransformStream({
    transform(chunk, controller) {
      const piece = chunk.subarray(Math.max(first - at, 0), Math.max(last + 1 - at, 0));
      at += chunk.length;
      if (piece.length > 0) controller.enqueue(piece);
      if (at > last) controller.terminate();
    },
  });
  return stream.pipeThrough(knife);
}

function notModified(headers) {
  for (const name of ["content-type", "content-encoding"]) headers.delete(name);
  return new Response(null, { status: 304, headers });
}

function notSatisfiable(headers, size) {
  for (const name of ["content-type", "etag"]) headers.delete(name);
  headers.set("content-range", `bytes */${size}`);
  return new Response(null, { status: 416, headers });
}

/** Whether `If-None-Match` names the tag (RFC 9110, 13.1.2: weak comparison). */
function matches(condition, tag) {
  if (condition === null) return false;
  const tags = condition.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes("*") || tags.includes(tag);
}

/**
 * The one range that is asked for, as `{ first, last }`; "none" where it lies outside; null where all is to be sent:
 * no range, more than one, another unit, or an `If-Range` that is not about these bytes (RFC 9110, 14).
 */
function rangeOf(request, tag, size) {
  const condition = request.headers.get("if-range");
  const asked = /^bytes=(\d*)-(\d*)$/.exec(request.headers.get("range") ?? "");
  const isAsked = request.method === "GET" && asked !== null && (condition === null || condition === tag);
  if (!isAsked || (asked[1] === "" && asked[2] === "")) return null;
  const [from, to] = [Number(asked[1]), Number(asked[2])];
  if (asked[1] === "") return to === 0 || size === 0 ? "none" : { first: Math.max(size - to, 0), last: size - 1 };
  if (asked[2] !== "" && to < from) return null;
  if (from >= size) return "none";
  return { first: from, last: asked[2] === "" ? size - 1 : Math.min(to, size - 1) };
}

/** The encoding to send, of those an object has, or null: the one that is liked best, Brotli before gzip. */
function chooseEncoding(accepted, encodings) {
  const known = [
    { name: "br", suffix: "br" },
    { name: "gzip", suffix: "gz" },
  ];
  const weights = new Map();
  for (const item of (accepted ?? "").toLowerCase().split(",")) {
    const [, name, weight = "1"] = /^\s*([^\s;]*)\s*(?:;\s*q\s*=\s*([\d.]*)\s*)?$/.exec(item) ?? [];
    if (name !== undefined) weights.set(name, Number(weight));
  }
  const weightOf = (name) => weights.get(name) ?? weights.get("*") ?? 0;
  const liked = known.filter(({ name }) => encodings.includes(name) && weightOf(name) > 0);
  liked.sort((a, b) => weightOf(b.name) - weightOf(a.name));
  return liked.length > 0 && weightOf(liked[0].name) >= weightOf("identity") ? liked[0] : null;
}
