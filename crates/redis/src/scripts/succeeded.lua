-- KEYS and ARGV as for admit.lua: forgives the pair, and gives one attempt back to the budgets.
local known = redis.call('HGET', KEYS[1], 'known') == '1'
redis.call('HSET', KEYS[1], 'failures', 0, 'next', 0, 'known', 1, 'tried', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[6])
-- A known address used nothing of the account's budget.
for i, each in pairs({[2] = known and 0 or tonumber(ARGV[8]), [3] = tonumber(ARGV[10])}) do
  local full = each > 0 and redis.call('GET', KEYS[i])
  if full then redis.call('SET', KEYS[i], string.format('%.0f', tonumber(full) - each), 'KEEPTTL') end
end
return 1
