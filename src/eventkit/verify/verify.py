"""Verifies a landscape: every check, one after the other, into one report."""

from __future__ import annotations

from eventkit.discovery.landscape import Landscape, SourceProblem
from eventkit.discovery.progress import Observer, unobserved
from eventkit.verify.comparer import Comparer
from eventkit.verify.finding import Finding, Report, Spot, count
from eventkit.verify.grouping import grouped
from eventkit.verify.ignores.silence import Ignores, silence
from eventkit.verify.pairs import check_pairs, compared_messages
from eventkit.verify.payloads import unknown_payloads
from eventkit.verify.topology import never_handled, never_published, publishers_disagree
from eventkit.verify.traffic import Traffic


def verify(
    landscape: Landscape,
    comparer: Comparer | None = None,
    ignores: Ignores | None = None,
    observe: Observer = unobserved,
) -> Report:
    """Check a landscape.

    Args:
        landscape: The contracts, and what could not be read.
        comparer: What compares; by default one that knows nothing yet.
        ignores: What is silenced; nothing where there are none.
        observe: Told how far it has come.

    Returns:
        The pairs and the findings, one for each cause: sources first, then pairs by event, publisher and subscriber,
        then topology, then the ignores.
    """
    comparer = comparer or Comparer()
    traffic = Traffic.of(landscape)
    unread = [_unread(problem) for problem in landscape.problems]
    unknown = unknown_payloads(landscape.services)
    comparer.prepare(compared_messages(traffic))
    pairs, findings = check_pairs(traffic, comparer, observe)
    findings += publishers_disagree(traffic, comparer)
    # What could not be read may publish or handle anything: nothing can be said about what nobody does.
    complete = not any(problem.leaves_gap for problem in landscape.problems)
    if complete:
        findings += never_published(landscape.services, traffic)
        findings += never_handled(landscape.services, traffic)
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
    )


def _unread(problem: SourceProblem) -> Finding:
    return Finding(code=problem.code, message=problem.message, spots=(Spot(problem.place),), help=problem.mend)
