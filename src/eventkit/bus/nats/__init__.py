"""`nats://` and `tls://`: a durable bus on JetStream, for many processes on many machines.

How an event travels: the `publisher` stores it in the stream of its domain, in the partition of its key (`topology`).
Of each group's instances one owns the partition (`membership`, `partition`); its `reader` reads it from there into the
queue of its `subscription`, which writes down how far the group has got. All of it goes over one `connection`, whose
`client` is nats-py for what is hard about a connection, and nothing else.
"""

from __future__ import annotations

from eventkit.contract.errors import MissingExtraError

try:
    from eventkit.bus.nats.bus import NATSBus
except ModuleNotFoundError as error:
    if error.name != "nats":
        raise
    raise MissingExtraError.of("nats:// buses", "nats") from None

__all__ = ["NATSBus"]
