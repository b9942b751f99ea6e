"""Kafka's errors in words that say what to do."""

from __future__ import annotations

from typing import Final

from aiokafka import errors

from eventkit.contract.errors import BusError

_DOWN: Final = ("no broker can be reached", "see whether it is up, and whether the address and the port are right")
_RIGHTS: Final = "give the user of this service the rights that docs/buses/kafka.md lists"
_REPLICAS: Final = ("too few replicas are in sync", "see whether brokers are down, and what min.insync.replicas says")
_SILENT: Final = ("no broker answered in time", "see whether the brokers are up and not overloaded")
_Meanings = tuple[tuple[type[errors.KafkaError], tuple[str, str]], ...]
# What is wrong, and what to do about it; the first class that fits counts.
_OF_LOGINS: Final[_Meanings] = (
    (errors.SaslAuthenticationFailed, ("the broker does not know the user or the password", "see both in the URL")),
    (errors.AuthenticationFailedError, ("the broker does not know the user or the password", "see both in the URL")),
    (errors.UnsupportedSaslMechanismError, ("the broker does not take this kind of password", "set `mechanism`")),
    (errors.AuthenticationMethodNotSupported, ("the broker does not take this kind of password", "set `mechanism`")),
    (
        errors.IllegalSaslStateError,
        ("the broker takes no login at this port", "use its port for SASL, or give no user"),
    ),
)
_MEANINGS: Final[_Meanings] = (
    *_OF_LOGINS,
    (errors.TopicAuthorizationFailedError, ("the user may not use a topic", _RIGHTS)),
    (errors.GroupAuthorizationFailedError, ("the user may not join the consumer group", _RIGHTS)),
    (errors.ClusterAuthorizationFailedError, ("the user may not make topics, or write idempotently", _RIGHTS)),
    (errors.MessageSizeTooLargeError, ("the event is larger than the topic takes", "raise its max.message.bytes")),
    (errors.RecordListTooLargeError, ("the events are larger than the topic takes", "raise its max.message.bytes")),
    (errors.NotEnoughReplicasError, _REPLICAS),
    (errors.NotEnoughReplicasAfterAppendError, _REPLICAS),
    (
        errors.UnknownTopicOrPartitionError,
        ("a topic does not exist any more", "connect anew, and it is made; or make it"),
    ),
    (errors.KafkaTimeoutError, _SILENT),
    (errors.RequestTimedOutError, _SILENT),
    (errors.KafkaConnectionError, _DOWN),
    (errors.NodeNotReadyError, _DOWN),
    (errors.GroupCoordinatorNotAvailableError, _DOWN),
)


def meaning(error: errors.KafkaError) -> tuple[str, str]:
    """Return what is wrong and what to do about it."""
    for kind, known in _MEANINGS:
        if isinstance(error, kind):
            return known
    what = str(error) or type(error).__name__
    return f"Kafka says: {what}", "see what the brokers' log says"


def is_about_login(error: Exception) -> bool:
    """Tell whether a broker refuses the login."""
    return isinstance(error, tuple(kind for kind, _ in _OF_LOGINS))


def is_about_reach(error: errors.KafkaError) -> bool:
    """Tell whether an error says no more than that nobody answers."""
    return meaning(error) in (_DOWN, _SILENT)


def is_unforeseen(error: BaseException | None) -> bool:
    """Tell whether an error is one of Kafka's of which nothing is known here but what it says."""
    return isinstance(error, errors.KafkaError) and not isinstance(error, tuple(kind for kind, _ in _MEANINGS))


def explained(error: errors.KafkaError, url: str) -> BusError:
    """Return an error of Kafka as eventkit tells it.

    Args:
        error: What was raised.
        url: The bus, without a password.
    """
    what, mend = meaning(error)
    return BusError(what, where=url, mend=mend)
