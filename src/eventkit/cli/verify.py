"""`eventkit verify [SOURCE...]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from eventkit.cli.command import command_app
from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.config import load_config
from eventkit.discovery.discover import discover
from eventkit.verify.reporters import Format, write
from eventkit.verify.rules import Severity
from eventkit.verify.verify import verify as verify_landscape

app = command_app()


@app.command()
def verify(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="Folders with Python services or AsyncAPI documents, or such documents.",
            show_default="`sources` of the configuration",
        ),
    ] = None,
    format: Annotated[Format, typer.Option(help="How the report is written.")] = Format.TEXT,
    severity: Annotated[
        Severity, typer.Option(help="The least severity of the findings that are listed.")
    ] = Severity.WARNING,
) -> None:
    """Check that every subscriber accepts every event that its publishers can send."""
    config = load_config(Path.cwd())
    chosen = sources or config.sources
    if not chosen:
        raise ConfigurationError(
            "there is nothing to verify",
            mend='name a folder: `eventkit verify services`, or configure `sources = ["services"]` in [tool.eventkit]',
        )
    report = verify_landscape(discover(chosen, config))
    write(report.listing(severity), format, sys.stdout)
    raise typer.Exit(report.status)
