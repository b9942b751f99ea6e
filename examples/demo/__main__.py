"""The demonstration: `make demo`.

Verifies the three services, runs them, places orders that succeed, fail and are refunded, breaks two contracts in a
copy, and shows what `eventkit verify` says of it. What is written goes to a temporary folder, which is gone afterwards.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx2
from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from eventkit import EventkitError, connect
from eventkit.discovery.landscape import Landscape
from eventkit.verify.finding import Report
from eventkit.verify.reporters import Format, write
from eventkit.verify.reporters.frame import frame
from eventkit.verify.rules import Severity
from examples.demo.breakage import CHANGES, ROOT, break_a_copy, verify_here
from examples.demo.processes import NAMES, ProcessFailedError, System
from examples.demo.view import View

NEXT_STEPS: Final = """
Next steps (after `source .venv/bin/activate`)
  1. Write a service:  eventkit scaffold service shipping_service --handles order.completed --publishes order.shipped
  2. Read how one is built:  examples/services/order_service/docs/ARCHITECTURE.md
  3. Break a contract yourself, and see:  eventkit verify
"""


def demonstrate(console: Console, folder: Path) -> None:
    """Show all of it.

    Args:
        console: Where.
        folder: For databases and copies.
    """
    with System(folder, {"ORDER_SERVICE_FOLLOW_UP_EVERY": "0.1"}) as system:
        system.launch(*NAMES)  # they start while the contracts are checked
        headline(console, "1. eventkit verify: does every publisher fit every subscriber?")
        landscape, report = verify_here()
        write(report.listing(Severity.WARNING), Format.TEXT, sys.stdout)
        if report.status:
            raise ProcessFailedError("the services do not fit each other as they are: mend that first")

        headline(console, "2. The services run: each event, who published it, and who handles it")
        system.wait_until_ready(*NAMES)
        asyncio.run(show_orders(console, landscape, system))

    headline(console, "3. Two contracts are broken in a copy: eventkit verify again")
    for change in CHANGES:
        console.print(f"  - {change.what}", soft_wrap=True)
    console.print()
    break_a_copy(folder / "copy")
    with chdir(folder / "copy"):
        show_findings(console, verify_here()[1])
    console.print(NEXT_STEPS, soft_wrap=True)


async def show_orders(console: Console, landscape: Landscape, system: System) -> None:
    """Place orders, and show the events that follow."""
    view = View(console, landscape)
    async with connect(system.bus_url) as bus, view.showing(bus):
        await place_orders(system.url("order_service"), view)


async def place_orders(url: str, view: View) -> None:
    """Place three orders, one after the other: one succeeds, one is declined, one is canceled and refunded."""
    async with httpx2.AsyncClient(base_url=url, timeout=10.0, trust_env=False) as orders:

        async def place(amount: str) -> str:
            order = {"user_id": "ada", "items": [{"product_id": "book", "unit_price": amount}]}
            return str((await orders.post("/orders", json=order)).raise_for_status().json()["order_id"])

        await view.sees("order.completed", await place("49.90"))
        await view.sees("order.updated", await place("20.13"))  # amounts that end in .13 are declined
        order_id = await place("75.00")
        await view.sees("order.completed", order_id)
        (await orders.post(f"/orders/{order_id}/cancel")).raise_for_status()
        await view.sees("order.refunded", order_id)


def show_findings(console: Console, report: Report) -> None:
    """Show what `eventkit verify` found, without the pairs that fit."""
    for finding in report.listing(Severity.WARNING).findings:
        console.print(frame(finding), soft_wrap=True)
        console.print()
    verdicts = Counter(pair.verdict for pair in report.pairs)
    sums = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in ("compatible", "incompatible"))
    console.print(f"{len(report.pairs)} pairs: {sums}")
    console.print(f"exit status {report.status}: a build would stop here")


def headline(console: Console, text: str) -> None:
    """Begin a part of the demonstration."""
    console.print()
    console.print(Rule(Text(text, "bold"), align="left", characters="-"))


def main() -> int:
    """Run the demonstration; returns the exit status."""
    os.chdir(ROOT)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what stops it also tidies up
    console = Console(highlight=False, markup=False)
    try:
        with TemporaryDirectory(prefix="eventkit-demo-") as folder:
            demonstrate(console, Path(folder))
    except KeyboardInterrupt:
        print("stopped: all processes have ended, and the temporary folder is gone", file=sys.stderr)
        return 130
    except (EventkitError, ProcessFailedError, TimeoutError, LookupError, OSError, httpx2.HTTPError) as error:
        print(f"error: the demo failed: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
