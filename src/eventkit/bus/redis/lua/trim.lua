-- Removes some of the oldest entries that every group has settled.
--
-- KEYS[1]: the stream. ARGV[1]: for how many milliseconds entries are kept. Returns how many were removed.

if redis.call('EXISTS', KEYS[1]) == 0 then
  return 0
end

-- Ids compare as text when each number follows a letter for its length.
local function comparable(id)
  local ms, sequence = string.match(id, '^(%d+)-(%d+)$')
  return string.char(64 + #ms) .. ms .. string.char(64 + #sequence) .. sequence
end

local time = redis.call('TIME')
local floor = string.format('%d-0', math.max(0, time[1] * 1000 + math.floor(time[2] / 1000) - ARGV[1]))
for _, info in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local of = {}
  for index = 1, #info, 2 do
    of[info[index]] = info[index + 1]
  end
  -- Everything before the first that is pending is settled; where nothing is, everything up to the last that was read.
  local needed = of['last-delivered-id']
  if of.pending > 0 then
    needed = redis.call('XPENDING', KEYS[1], of.name)[2]
  end
  if comparable(needed) < comparable(floor) then
    floor = needed
  end
end
return redis.call('XTRIM', KEYS[1], 'MINID', '~', floor)
