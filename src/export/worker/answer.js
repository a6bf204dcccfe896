// ---------------------------------------------------------------------------------------------------------------------
// A decision as HTTP: the status, the headers, and what the body is.

const TEXT = "text/plain; charset=utf-8";
const BAD_TARGET = "this address is not one that can be served\n";
const BAD_METHOD = "only GET and HEAD are answered here\n";
const UNAVAILABLE = "this cannot be served just now\n";

/** Whether a browser navigates: it can follow a redirect to a page for people. */
export function isNavigation(method, secFetchMode, accept) {
  if (!isRead(method)) return false;
  return secFetchMode === null ? (accept ?? "").includes("text/html") : secFetchMode === "navigate";
}

/**
 * What a decision is in HTTP: `{ status, headers, object, text }`, with the name of an object, or a few words, or
 * neither. What belongs to the bytes of the body (length, ETag, ranges, encoding) is added where they are read.
 */
export function answer(manifest, decision, csp) {
  const headers = [["cache-control", cacheControl(decision)]];
  const words = { bad_target: BAD_TARGET, bad_method: BAD_METHOD }[decision.outcome] ?? null;
  if (decision.object !== null) headers.push(["content-type", lookUp(manifest, "objects", decision.object).type]);
  if (words !== null) headers.push(["content-type", TEXT]);
  if (decision.cache === "private") {
    headers.push(["vary", "Cookie, Authorization"], ["cross-origin-resource-policy", "same-origin"]);
  }
  if (decision.location !== null) headers.push(["location", decision.location]);
  if (decision.reason !== null) headers.push(["tierpress-reason", decision.reason]);
  if (decision.availableAt !== null) headers.push(["tierpress-available-at", instant(decision.availableAt)]);
  if (decision.status === 401) headers.push(["www-authenticate", "Bearer"]);
  if (decision.status === 405) headers.push(["allow", "GET, HEAD"]);
  if (decision.clearCookie && manifest.token !== undefined) {
    headers.push(["set-cookie", clearedCookie(manifest.token.cookie)]);
  }
  headers.push(...security(csp));
  return { status: decision.status, headers, object: decision.object, text: words };
}

function cacheControl({ cache }) {
  const values = {
    public: "public, no-cache",
    // Until when an answer is true would tell of a release that is not announced.
    timed: "public, no-cache",
    immutable: "public, max-age=31536000, immutable",
    private: "private, no-cache",
  };
  return values[cache] ?? "no-store";
}

/** The headers that every decided answer has, whatever it is. */
function security(csp) {
  const headers = [
    ["x-content-type-options", "nosniff"],
    ["referrer-policy", "strict-origin-when-cross-origin"],
  ];
  return csp === null ? headers : [...headers, ["content-security-policy", csp]];
}

/** A `Set-Cookie` that deletes the cookie of tokens (RFC 6265, 3.1). */
function clearedCookie(name) {
  return `${name}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax`;
}

/** An instant as RFC 3339 has it, in UTC. */
function instant(seconds) {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}
