-- KEYS: a pair, an account, an address; ARGV: now, free, first_wait, longest_wait, forget_after,
-- known_for, slow_wait, each and window of the account's budget and of the address's (0: not
-- counted). Returns the milliseconds to wait, 0 if the attempt is counted and may proceed.
-- `throttle.rs` of accunode-local implements the same rules in Rust.
local now, free, first_wait, longest_wait = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local forget_after, known_for, slow_wait = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local function wait_for(key, each, window)
  local full = each > 0 and redis.call('GET', key)
  -- More than empty: the clock was set back.
  if not full or tonumber(full) > now + window then return 0 end
  return math.max(0, tonumber(full) + each - (now + window))
end
local function draw(key, each, window)
  if each == 0 then return end
  local full = tonumber(redis.call('GET', key) or now)
  if full < now or full > now + window then full = now end
  redis.call('SET', key, string.format('%.0f', math.min(full + each, now + window)), 'PX', window)
end

local account_each, account_window = tonumber(ARGV[8]), tonumber(ARGV[9])
local address_each, address_window = tonumber(ARGV[10]), tonumber(ARGV[11])
local wait = wait_for(KEYS[3], address_each, address_window)
if wait > 0 then return wait end

local failures, next_at, known, tried_at = 0, 0, 0, 0
local pair = redis.call('HMGET', KEYS[1], 'failures', 'next', 'known', 'tried')
if pair[1] then
  failures, next_at, known, tried_at = tonumber(pair[1]), tonumber(pair[2]), tonumber(pair[3]), tonumber(pair[4])
end
if now >= tried_at + known_for or (known == 0 and now >= tried_at + forget_after) then
  failures, next_at, known = 0, 0, 0
end
if now >= tried_at + forget_after then failures = 0 end
wait = next_at - now
-- Later than any wait: the clock was set back.
if wait > 0 and wait <= longest_wait then return wait end

local answer = 0
if wait_for(KEYS[2], account_each, account_window) > 0 and known == 0 and failures + 1 < free then
  failures, wait, answer = free - 1, slow_wait, slow_wait
else
  -- The budget applies to unknown addresses.
  if known == 0 then draw(KEYS[2], account_each, account_window) end
  draw(KEYS[3], address_each, address_window)
  failures, wait = failures + 1, 0
  if failures >= free then
    wait = math.min(longest_wait, first_wait * 2 ^ math.min(failures - free, 32))
  end
end
redis.call('HSET', KEYS[1], 'failures', failures, 'next', string.format('%.0f', now + wait),
  'known', known, 'tried', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], known == 1 and known_for or forget_after)
return answer
