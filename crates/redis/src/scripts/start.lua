-- KEYS[1] is the user's families; ARGV: areas (access, refresh, family, used, user), now,
-- id, user, session, started, access token, refresh token, access_ms, refresh_ms, sessions
-- per user.
local keys = {access = ARGV[1], refresh = ARGV[2], family = ARGV[3], used = ARGV[4], user = ARGV[5]}
local now, id, user = tonumber(ARGV[6]), ARGV[7], ARGV[8]
finish(keys, id, user)
redis.call('HSET', keys.family .. id, 'session', ARGV[9], 'user', user)
redis.call('ZADD', keys.user .. user, ARGV[10], id)
give(keys, id, user, now, ARGV[11], ARGV[12], tonumber(ARGV[13]), tonumber(ARGV[14]))
local surplus = redis.call('ZCARD', keys.user .. user) - tonumber(ARGV[15])
if surplus > 0 then
  for _, oldest in ipairs(redis.call('ZRANGE', keys.user .. user, 0, surplus - 1)) do
    finish(keys, oldest, user)
  end
end
return 1
