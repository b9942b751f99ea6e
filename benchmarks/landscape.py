"""Verifying landscapes of 10, 100 and 1,000 services: with nothing known, with everything known, after one change.

The baseline is the revision of a repository that holds the landscape as it was before the changes.

Each figure is that of the whole command in a new process, as a pipeline meets it, with as many processes as there are
processors. Memory is the largest sum over these processes, looked at 20 times a second.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.landscape_files import write_landscape
from benchmarks.measure import Table

SIZES = (10, 100, 1_000)
COLD_RUNS, WARM_RUNS = 3, 5
GOAL_COLD, GOAL_WARM, GOAL_MEMORY = 30.0, 3.0, 1_000_000_000
COMMAND = (str(Path(sys.executable).parent / "eventkit"), "verify", "contracts")
BASELINE = ("--baseline", "git:HEAD")
CACHE = ".eventkit_cache"
PROC = Path("/proc")


@dataclass(frozen=True)
class Run:
    """What one run of the command took: seconds that passed, seconds of processors, and bytes."""

    wall: float
    cpu: float
    memory: int


def verify(folder: Path, *arguments: str) -> Run:
    """Run the command in a folder with `contracts`, of which some do not fit."""
    begun = time.perf_counter()
    process = subprocess.Popen([*COMMAND, *arguments], cwd=folder, stdout=subprocess.DEVNULL)
    memory = 0
    while True:
        pid, status, used = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        memory = max(memory, _memory(process.pid))
        time.sleep(0.05)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 1:
        raise RuntimeError(f"eventkit verify ended with status {process.returncode}")
    return Run(wall, used.ru_utime + used.ru_stime, max(memory, used.ru_maxrss * 1024))


def _memory(pid: int) -> int:
    """Return the memory of a process and those that it started; 0 where the system does not tell."""
    try:
        pages = int((PROC / str(pid) / "statm").read_text().split()[1])
        children = (PROC / str(pid) / "task" / str(pid) / "children").read_text().split()
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE") + sum(_memory(int(child)) for child in children)


def measured(folder: Path, prepare: Callable[[Path, int], None], runs: int, *arguments: str) -> Run:
    """Return the medians of several runs, each after its preparation."""
    found = []
    for number in range(runs):
        prepare(folder, number)
        found.append(verify(folder, *arguments))
    return Run(
        statistics.median(run.wall for run in found),
        statistics.median(run.cpu for run in found),
        max(run.memory for run in found),
    )


def leave(folder: Path, number: int) -> None:
    """Change nothing."""


def forget(folder: Path, number: int) -> None:
    shutil.rmtree(folder / CACHE, ignore_errors=True)


def change(folder: Path, number: int) -> None:
    """Let one service say all that it says in other words: each of its schemas is another text than before."""
    _replace(folder, number, "title: ", "title: New ")


def break_(folder: Path, number: int) -> None:
    """Let one service publish longer texts than others read, and read shorter ones than they publish."""
    _replace(folder, number, "maxLength: 80", "maxLength: 81")


def _replace(folder: Path, number: int, old: str, new: str) -> None:
    file = sorted((folder / "contracts").glob("*.yaml"))[number]
    file.write_text(file.read_text("utf-8").replace(old, new), "utf-8")


def commit(folder: Path) -> None:
    git = ("git", "-c", "user.name=benchmark", "-c", "user.email=benchmark@example.com")
    for command in (("init", "-q"), ("add", "contracts"), ("commit", "-q", "-m", "before")):
        subprocess.run([*git, *command], cwd=folder, check=True)


def growth() -> Table:
    rows = []
    for services in SIZES:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_landscape(folder / "contracts", services)
            cold = measured(folder, forget, COLD_RUNS)
            warm = measured(folder, leave, WARM_RUNS)
            commit(folder)
            verify(folder, *BASELINE)
            beside = measured(folder, leave, WARM_RUNS, *BASELINE)
            changed = measured(folder, change, WARM_RUNS)
            broken = measured(folder, break_, WARM_RUNS)
        is_goal = services == SIZES[-1]
        for case, run, goal in (
            ("nothing known", cold, GOAL_COLD),
            ("everything known", warm, GOAL_WARM),
            ("everything known, with a baseline in git", beside, None),
            ("one service changed", changed, GOAL_WARM),
            ("one service changed, some pairs broken", broken, None),
        ):
            rows.append((f"{services:,}", f"{services * 50:,}", case, *_cells(run, goal if is_goal else None)))
    columns = ("services", "pairs", "case", "time", "processor time", "memory", "goal")
    note = f"Medians of {COLD_RUNS} runs with nothing known, of {WARM_RUNS} otherwise; half YAML, half JSON."
    return Table("Verifying a landscape", columns, rows, note)


def forms() -> Table:
    rows = []
    for form in ("yaml", "json"):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_landscape(folder / "contracts", 100, (form,))
            size = sum(file.stat().st_size for file in (folder / "contracts").iterdir())
            run = measured(folder, forget, COLD_RUNS)
            rows.append((form, f"{size / 1e6:.0f} MB", *_cells(run, None)[:-1]))
    return Table("100 services, nothing known", ("form", "size", "time", "processor time", "memory"), rows)


def _cells(run: Run, goal: float | None) -> Sequence[str]:
    cells = [f"{run.wall:.2f} s", f"{run.cpu:.2f} s", f"{run.memory / 1e6:.0f} MB"]
    if goal is None:
        return [*cells, ""]
    is_met = run.wall < goal and run.memory < GOAL_MEMORY
    return [*cells, f"{goal:.0f} s, 1 GB: {'met' if is_met else 'missed'}"]


def run() -> list[Table]:
    return [growth(), forms()]
