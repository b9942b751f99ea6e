-- What all scripts that touch a group's deliveries share. Each script is this file and its own, run as one.
--
-- KEYS[1] is the stream of the domain, KEYS[2] the name that the keys of the group begin with; ARGV[1] is the group.
--
-- A delivery is a stream entry that the group has read and not settled: one in the group's pending list. It is
--   out      in `out` (lease -> what it covers: a line with entry, end and key for each), or
--   waiting  in `waiting` (key and entry, in this order) if it has a key, or else in `due` by itself.
-- A key of which anything is out or waiting is a lane, and stands in `lanes` with the number of those that are out. A
-- lane of which none is out stands in `due`, by the time from which its first delivery may be handed out.
-- What one call hands out has one lease, and `leases` has when the first delivery of each comes back.
-- `records` has what is to be remembered of a delivery that was out before. All times are the server's, in milliseconds.

local stream, base, group = KEYS[1], KEYS[2], ARGV[1]
local OUT, LEASES, LANES = base .. ':out', base .. ':leases', base .. ':lanes'
local WAITING, DUE, RECORDS = base .. ':waiting', base .. ':due', base .. ':records'
local TYPES, JOINING, PRESENT = base .. ':types', base .. ':joining', base .. ':present'
local SUSPECT, BELL, DEAD = base .. ':suspect', base .. ':bell', base .. ':dead'

local CONSUMER = 'eventkit' -- one for the whole group: who has what is in `out`, and nothing is stranded under a name
local LEASE = 16 -- characters
local SUSPICIOUS = 2 -- crashes after which a delivery is handed out only while no other such one is out

local call = redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lost = 0 -- entries that somebody has removed from the stream before they were handled
local ring = false -- whether there may be something for other instances

-- A server whose memory is full refuses a script's first write if that takes memory, and lets it go on otherwise. What
-- groups do is to go on: it makes room in the end. Publishing is not.
call('HDEL', OUT, '')

