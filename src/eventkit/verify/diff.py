"""What changed between two landscapes, and whom it breaks: `diff` is a pure function of both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Literal

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract, Message
from eventkit.discovery.evolution import Evolution
from eventkit.discovery.landscape import Landscape
from eventkit.discovery.progress import Observer, unobserved
from eventkit.verify.comparer import Comparer
from eventkit.verify.evolution import Change, check_deployment, met_on_the_way, no_longer_published
from eventkit.verify.field_changes import FieldChange, field_changes
from eventkit.verify.finding import Finding, Pair
from eventkit.verify.grouping import grouped
from eventkit.verify.ignores.silence import Ignores, silence
from eventkit.verify.keys import changed_keys
from eventkit.verify.modes import check_modes
from eventkit.verify.pairs import check_pairs, compared_messages
from eventkit.verify.rules import Severity

Role = Literal["publishes", "handles"]


@dataclass(frozen=True, slots=True)
class EventChange:
    """A version of an event that comes or goes.

    Args:
        event: The event.
        role: Whether it is published or handled.
        added: It comes; otherwise it goes.
        services: The services that publish or handle it, where it comes; where it goes, those that did.
        new_version: Another version of it was there before, or still is.
    """

    event: EventType
    role: Role
    added: bool
    services: tuple[str, ...]
    new_version: bool


@dataclass(frozen=True, slots=True)
class MessageChange:
    """An event that looks different in one service.

    Args:
        service: The service.
        role: Whether it publishes or handles the event.
        event: The event.
        changes: What changed.
    """

    service: str
    role: Role
    event: EventType
    changes: tuple[FieldChange, ...]


@dataclass(frozen=True, slots=True)
class Diff:
    """What changed between two landscapes.

    Args:
        services_added: Services that are new.
        services_removed: Services that are gone.
        events: Events that a service begins or ceases to publish or to handle.
        messages: Events that look different.
        broken: Whom the change breaks, one finding a cause: what did not fit before is not among it.
        silenced: Whom it breaks likewise, but somebody said why that is accepted.
        broken_before: Pairs that did not fit before either, and still do not.
        mended: Pairs that did not fit before, and do now.
    """

    services_added: tuple[str, ...] = ()
    services_removed: tuple[str, ...] = ()
    events: tuple[EventChange, ...] = ()
    messages: tuple[MessageChange, ...] = ()
    broken: tuple[Finding, ...] = ()
    silenced: tuple[Finding, ...] = ()
    broken_before: tuple[Pair, ...] = ()
    mended: tuple[Pair, ...] = field(default=())

    @property
    def status(self) -> int:
        """The exit status: 1 where somebody breaks, otherwise 0."""
        return 1 if any(finding.severity is Severity.ERROR for finding in self.broken) else 0

    def __bool__(self) -> bool:
        """Tell whether anything changed."""
        changed = self.services_added or self.services_removed or self.events or self.messages
        return bool(changed or self.broken or self.silenced or self.mended)


def diff(
    old: Landscape,
    new: Landscape,
    evolution: Evolution,
    comparer: Comparer | None = None,
    ignores: Ignores | None = None,
    observe: Observer = unobserved,
) -> Diff:
    """Compare two landscapes.

    Args:
        old: The landscape before the change.
        new: The landscape with the change.
        evolution: How events may change; modes are held to `old` alone.
        comparer: What compares; by default one that knows nothing yet.
        ignores: What is silenced; nothing where there are none.
        observe: Told how far it has come.
    """
    comparer = comparer or Comparer()
    before = {contract.service: contract for contract in old.contracts}
    after = {contract.service: contract for contract in new.contracts}
    change = Change.of(old, new)
    asked = chain(compared_messages(change.before), compared_messages(change.after), met_on_the_way(change))
    comparer.prepare(asked, observe)
    pairs_before = {_key(pair): pair for pair in check_pairs(change.before, comparer, observe)[0]}
    pairs, findings = check_pairs(change.after, comparer, observe)
    broken_before = {key for key, pair in pairs_before.items() if pair.verdict != "compatible"}
    broken = [one for one in findings if (one.event, one.publisher, one.subscriber) not in broken_before]
    broken += no_longer_published(change)
    broken += check_deployment(change, evolution.order, comparer)
    broken += changed_keys(change, evolution)
    broken += check_modes((change.before,), change.after, evolution, comparer)
    loud, quiet = broken, list[Finding]()
    if ignores is not None:
        # What is wrong with ignores themselves breaks nobody.
        known = set(map(id, broken))
        loud, quiet = silence(broken, ignores, complete=False)
        loud = [one for one in loud if id(one) in known]
    return Diff(
        services_added=tuple(name for name in after if name not in before),
        services_removed=tuple(name for name in before if name not in after),
        events=tuple(_events(before, after)),
        messages=tuple(_messages(before, after)),
        broken=tuple(grouped(loud)),
        silenced=tuple(grouped(quiet)),
        broken_before=tuple(pair for pair in pairs if pair.verdict != "compatible" and _key(pair) in broken_before),
        mended=tuple(pair for pair in pairs if pair.verdict == "compatible" and _key(pair) in broken_before),
    )


def _key(pair: Pair) -> tuple[EventType, str, str]:
    return pair.event, pair.publisher, pair.subscriber


def _events(before: Mapping[str, Contract], after: Mapping[str, Contract]) -> Iterator[EventChange]:
    roles: tuple[Role, ...] = ("publishes", "handles")
    for role in roles:
        was, is_ = _by_event(role, before), _by_event(role, after)
        for event in sorted(was.keys() | is_.keys()):
            for added, here, there in ((True, is_, was), (False, was, is_)):
                services = here.get(event, set()) - there.get(event, set())
                if services:
                    versions = any(other.name == event.name and other != event for other in there)
                    yield EventChange(event, role, added, tuple(sorted(services)), versions)


def _by_event(role: Role, contracts: Mapping[str, Contract]) -> dict[EventType, set[str]]:
    found: dict[EventType, set[str]] = {}
    for contract in contracts.values():
        for message in _of(contract, role):
            found.setdefault(message.event, set()).add(contract.service)
    return found


def _messages(before: Mapping[str, Contract], after: Mapping[str, Contract]) -> Iterator[MessageChange]:
    roles: tuple[Role, ...] = ("publishes", "handles")
    for name, contract in after.items():
        for role in roles:
            was = {message.event: message for message in _of(before[name], role)} if name in before else {}
            for message in _of(contract, role):
                old = was.get(message.event)
                changes = field_changes(old, message, sent=role == "publishes") if old else ()
                if changes:
                    yield MessageChange(name, role, message.event, changes)


def _of(contract: Contract, role: Role) -> tuple[Message, ...]:
    return contract.publishes if role == "publishes" else contract.handles
