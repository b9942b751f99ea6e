"""`--format` and `--output` of the commands that write reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from eventkit.contract.errors import ConfigurationError
from eventkit.verify.finding import Report
from eventkit.verify.reporters import Format, write, write_file


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a report goes.

    Args:
        printed: The format in which it is printed; None where it goes to files only.
        files: The files that it is written to, and the format of each.
    """

    printed: Format | None
    files: dict[Path, Format]

    @classmethod
    def parse(cls, format: Format, outputs: Sequence[str]) -> Outputs:
        """Read the options; what cannot be written to is told before the work begins.

        Args:
            format: The value of `--format`.
            outputs: The values of `--output`: `FILE` for what would be printed, or `FORMAT:FILE` for one more report.

        Raises:
            ConfigurationError: A file cannot be written, is named twice, or two of them replace what is printed.
        """
        printed: Format | None = format
        files: dict[Path, Format] = {}
        for output in outputs:
            before, colon, after = output.partition(":")
            is_further = colon == ":" and before in list(Format)
            file = Path(after if is_further else output)
            if not is_further:
                _check_format(before, colon, output)
                if printed is None:
                    mend = f"name the format of each further file: --output sarif:{file}"
                    raise ConfigurationError("--output FILE is given twice", where=output, mend=mend)
                printed = None
            _check(file, output)
            if file in files:
                raise ConfigurationError("--output names the same file twice", where=output)
            files[file] = Format(before) if is_further else format
        return cls(printed, files)

    def write(self, report: Report) -> None:
        """Write a report everywhere."""
        for file, format in self.files.items():
            write_file(report, format, file)
        if self.printed is None:
            return
        with standard_output() as stream:
            write(report, self.printed, stream)


@contextmanager
def standard_output() -> Iterator[TextIO]:
    """Give the stream to print a report to; whoever stops reading it, as `head`, changes nothing of what was found."""
    try:
        yield sys.stdout
        sys.stdout.flush()
    except BrokenPipeError:
        # What is left in the buffer would fail again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _check_format(before: str, colon: str, output: str) -> None:
    """Refuse `sarfi:verify.sarif`, which is no file that anybody means; a letter before a colon is a drive."""
    if colon and len(before) > 1 and before.isalpha():
        raise ConfigurationError(
            f"there is no format {before!r}",
            where=f"--output {output}",
            mend=f"use one of {', '.join(Format)}, or name the file ./{output}",
        )


def _check(file: Path, output: str) -> None:
    if not str(file) or file.is_dir() or file == Path():
        raise ConfigurationError(
            "--output needs the name of a file", where=output, mend="give one: --output report.json"
        )
    if not file.parent.is_dir():
        raise ConfigurationError(
            f"the folder {file.parent} does not exist",
            where=f"--output {output}",
            mend=f"make it: mkdir -p {file.parent}",
        )
