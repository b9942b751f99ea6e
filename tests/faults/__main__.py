"""The fault campaign: `make faults` plays every scenario on every bus, and writes `benchmarks/faults.md`.

python -m tests.faults --bus nats --scenario "broker killed" --times 5 --seed 7
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from tests.faults.backends import BACKENDS
from tests.faults.scenarios import RESUMES_WITHIN, SCENARIOS, Scenario
from tests.faults.stage import LEASE, Backend, Findings, Measures, Stage

REPORT: Final = Path("benchmarks/faults.md")

COLUMNS: Final = (
    *("bus", "scenario", "kept", "confirmed", "refused", "handled", "calls", "dead"),
    *("resumed, s", "drained, s", "memory, MB", "s"),
)
NOT_PLAYED: Final = """
## What is not played

- **Machines that lose power**: processes are killed, and what they wrote to the operating system is there. What each
  server's settings for syncing mean is in `docs/buses/`.
- **Redis as it comes**, without `appendonly`: a kill loses what was published since its last snapshot
  (`docs/buses/redis.md`).
- **Several servers** of Redis, RabbitMQ and Kafka: only NATS plays as a cluster, of which one server after the other is
  killed, those that lead streams among them.
- **Apache Kafka**: the server is tansu 0.6, which has no limits to reach (`full`). Where it is killed, publishers do
  not number their records (`idempotent=false`): tansu stores the number of a record before the record itself, and takes
  what is sent again after a kill in between for something that it has.
- **A full disk under SQLite** in the campaign; `tests/bus/sqlite` fills it.
- **Memory**: `memory://` ends with its process.
"""


class Result(NamedTuple):
    """What came of one scenario on one bus.

    Args:
        bus: The bus.
        scenario: The scenario.
        findings: What the ledger says; none where it did not come to its end.
        measures: What was measured.
        problem: What went wrong, beside broken promises.
        seconds: How long it took.
    """

    bus: str
    scenario: str
    findings: Findings | None
    measures: Measures
    problem: str
    seconds: float

    @property
    def kept(self) -> bool:
        """Whether all promises were kept."""
        return self.findings is not None and not self.findings.broken and not self.problem


def play(backend: Backend, scenario: Scenario, folder: Path, *, seed: int, times: int, events: int = 10_000) -> Result:
    """Play one scenario on one bus."""
    begun, findings, problem = time.monotonic(), None, ""
    stage = Stage(backend, folder, seed, scenario.part, events=events, kills=scenario.needs_server)
    try:
        with stage:
            findings = scenario.play(stage, times)
    except (AssertionError, TimeoutError) as error:
        problem = str(error)
    if findings is not None and findings.broken:
        problem = "; ".join([*([problem] if problem else []), *(f"{k}: {v}" for k, v in findings.broken.items())])
    if stage.measures.resumed and max(stage.measures.resumed) > RESUMES_WITHIN:
        problem += f" I7 resumed after {max(stage.measures.resumed):.1f} s"
    return Result(backend.name, scenario.name, findings, stage.measures, problem.strip(), time.monotonic() - begun)


def report(results: list[Result], *, seed: int, times: int) -> str:
    """Return the report as Markdown."""
    lines = [
        "# The fault campaign",
        "",
        "What `make faults` found. Real servers on free ports, processes that publish and handle, and a ledger",
        "outside of all of them. Held against it: every confirmed event is handled or a dead letter (I1), one effect",
        "with the inbox (I3), order per key (I4), calls as the policy says and dead letters that can be replayed (I5,",
        "`poison`), no more in flight than allowed, and flat memory (I6, `soak`), work goes on within "
        f"{RESUMES_WITHIN:.0f} s (I7),",
        "SIGTERM drains within the grace period (I8). That nothing is acknowledged too early (I2) is what I1 says of",
        "processes that are killed.",
        "",
        f"Made on {datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores, each fault"
        f" {times} times, seed {seed}, lease {LEASE:g} s.",
        "",
    ]
    lines += [f"- **{scenario.name}**: {scenario.what}" for scenario in SCENARIOS]
    lines += [
        "",
        "`refused` counts how often publishing raised: it was tried again with the same id, until it was confirmed.",
        "Memory is the largest resident size of a handling process; in a soak, that of one process in the second and",
        "in the last quarter of its events.",
        "",
        f"| {' | '.join(COLUMNS)} |",
        "|---" * len(COLUMNS) + "|",
    ]
    for each in results:
        found, measured = each.findings, each.measures
        numbers = (
            f"{found.confirmed:,} | {found.refused:,} | {found.handled:,} | {found.calls:,} | {found.dead:,}"
            if found
            else "- | - | - | - | -"
        )
        kept = "yes" if each.kept else f"**no**: {each.problem.partition('; see ')[0]}"
        lines.append(
            f"| {each.bus} | {each.scenario} | {kept} | {numbers}"
            f" | {_worst(measured.resumed)} | {_worst(measured.drained)} | {_memory(measured)}"
            f" | {each.seconds:.0f} |"
        )
    return "\n".join(lines) + "\n" + NOT_PLAYED


def _memory(measured: Measures) -> str:
    if not measured.sizes:
        return f"{measured.memory:.0f}"
    return "{:.0f}, then {:.0f}".format(*measured.early_and_late)


def _worst(values: list[float]) -> str:
    return f"{max(values):.1f}" if values else "-"


def main() -> None:
    """Play what was asked for."""
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__.splitlines()[0])
    parser.add_argument("--bus", action="append", choices=[each.name for each in BACKENDS])
    parser.add_argument("--scenario", action="append", choices=[each.name for each in SCENARIOS])
    parser.add_argument("--times", type=int, default=5, help="how often each fault happens")
    parser.add_argument("--events", type=int, default=100_000, help="how many events a soak lasts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="a new folder for servers, ledgers and logs")
    parser.add_argument("--report", type=Path, help=f"where to write the report, for example {REPORT}")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="eventkit-faults-"))
    results = []
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
            if options.report:  # each time: a campaign that is interrupted leaves what it has
                options.report.write_text(report(results, seed=options.seed, times=options.times))
            print(
                f"{backend.name:8} {scenario.name:20} {'kept' if result.kept else 'BROKEN: ' + result.problem}"
                f"  {result.seconds:.0f} s  {result.findings or ''}"[:500],
                flush=True,
            )
    raise SystemExit(not all(result.kept for result in results))


if __name__ == "__main__":
    main()
