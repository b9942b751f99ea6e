-- Hands deliveries to an instance: first those that wait and are due, then new entries of the stream.
--
-- ARGV: the group, the lease (that of the call before, if its answer was lost), its length in milliseconds, how many
-- deliveries at the most, the types of the instance.
--
-- Returns the deliveries (entry, fields, and the record of what was out before); whether there may be more; where there
-- is no more, in how many milliseconds something is due, or -1, and the last entries of the stream and of the bell that
-- were seen. Last, how many entries are lost.

local PAGE = 500 -- lanes in line that one call looks at
local SCAN = 1000 -- new entries that one call looks at
local RUN = 16 -- deliveries of one key that go out together: enough to save calls, few enough not to fill a worker

local lease, length, limit = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local mine = {}
for index = 5, #ARGV do
  mine[ARGV[index]] = true
end

-- Whether this instance gets events of a type: of those that it does not handle it leaves to others what they do.
local others
local function is_for_me(type_)
  if mine[type_] or type_ == '' then
    return true
  end
  if not others then
    others = {}
    for _, member in ipairs(call('ZRANGEBYSCORE', PRESENT, '(' .. now, '+inf')) do
      others[string.match(member, '^(.-)%z')] = true
    end
  end
  return not others[type_]
end

local taken, lines, lanes = {}, {}, {}

