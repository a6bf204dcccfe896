-- The one reading of a request's path (design 6.1): refuse, do not normalise. See `src/path.rs`, line by line the same.

local LONGEST = 2048

-- Escaped, these are what servers read differently: control characters, `/`, `\`, `%`, `;` and `.`.
local function is_ambiguous(byte)
  return byte <= 0x1F or byte == 0x7F or byte == 0x2F or byte == 0x5C or byte == 0x25 or byte == 0x3B or byte == 0x2E
end

-- The target from its path on, where it is a whole URL (RFC 9112, 3.2.2, absolute-form).
local function without_host(target)
  local host = target:match("^[Hh][Tt][Tt][Pp][Ss]?://()")
  if not host then
    return target
  end
  local path = target:find("[/?]", host)
  return path and target:sub(path) or ""
end

-- Decodes every `%` once; nil for one that is malformed or hides what must not be hidden.
local function decode(path)
  local bad = false
  local decoded = path:gsub("%%(%x?%x?)", function(digits)
    local byte = #digits == 2 and tonumber(digits, 16)
    if not byte or is_ambiguous(byte) then
      bad = true
      return ""
    end
    return string.char(byte)
  end)
  if bad then
    return nil
  end
  return decoded
end

-- The canonical path of a raw request target: without scheme, host and query, decoded once; nil where it is refused.
local function canonical(target)
  local path = without_host(target):match("^[^?]*")
  if path:byte(1) ~= 0x2F or #path > LONGEST or path:find("[\0-\32\127\\;#]") then
    return nil
  end
  if path:find("%", 1, true) then
    path = decode(path)
    if not path then
      return nil
    end
  end
  if path:find("//", 1, true) or (path .. "/"):find("/%.%.?/") then
    return nil
  end
  return json.is_utf8(path) and path or nil
end

local function escape(byte)
  return string.format("%%%02X", byte:byte())
end

-- A canonical path as it stands in `Location`.
local function encode(path)
  return (path:gsub("[^A-Za-z0-9%-._~/!$()*+,=:@]", escape))
end

-- A canonical path as the value of a query parameter.
local function encode_strictly(path)
  return (path:gsub("[^A-Za-z0-9%-._~/]", escape))
end

return { canonical = canonical, encode = encode, encode_strictly = encode_strictly }
