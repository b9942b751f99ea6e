-- Makes anew what a group remembers of its deliveries, from what is out and from its pending list. It is called when
-- somebody removed keys of the group, or the server evicted them, or another program has read for the group.
--
-- ARGV: the group, where to go on in the pending list; empty at first. Returns where to go on, `0-0` at its end.

local STEP = 200

local out, counts = {}, {}
for _, lease in ipairs(call('HKEYS', OUT)) do
  for _, each in ipairs(covered_by(lease)) do
    out[each.entry] = true
    counts[each.key] = (counts[each.key] or 0) + 1
  end
end

local cursor = ARGV[2]
if cursor == '' then
  cursor = '0-0'
  call('DEL', WAITING, LANES, DUE, LEASES, SUSPECT)
  for _, lease in ipairs(call('HKEYS', OUT)) do
    cover(lease, covered_by(lease))
  end
  for key, count in pairs(counts) do
    if key ~= '' then
      call('HSET', LANES, key, count)
    end
  end
end

local page = call('XAUTOCLAIM', stream, group, CONSUMER, 0, cursor, 'COUNT', STEP, 'JUSTID')
local keys = {}
for _, entry in ipairs(page[2]) do
  local fields = fields_of(entry)
  if not fields then
    forget(entry)
  elseif not out[entry] then
    local type_, key = attributes_of(fields)
    let_wait(entry, type_, key, keys)
  end
end
put_all_in_line(keys)
ring_the_bell()
return page[1]
