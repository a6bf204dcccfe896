// ---------------------------------------------------------------------------------------------------------------------
// The decision: may this request have this path, and which object is it.
//
// A port of Tierpress's own `decide`, row by row, and tested against it. It is pure: no clock, no network. What is
// served is always a value of the manifest, never made from the request.

/** The last second of the year 9999: sums are cut there. */
const LAST_INSTANT = 253402300799;

/**
 * Decides what a request is given.
 *
 * `manifest` is the root with `parts`: a list of shards (or one whole manifest), in which paths are looked up.
 * `request` is `{ method, target, reader, now, navigation }`, where `reader` is `{ kind, entitlements }`, `kind` is
 * "visitor", "member" or "expired", and `now` counts seconds since 1970.
 */
export function decide(manifest, request) {
  const path = canonical(request.target);
  if (path === null) return plain("bad_target", 400);
  if (passesThrough(manifest.site, path)) return { ...plain("passthrough", 200), cache: "private" };
  if (!isRead(request.method)) return plain("bad_method", 405);

  // Windows are never looked at from before the build's clock.
  const view = { manifest, request, now: request.now, window: Math.max(request.now, manifest.clock) };
  const found = find(manifest, path);
  const { reader, navigation } = request;
  const refresh = manifest.site.refresh_url;
  if (reader.kind === "expired" && navigation && refresh !== undefined && !(found && isOpenToAll(view, found))) {
    const location = withNext(refresh, path);
    return { ...plain("sign_in", 303), reason: "token_expired", location, clearCookie: true };
  }
  if (found === null) return notFound(manifest);
  const decision = decideRoute(view, found, path);
  return found.moved !== null && decision.outcome !== "not_found" ? moved(found) : decision;
}

/** Whether the path belongs to another upstream: `/account/` means all below it, `/hook` that path and all below. */
function passesThrough(site, path) {
  return (site.passthrough ?? []).some((prefix) => {
    if (!path.startsWith(prefix)) return false;
    const rest = path.slice(prefix.length);
    return prefix.endsWith("/") || rest === "" || rest.startsWith("/");
  });
}

function isRead(method) {
  return method === "GET" || method === "HEAD";
}

function plain(outcome, status) {
  return {
    outcome,
    status,
    reason: null,
    object: null,
    location: null,
    availableAt: null,
    cache: "no_store",
    seconds: null,
    clearCookie: false,
  };
}

/** The one answer for whatever is not there or must not be known: nothing in it depends on the request. */
function notFound(manifest) {
  return { ...plain("not_found", 404), object: manifest.pages.not_found };
}

// Looking a path up: as a route, as a redirect, and without its slash.

function find(manifest, path) {
  const route = (key, isMoved) => {
    const route = lookUp(manifest, "routes", key);
    if (route === undefined) return null;
    const policy = manifest.policies[route.policy];
    const rules = policy.variants.map((number) => manifest.rules[number]);
    return { route, policy, rules, open: rules.slice(0, policy.open), moved: isMoved ? key : null };
  };
  const redirect = () => {
    const target = lookUp(manifest, "redirects", path);
    return target === undefined ? null : route(target, true);
  };
  const slash = () => (path.endsWith("/") ? null : route(path + "/", true));
  return route(path, false) ?? redirect() ?? slash();
}

/** What a part of the manifest has under a name. Own properties only: `constructor` and `__proto__` are names too. */
function lookUp(manifest, map, name) {
  const part = manifest.parts.find((part) => Object.hasOwn(part[map], name));
  return part?.[map][name];
}

// A route, as if its own path had been asked for.

function decideRoute(view, found, path) {
  const { manifest, request } = view;
  const entitlements = entitlementsOf(request.reader);
  const first = found.rules.findIndex((rule) => holds(rule, entitlements, view.now, view.window));
  const object = first < 0 ? undefined : found.route.objects[first];
  if (object === undefined) {
    const active = found.rules.some((rule) => isActive(rule, view.window));
    return found.policy.otherwise === "denied" && active ? denied(view, found, path) : notFound(manifest);
  }
  const served = { object, ...cacheOf(view, found) };
  if (first < found.policy.open) return { ...plain("open", 200), ...served };
  const { reason, availableAt } = reasonOf(view, found);
  return { ...plain("preview", 200), ...served, reason, availableAt };
}

/** The answer to somebody who may know of it, and for whom there is no variant. */
function denied(view, found, path) {
  const { manifest, request } = view;
  const { site, pages } = manifest;
  const isMember = request.reader.kind === "member";
  const { reason, availableAt } = isMember ? reasonOf(view, found) : { reason: "not_signed_in", availableAt: null };
  if (reason === "not_signed_in" && request.navigation && site.login_url !== undefined) {
    return { ...plain("sign_in", 303), reason, location: withNext(site.login_url, path) };
  }
  const statuses = { not_signed_in: 401, not_yet: 403, expired: 403 };
  const status = statuses[reason] ?? site.denied_status;
  return { ...plain("denied", status), reason, object: pages[reason], availableAt };
}

function moved(found) {
  const cache = found.rules.every(isPublic) ? "public" : "private";
  return { ...plain("moved", 308), location: encode(found.moved), cache };
}

