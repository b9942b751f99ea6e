"""What the buses whose groups share a log by partitions have in common.

Events of one key must reach a group one after the other, through retries, crashes and hand-overs. Brokers that hand a
message to whichever consumer asks cannot promise that: what one consumer left unacknowledged comes back after later
events of its key went to another one. So each key belongs to a *partition*, and of a group's instances exactly one owns
a partition at a time. The owner keeps the partition's events in a `GroupQueue`, where retries and releases stay in
their place, and hands the partition over in one step.

- `keys`: from an event to its partition.
- `shares`: which instance should own which partitions.
- `subscription`: an instance's share of a group, whatever the broker.
- `cursor`: how far a group has got in a log, for brokers that keep events in logs and leave that to their readers.
- `log_subscription`: a subscription whose progress is such cursors.
"""
