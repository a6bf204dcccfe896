// Drives the whole module with a store, a clock and requests made here: what happens between requests, and when the
// store cannot be trusted. Prints the number of things that were checked.
const [storeFolder, cookieName] = Deno.args;
const { default: worker } = await import("./worker.mjs");

const files = new Map();
for await (const name of walk(storeFolder)) files.set(name, await Deno.readFile(`${storeFolder}/${name}`));
const wanted = [];
const OBJECTS = {
  async fetch(url, { method }) {
    const name = new URL(url).pathname.slice(1);
    wanted.push(name);
    const bytes = files.get(name);
    if (bytes === undefined) return new Response("<h1>not here</h1>", { status: 404 });
    return new Response(method === "HEAD" ? null : bytes, { headers: { "content-length": String(bytes.length) } });
  },
};
let now = Date.now();
Date.now = () => now;
let verified = 0;
const verify = crypto.subtle.verify.bind(crypto.subtle);
crypto.subtle.verify = (...given) => (verified++, verify(...given));
const said = [];
console.error = (line) => said.push(line);

let checked = 0;
function same(found, expected, what) {
  checked += 1;
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)];
  if (a !== b) throw new Error(`${what}: ${a}, expected ${b}`);
}

const behind = [];
// Workers are told what goes on behind an answer; other hosts have nobody to tell.
const telling = { waitUntil: (promise) => behind.push(promise) };
async function ask(path, headers = {}, env = { OBJECTS }, context = telling) {
  wanted.length = 0;
  const request = new Request(`https://school.example${path}`, { headers });
  const answer = await worker.fetch(request, env, context);
  return { status: answer.status, headers: answer.headers, body: new Uint8Array(await answer.arrayBuffer()) };
}
const kinds = () => wanted.map((name) => name.split("/")[0] + (name.endsWith("root.json") ? " root" : ""));

function refused(answer, what) {
  same(answer.status, 503, what);
  same(answer.headers.get("cache-control"), "no-store", what);
  same(answer.headers.get("x-content-type-options"), "nosniff", what);
  same(new TextDecoder().decode(answer.body), "this cannot be served just now\n", what);
}

async function without(name, bytes, run) {
  const kept = files.get(name);
  if (bytes === null) files.delete(name);
  else files.set(name, bytes);
  await run();
  files.set(name, kept);
}

const encode = (value) => new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));
const rootBytes = files.get("edge/root.json");
const root = JSON.parse(new TextDecoder().decode(rootBytes));
const hash = async (path) => new Uint8Array(await crypto.subtle.digest("SHA-256", encode(path)));
const shardOf = async (path) => `edge/${root.shards[(await hash(path))[0]]}`;

// A root that is missing or cannot be understood, before there has been another.
refused(await ask("/about/", {}, {}), "no store");
refused(await ask("/about/", {}, { OBJECTS: { fetch: () => Promise.reject(new Error("down")) } }), "a store that is down");
const broken = {
  missing: null,
  "no JSON": encode("{"),
  "a page": encode("<html>"),
  "a list": encode([]),
  "another format": encode({ ...root, format: "tierpress-manifest/2" }),
  "an unknown field": encode({ ...root, surprise: 1 }),
  "an unknown field of a need": encode({ ...root, rules: [...root.rules, [{ all: [{ any: ["pro"], unless: 1 }] }]] }),
  "a missing field": encode({ ...root, policies: undefined }),
  "a rule that is not there": encode({
    ...root,
    policies: [{ ...root.policies[0], variants: [9999] }, ...root.policies.slice(1)],
  }),
  "rule 0 not public": encode({ ...root, rules: [[], ...root.rules.slice(1)] }),
  "few shards": encode({ ...root, shards: root.shards.slice(1) }),
  "a shard elsewhere": encode({ ...root, shards: root.shards.map(() => "../manifest.json") }),
  "a page elsewhere": encode({ ...root, pages: { ...root.pages, not_found: "../manifest.json" } }),
  "an older version": encode({ ...root, version: root.version - 1 }),
  "the same version of another build": encode({ ...root, build: "0".repeat(64) }),
  "a clock that is six minutes ahead": encode({ ...root, clock: Math.floor(now / 1000) + 360 }),
  "no clock": encode({ ...root, clock: "now" }),
};
for (const [what, bytes] of Object.entries(broken)) {
  await without("edge/root.json", bytes, async () => refused(await ask("/about/"), what));
}

// What is read for a request, and what is remembered.
const first = await ask("/about/");
same(first.status, 200, "first");
same(kinds(), ["edge root", "edge", "objects"], "first");
same((await ask("/about/")).status, 200, "second");
same(kinds(), ["objects"], "second");
same((await ask("/about/", { "if-none-match": first.headers.get("etag") })).status, 304, "known");
same(kinds(), [], "known");
same((await ask("/about")).status, 308, "moved");

// Objects and shards that are not what they should be.
const object = wantedObject(await shardOf("/about/"), "/about/");
await without(object, null, async () => refused(await ask("/about/"), "a missing object"));
await without(object, encode("<h1>a page of the store</h1>"), async () => refused(await ask("/about/"), "another object"));
const page = root.pages.not_found;
await without(`objects/${page}`, null, async () => refused(await ask("/nothing/"), "a missing page"));
const hidden = await shardOf("/pro/report/figure.svg");
const altered = files.get(hidden).slice();
altered[altered.length - 2] ^= 1;
await without(hidden, altered, async () => refused(await ask("/pro/report/figure.svg"), "an altered shard"));
await without(hidden, null, async () => refused(await ask("/pro/report/figure.svg"), "a missing shard"));
same((await ask("/pro/report/figure.svg")).status, 401, "a shard that is there again");

