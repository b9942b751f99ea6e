"""`eventkit docs build [SOURCE...]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eventkit.cli.command import command_app
from eventkit.cli.landscape import complete_landscape
from eventkit.docs.site import site_files

app = command_app()


@app.callback()
def docs() -> None:
    """Make pages for people from contracts."""


@app.command()
def build(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[SOURCE]...",
            help="Folders with Python services or AsyncAPI documents, such documents, or git:REV[:PATH].",
            show_default="`sources` of the configuration",
        ),
    ] = None,
    output: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("site"),
) -> None:
    """Write pages about services and events that open without a server and without a network."""
    files = site_files(complete_landscape(sources), output)
    files.write()
    typer.echo(f"{len(files.texts)} pages: {output / 'index.html'}")
