-- Leases budgets to one worker: many budgets, one call, the server's clock.
--
-- KEYS[1]  sorted set: worker -> until when it is known (microseconds)
-- KEYS[2…] one hash per budget: level, at, and for each worker "lease used until"
-- ARGV     worker, lease microseconds, then seven numbers a budget:
--          rate (units a second), burst, used, acknowledged, had, want, hint
-- Returns  how many workers are known, then for each budget the lease, what is left for anyone, and the level.
--
-- The clock may be set. Ahead: leases run out, once. Back: what ends later than a lease can is of a time that never
-- was and counts as run out, so that a worker that crashed then is not waited for until that time comes again.
--
-- Invariant: the leases of a budget never exceed its level, the level never exceeds its burst.
-- So use in any T seconds is at most burst + rate * T, whoever uses it, however late it is reported.

local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local worker, ttl = ARGV[1], tonumber(ARGV[2])
local latest = now + 2 * ttl

-- More digits than a double has would not come back as the same number.
local function text(number) return string.format('%.17g', number) end

local function lease(key, rate, burst, used, acknowledged, had, want, hint)
  local level, at, counted, others = nil, now, nil, 0
  local gone, expired = {}, 0
  local fields = redis.call('HGETALL', key)
  for i = 1, #fields, 2 do
    local name, value = fields[i], fields[i + 1]
    if name == 'level' then level = tonumber(value)
    elseif name == 'at' then at = tonumber(value)
    else
      local amount, reported, ends = value:match('^(%S+) (%S+) (%S+)$')
      if tonumber(ends) <= now or tonumber(ends) > latest then
        gone[#gone + 1] = name
        expired = expired + tonumber(amount)
      elseif name == worker then counted = tonumber(reported)
      else others = others + tonumber(amount) end
    end
  end

  if rate == 0 then
    -- Streams do not refill: a lease that ran out gives them back, nothing is ever used up.
    level = burst
  else
    local delta
    if level == nil then
      -- A new budget, or one that this store has lost: then the worker knows better than a full one.
      level, delta = math.min(burst, hint), used - acknowledged
    else
      level = math.min(burst, level + math.max(0, now - at) / 1000000 * rate) - expired
      delta = counted and (used - counted)
      if not counted then
        -- A worker whose lease ran out, and was booked then, or one that knew this budget before this store lost it.
        delta = math.max(0, used - acknowledged - had)
        level = math.min(level, hint)
      end
    end
    level = math.max(level - math.max(0, delta), math.min(level, -burst))
  end

  local amount = math.max(0, math.min(want, level - others))
  if #gone > 0 then redis.call('HDEL', key, unpack(gone)) end
  redis.call('HSET', key, 'level', text(level), 'at', text(now), worker, text(amount) .. ' ' .. text(used) .. ' ' .. text(now + ttl))
  local full = rate > 0 and (burst - level) / rate * 1000 or 0
  redis.call('PEXPIRE', key, math.ceil(full + ttl / 1000 + 1000))
  return amount, level - others - amount, level
end

redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '(' .. text(latest), '+inf')
redis.call('ZADD', KEYS[1], text(now + ttl), worker)
redis.call('PEXPIRE', KEYS[1], math.ceil(ttl / 1000))
local answer = { tostring(redis.call('ZCARD', KEYS[1])) }
for i = 2, #KEYS do
  local first = 3 + (i - 2) * 7
  local numbers = {}
  for n = 0, 6 do numbers[n + 1] = tonumber(ARGV[first + n]) end
  local amount, elsewhere, level = lease(KEYS[i], unpack(numbers))
  answer[#answer + 1] = text(amount)
  answer[#answer + 1] = text(elsewhere)
  answer[#answer + 1] = text(level)
end
return answer
