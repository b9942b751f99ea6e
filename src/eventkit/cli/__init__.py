"""The command line: one module per command, without logic of its own. `eventkit.cli.app` says how to add one."""

from __future__ import annotations

from typing import Final

from eventkit.cli.failure import fail
from eventkit.contract.errors import MissingExtraError

# What this layer and those below it take from the [cli] extra, by the names under which it is imported.
_CLI_EXTRA: Final = frozenset({"jinja2", "jsonschema", "jsonschema_rs", "rich", "typer", "watchfiles", "yaml"})


def main() -> None:
    """Run the command line of this process, and exit with 0, 1 or 2, as `eventkit.cli.app` says."""
    try:
        from eventkit.cli.app import run

        run()
    except ModuleNotFoundError as error:
        if error.name not in _CLI_EXTRA:
            raise
        fail(MissingExtraError.of(f"eventkit's commands use {error.name}, and", "cli"))
