"""EK201 to EK203, EK205, EK207: events that nobody publishes, that two publish differently, that nobody handles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from itertools import groupby

from eventkit.discovery.contract import Contract
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


def publishers_disagree(traffic: Traffic, comparer: Comparer) -> Iterator[Finding]:
    """Yield EK202 for each publisher that sends something else than the first publisher of the same event."""
    for name, publishers in traffic.published.items():
        overlapping = traffic.overlapping(name)
        for event, (first, *others) in groupby(publishers, key=lambda side: side.message.event):
            others += (side for side in overlapping if side.message.event.version == event.version)
            for other in others:
                found = _disagreement(first, other, comparer) or _disagreement(other, first, comparer)
                if found:
                    yield found


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


def _disagreement(one: Side, another: Side, comparer: Comparer) -> Finding | None:
    """Return EK202 where one publisher can send what the other never sends, or may do so."""
    compared = comparer.compare(one.message, another.message)
    if compared.verdict == "compatible":
        return None
    event = one.message.event
    path, labels, detail = "", (f"publishes {title(event)}",) * 2, compared.reason or ""
    if compared.problems:
        path, labels = compared.problems[0].path, _differ(compared.problems[0], one, another)
        detail = f"at {path or 'the event'}, {one.service} {labels[0]} and {another.service} {labels[1]}"
    return Finding(
        code=PUBLISHERS_DISAGREE,
        message=f"{one.service} and {another.service} publish {title(event)} in different shapes",
        detail=detail,
        event=event,
        publisher=one.service,
        path=path,
        spots=(*one.spots(labels[0], path), *another.spots(labels[1], path)),
        counterexample=compared.counterexample,
        help="agree on one shape, or give the event of one of the two another name",
    )


def _differ(problem: Problem, one: Side, another: Side) -> tuple[str, str]:
    """Return what each of two publishers does with the field in which they differ."""
    if problem.code == codes.REQUIRED:
        name = field_name(problem.path)
        return f"publishes no `{name}`", f"publishes `{name}`"
    return (
        f"publishes {describe(one.message.schema, problem.publisher_pointer)}",
        f"publishes {describe(another.message.schema, problem.subscriber_pointer)}",
    )
