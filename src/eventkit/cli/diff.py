"""`eventkit diff [OLD] [NEW]`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from eventkit.cli.command import command_app
from eventkit.cli.landscape import CONFIGURED, complete, complete_landscape
from eventkit.cli.past import landscape_at
from eventkit.discovery.config import load_config
from eventkit.verify.diff import diff as diff_landscapes
from eventkit.verify.reporters.diff import DiffFormat, write_diff

_MAIN: Final = Path("git:main")

app = command_app()


@app.command()
def diff(
    old: Annotated[
        Path | None,
        typer.Argument(
            metavar="[OLD]",
            help="The landscape before: a folder, a document or git:REV.",
            show_default="`baseline` of the configuration, or git:main",
        ),
    ] = None,
    new: Annotated[
        Path | None, typer.Argument(metavar="[NEW]", help="The landscape after, likewise.", show_default=CONFIGURED)
    ] = None,
    format: Annotated[DiffFormat, typer.Option(help="How it is written.")] = DiffFormat.TEXT,
) -> None:
    """Say what changed between two landscapes, and whom it breaks.

    Exits with 1 where somebody breaks, with 0 otherwise.
    """
    config = load_config(Path.cwd())
    before = complete(landscape_at(old or config.baseline or _MAIN, config))
    after = complete_landscape(None) if new is None else complete(landscape_at(new, config))
    found = diff_landscapes(before, after, config.evolution)
    write_diff(found, format, sys.stdout)
    raise typer.Exit(found.status)
