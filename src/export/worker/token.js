// ---------------------------------------------------------------------------------------------------------------------
// Tokens: which one a request brings, and what it says.

const LONGEST_TOKEN = 8192;
/** How far an issuer's clock may be ahead of ours, in seconds. */
const LEEWAY = 30;

/** What WebCrypto calls the algorithms. The one that counts is the key's, never the token's. */
const ALGORITHMS = new Map([
  ["ES256", { import: { name: "ECDSA", namedCurve: "P-256" }, verify: { name: "ECDSA", hash: "SHA-256" } }],
  ["RS256", { import: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, verify: { name: "RSASSA-PKCS1-v1_5" } }],
  ["EdDSA", { import: { name: "Ed25519" }, verify: { name: "Ed25519" } }],
  ["HS256", { import: { name: "HMAC", hash: "SHA-256" }, verify: { name: "HMAC" } }],
]);

/**
 * The one token that a request brings, or null: none, or more than one, is none.
 *
 * `authorization` and `cookie` are header values or null, where a host has joined several headers into one (by a comma;
 * cookies also by a semicolon). `name` is the name of the cookie.
 */
export function presented(authorization, cookie, name) {
  // A comma may stand between two headers, and nothing tells which of them another server would have read.
  if (authorization?.includes(",")) return null;
  const tokens = [];
  // `Bearer` alone is an empty token, and not none: HTTP takes blanks from the ends of values.
  const [, scheme, rest] = /^([^ ]*) *(.*)$/s.exec(trim(authorization ?? ""));
  if (scheme.toLowerCase() === "bearer") tokens.push(rest);
  for (const pair of (cookie ?? "").split(";").map(trim)) {
    if (pair.startsWith(`${name}=`)) tokens.push(pair.slice(name.length + 1));
  }
  return tokens.length === 1 ? tokens[0] : null;
}

/** Without the blanks at both ends that HTTP knows. */
function trim(value) {
  return value.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "");
}

/** Keys as WebCrypto has them, from those of the settings. */
export function importKeys(keys) {
  const imported = keys.map(async ({ kid, alg, jwk }) => {
    const key = await crypto.subtle.importKey("jwk", jwk, ALGORITHMS.get(alg).import, false, ["verify"]);
    return { kid, alg, key };
  });
  return Promise.all(imported);
}

/**
 * What a token says, if it is good in all but the clock, else null.
 * `settings` is `token` of the manifest, `keys` come from `importKeys`.
 */
export async function verify(token, settings, keys) {
  if (token.length > LONGEST_TOKEN) return null;
  const parts = token.split(".");
  if (parts.length !== 3) return null;
  const [header, payload, signature] = parts.map(fromBase64Url);
  if (header === null || payload === null || signature === null) return null;
  const key = keyFor(objectOf(header), keys);
  if (key === null) return null;
  const signed = new TextEncoder().encode(`${parts[0]}.${parts[1]}`);
  const isSigned = await crypto.subtle.verify(ALGORITHMS.get(key.alg).verify, key.key, signature, signed);
  return isSigned ? readClaims(objectOf(payload), settings) : null;
}

/** Who bears a verified token at an instant. */
export function readerAt(verified, now) {
  if (verified === null || verified.issuedAt > now + LEEWAY || verified.notBefore > now + LEEWAY) return VISITOR;
  const kind = now < verified.expires ? "member" : "expired";
  return { kind, entitlements: verified.entitlements };
}

const VISITOR = { kind: "visitor", entitlements: [] };

/** The key that the header asks for, if the header asks for nothing else. */
function keyFor(header, keys) {
  if (header === null) return null;
  const steering = ["crit", "jku", "jwk", "x5u", "x5c", "b64"];
  if (steering.some((name) => Object.hasOwn(header, name))) return null;
  let key;
  if (!Object.hasOwn(header, "kid")) {
    key = keys.length === 1 ? keys[0] : undefined;
  } else if (isString(header.kid)) {
    key = keys.find((key) => key.kid === header.kid);
  }
  return key !== undefined && Object.hasOwn(header, "alg") && header.alg === key.alg ? key : null;
}

function readClaims(claims, settings) {
  if (claims === null) return null;
  const own = (name) => (Object.hasOwn(claims, name) ? claims[name] : undefined);
  const audience = own("aud");
  const audiences = Array.isArray(audience) ? audience : [audience];
  const isForUs = audiences.every((one) => typeof one === "string") && audiences.includes(settings.audience);
  const [issuedAt, expires, notBefore] = [own("iat"), own("exp"), own("nbf") ?? 0];
  if (own("iss") !== settings.issuer || !isForUs) return null;
  if (![issuedAt, expires, notBefore].every(isInstant) || own("nbf") === null) return null;
  if (expires - issuedAt > settings.max_ttl) return null;
  const entitlements = readEntitlements(claimOf(claims, settings.claim), issuedAt, settings.max_entitlements);
  return entitlements === null ? null : { entitlements, issuedAt, notBefore, expires };
}

/** The claim of that name; or, where there is none and the name has dots, the path of its parts through objects. */
function claimOf(claims, name) {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value = claims;
  for (const part of name.split(".")) {
    if (!isObject(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

/** The entitlements of a claim; null where the token is bad. A faulty one among them is dropped. */
function readEntitlements(claim, issuedAt, most) {
  if (claim === undefined || claim === null) return [];
  const list = isString(claim) ? claim.split(" ").filter((part) => part !== "") : claim;
  if (!Array.isArray(list) || list.length > most) return null;
  return list.map((element) => readEntitlement(element, issuedAt)).filter((held) => held !== null);
}

function readEntitlement(element, issuedAt) {
  if (isString(element)) return { value: element, since: issuedAt };
  if (!isObject(element)) return null;
  const own = (name) => (Object.hasOwn(element, name) ? (element[name] ?? undefined) : undefined);
  const [value, since, until, frozen] = [own("value"), own("since"), own("until"), own("frozen")];
  const isSound = isString(value) && isInstant(since) && [until, frozen].every(isInstantOrNone);
  return isSound ? { value, since, until, frozen } : null;
}

function isInstant(value) {
  return Number.isInteger(value) && value >= 0 && value <= LAST_INSTANT;
}

function isInstantOrNone(value) {
  return value === undefined || isInstant(value);
}

/** Text that UTF-8 can hold: JSON's escapes can also say half of a surrogate pair, which is no text to other edges. */
function isString(value) {
  return typeof value === "string" && !/\p{Surrogate}/u.test(value);
}

/** An object, all names in which are text. */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).every(isString);
}

/** The JSON object that bytes are, or null. */
function objectOf(bytes) {
  const json = text(bytes);
  try {
    const value = json === null ? null : JSON.parse(json);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/** Bytes of base64url without padding (RFC 7515, 2), or null. One value has one text: spare bits are zero. */
function fromBase64Url(encoded) {
  if (!/^[A-Za-z0-9_-]*$/.test(encoded)) return null;
  const spare = { 0: "", 2: "AQgw", 3: "AEIMQUYcgkosw048" }[encoded.length % 4];
  if (spare === undefined || (spare !== "" && !spare.includes(encoded.at(-1)))) return null;
  const bytes = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(bytes, (character) => character.charCodeAt(0));
}
