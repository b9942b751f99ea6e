"""`eventkit scaffold service NAME`."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from eventkit.cli.command import command_app
from eventkit.discovery.config import Config, load_config
from eventkit.discovery.contract import Contract
from eventkit.discovery.discover import discover
from eventkit.discovery.landscape import shown
from eventkit.scaffold.files import State
from eventkit.scaffold.plan import Plan
from eventkit.scaffold.scaffold import Scaffold, prepare, scaffolds_in

app = command_app()

# What the written service and its tests import.
NEEDED = '"eventkit-contracts[http,sql]" starlette uvicorn pytest pytest-asyncio'

Names = list[str] | None


@app.callback()
def scaffold() -> None:
    """Write a new service, or add to one that was written before."""


@app.command()
def service(
    name: Annotated[str, typer.Argument(help="The name of the service and of its package: order_service.")],
    publishes: Annotated[
        Names, typer.Option(metavar="TYPE,...", help="Events that it publishes: order.created,order.canceled.")
    ] = None,
    handles: Annotated[Names, typer.Option(metavar="TYPE,...", help="Events that it handles.")] = None,
    clients: Annotated[Names, typer.Option(metavar="NAME,...", help="Services that it asks: account,wallet.")] = None,
    directory: Annotated[
        Path, typer.Option("--dir", help="The folder in which the service's folder is made.")
    ] = Path(),
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would be written.")] = False,
) -> None:
    """Write a service with its events, clients and tests; run it again to add some.

    A file that was edited is never written anew. What is new is added to it where that changes nothing in it; else it
    is shown, together with what is new in the rest of the code, and the exit status is 1.
    """
    asked = Plan.of(name, publishes=_each(publishes), handles=_each(handles), clients=_each(clients))
    config = load_config(Path.cwd())
    result = prepare(asked, directory, lambda: _known(config, directory, name))
    if not dry_run:
        result.write()
    for change in result.changes:
        typer.echo(f"{change.state:>9}  {(result.folder / change.path).as_posix()}")
    for change in result.changes:
        if change.addition:
            why = "was edited" if change.state is State.CONFLICT else "is held back, as it needs the others"
            typer.echo(f"\n{change.path} {why}: add this by hand\n{change.addition}", nl=False)
    _advise(result, config)
    raise typer.Exit(1 if result.has_conflicts else 0)


def _each(names: Names) -> list[str]:
    """Return the names of an option that takes several, parted by commas, and may be given several times."""
    return [name.strip() for text in names or () for name in text.split(",")]


def _known(config: Config, directory: Path, name: str) -> Sequence[Contract]:
    """Return the contracts of the landscape, and of the services that were scaffolded beside this one."""
    beside = [folder for folder in scaffolds_in(directory) if folder.name != name]
    return discover([*config.sources, *beside], config).contracts


def _advise(result: Scaffold, config: Config) -> None:
    if not result.is_new:
        return
    unknown = [reader.event.name for reader in result.plan.readers if not reader.publisher]
    if unknown:
        advice = (
            f"Nobody in the landscape publishes {', '.join(unknown)}: declare the fields in events/models.py, and give "
            "`eventkit verify` the publisher's contract, without which it cannot check them (EK205)."
        )
        typer.echo(f"\n{textwrap.fill(advice, width=100)}")
    folder, sources = shown(result.folder), [shown(source) for source in config.sources]
    landscape = (
        []
        if any(result.folder.resolve().is_relative_to(source.resolve()) for source in config.sources)
        else [*sources, folder]
    )
    typer.echo(
        f"\nNext:\n  pip install {NEEDED}\n  python -m pytest {folder}\n  {' '.join(['eventkit verify', *landscape])}"
    )
