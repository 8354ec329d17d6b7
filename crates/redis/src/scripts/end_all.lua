-- KEYS[1] is the user's families; ARGV: areas (access, refresh, family, used, user), user,
-- the id that is kept or ''.
local keys = {family = ARGV[3], used = ARGV[4], user = ARGV[5]}
for _, id in ipairs(redis.call('ZRANGE', keys.user .. ARGV[6], 0, -1)) do
  if id ~= ARGV[7] then finish(keys, id, ARGV[6]) end
end
return 1
