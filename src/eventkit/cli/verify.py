"""`eventkit verify [SOURCE...]`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from eventkit.cli.command import command_app
from eventkit.cli.landscape import NoCache, Sources, chosen_landscape, warn_of_cache
from eventkit.cli.past import past_of, snapshot_of
from eventkit.cli.progress import progress
from eventkit.cli.reports import Outputs
from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.config import load_config
from eventkit.verify.comparer import Comparer
from eventkit.verify.deployed import amid_deployed, with_order
from eventkit.verify.ignores.silence import Ignores
from eventkit.verify.reporters import Format
from eventkit.verify.rules import Severity
from eventkit.verify.verify import Past
from eventkit.verify.verify import verify as verify_landscape
from eventkit.work import Work

app = command_app()


def _print_schema(wanted: bool) -> None:
    if wanted:
        from eventkit.verify.reporters.json_report import json_schema

        typer.echo(json_schema(), nl=False)
        raise typer.Exit


@app.command()
def verify(
    sources: Sources = None,
    format: Annotated[Format, typer.Option(help="How the report is written.")] = Format.TEXT,
    output: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE | FORMAT:FILE",
            help="Write the report to FILE instead of printing it; with FORMAT: before it, write one more report.",
        ),
    ] = None,
    severity: Annotated[
        Severity, typer.Option(help="The least severity of the findings that are listed.")
    ] = Severity.WARNING,
    baseline: Annotated[
        Path | None,
        typer.Option(
            metavar="SOURCE",
            help="What the sources are compared with: whom does the change break? A folder, a document or git:REV.",
            show_default="`baseline` of the configuration, where no SOURCE is named",
        ),
    ] = None,
    deployed: Annotated[
        Path | None,
        typer.Option(
            metavar="SNAPSHOT", help="Documents of all that is deployed: may --service be deployed amid them?"
        ),
    ] = None,
    service: Annotated[str | None, typer.Option(metavar="NAME", help="The service that is to be deployed.")] = None,
    schema: Annotated[
        bool,
        typer.Option(
            "--json-schema", callback=_print_schema, is_eager=True, help="Print the JSON Schema of --format json."
        ),
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Check again whenever a file of the sources changes, until Ctrl-C.")
    ] = False,
    no_cache: NoCache = False,
) -> None:
    """Check that every subscriber accepts every event that its publishers can send.

    The contracts of services that belong to others, `neighbours` in the same configuration, are always checked along.
    """
    _check(baseline, deployed, service)
    outputs = Outputs.parse(format, output or ())

    def run() -> int:
        config = load_config(Path.cwd())
        folder = None if no_cache else config.cache
        with progress() as observe, Work.on_all_cores(folder) as work:
            # The configured baseline is one of the configured sources: beside others, all else would look removed.
            against = deployed or baseline or (None if sources else config.baseline)
            landscape = chosen_landscape(sources, config, work, observe, apart=against)
            # What is not checked in a run on one source may be what an ignore is for.
            whole = deployed is None and (not sources or not config.sources)
            ignores = Ignores.of(landscape, config.ignore, whole=whole, today=datetime.now(UTC).date())
            comparer = Comparer(work)
            if deployed is None:
                past = past_of(against, config, work, observe)
                report = verify_landscape(landscape, comparer, ignores, observe, past=past)
            else:
                snapshot = snapshot_of(deployed, config, work, observe)
                amid = amid_deployed(landscape, snapshot, service)
                past, asked = Past(snapshot, (), config.evolution), amid.services[0].service
                report = verify_landscape(amid, comparer, ignores, observe, past=past, service=asked)
                report = with_order(report, landscape, snapshot, comparer)
        warn_of_cache(folder, work)
        outputs.write(report.listing(severity))
        return report.status

    if watch:
        from eventkit.cli.watch import run_again  # only here, as it is slow to import

        raise typer.Exit(run_again(run, sources))
    raise typer.Exit(run())


def _check(baseline: Path | None, deployed: Path | None, service: str | None) -> None:
    if baseline is not None and deployed is not None:
        raise ConfigurationError("--baseline and --deployed are two questions", mend="ask one of them")
    if service is not None and deployed is None:
        raise ConfigurationError(
            "--service says what is to be deployed, and not amid what", mend="add --deployed SNAPSHOT"
        )
