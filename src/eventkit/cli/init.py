"""`eventkit init`."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Annotated

import typer

from eventkit.cli.command import command_app
from eventkit.discovery.config import load_config
from eventkit.discovery.landscape import shown
from eventkit.discovery.proposal import Proposal, propose

app = command_app()


@app.command()
def init(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing; show what would be written.")] = False,
) -> None:
    """Write the configuration for the services and documents that are found in this folder.

    It stands in [tool.eventkit] of pyproject.toml where there is one, else in eventkit.toml. A configuration that is
    there already is never changed.
    """
    configured = load_config(Path.cwd()).file
    if configured is not None:
        typer.echo(f"{shown(configured)} configures eventkit already: nothing was written")
        return
    proposal = propose(Path.cwd())
    _tell(proposal)
    if not dry_run:
        proposal.write()
    typer.echo(f"\n{shown(proposal.file)} {'would get' if dry_run else 'got'}:")
    typer.echo(textwrap.indent(proposal.settings, "  "), nl=False)
    steps = ["eventkit verify"]
    if proposal.coded:
        steps.append("eventkit export")
    typer.echo("\nNext:\n" + "".join(f"  {step}\n" for step in steps), nl=False)


def _tell(proposal: Proposal) -> None:
    for kind, contracts in (("code", proposal.coded), ("document", proposal.documents)):
        for contract in contracts:
            typer.echo(f"{kind:>9}  {contract.service}  {contract.source}")
    for problem in proposal.problems:
        typer.echo(f"{'problem':>9}  {problem.message}  {problem.place.file}:{problem.place.line}")
