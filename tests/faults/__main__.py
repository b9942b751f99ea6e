"""The fault campaign: `make faults` plays every scenario on every bus, and puts its results in `benchmarks/faults.md`.

python -m tests.faults --bus nats --scenario "broker killed" --times 5 --seed 7
"""

from __future__ import annotations

import argparse
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.faults.backends import BACKENDS
from tests.faults.report import Report, Result, played
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.stage import Backend, Stage
from tests.servers.server import ServerFailedError

REPORT: Final = Path("benchmarks/faults.md")


def play(backend: Backend, scenario: Scenario, folder: Path, *, seed: int, times: int, events: int = 10_000) -> Result:
    """Play one scenario on one bus."""
    begun, findings, problem = time.monotonic(), None, ""
    stage = Stage(
        backend,
        folder,
        seed,
        scenario.part,
        events=events,
        kills=scenario.needs_server,
        fills=scenario.needs_limit,
        outbox=scenario.outbox,
    )
    try:
        with stage:
            findings = scenario.play(stage, times)
    except (AssertionError, TimeoutError, ServerFailedError) as error:
        problem = str(error)
    broken = (findings.broken if findings else {}) | stage.measures.broken(stage.part.grace)
    problem = "; ".join([*([problem] if problem else []), *(f"{k}: {v}" for k, v in broken.items())])
    return Result(
        bus=backend.name,
        scenario=f"{scenario.name} of {events:,}" if scenario.counts else scenario.name,
        findings=findings,
        measures=stage.measures,
        problem=problem,
        seconds=time.monotonic() - begun,
        played=played(times, seed, datetime.now(UTC).date()),
    )


def main() -> None:
    """Play what was asked for."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__.splitlines()[0])
    parser.add_argument("--bus", action="append", choices=[each.name for each in BACKENDS])
    parser.add_argument("--scenario", action="append", choices=[each.name for each in SCENARIOS])
    parser.add_argument("--times", type=int, default=5, help="how often each fault happens")
    parser.add_argument("--events", type=int, default=100_000, help="how many events a soak lasts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="a new folder for servers, ledgers and logs")
    parser.add_argument("--report", type=Path, help=f"the report in which results replace older ones: {REPORT}")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="eventkit-faults-"))
    results = []
    buses, whats = [each.name for each in BACKENDS], {each.name: each.what for each in SCENARIOS}
    report = Report(options.report, buses, whats) if options.report else None
    for backend in BACKENDS:
        for scenario in SCENARIOS:
            if options.bus and backend.name not in options.bus:
                continue
            if options.scenario and scenario.name not in options.scenario:
                continue
            if not scenario.suits(backend):
                continue
            place = folder / f"{backend.name}/{scenario.name}".replace(" ", "_")
            result = play(backend, scenario, place, seed=options.seed, times=options.times, events=options.events)
            results.append(result)
            if report is not None:  # each time: a campaign that is interrupted leaves what it has
                report.add(result)
            print(
                f"{backend.name:8} {scenario.name:20} {'kept' if result.kept else 'BROKEN: ' + result.problem}"
                f"  {result.seconds:.0f} s  {result.findings or ''}"[:500],
                flush=True,
            )
    raise SystemExit(not all(result.kept for result in results))


if __name__ == "__main__":
    main()
