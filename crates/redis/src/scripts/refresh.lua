-- KEYS[1] is the presented token's entry; ARGV: areas (access, refresh, family, used, user),
-- now, the presented token, the new access and refresh tokens, access_ms, refresh_ms, used
-- tokens per family, the salt of the new tokens, grace_ms. Returns {'pair', session, ''},
-- {'repeated', session, the salt of the tokens that were given before}, {'reused', session, ''}
-- or {'unknown', {}, ''}, with a session as `stored` returns it.
local keys = {access = ARGV[1], refresh = ARGV[2], family = ARGV[3], used = ARGV[4], user = ARGV[5]}
local now, presented = tonumber(ARGV[6]), ARGV[7]
local id = redis.call('GET', keys.refresh .. presented)
if not id then return {'unknown', {}, ''} end
local family = redis.call('HMGET', keys.family .. id, 'current', 'till', 'user')
local current, till, user = family[1], family[2], family[3]
if not current then return {'unknown', {}, ''} end
local session = stored(keys, id)
if now >= tonumber(till) then
  finish(keys, id, user)
  return {'unknown', {}, ''}
end
-- This call has run before and its response was lost: the new token is known to it alone.
if current == ARGV[9] then return {'pair', session, ''} end
if current ~= presented then
  local grace = redis.call('HMGET', keys.family .. id, 'last', 'salt', 'grace')
  if grace[1] == presented and now < tonumber(grace[3]) then
    return {'repeated', session, grace[2]}
  end
  finish(keys, id, user)
  return {'reused', session, ''}
end
local refresh_ms = tonumber(ARGV[11])
redis.call('LPUSH', keys.used .. id, presented)
redis.call('PEXPIRE', keys.used .. id, refresh_ms)
while redis.call('LLEN', keys.used .. id) > tonumber(ARGV[12]) do
  redis.call('DEL', keys.refresh .. redis.call('RPOP', keys.used .. id))
end
give(keys, id, user, now, ARGV[8], ARGV[9], tonumber(ARGV[10]), refresh_ms)
redis.call('HSET', keys.family .. id, 'last', presented, 'salt', ARGV[13],
  'grace', string.format('%.0f', now + tonumber(ARGV[14])))
return {'pair', session, ''}
