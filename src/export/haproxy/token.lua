-- Tokens: which one a request brings, which key must have signed it, and what it says (design 7).
--
-- The signature itself is HAProxy's to verify (`jwt_verify`), between `read_header` and `read_claims`. Every other fault
-- is found here, and every fault makes no token at all.

-- A longer token is bad, whatever it says.
local LONGEST = 8192

-- How far other clocks may be ahead of ours, in seconds.
local LEEWAY = 30

-- 9999-12-31T23:59:59Z.
local LATEST = 253402300799

-- Extensions that change what a token means or where its key comes from.
local REFUSED = { "crit", "jku", "jwk", "x5u", "x5c", "b64" }

-- How long the bytes of a signature are, where the algorithm says it.
local SIGNATURE = { ES256 = 64 }

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
local SIX_BITS = {}
for number = 1, #ALPHABET do
  SIX_BITS[ALPHABET:byte(number)] = number - 1
end

-- The bytes of base64url without padding (RFC 4648, 5), or nil. Bits that would be lost must be zero.
local function decode(text)
  if #text % 4 == 1 or text:find("[^A-Za-z0-9_-]") then
    return nil
  end
  local bytes = {}
  local bits, count = 0, 0
  for number = 1, #text do
    bits = (bits << 6 | SIX_BITS[text:byte(number)]) & 0xFFF
    count = count + 6
    if count >= 8 then
      count = count - 8
      bytes[#bytes + 1] = string.char(bits >> count & 0xFF)
    end
  end
  if bits & ((1 << count) - 1) ~= 0 then
    return nil
  end
  return table.concat(bytes)
end

-- Without blanks and tabs at its ends. (Patterns that could look twice at a place are not for what others send.)
local function trim(text)
  local first = text:find("[^ \t]")
  return first and text:match("^.*[^ \t]", first) or ""
end

-- The tokens of `Authorization`: nil where the header makes all tokens doubtful.
local function bearers(authorizations)
  if #authorizations == 0 then
    return {}
  elseif #authorizations > 1 or authorizations[1]:find(",", 1, true) then
    return nil
  end
  -- `Bearer ` reaches us as `Bearer`: an empty token, not none.
  local scheme, token = trim(authorizations[1]):match("^([^ ]*) *(.*)$")
  return scheme:lower() == "bearer" and { token } or {}
end

-- The one token that a request brings, if it is exactly one.
local function presented(authorizations, cookies, name)
  local tokens = bearers(authorizations)
  if not tokens then
    return nil
  end
  local named = name .. "="
  for _, cookie in ipairs(cookies) do
    for pair in cookie:gmatch("[^;]+") do
      local trimmed = trim(pair)
      if trimmed:sub(1, #named) == named then
        tokens[#tokens + 1] = trimmed:sub(#named + 1)
      end
    end
  end
  return #tokens == 1 and tokens[1] or nil
end

-- The key that a header asks for, or nil.
local function key_of(header, keys)
  local id = header.fields.kid
  if id == nil then
    return #keys == 1 and keys[1] or nil
  end
  for _, key in ipairs(keys) do
    if key.id and key.id == id then
      return key
    end
  end
  return nil
end

-- The key that must have signed a token, or nil where its form or its header makes it a bad one.
local function read_header(token, keys)
  if #token > LONGEST then
    return nil
  end
  local head, _, signature = token:match("^([^.]+)%.([^.]+)%.([^.]+)$")
  local text = head and decode(head)
  local header = text and json.parse(text)
  if type(header) ~= "table" or not header.fields then
    return nil
  end
  for _, name in ipairs(REFUSED) do
    if header.fields[name] ~= nil then
      return nil
    end
  end
  local key = key_of(header, keys)
  if not key or header.fields.alg ~= key.algorithm then
    return nil
  end
  local signed = decode(signature)
  if not signed or #signed ~= (SIGNATURE[key.algorithm] or #signed) then
    return nil
  end
  return key
end

-- A NumericDate that is a whole number of seconds, as an integer, or nil.
local function instant(value)
  if type(value) ~= "number" then
    return nil
  end
  local seconds = math.tointeger(value)
  return seconds and seconds >= 0 and seconds <= LATEST and seconds or nil
end

local function audience_fits(claim, audience)
  if type(claim) ~= "table" or not claim.items then
    return claim == audience
  end
  local found = false
  for _, item in ipairs(claim.items) do
    if type(item) ~= "string" and item ~= json.broken then
      return false
    end
    found = found or item == audience
  end
  return found
end

-- What stands at a path of keys through objects, or nil.
local function at_path(payload, path)
  local value = payload
  for key in (path .. "."):gmatch("([^.]*)%.") do
    if type(value) ~= "table" or not value.fields then
      return nil
    end
    value = value.fields[key]
  end
  return value
end

-- The claim of a name: an own key, or else a path of keys between dots. Null counts as absent.
local function claim_of(payload, name)
  local claim = payload.fields[name]
  if claim == nil and name:find(".", 1, true) then
    claim = at_path(payload, name)
  end
  if claim == json.null then
    return nil
  end
  return claim
end

-- A date that may be absent or null: nil then, and false where it is neither that nor a date.
local function maybe_instant(value)
  if value == nil or value == json.null then
    return nil
  end
  return instant(value) or false
end

-- An element of the claim as an entitlement, or nil where something in it is wrong.
local function entitlement(element, issued)
  if type(element) == "string" then
    return { value = element, since = issued }
  elseif type(element) ~= "table" or not element.fields then
    return nil
  end
  local value = element.fields.value
  local since = instant(element.fields.since)
  local ends, frozen = maybe_instant(element.fields["until"]), maybe_instant(element.fields.frozen)
  if type(value) ~= "string" or not since or ends == false or frozen == false then
    return nil
  end
  return { value = value, since = since, ends = ends, frozen = frozen }
end

-- The elements of the claim, or nil where it has another type.
local function elements_of(claim)
  if claim == nil then
    return {}
  elseif type(claim) == "string" then
    local parts = {}
    for part in claim:gmatch("[^ ]+") do
      parts[#parts + 1] = part
    end
    return parts
  end
  return type(claim) == "table" and claim.items or nil
end

-- What a token says whose signature is good: {issued, begins, ends, held}, or nil where it is a bad one all the same.
-- Nothing here looks at a clock, so that the answer may be kept.
local function read_claims(token, settings)
  local text = decode(token:match("^[^.]+%.([^.]+)%."))
  local payload = text and json.parse(text)
  if type(payload) ~= "table" or not payload.fields then
    return nil
  end
  local fields = payload.fields
  local issued, ends = instant(fields.iat), instant(fields.exp)
  local begins = 0
  if fields.nbf ~= nil then
    begins = instant(fields.nbf)
  end
  local fits = fields.iss == settings.issuer and audience_fits(fields.aud, settings.audience)
  if not fits or not issued or not ends or not begins or ends - issued > settings.max_ttl then
    return nil
  end
  local elements = elements_of(claim_of(payload, settings.claim))
  if not elements or #elements > settings.max_entitlements then
    return nil
  end
  local held = {}
  for _, element in ipairs(elements) do
    held[#held + 1] = entitlement(element, issued)
  end
  return { issued = issued, begins = begins, ends = ends, held = held }
end

local VISITOR = { kind = "visitor", held = {} }

-- Who somebody is at an instant, by what their token says.
local function reader(claims, now)
  if not claims or claims.issued > now + LEEWAY or claims.begins > now + LEEWAY then
    return VISITOR
  elseif now >= claims.ends then
    return { kind = "expired", held = {} }
  end
  return { kind = "member", held = claims.held }
end

return { presented = presented, read_header = read_header, read_claims = read_claims, reader = reader, visitor = VISITOR }
