"""`eventkit verify [SOURCE...]`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from eventkit.cli.command import command_app
from eventkit.cli.landscape import Sources, chosen_landscape
from eventkit.verify.reporters import Format, write
from eventkit.verify.rules import Severity
from eventkit.verify.verify import verify as verify_landscape

app = command_app()


@app.command()
def verify(
    sources: Sources = None,
    format: Annotated[Format, typer.Option(help="How the report is written.")] = Format.TEXT,
    severity: Annotated[
        Severity, typer.Option(help="The least severity of the findings that are listed.")
    ] = Severity.WARNING,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file of the sources changes, until Ctrl-C.")
    ] = False,
) -> None:
    """Check that every subscriber accepts every event that its publishers can send.

    The contracts of services that belong to others, `neighbours` in the same configuration, are always checked along.
    """

    def run() -> int:
        report = verify_landscape(chosen_landscape(sources))
        write(report.listing(severity), format, sys.stdout)
        return report.status

    if watch:
        from eventkit.cli.watch import run_again  # only here, as it is slow to import

        raise typer.Exit(run_again(run, sources))
    raise typer.Exit(run())
