-- The decision: may this request have this path, and which file is it. See `src/edge.rs`, function by function the same.
--
-- A held entitlement is {value, since, ends, frozen}; a reader {kind = "visitor" | "member" | "expired", held}; a
-- decision {outcome, status, reason, object, location, available_at, cache, clear_cookie}, where `object` is
-- {name, media_type} and `cache` the value of `Cache-Control`.

-- 9999-12-31T23:59:59Z: sums go no further.
local LATEST = 253402300799

local NO_STORE, PRIVATE, PUBLIC = "no-store", "private, no-cache", "public, no-cache"
local IMMUTABLE = "public, max-age=31536000, immutable"

local function after(since, length)
  return math.min(since + length, LATEST)
end

-- Whether an entitlement meets a need at an instant, where one frozen before `floor` does not count.
local function meets(held, need, floor, now)
  local seen = held.frozen and math.min(held.frozen, now) or now
  return held.since <= now
    and (not held.ends or now < held.ends)
    and after(held.since, need.after) <= seen
    and (not need.joined_before or held.since < need.joined_before)
    and (not held.frozen or floor <= held.frozen)
    and need.any[held.value] == true
end

local function is_met(need, held, floor, now)
  for _, entitlement in ipairs(held) do
    if meets(entitlement, need, floor, now) then
      return true
    end
  end
  return false
end

-- Whether the window of a clause covers an instant.
local function covers(clause, instant)
  return (not clause.from or clause.from <= instant) and (not clause.ends or instant < clause.ends)
end

local function clause_holds(clause, held, now, window)
  if not covers(clause, window) then
    return false
  end
  local from = clause.from or 0
  for _, need in ipairs(clause.all) do
    local floor = need.kept and math.min(need.kept, from) or from
    if not is_met(need, held, floor, now) then
      return false
    end
  end
  return true
end

local function holds(rule, held, now, window)
  for _, clause in ipairs(rule) do
    if clause_holds(clause, held, now, window) then
      return true
    end
  end
  return false
end

-- Whether anybody at all could have a rule hold now.
local function is_active(rule, window)
  for _, clause in ipairs(rule) do
    if covers(clause, window) then
      return true
    end
  end
  return false
end

-- Whether everybody gets the same answer at the same instant.
local function is_same_for_all(rule)
  for _, clause in ipairs(rule) do
    if #clause.all > 0 then
      return false
    end
  end
  return true
end

local function is_public(rule)
  local clause = rule[1]
  return #rule == 1 and #clause.all == 0 and not clause.from and not clause.ends
end

-- Whether something is true of one rule among the first so many of a policy; all of them, without a number.
local function any_rule(policy, test, count, ...)
  for number = 1, count or #policy.rules do
    if test(policy.rules[number], ...) then
      return true
    end
  end
  return false
end

local function all_rules(policy, test)
  for _, rule in ipairs(policy.rules) do
    if not test(rule) then
      return false
    end
  end
  return true
end

local function plain(outcome, status)
  return { outcome = outcome, status = status, cache = NO_STORE }
end

