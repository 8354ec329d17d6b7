-- ARGV: areas (access, refresh, family, used, user), now, user. Families that have
-- expired are forgotten on the way.
local keys = {family = ARGV[3], used = ARGV[4], user = ARGV[5]}
local sessions = {}
for _, id in ipairs(redis.call('ZRANGE', keys.user .. ARGV[7], 0, -1)) do
  local family = redis.call('HMGET', keys.family .. id, 'till', 'session')
  if family[1] and tonumber(ARGV[6]) < tonumber(family[1]) then
    table.insert(sessions, family[2])
  else
    finish(keys, id, ARGV[7])
  end
end
return sessions
