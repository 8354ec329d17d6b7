-- The generic cell rate algorithm with one number: the time at which the budget is full again.
-- KEYS[1]: a budget; ARGV: now, the window, the cost of one request, in microseconds. Returns
-- whether the request is allowed, the rest of the window, and the time at which it is full.
local now, window, each = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
-- Past: the budget has been full for some time. Beyond the window: the clock was set back.
if full < now or full > now + window then full = now end
local allowed = full + each <= now + window
if allowed then
  full = full + each
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil(window / 1000))
end
return {allowed and 1 or 0, now + window - full, full - now}
