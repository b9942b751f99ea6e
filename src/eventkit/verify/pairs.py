"""EK1xx and EK204: every subscriber against every publisher of the events that it handles, version by version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Message
from eventkit.discovery.progress import Observer, unobserved
from eventkit.schema.comparison import Verdict
from eventkit.verify.comparer import Comparer
from eventkit.verify.counterexamples import counterexample_of
from eventkit.verify.finding import Finding, Pair, title
from eventkit.verify.names import is_open, is_pattern
from eventkit.verify.problems import finding_of
from eventkit.verify.rules.pairs import UNDECIDED
from eventkit.verify.rules.topology import VERSION_NOT_READ
from eventkit.verify.traffic import Side, Time, Traffic

_WORSE: Final[tuple[Verdict, ...]] = ("compatible", "unknown", "incompatible")


def compared_messages(
    traffic: Traffic, service: str | None = None, *, readers: Traffic | None = None
) -> Iterator[tuple[Message, Message]]:
    """Yield what is sent and what is read wherever somebody reads the version of an event that is published.

    Args:
        traffic: Who publishes and who handles what.
        service: The service that is to be one of the two; None for any.
        readers: The traffic whose subscribers are meant; by default those of `traffic`.
    """
    for name, publishers in traffic.published.items():
        handlers = (readers or traffic).handled_as(name)
        for publisher in publishers:
            for reader in handlers:
                same_version = reader.message.event.version == publisher.message.event.version
                if same_version and (service is None or service in (publisher.service, reader.service)):
                    yield publisher.message, reader.message


def check_pairs(
    traffic: Traffic, comparer: Comparer, observe: Observer = unobserved, *, service: str | None = None
) -> tuple[list[Pair], list[Finding]]:
    """Compare all pairs: a subscriber has to read every version of an event that anybody publishes.

    Args:
        traffic: Who publishes and who handles what.
        comparer: What compares.
        observe: Told how far it has come.
        service: The service whose pairs are meant; None for all.

    Returns:
        The pairs, sorted by event, publisher and subscriber, and the findings, sorted by what is published.
    """
    pairs: list[Pair] = []
    findings: list[Finding] = []
    for done, (name, publishers) in enumerate(traffic.published.items()):
        observe("comparing events", done, len(traffic.published))
        readers = traffic.readers(name)
        newest_version = publishers[-1].message.event.version
        for publisher in publishers:
            for (subscriber, _), versions in readers.items():
                if service is None or service in (publisher.service, subscriber):
                    pair, found = check_pair(publisher, versions, newest_version, comparer)
                    pairs.append(pair)
                    findings += found
    return _one_each(pairs), findings


def _one_each(pairs: Iterable[Pair]) -> list[Pair]:
    """Return the pairs, sorted: one where a subscriber handles an event under several names, which is the worst."""
    found: dict[tuple[EventType, str, str], Pair] = {}
    for pair in pairs:
        key = pair.event, pair.publisher, pair.subscriber
        other = found.get(key)
        if other is None or _WORSE.index(pair.verdict) > _WORSE.index(other.verdict):
            found[key] = pair
    return [found[key] for key in sorted(found)]


def verdict_of(publisher: Side, versions: Sequence[Side], comparer: Comparer) -> Verdict:
    """Return whether a subscriber that reads these versions of an event accepts what is published."""
    subscriber = _reader(publisher, versions)
    return comparer.compare(publisher.message, subscriber.message).verdict if subscriber else "incompatible"


def _reader(publisher: Side, versions: Sequence[Side]) -> Side | None:
    return next((side for side in versions if side.message.event.version == publisher.message.event.version), None)


def check_pair(
    publisher: Side, versions: Sequence[Side], newest_version: int, comparer: Comparer
) -> tuple[Pair, list[Finding]]:
    """Check one publisher against one subscriber.

    Args:
        publisher: Who publishes the event.
        versions: The versions of the event that the subscriber reads.
        newest_version: The newest version that anybody publishes.
        comparer: What compares.
    """
    subscriber = _reader(publisher, versions)
    if subscriber is None:
        return _version_not_read(publisher, versions, comparer)
    compared = comparer.compare(publisher.message, subscriber.message)
    shared = _shared(publisher, subscriber)
    pair = Pair(shared, publisher.service, subscriber.service, compared.verdict, compared.counterexample)
    if compared.verdict == "unknown":
        return pair, [_undecided(publisher, subscriber, shared, compared.reason or "")]
    return pair, [
        finding_of(
            problem,
            publisher,
            subscriber,
            shared,
            counterexample_of(problem, compared, publisher, subscriber, comparer),
            newest_version,
        )
        for problem in compared.problems
    ]


def _shared(publisher: Side, subscriber: Side) -> EventType:
    """Return the event of a pair: the published one, or its name as it is handled where only that is no pattern."""
    event, handled = publisher.message.event, subscriber.message.event.name
    return EventType(handled, event.version) if is_open(event.name) and not is_pattern(handled) else event


def _undecided(publisher: Side, subscriber: Side, event: EventType, reason: str) -> Finding:
    return Finding(
        code=UNDECIDED,
        message=f"it is not known whether {subscriber.service} accepts what {publisher.service} publishes as "
        f"{title(event)}: {reason}",
        event=event,
        publisher=publisher.service,
        subscriber=subscriber.service,
        spots=(*subscriber.spots(f"reads {title(event)}"), *publisher.spots(f"publishes {title(event)}")),
        help=_way_to_decide(publisher, subscriber, reason),
    )


def _way_to_decide(publisher: Side, subscriber: Side, reason: str) -> str:
    if publisher.message.unread or subscriber.message.unread:
        return "describe the event by a JSON Schema in both documents"
    if "is not well formed" in reason:
        return "correct the schema"
    return "say the same in simpler words in one of the two models"


def _version_not_read(publisher: Side, versions: Sequence[Side], comparer: Comparer) -> tuple[Pair, list[Finding]]:
    nearest = versions[-1]
    event = _shared(publisher, nearest)
    publishes = "published once, and which is retained" if publisher.time is Time.RETAINED else "publishes"
    read = " and ".join(str(side.message.event.version) for side in versions)
    # Any event will do: what is not read is compared with a schema that accepts nothing.
    any_event = comparer.compare_with(publisher.message, False).counterexample
    return Pair(event, publisher.service, nearest.service, "incompatible", any_event), [
        Finding(
            code=VERSION_NOT_READ,
            message=f"{nearest.service} does not read version {event.version} of {event.name}, which "
            f"{publisher.service} {publishes}",
            event=event,
            publisher=publisher.service,
            subscriber=nearest.service,
            path="",
            spots=(
                *nearest.spots(f"reads version {read} only"),
                *publisher.spots(f"publishes version {event.version}"),
            ),
            counterexample=any_event,
            help=f"add a handler of version {event.version} to {nearest.service}, or an upcaster from it to a version "
            "that is handled",
        )
    ]
