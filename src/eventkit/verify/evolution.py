"""EK301 to EK303, EK305: who breaks when a change is deployed, whatever is deployed first.

Services are never replaced all at once. While they are, and as long as old events lie in streams, dead letter stores
and outboxes, two pairs meet that no landscape shows: a new publisher with an old subscriber, and a new subscriber with
what an old publisher sent. What does not fit in the landscape itself, now or before the change, is not repeated here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from eventkit.discovery.contract import Message
from eventkit.discovery.evolution import Order
from eventkit.discovery.landscape import Landscape
from eventkit.verify.comparer import Comparer
from eventkit.verify.finding import Finding, title
from eventkit.verify.pairs import check_pair, compared_messages, verdict_of
from eventkit.verify.rules.evolution import (
    DEPLOYED_SUBSCRIBER_REJECTS,
    NO_LONGER_PUBLISHED,
    OLD_EVENTS_REJECTED,
    UNDECIDED_CHANGE,
)
from eventkit.verify.rules.pairs import UNDECIDED
from eventkit.verify.traffic import Side, Time, Traffic


@dataclass(frozen=True, slots=True)
class Change:
    """A landscape as it is deployed, and as it is meant to become.

    Args:
        before: Who publishes and handles what as deployed.
        after: The same with the change.
        services: The names of all services that the changed landscape has.
    """

    before: Traffic
    after: Traffic
    services: frozenset[str]

    @classmethod
    def of(cls, baseline: Landscape, landscape: Landscape) -> Change:
        """Return the change from one landscape to another."""
        names = frozenset(contract.service for contract in landscape.contracts)
        return cls(Traffic.of(baseline, Time.DEPLOYED), Traffic.of(landscape), names)


def met_on_the_way(change: Change, service: str | None = None) -> Iterator[tuple[Message, Message]]:
    """Yield what is sent and what is read where one of the two is deployed and the other one is not yet.

    Args:
        change: What changes.
        service: The only service that changes; None where several may.
    """
    yield from compared_messages(change.after, service, readers=change.before)
    yield from compared_messages(change.before, service, readers=change.after)


def check_deployment(change: Change, order: Order, comparer: Comparer, service: str | None = None) -> Iterator[Finding]:
    """Yield EK301, EK302 and EK305, by event: pairs of an old and a new side that do not fit.

    Args:
        change: What changes.
        order: In which order services are deployed: what that order makes safe is no finding.
        comparer: What compares.
        service: The only service that changes; None where several may.
    """
    for name in sorted(change.before.published.keys() | change.after.published.keys()):
        yield from _new_events(name, change, order, comparer, service)
        yield from _old_events(name, change, comparer, service)


def no_longer_published(change: Change) -> Iterator[Finding]:
    """Yield EK303 for each service that still handles an event that nobody publishes any more, in any version.

    A service that stops handling the event in the same change misses nothing.
    """
    handlers = {(side.service, name): side for name, sides in change.after.handled.items() for side in sides}
    for name, sides in change.before.handled.items():
        handlers |= {(side.service, name): side for side in sides if side.service not in change.services}
    for (_, name), handler in sorted(handlers.items()):
        before = change.before.published_as(name)
        if before and not change.after.published_as(name):
            yield _no_longer_published(handler, before[-1], change)


def _new_events(name: str, change: Change, order: Order, comparer: Comparer, changed: str | None) -> Iterator[Finding]:
    """Yield what is wrong between changed publishers and deployed subscribers."""
    deployed, current = change.before.readers(name), change.after.readers(name)
    for publisher in change.after.published.get(name, ()):
        old = change.before.publisher(publisher.service, publisher.message.event)
        unchanged = changed not in (None, publisher.service) or (
            old is not None and old.message.digest == publisher.message.digest
        )
        if unchanged or publisher.time is Time.RETAINED:
            continue
        for (service, _), versions in deployed.items():
            now = _of(service, current)
            if (
                (order is Order.SUBSCRIBERS_FIRST and service in change.services)
                or verdict_of(publisher, versions, comparer) == "compatible"
                or (old and verdict_of(old, versions, comparer) != "compatible")
                or (now and verdict_of(publisher, now, comparer) != "compatible")
            ):
                continue
            order_helps = not now or all(
                verdict_of(sent, now, comparer) == "compatible"
                for sent in change.before.published.get(name, ())
                # Another version that neither reads is not what this change breaks.
                if sent.service == publisher.service
                and (sent is old or verdict_of(sent, versions, comparer) == "compatible")
            )
            for found in _findings(publisher, versions, change, comparer):
                event = title(publisher.message.event)
                yield _deployed_subscriber_rejects(found, event, change, bool(now), order_helps)


def _old_events(name: str, change: Change, comparer: Comparer, changed: str | None) -> Iterator[Finding]:
    """Yield what is wrong between deployed publishers and changed subscribers."""
    deployed, current = change.before.readers(name), change.after.readers(name)
    for publisher in change.before.published.get(name, ()):
        new = change.after.publisher(publisher.service, publisher.message.event)
        for (service, _), versions in current.items():
            if changed not in (None, service):
                continue
            old = _of(service, deployed)
            if (
                verdict_of(publisher, versions, comparer) == "compatible"
                or (old and verdict_of(publisher, old, comparer) != "compatible")
                or (new and verdict_of(new, versions, comparer) != "compatible")
            ):
                continue
            for found in _findings(publisher, versions, change, comparer):
                yield _old_events_rejected(found, title(publisher.message.event))


def _of(service: str, readers: Mapping[tuple[str, str], Sequence[Side]]) -> Sequence[Side]:
    """Return what a service reads of an event, under whatever names."""
    return [side for (name, _), versions in readers.items() if name == service for side in versions]


def _findings(publisher: Side, versions: Sequence[Side], change: Change, comparer: Comparer) -> list[Finding]:
    """Return what a landscape with just this pair would show."""
    name = publisher.message.event.name
    sides = (*change.before.published.get(name, ()), *change.after.published.get(name, ()))
    newest = max(side.message.event.version for side in sides)
    return check_pair(publisher, versions, newest, comparer)[1]


def _deployed_subscriber_rejects(
    found: Finding, event: str, change: Change, handled: bool, order_helps: bool
) -> Finding:
    publisher, subscriber = found.publisher, found.subscriber
    if found.code == UNDECIDED:
        return _undecided(found, f"between {publisher} with this change and {subscriber} as deployed")
    if subscriber not in change.services:
        help = f"keep what {publisher} sends until {subscriber}, which is not among the sources, reads the new shape"
    elif not handled:
        help = f"deploy {subscriber}, which no longer handles the event, before {publisher}, as a change of its own"
    elif order_helps:
        help = f"deploy {subscriber} before {publisher}, as a change of its own: with this change it reads both shapes"
    else:
        help = f"no order of deployment is safe: first let {subscriber} read both shapes, then change {publisher}"
    message = f"{subscriber} as deployed rejects what {publisher} with this change publishes as {event}"
    return replace(found, code=DEPLOYED_SUBSCRIBER_REJECTS, message=message, help=help)


def _old_events_rejected(found: Finding, event: str) -> Finding:
    publisher, subscriber = found.publisher, found.subscriber
    if found.code == UNDECIDED:
        return _undecided(found, f"between {publisher} as deployed and {subscriber} with this change")
    return replace(
        found,
        code=OLD_EVENTS_REJECTED,
        message=f"{subscriber} with this change rejects what {publisher} as deployed publishes as {event}",
        help=f"{found.help}: old events come from streams, dead letter stores and outboxes, whatever is deployed first",
    )


def _undecided(found: Finding, where: str) -> Finding:
    return replace(found, code=UNDECIDED_CHANGE, message=f"{where}, {found.message}")


def _no_longer_published(handler: Side, publisher: Side, change: Change) -> Finding:
    event = handler.message.event
    gone = publisher.service not in change.services
    others = [name for name, sides in change.after.published.items() if name not in change.before.published]
    new = [name for name in others if any(side.service == publisher.service for side in change.after.published[name])]
    if handler.time is Time.DEPLOYED:
        first = f"remove the handler from {handler.service}, which is not among the sources, and deploy that first"
    else:
        first = f"remove the handler from {handler.service}"
    instead = f"handle `{new[0]}`, which {publisher.service} publishes now, or " if len(new) == 1 else ""
    back = f"add {publisher.service} to the sources" if gone else f"let {publisher.service} publish it again"
    return Finding(
        code=NO_LONGER_PUBLISHED,
        message=f"{event.name} is no longer published, and {handler.service} still handles it",
        event=event,
        publisher=publisher.service,
        subscriber=handler.service,
        spots=(*handler.spots(f"handles {event.name}"), *publisher.spots(f"publishes {event.name}")),
        help=f"{instead}{back}, or {first}",
    )
