// ---------------------------------------------------------------------------------------------------------------------
// The store: where root, shards and objects lie. A binding (OBJECTS, or Cloudflare's ASSETS), else a URL.

const FORMAT = "tierpress-manifest/1";
/** How long a root is used before it is looked for again, in seconds. */
const REFRESH = 60;
/** How far the clock of a build may be ahead of ours, in seconds. */
const CLOCK_AHEAD = 300;
/** How many bytes of shards are kept, as they lie in the store; in memory they are about three times as large. */
const SHARDS_KEPT = 4 << 20;
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
    const looked = readRoot(env, now).catch((error) => console.error(`tierpress: ${error.message}; the old root stays`));
    context?.waitUntil?.(looked);
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

/** The shards that a path is looked up in: its own, and that of the path with a slash. */
async function shardsFor(env, root, path) {
  const paths = path.endsWith("/") ? [path] : [path, path + "/"];
  return Promise.all(paths.map(async (path) => shard(env, root.shards[await shardOf(path)])));
}

/** The number of the shard that a path is in: the first byte of its SHA-256. */
async function shardOf(path) {
  return parseInt((await sha256(new TextEncoder().encode(path))).slice(0, 2), 16);
}

async function shard(env, name) {
  const known = memory.shards.get(name);
  if (known !== undefined) {
    // The one used last is the last to go.
    memory.shards.delete(name);
    memory.shards.set(name, known);
    return known.shard;
  }
  const bytes = await bytesFromStore(env, `edge/${name}`);
  if (`${await sha256(bytes)}.json` !== name) throw new Error(`the shard ${name} is not what it is named after`);
  const shard = JSON.parse(text(bytes));
  only(shard, ["objects", "redirects", "routes"]);
  memory.shards.set(name, { shard, size: bytes.length });
  let kept = 0;
  for (const { size } of memory.shards.values()) kept += size;
  for (const [oldest, { size }] of memory.shards) {
    if (kept <= SHARDS_KEPT || oldest === name) break;
    memory.shards.delete(oldest);
    kept -= size;
  }
  return shard;
}

/**
 * The root and some shards, as `decide` takes them, for one path. What the path leads to is checked here: an edge that
 * guesses is an edge that leaks.
 */
function manifestWith(root, shards, path) {
  const manifest = { ...root, parts: [...shards, { routes: {}, redirects: {}, objects: root.objects }] };
  const target = lookUp(manifest, "redirects", path);
  for (const key of [path, path + "/", target]) {
    const route = key === undefined ? undefined : lookUp(manifest, "routes", key);
    if (route !== undefined) checkRoute(manifest, route);
  }
  return manifest;
}

function checkRoute(manifest, route) {
  only(route, ["objects", "policy"]);
  const policy = manifest.policies[route.policy];
  const isWhole = policy !== undefined && route.objects.length === policy.variants.length;
  check(isWhole && route.objects.every((name) => isObjectIn(manifest, name)), "a route is broken");
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
