"""One cause, one finding: pairs that break at the same place are told together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import replace

from eventkit.schema import MISSING
from eventkit.verify.finding import Finding
from eventkit.verify.words import field_name, json_text


def grouped(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings with those of one cause made into one.

    Two findings have one cause if they have the same code and are about the same field at the same place of the
    publisher: a field that is gone from an event, or from a model that many events use. Those that are alone there are
    put together by the place of the subscriber: a reader model that several publishers break. Findings that are not
    about a pair, or of which one place is not known, stay alone.

    Args:
        findings: Any findings, in any order; one that is a group already may take more.

    Returns:
        The groups in the order of their first members. The first pair of each, by event, publisher and subscriber,
        is the finding; the rest are `further`. The grouping does not depend on the order, and nothing is lost.
    """
    singles = [single for finding in findings for single in _taken_apart(finding)]
    groups: list[list[Finding]] = []
    for group in _by(_publisher_place, singles):
        groups += [group] if len(group) > 1 else []
    taken = {id(finding) for group in groups for finding in group}
    groups += _by(_subscriber_place, [finding for finding in singles if id(finding) not in taken])
    position = {id(finding): index for index, finding in enumerate(singles)}
    groups.sort(key=lambda group: min(position[id(finding)] for finding in group))
    return [_together(group) for group in groups]


def _taken_apart(finding: Finding) -> list[Finding]:
    return [replace(finding, further=()), *finding.further]


def _together(group: list[Finding]) -> Finding:
    first, *further = sorted(group, key=_order)
    return replace(first, further=tuple(further)) if further else first


def _by(key: Callable[[Finding], Hashable], findings: list[Finding]) -> list[list[Finding]]:
    found: defaultdict[Hashable, list[Finding]] = defaultdict(list)
    for finding in findings:
        found[key(finding)].append(finding)
    return list(found.values())


def _publisher_place(finding: Finding) -> Hashable:
    return _cause(finding, -1)


def _subscriber_place(finding: Finding) -> Hashable:
    return _cause(finding, 0)


def _cause(finding: Finding, spot: int) -> Hashable:
    """Return what findings of one cause have in common; the identity of one that stays alone."""
    if not finding.pairs or len(finding.spots) < 2:
        return id(finding)
    place = finding.spots[spot].place
    # Silenced ones only join those that are silenced by the same words.
    return finding.code, place.file, place.line, field_name(finding.path or ""), finding.silence


def _order(finding: Finding) -> tuple[object, ...]:
    """Return where a finding of a group stands in it: equal only for findings that are equal to who reads them."""
    event = finding.pairs[0].event if finding.pairs else None
    counterexample = "" if finding.counterexample is MISSING else json_text(finding.counterexample)
    return (
        (event.name, event.version) if event else ("", 0),
        finding.publisher or "",
        finding.subscriber or "",
        finding.path or "",
        finding.message,
        finding.detail,
        finding.help,
        [(spot.place, spot.label) for spot in finding.spots],
        counterexample,
    )
