-- KEYS[1] is the user's families; ARGV: areas (access, refresh, family, used, user), now,
-- user. Families that have expired are removed.
local keys = {family = ARGV[3], used = ARGV[4], user = ARGV[5]}
local sessions = {}
for _, id in ipairs(redis.call('ZRANGE', keys.user .. ARGV[7], 0, -1)) do
  local till = redis.call('HGET', keys.family .. id, 'till')
  if till and tonumber(ARGV[6]) < tonumber(till) then
    table.insert(sessions, stored(keys, id))
  else
    finish(keys, id, ARGV[7])
  end
end
return sessions
