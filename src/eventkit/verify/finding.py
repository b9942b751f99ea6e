"""What verifying a landscape yields: pairs, findings, and the report of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Place
from eventkit.schema import MISSING
from eventkit.schema.comparison import Verdict
from eventkit.schema.values import Json
from eventkit.verify.rules import RULES, Severity


@dataclass(frozen=True, slots=True)
class Spot:
    """A place, and what is to be seen there.

    Args:
        place: The place.
        label: What it does there: `reads an integer`; empty where the finding's message says it all.
    """

    place: Place
    label: str = ""


@dataclass(frozen=True, slots=True)
class Pair:
    """One event on its way from one service to another.

    Args:
        event: The event.
        publisher: The service that publishes it.
        subscriber: The service that handles it.
        verdict: Whether every event that can be published is accepted.
        counterexample: An event that is not, where the verdict is incompatible.
    """

    event: EventType
    publisher: str
    subscriber: str
    verdict: Verdict
    counterexample: Json = MISSING


class BrokenPair(NamedTuple):
    """A pair that a finding breaks, and the field on which it breaks."""

    event: EventType
    publisher: str
    subscriber: str
    path: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Why a finding is not reported.

    Args:
        reason: What the team says about it.
        place: The comment that silences it, or the configuration.
        in_source: It is a comment.
    """

    reason: str
    place: Place
    in_source: bool


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong, or several that have one cause.

    Args:
        code: Which rule it breaks.
        message: What is wrong, in a sentence without a full stop.
        detail: The same as seen from the field that it is about; empty where the message says it all.
        event: The event that it is about.
        publisher: The service that publishes it.
        subscriber: The service that handles it.
        path: The field, as `/items/*/price`.
        spots: Where to look: first the place that is wrong, then the one that it disagrees with.
        counterexample: An event that shows it.
        help: The edit that mends it.
        further: What else is wrong for the same reason: other pairs that break at the same place.
        silence: Why it is not reported; None where it is.
    """

    code: str
    message: str
    detail: str = ""
    event: EventType | None = None
    publisher: str | None = None
    subscriber: str | None = None
    path: str | None = None
    spots: tuple[Spot, ...] = ()
    counterexample: Json = MISSING
    help: str = ""
    further: tuple[Finding, ...] = ()
    silence: Silence | None = None

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return RULES[self.code].severity

    @property
    def advice(self) -> str:
        """The edit that mends it, with the other subscribers that need it, too."""
        others = sorted({each.subscriber for each in self.further if each.subscriber} - {self.subscriber})
        if not self.help or not others:
            return self.help
        named = others if len(others) < 4 else [*others[:2], f"{len(others) - 2} more"]
        return f"{self.help} (likewise for {' and '.join([', '.join(named[:-1]), named[-1]] if named[1:] else named)})"

    @property
    def headline(self) -> str:
        """The message, and how many more pairs break for the same reason."""
        more = len(self.pairs) - 1
        return self.message if more < 1 else f"{self.message} (and {more} more {'pair' if more == 1 else 'pairs'})"

    @property
    def pairs(self) -> tuple[BrokenPair, ...]:
        """The pairs that it breaks, its own first; none where it is not about a pair."""
        return tuple(
            BrokenPair(each.event, each.publisher, each.subscriber, each.path or "")
            for each in (self, *self.further)
            if each.event is not None and each.publisher is not None and each.subscriber is not None
        )

    @property
    def all_spots(self) -> tuple[Spot, ...]:
        """Where to look: its own places first, then those of the pairs that break for the same reason, each once."""
        spots: dict[Place, Spot] = {}
        for each in (self, *self.further):
            for spot in each.spots:
                spots.setdefault(spot.place, spot)
        return tuple(spots.values())


@dataclass(frozen=True, slots=True)
class Report:
    """What verifying a landscape has shown.

    Args:
        services: How many services are in the sources.
        neighbours: How many neighbours there are.
        complete: Everything could be read; where not, what is said to be never published or handled was not checked.
        pairs: All pairs, sorted by event, publisher and subscriber.
        findings: The findings that are listed, in a stable order.
        counts: How many findings there are of each severity, listed or not.
        silenced: The findings that are not reported, as somebody said why.
        service: The service of which it was asked whether it can be deployed; None where all are checked.
    """

    services: int
    neighbours: int
    complete: bool
    pairs: tuple[Pair, ...]
    findings: tuple[Finding, ...]
    counts: Counter[Severity]
    silenced: tuple[Finding, ...] = ()
    service: str | None = None

    @property
    def status(self) -> int:
        """The exit status: 2 where a source could not be read, 1 where another error was found, otherwise 0."""
        if not self.counts[Severity.ERROR]:
            return 0
        return 2 if any(_is_unreadable(finding) for finding in self.findings) else 1

    def listing(self, least: Severity) -> Report:
        """Return the report with the findings that are at least as bad as `least`."""
        listed = tuple(finding for finding in self.findings if finding.severity.reaches(least))
        return replace(self, findings=listed)


def count(findings: Iterable[Finding]) -> Counter[Severity]:
    """Return how many findings there are of each severity."""
    return Counter(finding.severity for finding in findings)


def title(event: EventType) -> str:
    """Return an event's name as messages show it: version 1 goes without saying."""
    return event.name if event.version == 1 else str(event)


def _is_unreadable(finding: Finding) -> bool:
    return finding.code.startswith("EK5") and finding.severity is Severity.ERROR
