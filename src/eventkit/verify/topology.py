"""EK201 to EK203, EK205 to EK207: events that nobody publishes or handles, and schemas that disagree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import groupby

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract, Message
from eventkit.schema import codes
from eventkit.schema.comparison import Problem
from eventkit.verify.comparer import Comparer
from eventkit.verify.finding import Finding, title
from eventkit.verify.names import domain, is_wildcard
from eventkit.verify.rules.topology import (
    NEVER_HANDLED,
    NEVER_PUBLISHED,
    PUBLISHER_UNKNOWN,
    PUBLISHERS_DISAGREE,
    TWO_SCHEMAS,
    WILDCARD_MATCHES_NOTHING,
)
from eventkit.verify.traffic import Side, Traffic
from eventkit.verify.words import describe, field_name


def never_published(services: Sequence[Contract], traffic: Traffic) -> Iterator[Finding]:
    """Yield EK201, EK205 or EK207 for each event that one of the services handles and nobody publishes at all."""
    for contract in services:
        # One finding for all versions: those that upcasters read come to the same handler.
        newest = {message.event.name: message for message in contract.handles}
        for name, message in newest.items():
            if not traffic.published_as(name):
                code, what, help = _who_publishes(name, traffic)
                yield Finding(
                    code=code,
                    message=f"{contract.service} handles {name}, {what}",
                    event=message.event,
                    subscriber=contract.service,
                    spots=Side(contract.service, message).spots(f"handles {name}"),
                    help=help,
                )


def never_handled(services: Sequence[Contract], traffic: Traffic) -> Iterator[Finding]:
    """Yield EK203 for each event that one of the services publishes and nobody handles."""
    for contract in services:
        for message in contract.publishes:
            if not traffic.handled_as(message.event.name):
                yield Finding(
                    code=NEVER_HANDLED,
                    message=f"{contract.service} publishes {title(message.event)}, which nobody handles",
                    event=message.event,
                    publisher=contract.service,
                    spots=Side(contract.service, message).spots(f"publishes {title(message.event)}"),
                    help="nothing, if it is meant for readers outside of the landscape",
                )


def publishers_disagree(traffic: Traffic, comparer: Comparer, service: str | None = None) -> Iterator[Finding]:
    """Yield EK202 for each publisher that sends something else than the first publisher of the same event.

    Args:
        traffic: Who publishes what.
        comparer: What compares.
        service: The service that is to be one of the two; None for any.
    """
    for name, publishers in traffic.published.items():
        overlapping = traffic.overlapping(name)
        for event, several in groupby(publishers, key=lambda side: side.message.event):
            first, *others = sorted(several, key=lambda side: side.service != service)
            others += (side for side in overlapping if side.message.event.version == event.version)
            for other in others:
                # Two schemas of one service are EK206.
                if first.service != other.service and service in (None, first.service, other.service):
                    found = _disagreement(first, other, comparer) or _disagreement(other, first, comparer)
                    if found:
                        yield found


def two_schemas(services: Sequence[Contract], comparer: Comparer) -> Iterator[Finding]:
    """Yield EK206 for each version of an event that a service publishes, or handles, with two schemas."""
    for contract in services:
        for verb, messages in (("publishes", contract.publishes), ("handles", contract.handles)):
            for event, (first, *others) in groupby(messages, key=lambda message: message.event):
                for other in others:
                    if not (_fits(first, other, comparer) and _fits(other, first, comparer)):
                        yield _two_schemas(verb, event, Side(contract.service, first), Side(contract.service, other))


def _who_publishes(name: str, traffic: Traffic) -> tuple[str, str, str]:
    """Return the code for a name that nobody publishes, what is wrong with it, and what mends it."""
    nobody = "which nobody publishes"
    add = "add the contract of its publisher to `neighbours` in the configuration"
    if is_wildcard(name):
        return WILDCARD_MATCHES_NOTHING, "a wildcard that no published event matches", f"correct the wildcard, or {add}"
    similar = get_close_matches(name, traffic.published, n=1, cutoff=0.8)
    if similar:
        publisher = traffic.published[similar[0]][0].service
        return NEVER_PUBLISHED, nobody, f"handle `{similar[0]}`, which {publisher} publishes"
    if any(domain(published) == domain(name) for published in traffic.published):
        return NEVER_PUBLISHED, nobody, f"correct the type name, or {add}"
    return PUBLISHER_UNKNOWN, nobody, add


def _fits(one: Message, another: Message, comparer: Comparer) -> bool:
    return comparer.compare(one, another).verdict == "compatible"


def _two_schemas(verb: str, event: EventType, first: Side, other: Side) -> Finding:
    spots = (*first.spots(f"{verb} {title(event)}"), *other.spots(f"{verb} {title(event)} in another shape"))
    return Finding(
        code=TWO_SCHEMAS,
        message=f"{first.service} {verb} {title(event)} with two schemas, {first.message.model} and "
        f"{other.message.model}",
        event=event,
        publisher=first.service if verb == "publishes" else None,
        subscriber=first.service if verb == "handles" else None,
        spots=spots,
        help="make them one message, or give one of them another version or type name",
    )


def _disagreement(one: Side, another: Side, comparer: Comparer) -> Finding | None:
    """Return EK202 where one publisher can send what the other never sends, or may do so."""
    compared = comparer.compare(one.message, another.message)
    if compared.verdict == "compatible":
        return None
    event = one.message.event
    path, labels, detail = "", (f"publishes {title(event)}",) * 2, ""
    if compared.problems:
        path, labels = compared.problems[0].path, _differ(compared.problems[0], one, another)
        detail = f"at {path or 'the event'}, {one.service} {labels[0]} and {another.service} {labels[1]}"
    message = f"{one.service} and {another.service} publish {title(event)} in different shapes"
    if compared.verdict == "unknown":
        message = (
            f"it is not known whether {one.service} and {another.service} publish {title(event)} in one shape: "
            f"{_why_unknown(one, another, compared.reason or '')}"
        )
    return Finding(
        code=PUBLISHERS_DISAGREE,
        message=message,
        detail=detail,
        event=event,
        publisher=one.service,
        path=path,
        spots=(*one.spots(labels[0], path), *another.spots(labels[1], path)),
        counterexample=compared.counterexample,
        help="agree on one shape, or give the event of one of the two another name",
    )


def _why_unknown(one: Side, another: Side, reason: str) -> str:
    for side in (one, another):
        if side.message.unread:
            return f"{side.service}'s schema is not known: {side.message.unread}"
    # The comparison knows a publisher and a subscriber only, and these two publish both.
    return f"with {one.service} as the publisher and {another.service} as the subscriber, {reason}"


def _differ(problem: Problem, one: Side, another: Side) -> tuple[str, str]:
    """Return what each of two publishers does with the field in which they differ."""
    if problem.code == codes.REQUIRED:
        name = field_name(problem.path)
        return f"publishes no `{name}`", f"publishes `{name}`"
    return (
        f"publishes {describe(one.message.schema, problem.publisher_pointer)}",
        f"publishes {describe(another.message.schema, problem.subscriber_pointer)}",
    )
