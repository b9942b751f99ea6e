"""`kafka://`: events in Kafka, for services on many machines. Needs the extra `kafka`.

How an event travels: `publisher` writes it, as `records` says, to the topic of its domain, in the partition of its key.
The instances of a service are one consumer group, each with its `membership`; `sharing` says which of them has which
partitions, and hands them over one by one, without stopping the others. `subscription` reads those of one instance, and
commits its `progress` with the offsets. What was given up goes to the group's own topic, where `dead_letters` finds it;
`glances` looks for replays there.
`topology` makes the topics and checks those that are there, `connection` knows the brokers, `client` closes what
aiokafka leaves open.
"""

from importlib.util import find_spec

from eventkit.contract.errors import MissingExtraError

if find_spec("aiokafka") is None:
    raise MissingExtraError.of("kafka:// buses", "kafka")

from eventkit.bus.kafka.bus import KafkaBus

__all__ = ["KafkaBus"]
