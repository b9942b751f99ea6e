"""Verifies a landscape: every check, one after the other, into one report."""

from __future__ import annotations

from eventkit.discovery.landscape import Landscape, SourceProblem
from eventkit.verify.comparer import Comparer
from eventkit.verify.finding import Finding, Report, Spot, count
from eventkit.verify.pairs import check_pairs, compared_messages
from eventkit.verify.payloads import unknown_payloads
from eventkit.verify.rules import Severity
from eventkit.verify.topology import never_handled, never_published, publishers_disagree
from eventkit.verify.traffic import Traffic


def verify(landscape: Landscape, comparer: Comparer | None = None) -> Report:
    """Check a landscape.

    Args:
        landscape: The contracts, and what could not be read.
        comparer: What compares; by default one that knows nothing yet.

    Returns:
        The pairs and the findings: sources first, then pairs by event, publisher and subscriber, then topology.
    """
    comparer = comparer or Comparer()
    traffic = Traffic.of(landscape)
    unread = [_unread(problem) for problem in landscape.problems]
    unknown = unknown_payloads(landscape.services)
    comparer.prepare(compared_messages(traffic))
    pairs, findings = check_pairs(traffic, comparer)
    findings += publishers_disagree(traffic, comparer)
    # What could not be read may publish or handle anything: nothing can be said about what nobody does.
    complete = not any(finding.severity.reaches(Severity.WARNING) for finding in unread)
    if complete:
        findings += never_published(landscape.services, traffic)
        findings += never_handled(landscape.services, traffic)
    findings = [*unread, *unknown, *findings]
    return Report(
        services=len(landscape.services),
        neighbours=len(landscape.neighbours),
        complete=complete,
        pairs=tuple(pairs),
        findings=tuple(findings),
        counts=count(findings),
    )


def _unread(problem: SourceProblem) -> Finding:
    return Finding(code=problem.code, message=problem.message, spots=(Spot(problem.place),), help=problem.mend)
