-- The manifest as `tierpress export haproxy` writes it: one thing a line, its parts between tabs. It is read once, when
-- HAProxy starts; whatever is not understood keeps it from starting.

-- Behind it stands the build. The last line says how many there are, so that no half of a file is taken for one.
local FORMAT = "tierpress-haproxy/1"

-- How far the build's clock may be ahead of ours, in seconds.
local AHEAD = 300

-- The parts of a line. An empty one stays in its place.
local function split(line)
  local parts = {}
  for part in (line .. "\t"):gmatch("([^\t]*)\t") do
    parts[#parts + 1] = part
  end
  return parts
end

local function number(text)
  return math.tointeger(tonumber(text)) or error("`" .. tostring(text) .. "` is no whole number", 0)
end

-- A number, or nil where the part is empty.
local function maybe(text)
  return text ~= "" and number(text) or nil
end

local function last(list)
  return list[#list] or error("a line is out of its place", 0)
end

-- What each kind of line does to the data. `_` is the kind itself.
local LINES = {
  clock = function(data, _, clock)
    data.clock = number(clock)
  end,
  denied_status = function(data, _, status)
    data.denied_status = number(status)
  end,
  login_url = function(data, _, url)
    data.login_url = url
  end,
  refresh_url = function(data, _, url)
    data.refresh_url = url
  end,
  passthrough = function(data, _, prefix)
    table.insert(data.passthrough, prefix)
  end,
  token = function(data, _, issuer, audience, claim, cookie, max_ttl, max_entitlements)
    data.token = {
      issuer = issuer,
      audience = audience,
      claim = claim,
      cookie = cookie,
      max_ttl = number(max_ttl),
      max_entitlements = number(max_entitlements),
    }
  end,
  -- Without a fourth part it is a key without an id.
  key = function(data, _, slot, algorithm, id)
    table.insert(data.keys, { slot = slot, algorithm = algorithm, id = id })
  end,
  lowest_tier = function(data, _, id)
    data.lowest_tier = id
  end,
  type = function(data, _, media_type)
    table.insert(data.types, media_type)
  end,
  page = function(data, _, name, object)
    data.pages[name] = object
  end,
  rule = function(data)
    table.insert(data.rules, {})
  end,
  clause = function(data, _, from, ends)
    table.insert(last(data.rules), { all = {}, from = maybe(from), ends = maybe(ends) })
  end,
  need = function(data, _, after, joined_before, kept, ids)
    local any = {}
    for id in ids:gmatch("[^ ]+") do
      any[id] = true
    end
    local need = { any = any, after = number(after), joined_before = maybe(joined_before), kept = maybe(kept) }
    table.insert(last(last(data.rules)).all, need)
  end,
  policy = function(data, _, cache, open, otherwise, variants)
    local policy = { cache = cache, open = number(open), otherwise = otherwise, rules = {} }
    for rule in variants:gmatch("[^ ]+") do
      table.insert(policy.rules, data.rules[number(rule)] or error("there is no rule " .. rule, 0))
    end
    table.insert(data.policies, policy)
  end,
  redirect = function(data, _, path, target)
    data.redirects[path] = target
  end,
  ["end"] = function(data, _, count)
    data.ended = number(count)
  end,
}

-- What a route says, its policy and the objects of its variants. It is taken apart only when it is asked for: kept as
-- text, 100,000 routes need little memory.
local function route_of(data, value)
  local policy, objects = value:match("^(%d+) (.*)$")
  return data.policies[number(policy)], objects
end

-- An object is written `TYPE:NAME`, the type as the number of its line.
local function object_of(data, text)
  local media_type, name = text:match("^(%d+):([a-z0-9/.]+)$")
  return { name = name, media_type = data.types[number(media_type)] }
end

-- The object of a variant, or nil where there is none.
local function variant_of(data, objects, variant)
  for object in objects:gmatch("[^ ]+") do
    variant = variant - 1
    if variant == 0 then
      return object_of(data, object)
    end
  end
  return nil
end

local function begin()
  return {
    passthrough = {}, keys = {}, types = {}, pages = {}, rules = {}, policies = {}, routes = {}, redirects = {},
  }
end

-- Reads the lines that an iterator gives.
local function read(lines, now)
  local data = begin()
  local first = split(lines() or "")
  if first[1] ~= FORMAT then
    error("unknown format `" .. tostring(first[1]) .. "`: this file reads `" .. FORMAT .. "`", 0)
  end
  data.build = first[2]
  local count = 1
  for line in lines do
    count = count + 1
    if data.ended ~= nil then
      error("there is more behind the end", 0)
    end
    -- Nearly all lines are routes, so these are read in a quicker way.
    local path, value = line:match("^route\t([^\t]*)\t([^\t]*)$")
    if path then
      data.routes[path] = value
    else
      local parts = split(line)
      local take = LINES[parts[1]] or error("unknown line `" .. parts[1] .. "`", 0)
      take(data, table.unpack(parts))
    end
  end
  if data.ended ~= count then
    error("it is not whole", 0)
  end
  if data.clock > now + AHEAD then
    error("its clock is more than five minutes ahead of this machine's", 0)
  end
  return data
end

-- Reads a file, or says which one is at fault.
local function load(name, now)
  local well, data = pcall(function()
    return read(io.lines(name), now)
  end)
  if not well then
    error("tierpress: " .. name .. " cannot be used: " .. tostring(data), 0)
  end
  return data
end

return { load = load, route_of = route_of, object_of = object_of, variant_of = variant_of }
