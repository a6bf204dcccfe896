-- The two actions between which HAProxy verifies the signature, and what they tell it by variables.
--
-- Nothing is served unless `tierpress_decide` has run to its end: the configuration refuses every request for which
-- `txn.tierpress_to` is not set. An error in an action is logged by HAProxy and leaves it unset.

-- How many verified tokens each of the two generations holds. Keys and claims are those of this start of HAProxy.
local KEPT = 1024

local young, old, count = {}, {}, 0

local function keep(token, claims)
  if count >= KEPT then
    young, old, count = {}, young, 0
  end
  young[token], count = claims, count + 1
end

-- What a token says that was verified before, or nil.
local function kept(token)
  local claims = young[token]
  if not claims and old[token] then
    claims = old[token]
    keep(token, claims)
  end
  return claims
end

-- The values of a header, each as it was sent.
local function values(headers, name)
  local list = {}
  local sent = headers[name]
  -- HAProxy counts them from 0.
  local number = 0
  while sent and sent[number] do
    list[#list + 1] = sent[number]
    number = number + 1
  end
  return list
end

-- Whether a browser navigates and can follow a redirect to a page for people.
local function navigates(method, headers)
  if method ~= "GET" and method ~= "HEAD" then
    return false
  end
  local mode = values(headers, "sec-fetch-mode")[1]
  if mode then
    return mode == "navigate"
  end
  return table.concat(values(headers, "accept"), ", "):find("text/html", 1, true) ~= nil
end

-- `http-request lua.tierpress_read`: reads the request, and names the token that is to be verified and its key.
local function read(manifest, txn)
  local headers = txn.http:req_get_headers()
  local method = txn.sf:method()
  local request = {
    method = method,
    target = txn.sf:url(),
    now = os.time(),
    navigates = navigates(method, headers),
  }
  txn:set_priv(request)
  if not manifest.token then
    return
  end
  local authorizations, cookies = values(headers, "authorization"), values(headers, "cookie")
  local token = tokens.presented(authorizations, cookies, manifest.token.cookie)
  if not token then
    return
  end
  request.claims = kept(token)
  local key = not request.claims and tokens.read_header(token, manifest.keys)
  if key then
    request.unverified = token
    txn:set_var("txn.tierpress_token", token)
    txn:set_var("txn.tierpress_key", key.slot)
  end
end

-- What the request's token says; nil where there is none or a bad one.
local function claims_of(manifest, request, signed)
  if request.unverified and signed == 1 then
    local claims = tokens.read_claims(request.unverified, manifest.token)
    if claims then
      keep(request.unverified, claims)
    end
    return claims
  end
  return request.claims
end

-- A `Set-Cookie` that deletes the cookie of tokens, after its name (RFC 6265, 3.1).
local CLEARED = "=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Lax"

-- What is done with each outcome. An answer of HAProxy's own is named by its status.
local TO = {
  open = "objects", preview = "objects", denied = "objects", not_found = "objects", passthrough = "upstream",
  bad_target = "400", bad_method = "405", moved = "308", sign_in = "303",
}

local function tell(manifest, txn, decision)
  local function set(name, value)
    if value then
      txn:set_var("txn.tierpress_" .. name, value)
    end
  end
  if decision.outcome ~= "passthrough" then
    set("cache", decision.cache)
    set("private", decision.cache == decide.PRIVATE and "1")
    set("location", decision.location)
    set("reason", decision.reason)
    set("at", decision.available_at and os.date("!%Y-%m-%dT%H:%M:%SZ", decision.available_at))
    set("clear", decision.clear_cookie and manifest.token and manifest.token.cookie .. CLEARED)
  end
  if decision.object then
    set("object", decision.object.name)
    set("type", decision.object.media_type)
    set("status", decision.status ~= 200 and tostring(decision.status))
  end
  set("to", TO[decision.outcome])
end

-- `http-request lua.tierpress_decide`: decides, and says what is to be answered.
local function answer(manifest, txn)
  local request = txn:get_priv()
  local claims = claims_of(manifest, request, txn:get_var("txn.tierpress_signed"))
  request.reader = tokens.reader(claims, request.now)
  tell(manifest, txn, decide.decide(manifest, request))
end

-- The folder of this file, where its data lies too.
local function folder()
  return debug.getinfo(1, "S").source:match("^@(.*/)[^/]*$") or ""
end

if core then
  local manifest = data.load(folder() .. "tierpress.data", os.time())
  core.register_action("tierpress_read", { "http-req" }, function(txn)
    read(manifest, txn)
  end)
  core.register_action("tierpress_decide", { "http-req" }, function(txn)
    answer(manifest, txn)
  end)
end

return { data = data, json = json, tokens = tokens, decide = decide.decide, tell = tell }
