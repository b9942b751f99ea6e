"""`amqp://` and `amqps://`: a durable bus on RabbitMQ 3.10 or newer, for services of any number of instances.

How an event travels: `publisher` sends it to the topic exchange of its domain and waits for RabbitMQ's confirmation.
Its routing key ends with its *slot*, a number made of its key. Each group has a few queues, its partitions, and each
slot is bound to one of them (`names`, `topology`); what no group has a queue for is kept as `unrouted`. Of a group's
instances exactly one reads a partition: the queue's single active consumer. The instances know of each other
(`presence`), share the partitions out, and hand them over (`subscription`, `partition`). What is done is acknowledged
(`window`); failed calls and hand-outs are kept beside each partition (`state`).
"""

from eventkit.contract.errors import MissingExtraError

try:
    import aiormq as _  # noqa: F401 - the modules below need it
except ImportError:
    raise MissingExtraError.of("amqp:// buses", "amqp") from None

from eventkit.bus.amqp.bus import AMQPBus

__all__ = ["AMQPBus"]
