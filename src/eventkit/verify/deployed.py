"""May this service be deployed? The landscape of one service as it is in the sources, amid all others as deployed."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import replace
from difflib import get_close_matches

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.contract import Contract
from eventkit.discovery.landscape import Landscape
from eventkit.verify.comparer import Comparer
from eventkit.verify.finding import BrokenPair, Finding, Pair, Report, count
from eventkit.verify.pairs import check_pairs
from eventkit.verify.rules.evolution import NO_LONGER_PUBLISHED
from eventkit.verify.traffic import Traffic


def amid_deployed(landscape: Landscape, snapshot: Landscape, service: str | None) -> Landscape:
    """Return the landscape that deploying a service makes.

    Args:
        landscape: What the sources say. Its neighbours take part where the snapshot does not know them.
        snapshot: What is deployed; the service may be among it or not.
        service: The service; None is enough where the sources hold one only.

    Returns:
        The service as the only one that is checked, and everything else as its neighbours.

    Raises:
        ConfigurationError: The sources do not hold the service, or several and none was named.
    """
    contracts = {contract.service: contract for contract in landscape.services}
    name = next(iter(contracts), None) if service is None and len(contracts) == 1 else service
    if name not in contracts:
        raise _unknown(name, landscape)
    deployed = [contract for contract in snapshot.contracts if contract.service != name]
    known = {contract.service for contract in snapshot.contracts}
    deployed += (contract for contract in landscape.neighbours if contract.service not in known)
    return Landscape(
        services=(contracts[name],),
        neighbours=tuple(sorted(deployed, key=lambda contract: contract.service)),
        problems=landscape.problems,
        retained=landscape.retained,
    )


def with_order(report: Report, landscape: Landscape, snapshot: Landscape, comparer: Comparer) -> Report:
    """Return a report that says which services to deploy first, where that helps.

    It helps where the others, as they are in the sources, fit the service both as deployed and as it is to be; and
    where they no longer handle what the service no longer publishes.

    Args:
        report: What was found of one service amid all that is deployed.
        landscape: What the sources say.
        snapshot: What is deployed.
        comparer: What compares.
    """
    name = report.service
    if name is None or not any(finding.pairs for finding in report.findings):
        return report
    sources = {contract.service: contract for contract in landscape.services}
    deployed = {contract.service: contract for contract in snapshot.contracts}
    later, now = deployed | sources, sources | {key: value for key, value in deployed.items() if key == name}

    def pairs(contracts: dict[str, Contract]) -> Iterator[Pair]:
        yield from check_pairs(Traffic.of(Landscape(tuple(contracts.values()))), comparer, service=name)[0]

    fits = {_key(pair) for pair in pairs(later) if pair.verdict == "compatible"}
    if name in deployed:
        fits -= {_key(pair) for pair in pairs(now) if pair.verdict != "compatible"}
    handled = Traffic.of(Landscape(tuple(later.values()))).handled
    still = {(side.service, name) for name, sides in handled.items() for side in sides}
    findings: list[Finding] = []
    for finding in report.findings:
        if finding.code == NO_LONGER_PUBLISHED:
            findings += _by_handler(finding, sources, still)
        else:
            findings.append(_ordered(finding, fits, name))
    return replace(report, findings=tuple(findings), counts=count(findings))


def _ordered(finding: Finding, fits: set[tuple[str, str, str]], service: str) -> Finding:
    pairs = [_key(pair) for pair in finding.pairs]
    own_events = any(publisher == subscriber for _, publisher, subscriber in pairs)
    if not pairs or own_events or not fits.issuperset(pairs):
        return finding
    others = sorted({publisher if subscriber == service else subscriber for _, publisher, subscriber in pairs})
    first = f"deploy {' and '.join(others)} first, which {'fits' if len(others) == 1 else 'fit'} in the sources"
    return replace(finding, help=f"{first}, or {finding.help}")


def _by_handler(
    finding: Finding, sources: Container[str], still: Container[tuple[str | None, str]]
) -> Iterator[Finding]:
    """Yield EK303 apart for the handlers that are still in the sources, and those that are only deployed yet."""
    there: list[Finding] = []
    gone: list[Finding] = []
    for one in (replace(finding, further=()), *finding.further):
        if one.subscriber not in sources or one.event is None or (one.subscriber, one.event.name) in still:
            there.append(one)
        else:
            help = f"deploy {one.subscriber} first, which no longer handles it in the sources"
            gone.append(replace(one, help=help))
    yield from (replace(group[0], further=tuple(group[1:])) for group in (there, gone) if group)


def _key(pair: Pair | BrokenPair) -> tuple[str, str, str]:
    # By name: a subscriber that reads the new version only fits no publisher of the old one.
    return pair.event.name, pair.publisher, pair.subscriber


def _unknown(name: str | None, landscape: Landscape) -> ConfigurationError:
    names = [contract.service for contract in landscape.services]
    if name is None:
        what = "it is not said which service is to be deployed"
    elif any(contract.service == name for contract in landscape.neighbours):
        what = f"{name} is a neighbour: there is no source of it, so it is not deployed from here"
    else:
        what = f"no source holds a service {name!r}"
    if not names:
        first = landscape.problems[0].message if landscape.problems else "they hold no service"
        return ConfigurationError(what, mend=f"mend the sources: {first}")
    similar = get_close_matches(name, names, n=1) if name else []
    guess = f"did you mean {similar[0]!r}? " if similar else ""
    unread = f"; not all sources could be read: {landscape.problems[0].message}" if landscape.problems else ""
    return ConfigurationError(what, mend=f"{guess}use --service with one of: {', '.join(names)}{unread}")
