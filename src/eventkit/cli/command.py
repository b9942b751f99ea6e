"""What every command is made with."""

from __future__ import annotations

import typer


def command_app() -> typer.Typer:
    """Return the typer app of one command module; see `eventkit.cli.app` for how to add a command."""
    # Plain help: rich would take as long to import as everything else that help needs.
    return typer.Typer(rich_markup_mode=None, add_completion=False, no_args_is_help=False)
