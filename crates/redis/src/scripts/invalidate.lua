-- KEYS[1]: the generation of an owner; ARGV[1]: how long it is kept.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local before = tonumber(redis.call('GET', KEYS[1]) or '0')
redis.call('SET', KEYS[1], string.format('%.0f', math.max(now, before + 1)), 'PX', ARGV[1])
return 1
