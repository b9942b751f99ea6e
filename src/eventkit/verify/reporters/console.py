"""The console of reports that have colours."""

from __future__ import annotations

from rich.console import Console


class ReportConsole(Console):
    """A console that tells when nobody reads any more. Rich would exit with 1, which says that something was found."""

    def on_broken_pipe(self) -> None:
        """Raise the BrokenPipeError again that rich has caught."""
        raise  # rich calls it in its `except`
