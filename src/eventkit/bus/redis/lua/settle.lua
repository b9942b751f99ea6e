-- Settles deliveries. One whose lease has ended meanwhile is another instance's, and is passed over.
--
-- ARGV: the group, then a word for each delivery: a letter, its lease, its entry. The letter
-- is `d` (done), `r` (released), `a` (again; two words follow: the milliseconds to wait and the failures) or `x` (a
-- dead letter; two words follow: the reason and the failures). Returns how many entries are lost.

local MOST_FIELDS = 6000 -- that a dead letter keeps: many times what an event has, and still one command

local by_lease, leases = {}, {}
local position = 2
while position <= #ARGV do
  local text = ARGV[position]
  local letter, lease = string.sub(text, 1, 1), string.sub(text, 2, LEASE + 1)
  if not by_lease[lease] then
    by_lease[lease] = {}
    leases[#leases + 1] = lease
  end
  by_lease[lease][string.sub(text, LEASE + 2)] = position
  position = position + ((letter == 'a' or letter == 'x') and 3 or 1)
end

-- Keeps an entry as a dead letter, with its fields as they came.
local function keep(entry, reason, failures)
  local fields = fields_of(entry)
  if not fields then
    lost = lost + 1
    return
  end
  local letter = { 'eventkit-reason', reason, 'eventkit-failures', failures }
  for index = 1, math.min(#fields, MOST_FIELDS) do
    letter[#letter + 1] = fields[index]
  end
  call('XADD', DEAD, '*', unpack(letter))
end

local suspect = call('GET', SUSPECT)
local finished, again, counts = {}, {}, {}

local function settle(lease, entry, key, position)
  local letter = string.sub(ARGV[position], 1, 1)
  counts[key] = (counts[key] or 0) + 1
  if letter == 'a' then
    local crashes = record_of(call('HGET', RECORDS, entry))
    local after, failures = ARGV[position + 1], ARGV[position + 2]
    call('HSET', RECORDS, entry, record(crashes, now + after, failures))
  elseif letter == 'x' then
    keep(entry, ARGV[position + 1], ARGV[position + 2])
  end
  if letter == 'd' or letter == 'x' then
    finished[#finished + 1] = entry
  else
    again[#again + 1] = { entry, key }
  end
  if suspect then
    clear(suspect, lease, entry)
  end
end

for _, lease in ipairs(leases) do
  -- A lease is settled in several parts: the lines of what is left stay as they are.
  local positions, left, first = by_lease[lease], {}, nil
  for line, entry, ends, key in string.gmatch(call('HGET', OUT, lease) or '', '((%S+) (%d+) ([^\n]*)\n)') do
    local position = positions[entry]
    if position then
      settle(lease, entry, key, position)
    else
      left[#left + 1] = line
      if ends ~= first then
        first = first and math.min(first, ends) or ends
      end
    end
  end
  note(lease, left, first)
end
acknowledge(finished)
if call('EXISTS', RECORDS) == 1 then
  many('HDEL', RECORDS, finished)
end
put_back(again)
let_go(counts)
ring_the_bell()
return lost
