"""Runs the benchmarks: all of them, or those named.

python -m benchmarks
python -m benchmarks memory_bus
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from benchmarks.measure import machine

HELPERS = {
    "__init__",
    "__main__",
    "broker",
    "landscape_files",
    "measure",
    "schema_data",
    "schema_growth",
    "schema_peers",
    "schema_plot",
}


def main(names: list[str]) -> int:
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in HELPERS)
    if unknown := [name for name in names if name not in known]:
        print(f"no benchmark is called {unknown[0]!r}; use {', '.join(known)}", file=sys.stderr)
        return 2
    print(machine())
    for name in names or known:
        for table in import_module(f"benchmarks.{name}").run():
            print(f"\n{table}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
