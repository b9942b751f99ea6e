"""`redis://`: a bus on Redis Streams, for processes on many machines.

What is where: the events of a domain (`order` of `order.created`) are one stream; a service reads it as one consumer
group. `entries` says what an event looks like as an entry of the stream. What an instance takes, settles and renews is
one step of a script that the server runs (`lua/`): order per key, retries and leases need more than a pending list
knows. A `link` is one connection, shared by all that is asked at once; `server` opens it again when it breaks.
"""

from eventkit.contract.errors import MissingExtraError

try:
    import hiredis as _parser  # noqa: F401 - only to say what is missing
    import redis as _client  # noqa: F401 - only to say what is missing
except ImportError:
    raise MissingExtraError.of("redis:// buses", "redis") from None

from eventkit.bus.redis.bus import RedisBus

__all__ = ["RedisBus"]
