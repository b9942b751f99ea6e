"""The landscape that a command is asked to work on."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.config import Config, load_config
from eventkit.discovery.discover import discover
from eventkit.discovery.landscape import Landscape
from eventkit.discovery.progress import Observer, unobserved
from eventkit.verify.rules import RULES, Severity
from eventkit.work import Work

CONFIGURED: Final = "`sources` in [tool.eventkit] of pyproject.toml, or in eventkit.toml"
Sources = Annotated[
    list[Path] | None,
    typer.Argument(
        metavar="SOURCE",
        help="Folders with Python services or AsyncAPI documents, such documents, or git:REV[:PATH].",
        show_default=CONFIGURED,
    ),
]
"""The argument of commands that work on a landscape."""
NoCache = Annotated[bool, typer.Option("--no-cache", help="Neither use nor write what is kept from run to run.")]
"""The option of commands that compare."""


def chosen_landscape(
    sources: Sequence[Path] | None,
    config: Config | None = None,
    work: Work | None = None,
    observe: Observer = unobserved,
    *,
    apart: Path | None = None,
) -> Landscape:
    """Return the landscape of the sources, or of those that are configured where none is given.

    Args:
        sources: The sources.
        config: The configuration; by default that of the folder in which the command runs.
        work: The means to read many documents; by default this process alone, without a cache.
        observe: Told how far it has come.
        apart: What it is compared with, which is no part of it.

    Raises:
        ConfigurationError: There is no source.
    """
    config = load_config(Path.cwd()) if config is None else config
    chosen = sources or config.sources
    if not chosen:
        raise ConfigurationError(
            "there is no source",
            mend='name a folder with services, or configure `sources = ["services"]` in [tool.eventkit]',
        )
    return discover(chosen, config, work, observe, apart=apart)


def complete_landscape(sources: Sequence[Path] | None) -> Landscape:
    """Return the landscape of the sources, if all of it could be read.

    Raises:
        ConfigurationError: There is no source, or something in one could not be read: what is made of a part of the
            contracts would look like the whole.
    """
    return complete(chosen_landscape(sources))


def complete(landscape: Landscape) -> Landscape:
    """Return a landscape, if all of it could be read.

    Raises:
        ConfigurationError: Something in it could not be read.
    """
    unread = [problem for problem in landscape.problems if RULES[problem.code].severity is Severity.ERROR]
    if unread:
        first = unread[0]
        others = f" (and {len(unread) - 1} more)" if len(unread) > 1 else ""
        raise ConfigurationError(
            f"{first.message}{others}",
            where=f"{first.place.file}:{first.place.line}",
            mend=first.mend,
        )
    return landscape


def warn_of_cache(folder: Path | None, work: Work) -> None:
    """Say why the cache was not used, where there should have been one."""
    if work.cache.problem:
        sys.stderr.write(f"warning: the cache in {folder} was not used: {work.cache.problem}\n")
