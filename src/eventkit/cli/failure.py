"""How a command says that it could not do its work. Without typer: it also says that typer is missing."""

from __future__ import annotations

import sys
from typing import NoReturn

from eventkit.contract.errors import EventkitError


def fail(error: Exception) -> NoReturn:
    """Print what is wrong, where, and how to mend it, to stderr, and exit with status 2."""
    sys.stderr.write(describe(error))
    sys.exit(2)


def describe(error: Exception) -> str:
    """Return what is wrong, where, and how to mend it, as lines."""
    if isinstance(error, EventkitError):
        what, where, mend = error.what, error.where, error.mend
    elif isinstance(error, OSError):
        what, where, mend = error.strerror or str(error), error.filename, None
    else:
        what, where = f"eventkit itself failed: {type(error).__name__}: {error}", None
        mend = "run it again as `eventkit --debug ...`, and report what it prints"
    rows = (("error", what), ("  where", where), ("  mend", mend))
    return "".join(f"{label}: {text}\n" for label, text in rows if text)