-- Calls a command with any number of arguments: Lua passes some thousands at once at the most.
local function many(command, key, arguments)
  for first = 1, #arguments, 1000 do
    call(command, key, unpack(arguments, first, math.min(first + 999, #arguments)))
  end
end

local function values_of(key, fields)
  local values = {}
  for first = 1, #fields, 1000 do
    local found = call('HMGET', key, unpack(fields, first, math.min(first + 999, #fields)))
    for index = 1, #found do
      values[first + index - 1] = found[index]
    end
  end
  return values
end

-- Returns what a lease covers: entry, end and key of each delivery.
local function covered_by(lease)
  local covered = {}
  for entry, ends, key in string.gmatch(call('HGET', OUT, lease) or '', '(%S+) (%d+) ([^\n]*)\n') do
    covered[#covered + 1] = { entry = entry, ends = tonumber(ends), key = key }
  end
  return covered
end

local function line_of(entry, ends, key)
  return string.format('%s %d %s\n', entry, ends, key)
end

-- Notes what a lease covers from now on: lines, and when the first of them ends.
local function note(lease, lines, first)
  if #lines == 0 then
    call('HDEL', OUT, lease)
    call('ZREM', LEASES, lease)
  else
    call('HSET', OUT, lease, table.concat(lines))
    call('ZADD', LEASES, first, lease)
  end
end

local function cover(lease, covered)
  local lines, first = {}, math.huge
  for index, each in ipairs(covered) do
    lines[index] = line_of(each.entry, each.ends, each.key)
    first = math.min(first, each.ends)
  end
  note(lease, lines, first)
end

local function acknowledge(entries)
  for first = 1, #entries, 1000 do
    call('XACK', stream, group, unpack(entries, first, math.min(first + 999, #entries)))
  end
end

-- Members of `waiting` sort by key, then by entry: each number of an entry's id follows a letter for its length.
local function waiting_member(key, entry)
  local ms, sequence = string.match(entry, '^(%d+)-(%d+)$')
  return key .. '\0' .. string.char(64 + #ms) .. ms .. string.char(64 + #sequence) .. sequence
end

local function entry_of(member)
  local ms, sequence = string.match(member, '%z%u(%d+)%u(%d+)$')
  return ms .. '-' .. sequence
end

local function waiting_of(key, limit)
  return call('ZRANGEBYLEX', WAITING, '[' .. key .. '\0', '(' .. key .. '\1', 'LIMIT', 0, limit)
end

-- Returns the crashes, the time from which it may be handed out, and the failures as JSON.
local function record_of(text)
  if not text then
    return 0, 0, ''
  end
  local crashes, due, failures = string.match(text, '^(%d+) (%d+) (.*)$')
  return tonumber(crashes), tonumber(due), failures
end

local function record(crashes, due, failures)
  return string.format('%d %d %s', crashes, due, failures)
end

local function fields_of(entry)
  local found = call('XRANGE', stream, entry, entry)[1]
  return found and found[2]
end

-- Returns the event's type, empty where the entry is no event; its key; and the group that alone gets it.
local function attributes_of(fields)
  local type_, key, addressee, data
  local rest = #fields
  if fields[1] == 'ce-type' and fields[3] == 'ce-partitionkey' then -- as eventkit writes events
    type_, key = fields[2], fields[4]
    rest = 0
  end
  for index = 1, rest, 2 do
    local name = fields[index]
    if name == 'ce-type' then
      type_ = fields[index + 1]
    elseif name == 'ce-partitionkey' then
      key = fields[index + 1]
    elseif name == 'data' then
      data = fields[index + 1]
    elseif name == 'eventkit-group' then
      addressee = fields[index + 1]
    end
  end
  if not type_ and data then -- structured mode: the attributes are in the document
    local fine, event = pcall(cjson.decode, data)
    if fine and type(event) == 'table' and type(event.type) == 'string' then
      type_ = event.type
      key = type(event.partitionkey) == 'string' and event.partitionkey or nil
    end
  end
  if key == '' or (key and string.find(key, '[%z\n]')) then
    key = nil
  end
  return type_ or '', key, addressee
end

-- The last entry that the group has read.
local function last_delivered()
  for _, info in ipairs(call('XINFO', 'GROUPS', stream)) do
    local of = {}
    for index = 1, #info, 2 do
      of[info[index]] = info[index + 1]
    end
    if of.name == group then
      return of['last-delivered-id']
    end
  end
end

local function due_member(type_, kind, name)
  return type_ .. '\0' .. kind .. name
end

local function forget(entry)
  call('XACK', stream, group, entry)
  call('HDEL', RECORDS, entry)
  lost = lost + 1
end

-- Removes from `due` a lane of which nothing is out.
local function take_from_line(key)
  local first = waiting_of(key, 1)[1]
  local fields = first and fields_of(entry_of(first))
  if fields then
    call('ZREM', DUE, due_member(attributes_of(fields), 'k', key))
  end
end

-- Puts a lane of which nothing is out, and that is not in `due`, in line; or removes it where nothing waits.
local function put_in_line(key)
  while true do
    local first = waiting_of(key, 1)[1]
    if not first then
      call('HDEL', LANES, key)
      return
    end
    local entry = entry_of(first)
    local fields = fields_of(entry)
    if fields then
      local _, due = record_of(call('HGET', RECORDS, entry))
      call('HSET', LANES, key, 0)
      call('ZADD', DUE, math.max(due, now), due_member(attributes_of(fields), 'k', key))
      ring = true
      return
    end
    call('ZREM', WAITING, first)
    forget(entry)
  end
end

-- Lets deliveries that were out wait again. `again` has pairs of an entry and its key, which may be empty.
local function put_back(again)
  local waiting = {}
  for _, each in ipairs(again) do
    local entry, key = each[1], each[2]
    if key ~= '' then
      waiting[#waiting + 1] = 0
      waiting[#waiting + 1] = waiting_member(key, entry)
    else
      local fields = fields_of(entry)
      if fields then
        local _, due = record_of(call('HGET', RECORDS, entry))
        call('ZADD', DUE, math.max(due, now), due_member(attributes_of(fields), 'e', entry))
        ring = true
      else
        forget(entry)
      end
    end
  end
  many('ZADD', WAITING, waiting)
end

-- Lets an entry wait that is older than what was read last. Its key goes into `keys`, for `put_all_in_line`.
local function let_wait(entry, type_, key, keys)
  if not key then
    call('ZADD', DUE, now, due_member(type_, 'e', entry))
    ring = true
    return
  end
  local out = call('HGET', LANES, key)
  if out == '0' and not keys[key] then
    take_from_line(key)
  end
  if not out or out == '0' then
    keys[key] = true
  end
  call('ZADD', WAITING, 0, waiting_member(key, entry))
end

local function put_all_in_line(keys)
  for key in pairs(keys) do
    put_in_line(key)
  end
end

-- Counts deliveries of keys as not out any more; `counts` has how many of which key. The empty one is none.
local function let_go(counts)
  local keys = {}
  for key in pairs(counts) do
    if key ~= '' then
      keys[#keys + 1] = key
    end
  end
  if #keys == 0 then
    return
  end
  local out = values_of(LANES, keys)
  local anything = call('EXISTS', WAITING) == 1
  local changed, idle = {}, {}
  for index, key in ipairs(keys) do
    local left = (tonumber(out[index] or 0)) - counts[key]
    if left > 0 then
      changed[#changed + 1] = key
      changed[#changed + 1] = left
    elseif anything then
      put_in_line(key)
    else
      idle[#idle + 1] = key
    end
  end
  many('HSET', LANES, changed)
  many('HDEL', LANES, idle)
end

-- Notes that a delivery is not out any more; `suspect` is what `SUSPECT` holds.
local function clear(suspect, lease, entry)
  if suspect == lease .. entry then
    call('DEL', SUSPECT)
    ring = true
  end
end

local function ring_the_bell()
  if ring then
    call('XADD', BELL, 'MAXLEN', 1, '*', 'ring', 1)
  end
end
