-- KEYS[1]: a family; ARGV: user, last_seen_at, tenancy version, actor of that version, second
-- factor (1 or 0). Empty values are left unchanged, and so are newer ones. A family that was ended
-- in the meantime stays ended.
if redis.call('HGET', KEYS[1], 'user') ~= ARGV[1] then return 0 end
local known = redis.call('HMGET', KEYS[1], 'session', 'seen', 'version')
local read, started = pcall(cjson.decode, known[1])
if not read then return 0 end
if ARGV[2] ~= '' and tonumber(ARGV[2]) > tonumber(known[2] or started.last_seen_at) then
  redis.call('HSET', KEYS[1], 'seen', ARGV[2])
end
if ARGV[3] ~= '' and tonumber(ARGV[3]) > tonumber(known[3] or started.tenancy_version) then
  redis.call('HSET', KEYS[1], 'version', ARGV[3], 'actor', ARGV[4])
end
if ARGV[5] ~= '' then
  redis.call('HSET', KEYS[1], 'factor', ARGV[5])
end
return 1
