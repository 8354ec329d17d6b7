-- The generic cell rate algorithm: one number, when the budget is full again.
-- KEYS[1] a budget; ARGV: now, the window, what one request costs, in microseconds.
-- Answers whether it is allowed, what is left of the window, and when it is full.
local now, window, each = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local full = tonumber(redis.call('GET', KEYS[1]) or now)
-- Fuller than full: it was full long ago. Emptier than empty: the clock was set back.
if full < now or full > now + window then full = now end
local allowed = full + each <= now + window
if allowed then
  full = full + each
  redis.call('SET', KEYS[1], string.format('%.0f', full), 'PX', math.ceil(window / 1000))
end
return {allowed and 1 or 0, now + window - full, full - now}
