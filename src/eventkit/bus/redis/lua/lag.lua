-- Counts what a group has not handled yet. It changes nothing.
--
-- ARGV: the group. Returns how many deliveries wait, are out, wait for their retry, and are dead letters; and the oldest
-- entry that is not settled, or an empty text.

local MOST = 100000 -- new entries that are counted one by one, where the server does not know how many there are
local PAGE = 1000

local info
for _, each in ipairs(call('EXISTS', stream) == 1 and call('XINFO', 'GROUPS', stream) or {}) do
  local of = {}
  for index = 1, #each, 2 do
    of[each[index]] = each[index + 1]
  end
  if of.name == group then
    info = of
  end
end
local dead = call('XLEN', DEAD)
if not info then
  return { 0, 0, 0, dead, '' }
end

local out = 0
for _, lease in ipairs(call('HKEYS', OUT)) do
  for _, each in ipairs(covered_by(lease)) do
    if each.ends > now then
      out = out + 1
    end
  end
end

local retrying = 0
for _, text in ipairs(call('HVALS', RECORDS)) do
  local _, due = record_of(text)
  if due > now then
    retrying = retrying + 1
  end
end

local last = info['last-delivered-id']
local first_new = call('XRANGE', stream, '(' .. last, '+', 'COUNT', 1)[1]
local new = info.lag
if not new then
  new = 0
  local from = last
  while new < MOST do
    local page = call('XRANGE', stream, '(' .. from, '+', 'COUNT', PAGE)
    new = new + #page
    if #page < PAGE then
      break
    end
    from = page[PAGE][1]
  end
end

local oldest = info.pending > 0 and call('XPENDING', stream, group)[2] or (first_new and first_new[1])
return { new + info.pending - out - retrying, out, retrying, dead, oldest or '' }
