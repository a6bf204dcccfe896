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
  [FORMAT] = function(data, _, build)
    data.build = build
  end,
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
  ["end"] = function(data, _, count)
    data.ended = number(count)
  end,
}

-- The number of a path's bucket, from 1 on. The export reckons alike (`lines.rs`).
local function bucket_of(path, count)
  local hash = #path
  local padded = path .. ("\0"):rep(-#path % 8)
  for at = 1, #padded, 8 do
    hash = (hash ~ ("<i8"):unpack(padded, at)) * 0x9E3779B97F4A7C15
    hash = hash ~ hash >> 32
  end
  return (hash >> 33) % count + 1
end

-- What stands behind the path on its line of this kind, or nil. (A path that was not refused has neither tabs nor ends of
-- lines in it.)
local function find(data, kind, path)
  local bucket = data.buckets[bucket_of(path, #data.buckets)]
  local _, stop = bucket:find("\n" .. kind .. "\t" .. path .. "\t", 1, true)
  return stop and bucket:match("^[^\n]*", stop + 1)
end

-- The policy of a path that is a route and the objects of its variants; or nil.
local function route_of(data, path)
  local policy, objects = (find(data, "route", path) or ""):match("^(%d+) (.*)$")
  if not policy then
    return nil
  end
  return data.policies[number(policy)], objects
end

-- The path that a path leads to; or nil.
local function redirect_of(data, path)
  return find(data, "redirect", path)
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
  return { passthrough = {}, keys = {}, types = {}, pages = {}, rules = {}, policies = {}, buckets = {} }
end

-- Takes the lines of a bucket, up to the next one or the end: that line, and how many lines were taken.
--
-- Routes and redirects stay text, so that 100,000 of them are few values: they need little memory, and a collector of
-- garbage that has to look at each of them would take longer than all else.
local function read_bucket(data, lines)
  local kept = { "" }
  for line in lines do
    if line == "bucket" or line:find("^end\t") then
      kept[#kept + 1] = ""
      table.insert(data.buckets, table.concat(kept, "\n"))
      return line, #kept - 1
    end
    kept[#kept + 1] = line
  end
  return nil, #kept
end

-- Reads the lines that an iterator gives.
local function read(lines, now)
  local data = begin()
  local line = lines() or ""
  local first = split(line)
  if first[1] ~= FORMAT then
    error("unknown format `" .. tostring(first[1]) .. "`: this file reads `" .. FORMAT .. "`", 0)
  end
  local count, taken = 0, 1
  while line do
    count = count + taken
    if data.ended then
      error("there is more behind the end", 0)
    elseif line == "bucket" then
      line, taken = read_bucket(data, lines)
    else
      local parts = split(line)
      local take = LINES[parts[1]] or error("unknown line `" .. parts[1] .. "`", 0)
      take(data, table.unpack(parts))
      line, taken = lines(), 1
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

return { load = load, route_of = route_of, redirect_of = redirect_of, object_of = object_of, variant_of = variant_of }
