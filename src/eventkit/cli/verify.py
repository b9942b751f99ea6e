"""`eventkit verify [SOURCE...]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from eventkit.cli.command import command_app
from eventkit.cli.landscape import Sources, chosen_landscape
from eventkit.discovery.config import load_config
from eventkit.verify.comparer import Comparer
from eventkit.verify.reporters import Format, write
from eventkit.verify.rules import Severity
from eventkit.verify.verify import verify as verify_landscape
from eventkit.work import Work

app = command_app()


@app.command()
def verify(
    sources: Sources = None,
    format: Annotated[Format, typer.Option(help="How the report is written.")] = Format.TEXT,
    severity: Annotated[
        Severity, typer.Option(help="The least severity of the findings that are listed.")
    ] = Severity.WARNING,
    no_cache: Annotated[
        bool, typer.Option("--no-cache", help="Neither use nor write what is kept from run to run.")
    ] = False,
) -> None:
    """Check that every subscriber accepts every event that its publishers can send.

    The contracts of services that belong to others, `neighbours` in the same configuration, are always checked along.
    """
    folder = None if no_cache else load_config(Path.cwd()).cache
    with Work.on_all_cores(folder) as work:
        report = verify_landscape(chosen_landscape(sources, work), Comparer(work))
    if work.cache.problem:
        sys.stderr.write(f"warning: the cache in {folder} was not used: {work.cache.problem}\n")
    write(report.listing(severity), format, sys.stdout)
    raise typer.Exit(report.status)
