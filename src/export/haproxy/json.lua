-- JSON as the token's parts are written in it (RFC 8259), read strictly: whatever is not exactly JSON is nil.
--
-- A text is a string, a number a number, `null` is `json.null`; an object is {fields = {…}}, where the last of several
-- equal keys counts, and an array {items = {…}}, so that neither can be taken for the other. A text with half of a
-- surrogate pair, which no UTF-8 can hold, is `json.broken`; an object with such a key has neither fields nor items.

local null, broken, broken_object = {}, {}, {}

local ESCAPES = {
  ['"'] = '"', ["\\"] = "\\", ["/"] = "/", b = "\b", f = "\f", n = "\n", r = "\r", t = "\t",
}
local WORDS = { ["true"] = true, ["false"] = false, null = null }

local read_value

-- Leaves the reading. The one `pcall` below catches it.
local function fail()
  error("not JSON", 0)
end

local function after_blanks(text, at)
  return text:find("[^ \t\r\n]", at) or #text + 1
end

-- One escape, and the place after it; false for half of a surrogate pair. `at` is behind the backslash.
local function read_escape(text, at)
  local letter = text:sub(at, at)
  if letter ~= "u" then
    return ESCAPES[letter] or fail(), at + 1
  end
  local code = tonumber(text:match("^%x%x%x%x", at + 1) or fail(), 16)
  at = at + 5
  if code < 0xD800 or code > 0xDFFF then
    return utf8.char(code), at
  end
  local low = code < 0xDC00 and text:match("^\\u([dD][c-fC-F]%x%x)", at)
  if not low then
    return false, at
  end
  return utf8.char(0x10000 + (code - 0xD800) * 0x400 + (tonumber(low, 16) - 0xDC00)), at + 6
end

-- A text, and the place after it. `at` is behind the opening quote.
local function read_text(text, at)
  local parts, whole = {}, true
  while true do
    local stop = text:find('[\0-\31"\\]', at) or fail()
    parts[#parts + 1] = text:sub(at, stop - 1)
    local byte = text:byte(stop)
    if byte == 34 then
      return whole and table.concat(parts) or broken, stop + 1
    elseif byte ~= 92 then
      fail()
    end
    local escaped
    escaped, at = read_escape(text, stop + 1)
    whole = whole and escaped
    parts[#parts + 1] = escaped or ""
  end
end

local function read_number(text, at)
  local stop = text:match("^-?0()", at) or text:match("^-?[1-9]%d*()", at) or fail()
  stop = text:match("^%.%d+()", stop) or stop
  stop = text:match("^[eE][+-]?%d+()", stop) or stop
  return tonumber(text:sub(at, stop - 1)) or fail(), stop
end

local function read_array(text, at)
  local items = {}
  at = after_blanks(text, at)
  if text:sub(at, at) == "]" then
    return { items = items }, at + 1
  end
  while true do
    items[#items + 1], at = read_value(text, at)
    at = after_blanks(text, at)
    local byte = text:sub(at, at)
    if byte == "]" then
      return { items = items }, at + 1
    elseif byte ~= "," then
      fail()
    end
    at = after_blanks(text, at + 1)
  end
end

local function read_object(text, at)
  local fields = {}
  at = after_blanks(text, at)
  if text:sub(at, at) == "}" then
    return { fields = fields }, at + 1
  end
  local whole = true
  while true do
    if text:sub(at, at) ~= '"' then
      fail()
    end
    local key
    key, at = read_text(text, at + 1)
    at = after_blanks(text, at)
    if text:sub(at, at) ~= ":" then
      fail()
    end
    whole = whole and key ~= broken
    fields[key], at = read_value(text, after_blanks(text, at + 1))
    at = after_blanks(text, at)
    local byte = text:sub(at, at)
    if byte == "}" then
      return whole and { fields = fields } or broken_object, at + 1
    elseif byte ~= "," then
      fail()
    end
    at = after_blanks(text, at + 1)
  end
end

-- A value, and the place after it. `at` is at its first byte.
function read_value(text, at)
  local byte = text:sub(at, at)
  if byte == '"' then
    return read_text(text, at + 1)
  elseif byte == "{" or byte == "[" then
    local read = byte == "{" and read_object or read_array
    return read(text, at + 1)
  end
  local word, stop = text:match("^([a-z]+)()", at)
  if word then
    local value = WORDS[word]
    if value == nil then
      fail()
    end
    return value, stop
  end
  return read_number(text, at)
end

local function read_whole(text)
  local value, stop = read_value(text, after_blanks(text, 1))
  if after_blanks(text, stop) ~= #text + 1 then
    fail()
  end
  return value
end

-- Whether bytes are UTF-8 (RFC 3629), which has no surrogates; some versions of `utf8.len` take them.
local function is_utf8(bytes)
  return utf8.len(bytes) ~= nil and not bytes:find("\xED[\xA0-\xBF]")
end

-- The value of a whole text, or nil.
local function parse(text)
  if not is_utf8(text) then
    return nil
  end
  local well, value = pcall(read_whole, text)
  if well then
    return value
  end
  return nil
end

return { null = null, broken = broken, parse = parse, is_utf8 = is_utf8 }
