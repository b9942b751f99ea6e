-- Stores an event, unless the same one was stored a short while ago: a publisher that lost the answer publishes again.
--
-- KEYS: the stream, the key of the event's identity. ARGV: for how many milliseconds it is remembered, then
-- what XADD takes after the stream: `NOMKSTREAM` where it may make none, `*`, the fields. Returns 1 where it was stored, 0
-- where it was before, -1 where there is no stream.

if not redis.call('SET', KEYS[2], '', 'NX', 'PX', ARGV[1]) then
  return 0
end
local added = redis.pcall('XADD', KEYS[1], unpack(ARGV, 2))
if not added then
  redis.call('DEL', KEYS[2])
  return -1
end
if type(added) == 'table' and added.err then
  redis.call('DEL', KEYS[2])
  return added
end
return 1
