"""The command `eventkit`: options before the command's name, the table of commands, and how errors are shown.

A command is one module and one row. To add `eventkit export`:

1. Write `eventkit/cli/export.py` with `app = command_app()` and a function under `@app.command()`; a command with
   sub-commands has several of them, and `@app.callback()` on a function whose docstring says what they share.
   Arguments are parsed there, the layer below does the work, what it returns is printed there.
2. Add its row to `COMMANDS`, where the summary is what `eventkit --help` shows.
   Values that the command knows, such as codes, are completed by the shell: `autocompletion=` on the argument.
3. Test it in `tests/cli/test_export.py` with the fixture `eventkit`, which runs a command line.

The module is imported when its command runs, not before: `eventkit --help` stays fast.

Exit status: 0 nothing found; 1 findings of severity error (`raise typer.Exit(1)`); 2 wrong usage, configuration or
source. An EventkitError or OSError that a command lets through is printed to stderr with exit status 2, as
`error: what`, `where:` and `mend:`; `eventkit --debug COMMAND` shows the traceback instead.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib import import_module
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperGroup

from eventkit.cli.failure import fail

if TYPE_CHECKING:
    from typer._click import Command, Context, HelpFormatter
    from typer._click.shell_completion import CompletionItem


class Row(NamedTuple):
    """One command.

    Args:
        module: The module with its `app`.
        summary: What it does, in one line.
    """

    module: str
    summary: str


COMMANDS: Final = {
    "init": Row("eventkit.cli.init", "Write the configuration by looking at what is there."),
    "verify": Row("eventkit.cli.verify", "Check that every publisher fits every subscriber."),
    "diff": Row("eventkit.cli.diff", "Say what changed between two landscapes, and whom it breaks."),
    "compare": Row("eventkit.cli.compare", "Check one JSON Schema against another."),
    "export": Row("eventkit.cli.export", "Write contracts as AsyncAPI documents and JSON Schemas."),
    "docs": Row("eventkit.cli.docs", "Make pages for people from contracts."),
    "scaffold": Row("eventkit.cli.scaffold", "Write a new service, or add to one."),
    "publish": Row("eventkit.cli.publish", "Publish one event by hand, if the contracts allow it."),
    "tail": Row("eventkit.cli.tail", "Show events as they are published."),
    "lag": Row("eventkit.cli.lag", "Show what services have not handled yet."),
    "dlq": Row("eventkit.cli.dlq", "Look after dead letters: list, show, replay, drop."),
    "explain": Row("eventkit.cli.explain", "Say what a finding means and how to mend it."),
}


class Commands(TyperGroup):
    """The commands of the table, each imported when it is needed."""

    def invoke(self, ctx: Context) -> Any:
        """Run a command; what is wrong with a value is told without the words that pydantic puts before it."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = error.message.removeprefix("Value error, ")
            raise

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        """Import one command; None where the table has no such name."""
        row = COMMANDS.get(cmd_name)
        return typer.main.get_command(import_module(row.module).app) if row else None

    def shell_complete(self, ctx: Context, incomplete: str) -> list[CompletionItem]:
        """Complete a command's name from the table without importing any command."""
        from typer._click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return super().shell_complete(ctx, incomplete)
        return [CompletionItem(name, help=row.summary) for name, row in COMMANDS.items() if name.startswith(incomplete)]

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write the table into the help text without importing any command."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, row.summary) for name, row in COMMANDS.items()])


@dataclass(slots=True)
class Options:
    """What was given before the command's name."""

    debug: bool = False


_NOBODY_READS: Final = 128 + 13
"""The exit status of a program that SIGPIPE ended, as shells give it: `eventkit verify | head` needs no more lines."""
app = typer.Typer(cls=Commands, rich_markup_mode=None, no_args_is_help=True)


def run() -> None:
    """Run the command line of this process and exit."""
    if sys.stdout is None:  # closed by the shell: `eventkit verify . >&-`
        sys.stdout = Path(os.devnull).open("w")  # noqa: SIM115 - until the process ends
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows its code; the default is to fail.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    options = Options()
    try:
        typer.main.get_command(app).main(prog_name="eventkit", obj=options)
    except SystemExit as end:
        if end.code == 1 and isinstance(end.__context__, BrokenPipeError):
            sys.exit(_NOBODY_READS)  # typer's 1 would say that something was found
        raise
    except Exception as error:
        if options.debug or isinstance(error, ModuleNotFoundError):
            raise
        fail(error)


def _print_version(wanted: bool) -> None:
    if wanted:
        from eventkit import __version__

        typer.echo(f"eventkit {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Keep events between services from breaking: check contracts, run events on a bus."""
    context.obj.debug = debug
