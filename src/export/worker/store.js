// ---------------------------------------------------------------------------------------------------------------------
// The store: where root, shards and objects lie. A binding (OBJECTS, or Cloudflare's ASSETS), else a URL.

const FORMAT = "tierpress-manifest/1";
/** How long a root is used before it is looked for again, in seconds. */
const REFRESH = 60;
/** How far the clock of a build may be ahead of ours, in seconds. */
const CLOCK_AHEAD = 300;
/** How many bytes of shards are kept. In memory, those with letters beyond Latin-1 are twice as large. */
const SHARDS_KEPT = 32 << 20;
/** How many tokens are remembered that have been verified. */
const TOKENS_KEPT = 500;

/**
 * What is remembered between requests. Only finished values: some hosts (Workers) forbid that one request waits for
 * what another one has begun. A request takes `root` once and uses it to its end, so it never sees two builds.
 */
const memory = { root: null, rootHash: null, lookedAt: 0, shards: new Map(), keys: null, tokens: new Map() };

/** Fetches from the store. Whatever is not there, or is somewhere else, is an error. */
async function fromStore(env, name, init) {
  const response = await askStore(env, name, init);
  if (response.status !== 200 && response.status !== 206) {
    throw new Error(`the store answers ${response.status} for ${name}`);
  }
  return response;
}

function askStore(env, name, { method = "GET", headers = {} } = {}) {
  // What is stored is what is sent on: nobody on the way is to encode it.
  const init = { method, headers: { ...headers, "accept-encoding": "identity" }, redirect: "manual" };
  const binding = env.OBJECTS ?? env.ASSETS;
  if (binding !== undefined) return binding.fetch(`https://store.invalid/${name}`, init);
  const origin = env.ORIGIN ?? SETTINGS.origin;
  if (origin === null) throw new Error("no store: bind OBJECTS or ASSETS, or say ORIGIN");
  if (env.ORIGIN_AUTHORIZATION !== undefined) init.headers.authorization = env.ORIGIN_AUTHORIZATION;
  return fetch(`${origin}/${name}`, init);
}

async function bytesFromStore(env, name) {
  const response = await fromStore(env, name);
  return new Uint8Array(await response.arrayBuffer());
}

/** The root to decide with. It is read at the first request, and looked for again behind later ones. */
async function currentRoot(env, now, context) {
  if (memory.root === null) {
    await readRoot(env, now);
  } else if (now - memory.lookedAt >= REFRESH) {
    memory.lookedAt = now;
    // A new root that cannot be used changes nothing: the old one is as true as it was.
    const failed = (error) => console.error(`tierpress: ${error.message}; the old root stays`);
    // Begun in any case: not every host has something to tell that it goes on.
    const reading = readRoot(env, now).catch(failed);
    context?.waitUntil?.(reading);
  }
  return memory.root;
}

async function readRoot(env, now) {
  const bytes = await bytesFromStore(env, "edge/root.json");
  const hash = await sha256(bytes);
  if (hash === memory.rootHash) return;
  const root = checkedRoot(JSON.parse(text(bytes)));
  const oldest = memory.root ?? SETTINGS;
  if (root.version < oldest.version) throw new Error(`version ${root.version} of the manifest is older`);
  if (root.version === oldest.version && (root.build !== oldest.build || memory.root !== null)) {
    throw new Error(`version ${root.version} of the manifest has other content`);
  }
  if (root.clock > now + CLOCK_AHEAD) throw new Error("the manifest is from the future");
  // What a token means depends on the manifest's settings.
  memory.tokens.clear();
  [memory.root, memory.rootHash, memory.lookedAt] = [root, hash, now];
}

/**
 * The root and what shards have about one path, as `decide` takes them. Everything that the path leads to is checked: an
 * edge that guesses is an edge that leaks.
 */
async function manifestFor(env, root, path) {
  const part = { routes: Object.create(null), redirects: Object.create(null), objects: Object.create(null) };
  const manifest = { ...root, parts: [part, { ...NOTHING, objects: root.objects }] };
  // With and without its slash; whether there is anything at the first must not show in the work done.
  const keys = path.endsWith("/") ? [path] : [path, path + "/"];
  const shards = await Promise.all(keys.map(async (key) => shard(env, root.shards[await shardOf(key)])));
  keys.forEach((key, number) => enter(part, manifest, key, shards[number]));
  return manifest;
}

const NOTHING = { routes: {}, redirects: {}, objects: {} };

/** Enters what a shard has under a path: a route, or a redirect and the route that it leads to. */
function enter(part, manifest, key, shard) {
  const found = entryOf(shard, key);
  if (typeof found === "string") {
    part.redirects[key] = found;
    const target = entryOf(shard, found);
    check(isObject(target), "a redirect leads nowhere");
    enterRoute(part, manifest, found, shard, target);
  } else if (found !== undefined) {
    enterRoute(part, manifest, key, shard, found);
  }
}

