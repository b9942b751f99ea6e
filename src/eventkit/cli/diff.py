"""`eventkit diff [OLD] [NEW]`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from eventkit.cli.command import command_app
from eventkit.cli.landscape import CONFIGURED, NoCache, chosen_landscape, complete, warn_of_cache
from eventkit.cli.past import landscape_at
from eventkit.cli.progress import progress
from eventkit.cli.reports import standard_output
from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.config import load_config
from eventkit.verify.comparer import Comparer
from eventkit.verify.diff import diff as diff_landscapes
from eventkit.verify.ignores.silence import Ignores
from eventkit.verify.reporters.diff import DiffFormat, write_diff
from eventkit.work import Work

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
    no_cache: NoCache = False,
) -> None:
    """Say what changed between two landscapes, and whom it breaks.

    Exits with 1 where somebody breaks, with 0 otherwise.
    """
    config = load_config(Path.cwd())
    folder = None if no_cache else config.cache
    with progress() as observe, Work.on_all_cores(folder) as work:
        source = old or config.baseline or _MAIN
        try:
            before = complete(landscape_at(source, config, work, observe))
        except ConfigurationError as error:
            if source is not _MAIN:
                raise
            named = "say what was before, if not git:main: `eventkit diff OLD`, or `baseline` in the configuration"
            raise ConfigurationError(error.what, where=error.where, mend=f"{named}; or {error.mend}") from None
        after = complete(
            chosen_landscape(None, config, work, observe, apart=source)
            if new is None
            else landscape_at(new, config, work, observe, apart=source)
        )
        # What is wrong with ignores themselves is what `verify` tells.
        ignores = Ignores.of(after, config.ignore, whole=False, today=datetime.now(UTC).date())
        found = diff_landscapes(before, after, config.evolution, Comparer(work), ignores, observe)
    warn_of_cache(folder, work)
    with standard_output() as stream:
        write_diff(found, format, stream)
    raise typer.Exit(found.status)
