-- KEYS[1] a family; ARGV: user, session. One that was ended meanwhile stays ended.
if redis.call('HGET', KEYS[1], 'user') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'session', ARGV[2])
return 1
