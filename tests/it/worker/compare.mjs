// Compares what worker.mjs says of cases with what they expect: lines of JSON, of which some set what others are about.
import * as worker from "./worker.mjs";

const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const latin1 = (hex) => String.fromCharCode(...bytes(hex));
const isId = (value) => /^(?=.*[a-z])[a-z0-9][a-z0-9-]{0,62}$/.test(value);

let manifest, keys, settings;

const kinds = {
  manifest(value) {
    manifest = { ...value, parts: [value] };
  },
  async keys(value) {
    keys = await worker.importKeys(value);
  },
  settings(value) {
    settings = value;
  },
  canonical: (hex) => worker.canonical(bytes(hex)),
  canonicalText: (text) => worker.canonical(text),
  presented({ authorizations, cookies, name }) {
    // As hosts join several headers of one name.
    const join = (values, by) => (values.length === 0 ? null : values.map(latin1).join(by));
    return worker.presented(join(authorizations, ", "), join(cookies, "; "), name);
  },
  navigation: ({ method, mode, accept }) => worker.isNavigation(method, mode, accept),
  async verify({ token, now }) {
    const { kind, entitlements } = worker.readerAt(await worker.verify(latin1(token), settings, keys), now);
    return { kind, entitlements: kind === "visitor" ? [] : entitlements.filter(({ value }) => isId(value)) };
  },
  decide({ target, ...request }) {
    const decision = worker.decide(manifest, { ...request, target: bytes(target) });
    const answer = decision.outcome === "passthrough" ? null : worker.answer(manifest, decision, "csp");
    return { decision, answer };
  },
};

/** With its keys in order, and without those that are undefined. */
function sorted(value) {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(sorted);
  const entries = Object.entries(value).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => [key, sorted(value)]));
}

let compared = 0;
let differences = 0;
for (const line of (await Deno.readTextFile(Deno.args[0])).split("\n")) {
  if (line === "" || differences === 5) continue;
  const { expect, ...test } = JSON.parse(line);
  const [[kind, value]] = Object.entries(test);
  const found = JSON.stringify(sorted((await kinds[kind](value)) ?? null));
  if (expect === undefined) continue;
  compared += 1;
  if (found === JSON.stringify(sorted(expect))) continue;
  differences += 1;
  console.log(`${JSON.stringify(test)}\n  expected ${JSON.stringify(sorted(expect))}\n  found    ${found}`);
  if (kind === "decide") console.log(`  manifest ${JSON.stringify(manifest.parts[0])}`);
}
console.log(`${compared} compared`);
Deno.exit(differences === 0 ? 0 : 1);
