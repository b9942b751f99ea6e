"""`eventkit docs build|serve [SOURCE...]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eventkit.cli.command import command_app
from eventkit.cli.landscape import complete_landscape
from eventkit.docs.site import Site, site_files

app = command_app()

_Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="[SOURCE]...",
        help="Folders with Python services or AsyncAPI documents, such documents, or git:REV[:PATH].",
        show_default="`sources` of the configuration",
    ),
]


@app.callback()
def docs() -> None:
    """Make pages for people from contracts."""


@app.command()
def build(
    sources: _Sources = None,
    output: Annotated[Path, typer.Option(help="The folder to write to.")] = Path("site"),
) -> None:
    """Write pages about services and events that open without a server and without a network."""
    files = site_files(complete_landscape(sources), output)
    files.write()
    typer.echo(f"{len(files.texts)} pages: {output / 'index.html'}")


@app.command()
def serve(
    sources: _Sources = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Where to listen; 0 for a free port.")] = 8000,
) -> None:
    """Show the pages to a browser on this machine, anew after each change of the sources, until Ctrl-C."""
    from eventkit.cli.watch import run_again  # only here, as both are slow to import
    from eventkit.docs.server import SiteServer

    with SiteServer(port) as server:

        def run() -> int:
            server.pages = Site(complete_landscape(sources)).pages()
            typer.echo(f"{len(server.pages)} pages: {server.url}")
            return 0

        raise typer.Exit(run_again(run, sources))
