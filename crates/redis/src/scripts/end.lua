-- KEYS[1] is the family; ARGV: areas (access, refresh, family, used, user), id.
local keys = {family = ARGV[3], used = ARGV[4], user = ARGV[5]}
local user = redis.call('HGET', keys.family .. ARGV[6], 'user')
if user then finish(keys, ARGV[6], user) end
return 1