// Parts, where the store knows none.
for (const [range, from, to] of [["bytes=3-7", 3, 8], ["bytes=5-", 5], ["bytes=-4", -4], ["bytes=0-0", 0, 1]]) {
  const part = await ask("/about/", { range });
  same([part.status, [...part.body]], [206, [...first.body.slice(from, to)]], range);
}
same((await ask("/about/", { range: "bytes=99999999-" })).status, 416, "outside");

// Tokens are verified once, and again when they are over or the manifest is another one.
const secret = await crypto.subtle.importKey("raw", await secretBytes(), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
const seconds = () => Math.floor(now / 1000);
const cookie = async (exp) => ({ cookie: `${cookieName}=${await token(exp)}` });
const headers = await cookie(seconds() + 300);
const figure = "/pro/report/figure.svg";
for (const count of [1, 1, 1]) {
  same((await ask(figure, headers)).status, 200, "a member");
  same(verified, count, "verified");
}
now += 299_000;
same([(await ask(figure, headers)).status, verified], [200, 1], "the last second");
now += 1_000;
same([(await ask(figure, headers)).status, verified], [401, 2], "expired");
for (let count = 0; count < 600; count += 1) await ask("/about/", await cookie(seconds() + 300 + count));
same(verified, 602, "many tokens");
const kept = await cookie(seconds() + 899);
same([(await ask(figure, kept)).status, verified], [200, 602], "the newest of many");
const gone = await cookie(seconds() + 300);
same([(await ask(figure, gone)).status, verified], [200, 603], "the oldest of many");

// Another root: looked for once a minute, behind a request, and used from the next one on.
async function publish(next, expected, what) {
  await without("edge/root.json", encode(next), async () => {
    now += 61_000;
    await ask("/account-of-nobody/");
    await Promise.all(behind.splice(0));
    same((await ask("/swapped/")).status, 404, what);
    same((await ask("/about/")).headers.get("etag") === first.headers.get("etag"), expected === "old", what);
  });
}
const swapped = { ...root, pages: { ...root.pages }, shards: root.shards.slice() };
const moved = await shardOf("/about/");
const other = JSON.parse(new TextDecoder().decode(files.get(moved)));
other.routes["/about/"] = { objects: [page], policy: root.policies.findIndex(({ variants }) => variants.length === 1 && variants[0] === 0) };
other.objects[page] = root.objects[page];
const otherBytes = encode(other);
const otherName = Array.from(await hash(new TextDecoder().decode(otherBytes)), (byte) => byte.toString(16).padStart(2, "0")).join("");
files.set(`edge/${otherName}.json`, otherBytes);
swapped.shards[(await hash("/about/"))[0]] = `${otherName}.json`;
await publish({ ...swapped, version: root.version - 1 }, "old", "an older root");
await publish({ ...swapped }, "old", "a root of the same version");
await publish({ ...swapped, version: root.version + 1, surprise: 1 }, "old", "a root with an unknown field");
await publish({ ...swapped, version: root.version + 1, clock: seconds() + 1000 }, "old", "a root from the future");
await without("edge/root.json", null, async () => {
  now += 61_000;
  same((await ask("/about/")).status, 200, "no root any more");
  await Promise.all(behind.splice(0));
  same((await ask("/about/")).status, 200, "no root any more");
});
const before = verified;
await ask("/about/", kept);
same(verified, before, "the token is still remembered");
await publish({ ...swapped, version: root.version + 1, build: "1".repeat(64) }, "new", "a newer root");
await ask("/about/", kept);
same(verified, before + 1, "the token is verified again");
await publish(root, "new", "the old root again");
const newest = { ...root, version: root.version + 2, build: "2".repeat(64) };
await without("edge/root.json", encode(newest), async () => {
  now += 61_000;
  const held = (await ask("/about/", {}, { OBJECTS }, null)).headers.get("etag");
  same(held === first.headers.get("etag"), false, "the root before it");
  // Nobody says when it is done: a few turns are enough for a store in memory.
  for (let turn = 0; turn < 100; turn += 1) await new Promise((done) => setTimeout(done, 1));
  const taken = (await ask("/about/", {}, { OBJECTS }, null)).headers.get("etag");
  same(taken, first.headers.get("etag"), "a newer root, without a context");
});
same(said.length > 20 && said.every((line) => !line.includes("eyJ")), true, "the log has no token");
console.log(`${checked} checked`);

function wantedObject(shard, path) {
  return `objects/${JSON.parse(new TextDecoder().decode(files.get(shard))).routes[path].objects[0]}`;
}

async function secretBytes() {
  const { k } = JSON.parse(await Deno.readTextFile(`${storeFolder}/../hs256.json`));
  return Uint8Array.from(atob(k.replaceAll("-", "+").replaceAll("_", "/")), (character) => character.charCodeAt(0));
}

async function token(exp) {
  const text = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const { issuer, audience } = root.token;
  const claims = { iss: issuer, aud: audience, iat: exp - 900, exp, entitlements: [{ value: "pro", since: 1 }] };
  const signed = `${text(encode({ alg: "HS256", kid: "hs256" }))}.${text(encode(claims))}`;
  return `${signed}.${text(new Uint8Array(await crypto.subtle.sign("HMAC", secret, encode(signed))))}`;
}

async function* walk(folder, below = "") {
  for await (const { name, isDirectory } of Deno.readDir(`${folder}/${below}`)) {
    if (isDirectory) yield* walk(folder, `${below}${name}/`);
    else yield `${below}${name}`;
  }
}