function enterRoute(part, manifest, key, shard, route) {
  only(route, ["objects", "policy"]);
  const policy = manifest.policies[route.policy];
  check(policy !== undefined && route.objects.length === policy.variants.length, "a route is broken");
  for (const name of route.objects) {
    const object = entryOf(shard, name);
    if (object !== undefined) part.objects[name] = object;
    check(isObjectIn(manifest, name), "a route names what is no object");
  }
  part.routes[key] = route;
}

/**
 * What a shard has under a name, or undefined. A shard is JSON with an entry a line (`shard` checks that it is ours), so
 * the line is looked for, and only that is parsed: all of it, parsed, takes many times the memory.
 */
function entryOf(shard, name) {
  const start = `\n  ${JSON.stringify(name)}: `;
  const at = shard.indexOf(start);
  if (at < 0) return undefined;
  const line = shard.slice(at + start.length, shard.indexOf("\n", at + 1));
  return JSON.parse(line.endsWith(",") ? line.slice(0, -1) : line);
}

/** The number of the shard that a path is in: the first byte of its SHA-256. */
async function shardOf(path) {
  return parseInt((await sha256(new TextEncoder().encode(path))).slice(0, 2), 16);
}

/** The text of a shard. */
async function shard(env, name) {
  const known = memory.shards.get(name);
  if (known !== undefined) {
    // The one used last is the last to go.
    memory.shards.delete(name);
    memory.shards.set(name, known);
    return known;
  }
  const bytes = await bytesFromStore(env, `edge/${name}`);
  if (`${await sha256(bytes)}.json` !== name) throw new Error(`the shard ${name} is not what it is named after`);
  const shard = text(bytes);
  check(shard?.startsWith('{\n"objects": {') && shard.endsWith("}\n}\n"), "a shard is not written as it should be");
  memory.shards.set(name, shard);
  let kept = 0;
  for (const { length } of memory.shards.values()) kept += length;
  for (const [oldest, { length }] of memory.shards) {
    if (kept <= SHARDS_KEPT || oldest === name) break;
    memory.shards.delete(oldest);
    kept -= length;
  }
  return shard;
}

function isObjectIn({ parts }, name) {
  const isName = /^([0-9a-f]{2})\/\1[0-9a-f]{62}(\.[0-9a-z]+)?$/.test(name);
  return isName && parts.some(({ objects }) => Object.hasOwn(objects, name));
}

/** A root, if every field of it is known and every number in it leads somewhere. */
function checkedRoot(root) {
  check(root?.format === FORMAT, `this module reads ${FORMAT}`);
  const fields = "access_controls build clock created format objects pages policies rules shards site version";
  only(root, fields.split(" "), ["token"]);
  only(root.site, ["base_url", "denied_status", "title"], ["login_url", "passthrough", "refresh_url", "upgrade_url"]);
  if (root.token !== undefined) {
    only(root.token, ["audience", "claim", "cookie", "issuer", "max_entitlements", "max_ttl"]);
  }
  for (const rule of root.rules) {
    for (const clause of rule) {
      only(clause, ["all"], ["from", "until"]);
      for (const need of clause.all) only(need, ["any"], ["after", "joined_before", "kept"]);
    }
  }
  for (const policy of root.policies) {
    only(policy, ["cache", "open", "otherwise", "variants"]);
    const isWhole = policy.variants.length > 0 && policy.open <= policy.variants.length;
    check(isWhole && policy.variants.every((number) => root.rules[number] !== undefined), "a policy is broken");
  }
  check(root.rules.length > 0 && isPublic(root.rules[0]), "rule 0 is not public");
  const pages = ["expired", "no_tier", "not_entitled", "not_found", "not_signed_in", "not_yet"];
  only(root.pages, pages);
  check(pages.every((page) => isObjectIn({ parts: [root] }, root.pages[page])), "a page is no object");
  const isShard = (name) => /^[0-9a-f]{64}\.json$/.test(name);
  check(root.shards.length === 256 && root.shards.every(isShard), "there are not 256 shards");
  check(Number.isSafeInteger(root.version) && isInstant(root.clock), "the version or the clock is no number");
  return root;
}

/** Refuses an object that lacks a field, or has one that this module does not know. */
function only(object, required, optional = []) {
  check(isObject(object), "something is no object");
  for (const field of required) check(Object.hasOwn(object, field), `a ${field} is missing`);
  for (const field of Object.keys(object)) {
    check(required.includes(field) || optional.includes(field), "a field is unknown");
  }
}

function check(isRight, fault) {
  if (!isRight) throw new Error(`the manifest is broken: ${fault}`);
}

/** The SHA-256 of bytes, in lower-case hexadecimal. */
async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
