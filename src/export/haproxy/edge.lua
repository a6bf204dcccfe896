-- The two actions, and what they tell HAProxy by variables. The first decides at once where there is no signature to
-- verify: there is no token, a bad one, or one that was verified before. Else it names the token and its key, HAProxy
-- verifies, and the second decides.
--
-- Nothing is served unless one of them has run to its end: the configuration refuses every request for which
-- `txn.tierpress_to` is not set. HAProxy logs an error in an action, and goes on without what it would have set.

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

-- Decides for a request whose token says these claims, if there are any, and says what is to be answered.
local function answer(manifest, txn, request, claims)
  request.reader = tokens.reader(claims, request.now)
  tell(manifest, txn, decide.decide(manifest, request))
end

-- The token that a request brings, or nil.
local function token_of(manifest, headers)
  if not manifest.token or not (headers["authorization"] or headers["cookie"]) then
    return nil
  end
  local authorizations, cookies = values(headers, "authorization"), values(headers, "cookie")
  return tokens.presented(authorizations, cookies, manifest.token.cookie)
end

-- `http-request lua.tierpress_ask`: decides, or asks HAProxy to verify a signature.
local function ask(manifest, txn)
  local headers = txn.http:req_get_headers()
  local method = txn.sf:method()
  local request = {
    method = method,
    target = txn.sf:url(),
    now = os.time(),
    navigates = navigates(method, headers),
  }
  local token = token_of(manifest, headers)
  local claims = token and kept(token)
  local key = token and not claims and tokens.read_header(token, manifest.keys)
  if not key then
    return answer(manifest, txn, request, claims)
  end
  request.token = token
  txn:set_priv(request)
  txn:set_var("txn.tierpress_token", token)
  txn:set_var("txn.tierpress_key", key.slot)
end

-- `http-request lua.tierpress_decide`: decides, with what HAProxy found.
local function decide_signed(manifest, txn)
  local request = txn:get_priv()
  local claims
  if txn:get_var("txn.tierpress_signed") == 1 then
    claims = tokens.read_claims(request.token, manifest.token)
  end
  if claims then
    keep(request.token, claims)
  end
  answer(manifest, txn, request, claims)
end

-- The folder of this file, where its data lies too.
local function folder()
  return debug.getinfo(1, "S").source:match("^@(.*/)[^/]*$") or ""
end

if core then
  local manifest = data.load(folder() .. "tierpress.data", os.time())
  core.register_action("tierpress_ask", { "http-req" }, function(txn)
    ask(manifest, txn)
  end)
  core.register_action("tierpress_decide", { "http-req" }, function(txn)
    decide_signed(manifest, txn)
  end)
end

return { data = data, json = json, tokens = tokens, decide = decide.decide, tell = tell }
