// ---------------------------------------------------------------------------------------------------------------------
// Paths: refuse, do not normalise.
//
// Two servers that read a path differently are a way in. So whatever some server might fold, cut or decode twice is
// refused; the rest is decoded once and looked up exactly as it is.

const LONGEST_PATH = 2048;

/**
 * The canonical path of a raw request target (a string or bytes), or null where the answer is 400.
 * The target has no scheme and no host any more, or it is a whole URL; a query is cut off.
 */
export function canonical(target) {
  const raw = typeof target === "string" ? utf8(target) : target;
  if (raw === null) return null;
  const bytes = withoutQuery(withoutHost(raw));
  if (bytes[0] !== SLASH || bytes.length > LONGEST_PATH) return null;
  const decoded = [];
  for (let at = 0; at < bytes.length; at += 1) {
    let byte = bytes[at];
    if (byte <= 0x20 || byte === 0x7f || byte === BACKSLASH || byte === SEMICOLON || byte === HASH) return null;
    if (byte === PERCENT) {
      const digits = String.fromCharCode(bytes[at + 1] ?? 0, bytes[at + 2] ?? 0);
      if (!/^[0-9A-Fa-f]{2}$/.test(digits)) return null;
      byte = parseInt(digits, 16);
      if (byte <= 0x1f || byte === 0x7f) return null;
      if (byte === SLASH || byte === BACKSLASH || byte === PERCENT || byte === SEMICOLON || byte === DOT) return null;
      at += 2;
    }
    decoded.push(byte);
  }
  const path = text(Uint8Array.from(decoded));
  if (path === null || path.includes("//")) return null;
  return path.split("/").some((segment) => segment === "." || segment === "..") ? null : path;
}

const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const SEMICOLON = 0x3b;
const HASH = 0x23;
const PERCENT = 0x25;
const DOT = 0x2e;
const QUESTION = 0x3f;

/** The path itself, if some target has it as its canonical path, else null. */
function servable(path) {
  return canonical(encode(path)) === path ? path : null;
}

/** A canonical path as it stands in `Location`. */
function encode(path) {
  return escape(path, "-._~/!$()*+,=:@");
}

/** A canonical path as the value of a query parameter. */
function encodeStrictly(path) {
  return escape(path, "-._~/");
}

function escape(path, plain) {
  let encoded = "";
  for (const byte of new TextEncoder().encode(path)) {
    const character = String.fromCharCode(byte);
    const stays = /^[A-Za-z0-9]$/.test(character) || plain.includes(character);
    encoded += stays ? character : "%" + byte.toString(16).toUpperCase().padStart(2, "0");
  }
  return encoded;
}

/** The target from its path on, where it is a whole URL (RFC 9112, 3.2.2, absolute-form). */
function withoutHost(bytes) {
  const scheme = /^https?:\/\//i.exec(String.fromCharCode(...bytes.subarray(0, 8)));
  if (scheme === null) return bytes;
  const rest = bytes.subarray(scheme[0].length);
  const path = rest.findIndex((byte) => byte === SLASH || byte === QUESTION);
  return path < 0 ? new Uint8Array() : rest.subarray(path);
}

function withoutQuery(bytes) {
  const query = bytes.indexOf(QUESTION);
  return query < 0 ? bytes : bytes.subarray(0, query);
}

/** The UTF-8 of a string; null where it has half a surrogate pair, for which there is none. */
function utf8(string) {
  return /\p{Surrogate}/u.test(string) ? null : new TextEncoder().encode(string);
}

/** The string of UTF-8 bytes, every one of them; null where they are not UTF-8. */
function text(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}
