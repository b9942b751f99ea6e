"""`eventkit export [SOURCE...]`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from eventkit.cli.command import command_app
from eventkit.cli.landscape import CONFIGURED, chosen_landscape, complete
from eventkit.discovery.config import load_config
from eventkit.discovery.landscape import shown
from eventkit.docs.asyncapi import DEFAULT_VERSION, SpecVersion
from eventkit.docs.export import exported

app = command_app()


@app.command()
def export(
    sources: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[SOURCE]...", help="Folders with services.", show_default=CONFIGURED),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="The folder to write to.", show_default="`schemas` of the configuration, or schemas"),
    ] = None,
    spec_version: Annotated[
        SpecVersion, typer.Option(help="The version of AsyncAPI in which documents are written.")
    ] = DEFAULT_VERSION,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 if a file is not up to date.")
    ] = False,
) -> None:
    """Write contracts as AsyncAPI documents, and events as JSON Schemas.

    What is a document already is left as it is. Without SOURCE, the folder is made to hold exactly the services that
    are configured.
    """
    config = load_config(Path.cwd())
    landscape = complete(chosen_landscape(sources, config))
    folder = output or Path(shown(config.schemas))
    # A contract that was read from a document has one.
    coded = [contract for contract in landscape.services if contract.coded]
    used = {Path(contract.source).resolve() for contract in landscape.contracts if Path(contract.source).is_file()}
    retained = {Path(contract.source).resolve() for contract in landscape.retained}
    files = exported(coded, folder, whole=not sources, spec_version=spec_version, used=used, retained=retained)
    changes = files.changes() if check else files.write()
    words = ("missing", "stale", "left over", "left over") if check else ("create", "update", "remove", "leave")
    for word, paths in zip(words, (changes.missing, changes.stale, changes.left_over, changes.strays), strict=True):
        for path in paths:
            typer.echo(f"{word:>9}  {path}")
    if changes.strays:
        typer.echo(
            f"{changes.strays[0]} was not written by `eventkit export`, and belongs to no service: remove or move it",
            err=True,
        )
    if check and changes:
        if changes.missing or changes.stale or changes.left_over:
            version = "" if spec_version == DEFAULT_VERSION else f" --spec-version {spec_version}"
            typer.echo(
                f"run `eventkit export{version}` and commit what it writes; documents are expected as AsyncAPI"
                f" {spec_version}, and `--spec-version` names another version",
                err=True,
            )
        raise typer.Exit(1)
    if not changes:
        typer.echo(f"{folder}: up to date")
