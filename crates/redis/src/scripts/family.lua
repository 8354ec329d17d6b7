-- Functions for the scripts of sessions. A family is a hash {session, user, current, till}, where
-- `session` is the session as it was started and `current` the valid refresh token. {seen, version,
-- actor, factor} is what has changed in the session since. {last, salt, grace} is the refresh token
-- that was used last, the salt of the tokens that replaced it, and the time until which they are
-- returned again. Separate keys hold the list of used refresh tokens, newest first, and a sorted
-- set of a user's families, by the time they were started. The scripts construct further keys
-- themselves; all of them have the hash tag of KEYS[1], by which a cluster chooses the node.
local function stored(keys, id)
  return redis.call('HMGET', keys.family .. id, 'session', 'seen', 'version', 'actor', 'factor')
end

local function finish(keys, id, user)
  redis.call('DEL', keys.family .. id, keys.used .. id)
  redis.call('ZREM', keys.user .. user, id)
end

-- Makes a new pair of tokens the valid one of a family.
local function give(keys, id, user, now, access, refresh, access_ms, refresh_ms)
  local family = keys.family .. id
  redis.call('HSET', family, 'current', refresh, 'till', string.format('%.0f', now + refresh_ms))
  redis.call('PEXPIRE', family, refresh_ms)
  redis.call('PEXPIRE', keys.user .. user, refresh_ms)
  redis.call('SET', keys.access .. access, id .. ' ' .. string.format('%.0f', now + access_ms), 'PX', access_ms)
  redis.call('SET', keys.refresh .. refresh, id, 'PX', refresh_ms)
end
