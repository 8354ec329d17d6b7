-- KEYS[1]: an access token's entry; ARGV: now, the prefix of families' keys.
local entry = redis.call('GET', KEYS[1])
if not entry then return false end
local id, till = entry:match('^(%S+) (%d+)$')
if tonumber(ARGV[1]) >= tonumber(till) then return false end
return redis.call('HMGET', ARGV[2] .. id, 'session', 'seen', 'version', 'actor', 'factor')
