-- Renews leases. One that has ended, or that another instance has, is left as it is.
--
-- ARGV: the group, the length of a lease in milliseconds, then for each delivery its lease and entry as one word.

local by_lease = {}
for index = 3, #ARGV do
  local lease = string.sub(ARGV[index], 1, LEASE)
  by_lease[lease] = by_lease[lease] or {}
  by_lease[lease][string.sub(ARGV[index], LEASE + 1)] = true
end
for lease, renewed in pairs(by_lease) do
  local covered = covered_by(lease)
  for _, each in ipairs(covered) do
    if renewed[each.entry] then
      each.ends = now + ARGV[2]
    end
  end
  cover(lease, covered)
end