/** Whether everybody is given the same variant now, so that no token matters. */
function isOpenToAll(view, found) {
  return found.rules.every(isSameForAll) && found.rules.some((rule) => isActive(rule, view.window));
}

/** How an answer with an object may be kept. */
function cacheOf(view, found) {
  const { cache } = found.policy;
  if (cache !== "timed") return { cache };
  const bounds = found.rules.flat().flatMap((clause) => [clause.from, clause.until]);
  const later = bounds.filter((bound) => bound !== undefined && bound > view.window);
  return later.length === 0 ? { cache: "public" } : { cache: "timed", seconds: Math.min(...later) - view.now };
}

// Why no open variant holds, and when one will.

function reasonOf(view, found) {
  const { reader } = view.request;
  const entitlements = entitlementsOf(reader);
  const availableAt = opensAt(view, found, entitlements);
  if (reader.kind === "member") {
    if (availableAt !== null) return { reason: "not_yet", availableAt };
    return { reason: missing(view, found, entitlements), availableAt: null };
  }
  // Signing in may help as long as anybody at all has it open; before, only waiting does.
  const waits = !found.open.some((rule) => isActive(rule, view.window));
  if (waits && availableAt !== null) return { reason: "not_yet", availableAt };
  return { reason: "not_signed_in", availableAt: null };
}

/** What a member lacks for whom it will never open by itself. */
function missing(view, found, entitlements) {
  const opens = (held) => found.open.some((rule) => holds(rule, held, view.now, view.window));
  if (opens(entitlements.map((held) => ({ ...held, until: undefined })))) return "expired";
  const lowest = view.manifest.access_controls.find((control) => control.kind === "tier");
  const tier = lowest === undefined ? [] : [{ value: lowest.id, since: 0 }];
  return opens([...entitlements, ...tier]) ? "no_tier" : "not_entitled";
}

/** The earliest later instant at which an open variant holds with these entitlements, or null. */
function opensAt(view, found, entitlements) {
  const instants = [];
  for (const clause of found.open.flat()) {
    if (clause.from !== undefined) instants.push(clause.from);
    for (const held of entitlements) {
      // Something can only begin to hold where a window opens, a grant begins or a drip has passed.
      instants.push(held.since, ...clause.all.map((need) => later(held.since, need.after)));
    }
  }
  const opens = (at) => found.open.some((rule) => holds(rule, entitlements, at, Math.max(at, view.manifest.clock)));
  const ahead = instants.filter((at) => at > view.now).sort((a, b) => a - b);
  return ahead.find((at, number) => at !== ahead[number - 1] && opens(at)) ?? null;
}

// Rules: any of their clauses; a clause: all of its needs, within its window; a need: any of its ids.

/** Whether a rule holds for these entitlements at `now`, with windows looked at from `window`. */
function holds(rule, entitlements, now, window) {
  const meets = (clause, need) => entitlements.some((held) => meetsNeed(held, need, floorOf(clause, need), now));
  return rule.some((clause) => covers(clause, window) && clause.all.every((need) => meets(clause, need)));
}

/** Whether an entitlement meets a need at `now`, where one that was frozen before `floor` does not count. */
function meetsNeed(held, need, floor, now) {
  const inForce = held.since <= now && (held.until === undefined || now < held.until);
  const seen = held.frozen === undefined ? now : Math.min(held.frozen, now);
  return (
    inForce &&
    later(held.since, need.after) <= seen &&
    (need.joined_before === undefined || held.since < need.joined_before) &&
    (held.frozen === undefined || floor <= held.frozen) &&
    need.any.includes(held.value)
  );
}

/** The instant at or after which an entitlement must have been frozen, if it was, to count for a need. */
function floorOf(clause, need) {
  return Math.min(clause.from ?? 0, need.kept ?? LAST_INSTANT);
}

function later(instant, length = 0) {
  return Math.min(instant + length, LAST_INSTANT);
}

function covers(clause, instant) {
  const { from, until } = clause;
  return (from === undefined || from <= instant) && (until === undefined || instant < until);
}

/** Whether anybody at all could have the rule hold now. */
function isActive(rule, instant) {
  return rule.some((clause) => covers(clause, instant));
}

function isSameForAll(rule) {
  return rule.every((clause) => clause.all.length === 0);
}

/** Whether a rule holds for everybody, always. */
function isPublic(rule) {
  const [clause] = rule;
  return rule.length === 1 && clause.all.length === 0 && clause.from === undefined && clause.until === undefined;
}

/** The entitlements that count: an expired token has none. */
function entitlementsOf(reader) {
  return reader.kind === "member" ? reader.entitlements : [];
}

/** A URL of the manifest with `next=PATH`, the encoded canonical path. */
function withNext(address, path) {
  const hash = address.indexOf("#");
  const url = hash < 0 ? address : address.slice(0, hash);
  const fragment = hash < 0 ? "" : address.slice(hash);
  let joint = "&";
  if (!url.includes("?")) joint = "?";
  else if (url.endsWith("?") || url.endsWith("&")) joint = "";
  return `${url}${joint}next=${encodeStrictly(path)}${fragment}`;
}