-- Whether a path lies under an entry of `passthrough`.
local function passes(prefix, path)
  if path:sub(1, #prefix) ~= prefix then
    return false
  end
  local next_byte = path:sub(#prefix + 1, #prefix + 1)
  return prefix:sub(-1) == "/" or next_byte == "" or next_byte == "/"
end

-- A URL of the manifest with `next=PATH`.
local function with_next(url, path)
  local head, fragment = url:match("^([^#]*)(.*)$")
  local joint = "&"
  if not head:find("?", 1, true) then
    joint = "?"
  elseif head:find("[?&]$") then
    joint = ""
  end
  return head .. joint .. "next=" .. paths.encode_strictly(path) .. fragment
end

-- The route a path leads to, as {policy, objects, moved}: itself, a redirect's, or that of the path with its slash.
local function find(manifest, path)
  local policy, objects = data.route_of(manifest, path)
  if policy then
    return { policy = policy, objects = objects }
  end
  local target = data.redirect_of(manifest, path)
  if target then
    policy, objects = data.route_of(manifest, target)
  end
  if not policy and path:sub(-1) ~= "/" then
    target = path .. "/"
    policy, objects = data.route_of(manifest, target)
  end
  return policy and { policy = policy, objects = objects, moved = target }
end

local function not_found(case)
  local decision = plain("not_found", 404)
  decision.object = data.object_of(case.manifest, case.manifest.pages.not_found)
  return decision
end

-- The earliest later instant at which an open variant holds with these entitlements.
local function opens_at(case, policy, held)
  local instants = {}
  local function note(instant)
    if instant > case.now then
      instants[#instants + 1] = instant
    end
  end
  for number = 1, policy.open do
    for _, clause in ipairs(policy.rules[number]) do
      note(clause.from or 0)
      for _, entitlement in ipairs(held) do
        -- Something can only begin to hold where a window opens, a grant begins or a drip has passed.
        note(entitlement.since)
        for _, need in ipairs(clause.all) do
          note(after(entitlement.since, need.after))
        end
      end
    end
  end
  table.sort(instants)
  for _, at in ipairs(instants) do
    if any_rule(policy, holds, policy.open, held, at, math.max(at, case.manifest.clock)) then
      return at
    end
  end
  return nil
end

-- What a member lacks for whom it will never open by itself.
local function missing(case, policy, held)
  local endless, with_tier = {}, {}
  for number, entitlement in ipairs(held) do
    local value, since, frozen = entitlement.value, entitlement.since, entitlement.frozen
    endless[number] = { value = value, since = since, frozen = frozen }
    with_tier[number] = entitlement
  end
  if any_rule(policy, holds, policy.open, endless, case.now, case.window) then
    return "expired"
  end
  if case.manifest.lowest_tier then
    with_tier[#with_tier + 1] = { value = case.manifest.lowest_tier, since = 0 }
  end
  local no_tier = any_rule(policy, holds, policy.open, with_tier, case.now, case.window)
  return no_tier and "no_tier" or "not_entitled"
end

-- Why no open variant holds, and when one will.
local function reason(case, policy)
  local held = case.reader.held
  local later = opens_at(case, policy, held)
  if case.reader.kind == "member" then
    if later then
      return "not_yet", later
    end
    return missing(case, policy, held), nil
  end
  -- Signing in may help as long as anybody at all has it open; before, only waiting does.
  if later and not any_rule(policy, is_active, policy.open, case.window) then
    return "not_yet", later
  end
  return "not_signed_in", nil
end

local function denied(case, policy, path)
  local why, available_at = "not_signed_in", nil
  if case.reader.kind == "member" then
    why, available_at = reason(case, policy)
  end
  local login = case.manifest.login_url
  if why == "not_signed_in" and case.navigates and login then
    local decision = plain("sign_in", 303)
    decision.reason, decision.location = why, with_next(login, path)
    return decision
  end
  local status = case.manifest.denied_status
  if why == "not_signed_in" then
    status = 401
  elseif why == "not_yet" or why == "expired" then
    status = 403
  end
  local decision = plain("denied", status)
  decision.reason, decision.available_at = why, available_at
  decision.object = data.object_of(case.manifest, case.manifest.pages[why])
  return decision
end

local function cache(policy)
  -- Until when an answer is true would tell of a release that is not announced.
  if policy.cache == "public" or policy.cache == "timed" then
    return PUBLIC
  elseif policy.cache == "immutable" then
    return IMMUTABLE
  end
  return PRIVATE
end

-- The decision for a route, as if its own path had been asked for.
local function route(case, found, path)
  local policy = found.policy
  local first
  for number, rule in ipairs(policy.rules) do
    if holds(rule, case.reader.held, case.now, case.window) then
      first = number
      break
    end
  end
  local object = first and data.variant_of(case.manifest, found.objects, first)
  if not object then
    local known = policy.otherwise == "denied" and any_rule(policy, is_active, nil, case.window)
    return known and denied(case, policy, path) or not_found(case)
  end
  local decision = plain("open", 200)
  decision.object, decision.cache = object, cache(policy)
  if first > policy.open then
    decision.outcome = "preview"
    decision.reason, decision.available_at = reason(case, policy)
  end
  return decision
end

local function moved(policy, target)
  local decision = plain("moved", 308)
  decision.location = paths.encode(target)
  decision.cache = all_rules(policy, is_public) and PUBLIC or PRIVATE
  return decision
end

-- Whether everybody is given the same variant now, so that no token matters.
local function is_open_to_all(case, policy)
  return all_rules(policy, is_same_for_all) and any_rule(policy, is_active, nil, case.window)
end

-- Decides what a request is given. `request` is {method, target, reader, now, navigates}.
local function decide(manifest, request)
  local path = paths.canonical(request.target)
  if not path then
    return plain("bad_target", 400)
  end
  for _, prefix in ipairs(manifest.passthrough) do
    if passes(prefix, path) then
      return { outcome = "passthrough", status = 200, cache = PRIVATE }
    end
  end
  if request.method ~= "GET" and request.method ~= "HEAD" then
    return plain("bad_method", 405)
  end
  local case = {
    manifest = manifest,
    reader = request.reader,
    navigates = request.navigates,
    now = request.now,
    window = math.max(request.now, manifest.clock),
  }
  local found = find(manifest, path)
  local refresh = manifest.refresh_url
  if request.reader.kind == "expired" and request.navigates and refresh then
    if not (found and is_open_to_all(case, found.policy)) then
      local decision = plain("sign_in", 303)
      decision.reason, decision.location, decision.clear_cookie = "token_expired", with_next(refresh, path), true
      return decision
    end
  end
  if not found then
    return not_found(case)
  end
  local decision = route(case, found, path)
  if found.moved and decision.outcome ~= "not_found" then
    return moved(found.policy, found.moved)
  end
  return decision
end

return { decide = decide, PRIVATE = PRIVATE }
