-- Notes that an instance lives and what it handles, or that it has ended.
--
-- ARGV: the group, the instance, for how many milliseconds this holds (0: it has ended), its types. Returns whether
-- what the group remembers has to be made anew: more is pending than it knows of, or a lease has no end.

call('ZREMRANGEBYSCORE', PRESENT, '-inf', now)
for index = 4, #ARGV do
  local member = ARGV[index] .. '\0' .. ARGV[2]
  if ARGV[3] == '0' then
    call('ZREM', PRESENT, member)
    ring = true -- what was left to it is looked at again
  else
    call('ZADD', PRESENT, now + ARGV[3], member)
  end
end
ring_the_bell()
local pending = redis.pcall('XPENDING', stream, group)
if pending.err then
  return 0
end
local accounted = call('ZCARD', WAITING) + call('ZCARD', DUE)
for _, lease in ipairs(call('HKEYS', OUT)) do
  accounted = accounted + #covered_by(lease)
end
return (pending[1] > accounted or call('HLEN', OUT) ~= call('ZCARD', LEASES)) and 1 or 0
