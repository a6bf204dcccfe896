-- Plays cases against the exported program, in HAProxy's own Lua and without HAProxy around it: one case a line of
-- `cases.json`, one answer a line of `answers.txt`.

local hidden = core
core = nil
local tierpress = dofile("tierpress.lua")
core = hidden

-- A case holds bytes of any kind, so they are in hexadecimal.
local function bytes(text)
  return (text:gsub("%x%x", function(digits)
    return string.char(tonumber(digits, 16))
  end))
end

local function list(array)
  local texts = {}
  for _, text in ipairs(array.items) do
    texts[#texts + 1] = bytes(text)
  end
  return texts
end

-- What is told to HAProxy of a decision, by name.
local function told(manifest, decision)
  local parts = {}
  local txn = {
    set_var = function(_, name, value)
      parts[#parts + 1] = name:match("^txn%.tierpress_(.*)$") .. "=" .. value
    end,
  }
  tierpress.tell(manifest, txn, decision)
  table.sort(parts)
  return table.concat(parts, "|")
end

local function entitlement(fields)
  return { value = fields.value, since = fields.since, ends = fields["until"], frozen = fields.frozen }
end

local function words(reader)
  local parts = { reader.kind }
  for _, held in ipairs(reader.held) do
    -- Elsewhere a value that can be no id is dropped early. It opens nothing here either.
    if held.value:find("^[a-z][a-z0-9-]*$") then
      local ends = held.ends and "<" .. held.ends or ""
      local frozen = held.frozen and "!" .. held.frozen or ""
      parts[#parts + 1] = held.value .. "/" .. held.since .. ends .. frozen
    end
  end
  return table.concat(parts, " ")
end

local manifests = {}
local function manifest(name)
  manifests[name] = manifests[name] or tierpress.data.load(name, 0)
  return manifests[name]
end

local PLAY = {}

function PLAY.decide(case)
  local held = {}
  for _, element in ipairs(case.held.items) do
    held[#held + 1] = entitlement(element.fields)
  end
  local reader = { kind = case.reader, held = held }
  local request = {
    method = case.method, target = bytes(case.target), now = case.now, navigates = case.navigates, reader = reader,
  }
  return told(manifest(case.data), tierpress.decide(manifest(case.data), request))
end

function PLAY.token(case)
  local manifest = manifest(case.data)
  local cookie = manifest.token.cookie
  local token = tierpress.tokens.presented(list(case.authorizations), list(case.cookies), cookie)
  local key = token and tierpress.tokens.read_header(token, manifest.keys)
  local claims = key and tierpress.tokens.read_claims(token, manifest.token)
  return words(tierpress.tokens.reader(claims, case.now))
end

local answers = assert(io.open("answers.txt", "w"))
for line in io.lines("cases.json") do
  local case = tierpress.json.parse(line).fields
  local well, answer = pcall(PLAY[case.play], case)
  answers:write(well and answer or "error: " .. tostring(answer), "\n")
end
answers:close()
os.exit(0)
