-- Registers a group for event types. A type that is new to a group that exists begins with its past: that is looked
-- through in steps. Until it is, what comes of the type is passed over, and found by a later step.
--
-- ARGV: the group, the types. Returns whether it has to be called again, and whether the group was made.

local STEP = 500

local made = redis.pcall('XGROUP', 'CREATE', stream, group, '0', 'MKSTREAM')
if type(made) == 'table' and made.err then
  if string.sub(made.err, 1, 9) ~= 'BUSYGROUP' then
    return made
  end
  made = false
else
  made = true
end

if made then
  call('DEL', OUT, LEASES, LANES, WAITING, DUE, RECORDS, TYPES, JOINING, SUSPECT)
  for index = 2, #ARGV do
    call('HSET', TYPES, ARGV[index], '')
  end
  return { 0, 1 }
end

for index = 2, #ARGV do
  if call('HEXISTS', TYPES, ARGV[index]) == 0 then
    call('HSETNX', JOINING, ARGV[index], '0-0')
  end
end
local joining = call('HGETALL', JOINING)
if #joining == 0 then
  return { 0, 0 }
end

local from, start = {}, nil
for index = 1, #joining, 2 do
  local after = waiting_member('', joining[index + 1])
  from[joining[index]] = after
  if not start or after < waiting_member('', start) then
    start = joining[index + 1]
  end
end

local passed = call('XRANGE', stream, '(' .. start, last_delivered(), 'COUNT', STEP)
local keys = {}
for _, each in ipairs(passed) do
  local entry, fields = each[1], each[2]
  local type_, key, addressee = attributes_of(fields)
  if from[type_] and not addressee and waiting_member('', entry) > from[type_] then
    call('XCLAIM', stream, group, CONSUMER, 0, entry, 'FORCE', 'JUSTID')
    let_wait(entry, type_, key, keys)
  end
end
put_all_in_line(keys)
ring_the_bell()

if #passed < STEP then
  for type_ in pairs(from) do
    call('HSET', TYPES, type_, '')
  end
  call('DEL', JOINING)
  return { 0, 0 }
end
for type_ in pairs(from) do
  if waiting_member('', passed[#passed][1]) > from[type_] then
    call('HSET', JOINING, type_, passed[#passed][1])
  end
end
return { 1, 0 }