-- Hands out a delivery: its entry and fields, and what is remembered of it if it was out before.
local function hand_out(delivery, key)
  taken[#taken + 1] = delivery
  lines[#lines + 1] = line_of(delivery[1], now + length, key)
end

-- Takes back what a lease covers: all of it, as if it had not been handed out, or what has outlived its lease. In that
-- case whoever had it has crashed, or cannot reach the server.
local function take_back(ended, crashed)
  local suspect = call('GET', SUSPECT)
  local left, again, counts = {}, {}, {}
  for _, each in ipairs(covered_by(ended)) do
    if crashed and each.ends > now then
      left[#left + 1] = each
    else
      if crashed then
        local crashes, _, failures = record_of(call('HGET', RECORDS, each.entry))
        call('HSET', RECORDS, each.entry, record(crashes + 1, 0, failures))
      end
      again[#again + 1] = { each.entry, each.key }
      counts[each.key] = (counts[each.key] or 0) + 1
      clear(suspect, ended, each.entry)
    end
  end
  cover(ended, left)
  put_back(again)
  let_go(counts)
end

-- A suspect may go out where no other one is. Returns false where one is.
local suspect
local function admit(entry)
  if suspect == nil then
    local known = call('GET', SUSPECT) or ''
    local of_lease = call('HGET', OUT, string.sub(known, 1, LEASE)) or ''
    suspect = string.find(of_lease, string.sub(known, LEASE + 1) .. ' ', 1, true) ~= nil
  end
  if suspect then
    return false
  end
  suspect = true
  call('SET', SUSPECT, lease .. entry)
  return true
end

-- Hands out the first deliveries of a lane that may go together. A lane of which none may go stays in line.
local function take_lane(key, member)
  local waiting = waiting_of(key, math.min(RUN, limit - #taken))
  local entries, gone, count = {}, {}, 0
  for index, each in ipairs(waiting) do
    entries[index] = entry_of(each)
  end
  local records = values_of(RECORDS, entries)
  for index, entry in ipairs(entries) do
    local crashes, due = record_of(records[index])
    local suspicious = crashes >= SUSPICIOUS
    if due > now or (suspicious and count > 0) then
      break
    end
    local fields = fields_of(entry)
    if not fields then
      forget(entry)
    elseif not is_for_me((attributes_of(fields))) or (suspicious and not admit(entry)) then
      break
    else
      hand_out({ entry, fields, records[index] or nil }, key)
      count = count + 1
    end
    gone[#gone + 1] = waiting[index]
    if suspicious and count > 0 then
      break
    end
  end
  if #gone == 0 and #waiting > 0 then
    return
  end
  many('ZREM', WAITING, gone)
  call('ZREM', DUE, member)
  if count > 0 then
    lanes[#lanes + 1] = key
    lanes[#lanes + 1] = count
  else
    put_in_line(key)
  end
end

-- Hands out a delivery without a key that was out before. It stays in line where it may not go.
local function take_entry(entry, member)
  local remembered = call('HGET', RECORDS, entry)
  local fields = fields_of(entry)
  if not fields then
    forget(entry)
  elseif record_of(remembered) >= SUSPICIOUS and not admit(entry) then
    return
  else
    hand_out({ entry, fields, remembered or nil }, '')
  end
  call('ZREM', DUE, member)
end

local function take_due()
  for _, member in ipairs(call('ZRANGEBYSCORE', DUE, '-inf', now, 'LIMIT', 0, PAGE)) do
    if #taken >= limit then
      return
    end
    local type_, kind, name = string.match(member, '^(.-)%z(.)(.*)$')
    if is_for_me(type_) then
      if kind == 'k' then
        take_lane(name, member)
      else
        take_entry(name, member)
      end
    end
  end
end

-- Whether the group gets events of a type at all.
local known = {}
local function is_handled(type_)
  if mine[type_] or type_ == '' then
    return true
  end
  if known[type_] == nil then
    known[type_] = call('HEXISTS', TYPES, type_) == 1
  end
  return known[type_]
end

local passed_over, waiting = {}, {}
local runs = {} -- key -> how many this call hands out; false where no more of it may go

-- Looks up of which keys something is on its way.
local function find_lanes(new)
  local keys = {}
  for _, key in pairs(new) do
    if key and runs[key] == nil then
      runs[key] = 0
      keys[#keys + 1] = key
    end
  end
  local on_their_way = values_of(LANES, keys)
  for index, key in ipairs(keys) do
    if on_their_way[index] then
      runs[key] = false
    end
  end
end

-- Hands out a new entry, or lets it wait.
local function sort(new, type_, key)
  local run = key and runs[key]
  if not key then
    if is_for_me(type_) then
      hand_out(new, '')
    else
      call('ZADD', DUE, now, due_member(type_, 'e', new[1]))
      ring = true
    end
  elseif run and run < RUN and is_for_me(type_) then
    hand_out(new, key)
    runs[key] = run + 1
  else
    if run == 0 then -- left to others
      call('HSET', LANES, key, 0)
      call('ZADD', DUE, now, due_member(type_, 'k', key))
      ring = true
    elseif run then
      lanes[#lanes + 1] = key
      lanes[#lanes + 1] = run
    end
    runs[key] = false
    waiting[#waiting + 1] = 0
    waiting[#waiting + 1] = waiting_member(key, new[1])
  end
end

local last_read

-- Reads new entries. Returns whether there may be more of them.
local function take_new()
  local scanned = 0
  while #taken < limit do
    local count = math.min(limit - #taken, SCAN - scanned)
    if count == 0 then
      return 1
    end
    local read = call('XREADGROUP', 'GROUP', group, CONSUMER, 'COUNT', count, 'STREAMS', stream, '>')
    if not read then
      return 0
    end
    local new, types, keys = read[1][2], {}, {}
    last_read = new[#new][1]
    for index, each in ipairs(new) do
      local type_, key, addressee = attributes_of(each[2])
      if addressee == group or (not addressee and is_handled(type_)) then
        types[index], keys[index] = type_, key
      else
        passed_over[#passed_over + 1] = each[1]
      end
    end
    find_lanes(keys)
    for index, each in ipairs(new) do
      if types[index] then
        sort(each, types[index], keys[index])
      end
    end
    if #new < count then
      return 0
    end
    scanned = scanned + count
  end
  return 1
end

local function first_of(timers, from)
  return tonumber(call('ZRANGEBYSCORE', timers, from, '+inf', 'WITHSCORES', 'LIMIT', 0, 1)[2])
end

-- Mostly nothing has ended and nothing is due: then what comes first is known, and need not be asked for again.
local ends, due = first_of(LEASES, '-inf'), first_of(DUE, '-inf')
local changed = false
if call('HEXISTS', OUT, lease) == 1 then
  take_back(lease, false) -- the answer to an earlier call was lost
  changed = true
end
if ends and ends <= now then
  for _, ended in ipairs(call('ZRANGEBYSCORE', LEASES, '-inf', now, 'LIMIT', 0, PAGE)) do
    take_back(ended, true)
  end
  changed = true
end
if changed or (due and due <= now) then
  take_due()
  changed = true
end
local more = take_new()
for key, run in pairs(runs) do
  if run and run > 0 then
    lanes[#lanes + 1] = key
    lanes[#lanes + 1] = run
  end
end
acknowledge(passed_over)
if #lines > 0 then
  note(lease, lines, now + length)
end
many('HSET', LANES, lanes)
many('ZADD', WAITING, waiting)
ring_the_bell()

if more == 1 then
  return { taken, 1, -1, '', '', lost }
end
if changed then
  ends, due = first_of(LEASES, '(' .. now), first_of(DUE, '(' .. now)
elseif #lines > 0 then
  ends = math.min(ends or math.huge, now + length)
end
local soonest = math.min(ends or math.huge, due or math.huge)
local due_in = soonest < math.huge and soonest - now or -1
local rung = call('XREVRANGE', BELL, '+', '-', 'COUNT', 1)[1]
return { taken, 0, due_in, last_read or last_delivered(), rung and rung[1] or '0-0', lost }
