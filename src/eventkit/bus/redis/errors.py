"""Redis' errors in words that say what to do."""

from __future__ import annotations

from typing import Final

from redis import exceptions

from eventkit.contract.errors import BusError, ConfigurationError


class GroupLostError(BusError):
    """The stream or its group is not there any more: somebody removed it, or the server has lost data."""


# How the answer begins: what is wrong, and what to do about it. A script's error is quoted by old servers, so the word
# may stand in the middle.
_MEANINGS: Final = {
    "WRONGPASS": ("the server refuses the user or the password", "correct them in the URL: redis://user:password@host"),
    "NOAUTH": ("the server asks for a password", "give it in the URL: redis://:password@host"),
    "NOPERM": ("the server does not let this user do it", "give it the rights that docs/buses/redis.md lists"),
    "READONLY": ("the server is a replica, and cannot be written", "connect to the primary"),
    "MASTERDOWN": ("the server is a replica that has lost its primary", "connect to the primary"),
    "MISCONF": ("the server cannot save to its disk, and takes no writes", "see its log, and whether the disk is full"),
    "OOM": ("the server has no memory left (maxmemory)", "give it more, or keep events less long: `retention`"),
    "LOADING": ("the server reads its data from the disk", "wait until it has"),
    "CLUSTERDOWN": ("the cluster is down", "see `redis-cli cluster info`"),
    "MOVED": ("the server is a node of a Redis Cluster", "connect to a server without cluster mode"),
    "CROSSSLOT": ("the server is a node of a Redis Cluster", "connect to a server without cluster mode"),
    "BUSY": ("the server is busy with a script of somebody else", "see `redis-cli script kill`"),
    "NOREPLICAS": ("the server has too few replicas to take writes", "see min-replicas-to-write"),
    "WRONGTYPE": ("another program uses a key of the bus", "give the bus a `prefix` or a database of its own"),
    "max number of clients": ("the server takes no more connections", "raise its maxclients"),
    "DB index is out of range": ("the server has no such database", "use a number below its `databases` setting"),
    "invalid username-password": ("the server refuses the user or the password", "correct them in the URL"),
    "without any password configured": ("the server has no password, and the URL gives one", "take it out of the URL"),
}  # fmt: skip


def explained(error: Exception, where: str) -> BusError:
    """Return an error of Redis or of the network as eventkit tells it.

    Args:
        error: What was raised.
        where: The URL of the bus, without its password.
    """
    text = answer_of(error)
    if "NOGROUP" in text:
        return GroupLostError("the group or its stream is gone", where=where, mend="see whether the server lost data")
    for word, (what, mend) in _MEANINGS.items():
        if word in text:
            return BusError(what, where=where, mend=mend)
    if isinstance(error, exceptions.ResponseError):
        return BusError(f"the server refuses: {text}", where=where, mend="see whether it is Redis 6.2 or newer")
    if "SSL" in text or "certificate" in text.lower():
        return BusError(f"TLS fails: {text}", where=where, mend="see the settings `tls_ca`, `tls_cert` and `tls_key`")
    return BusError(f"the server cannot be reached: {text}", where=where, mend="see whether it runs")


def answer_of(error: Exception) -> str:
    """Return what the server answered; redis-py puts the first word elsewhere."""
    status = getattr(error, "status_code", None)
    text = " ".join(str(error).split()) or type(error).__name__
    return f"{status} {text}" if status and not text.startswith(status) else text


def unfit(version: str, mode: str, where: str) -> ConfigurationError | None:
    """Return what is wrong with a server that answers; None where it will do.

    Args:
        version: What it says that it is.
        mode: `standalone`, or what else it says.
        where: The URL of the bus, without its password.
    """
    numbers = [int(each) for each in version.split(".")[:2] if each.isdigit()]
    if numbers < [6, 2]:
        return ConfigurationError(f"the server is Redis {version}", where=where, mend="use Redis 6.2 or newer")
    if mode == "cluster":
        return ConfigurationError(
            "the server is a node of a Redis Cluster", where=where, mend="connect to a server without cluster mode"
        )
    if mode == "sentinel":
        return ConfigurationError(
            "the server is a Sentinel, which keeps no events",
            where=where,
            mend="write redis+sentinel://host:26379/mymaster, so that it is asked for the primary",
        )
    return None
