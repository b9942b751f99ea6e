"""Verifies a landscape: every check, one after the other, into one report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from eventkit.discovery.evolution import Evolution
from eventkit.discovery.landscape import Landscape, SourceProblem
from eventkit.discovery.progress import Observer, unobserved
from eventkit.verify.comparer import Comparer
from eventkit.verify.cycles import cycles
from eventkit.verify.evolution import Change, check_deployment, met_on_the_way, no_longer_published
from eventkit.verify.finding import Finding, Report, Spot, count
from eventkit.verify.grouping import grouped
from eventkit.verify.ignores.silence import Ignores, silence
from eventkit.verify.keys import changed_keys, missing_keys
from eventkit.verify.modes import check_modes
from eventkit.verify.pairs import check_pairs, compared_messages
from eventkit.verify.payloads import malformed_schemas, unknown_payloads
from eventkit.verify.topology import never_handled, never_published, publishers_disagree, two_schemas
from eventkit.verify.traffic import Time, Traffic


@dataclass(frozen=True, slots=True)
class Past:
    """What a landscape was before.

    Args:
        baseline: What is deployed, or was when the change began.
        history: Older landscapes, for transitive modes.
        evolution: How events may change.
    """

    baseline: Landscape
    history: tuple[Landscape, ...] = ()
    evolution: Evolution = field(default_factory=Evolution)


def verify(
    landscape: Landscape,
    comparer: Comparer | None = None,
    ignores: Ignores | None = None,
    observe: Observer = unobserved,
    *,
    past: Past | None = None,
    service: str | None = None,
) -> Report:
    """Check a landscape.

    Args:
        landscape: The contracts, and what could not be read.
        comparer: What compares; by default one that knows nothing yet.
        ignores: What is silenced; nothing where there are none.
        observe: Told how far it has come.
        past: What it is compared with; None for nothing.
        service: The service whose pairs are checked, the only one in `landscape.services`; None for all.

    Returns:
        The pairs and the findings, one for each cause: sources first, then pairs by event, publisher and subscriber,
        then topology, then evolution, then the ignores.
    """
    comparer = comparer or Comparer()
    traffic = Traffic.of(landscape)
    older = (past.baseline, *past.history) if past else ()
    problems = dict.fromkeys(problem for one in (landscape, *older) for problem in one.problems)
    unread = [_unread(problem) for problem in problems]
    unknown = [*unknown_payloads(landscape.services), *malformed_schemas(landscape.services)]
    change = Change.of(past.baseline, landscape) if past else None
    on_the_way = met_on_the_way(change, service) if change else ()
    comparer.prepare(chain(compared_messages(traffic, service), on_the_way), observe)
    pairs, findings = check_pairs(traffic, comparer, observe, service=service)
    findings += two_schemas(landscape.services, comparer)
    findings += publishers_disagree(traffic, comparer, service)
    findings += missing_keys(landscape.services, traffic, comparer)
    findings += cycles(landscape.services, traffic)
    # What could not be read may publish or handle anything: nothing can be said about what nobody does.
    complete = not any(problem.leaves_gap for problem in problems)
    if complete:
        gone = list(no_longer_published(change)) if change else []
        known = {(finding.subscriber, finding.event) for finding in gone}
        findings += (
            finding
            for finding in never_published(landscape.services, traffic)
            if (finding.subscriber, finding.event) not in known
        )
        findings += never_handled(landscape.services, traffic)
        findings += gone
    if past and change:
        findings += _evolution(past, change, comparer, service)
    loud, silenced = [*unread, *unknown, *findings], list[Finding]()
    if ignores is not None:
        loud, silenced = silence(loud, ignores, complete=complete)
    reported = tuple(grouped(loud))
    return Report(
        services=len(landscape.services),
        neighbours=len(landscape.neighbours),
        complete=complete,
        pairs=tuple(pairs),
        findings=reported,
        counts=count(reported),
        silenced=tuple(grouped(silenced)),
        service=service,
    )


def _evolution(past: Past, change: Change, comparer: Comparer, service: str | None) -> Iterator[Finding]:
    yield from check_deployment(change, past.evolution.order, comparer, service)
    yield from changed_keys(change, past.evolution, service)
    history = (Traffic.of(landscape, Time.DEPLOYED) for landscape in past.history)
    yield from check_modes((change.before, *history), change.after, past.evolution, comparer)


def _unread(problem: SourceProblem) -> Finding:
    return Finding(code=problem.code, message=problem.message, spots=(Spot(problem.place),), help=problem.mend)
