-- KEYS: the generations of owners; ARGV[1]: how long they are kept. A missing one begins at the
-- present time and not at 0: a generation that was evicted or lost must never return to a former
-- value.
local clock = redis.call('TIME')
local now = string.format('%.0f', clock[1] * 1000000 + clock[2])
local generations = {}
for i, key in ipairs(KEYS) do
  local generation = redis.call('GET', key)
  if not generation then
    generation = now
    redis.call('SET', key, now)
  end
  redis.call('PEXPIRE', key, ARGV[1])
  generations[i] = generation
end
return generations
