-- Puts dead letters of a group at the end of the stream, for this group alone.
--
-- ARGV: the group, their ids. Returns how many there were.

local OWN_FIELDS = 4 -- names and values that stand before those of the event

local replayed = 0
for position = 2, #ARGV do
  local found = call('XRANGE', DEAD, ARGV[position], ARGV[position])[1]
  if found then
    local letter = found[2]
    local event = { 'eventkit-group', group }
    for index = OWN_FIELDS + 1, #letter, 2 do
      if letter[index] ~= 'eventkit-group' then
        event[#event + 1] = letter[index]
        event[#event + 1] = letter[index + 1]
      end
    end
    call('XADD', stream, '*', unpack(event))
    call('XDEL', DEAD, ARGV[position])
    replayed = replayed + 1
  end
end
return replayed
