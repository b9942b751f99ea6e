"""The configuration: `[tool.eventkit]` in pyproject.toml, or the whole of eventkit.toml.

    [tool.eventkit]
    sources = ["services"]              # checked when the command names no source
    neighbours = ["schemas/external"]   # contracts of services that belong to others, always part of the landscape
    import_timeout = 60                 # seconds that importing one service may take

    [[tool.eventkit.ignore]]            # a finding that is accepted
    code = "EK102"
    subscriber = "ledger"
    reason = "the ledger is replaced in January"
    expires = 2027-01-31

Paths are relative to the file that names them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.landscape import shown

OWN_FILE: Final = "eventkit.toml"
PROJECT_FILE: Final = "pyproject.toml"
DEFAULT_IMPORT_TIMEOUT: Final = 60.0


@dataclass(frozen=True, slots=True)
class IgnoreEntry:
    """Findings that are not to be reported.

    Args:
        code: Their code.
        reason: Why.
        event: Of which event: `order.created` for all of its versions, `order.created v2` for one.
        publisher: Of which publisher.
        subscriber: Of which subscriber.
        path: Of which field, as `/items/*/price`.
        expires: The last day on which they are not reported.
        file: Where the entry stands.
        line: In which line, 1 for the first.
    """

    code: str
    reason: str
    event: str | None = None
    publisher: str | None = None
    subscriber: str | None = None
    path: str | None = None
    expires: date | None = None
    file: str = field(kw_only=True)
    line: int = field(kw_only=True)


@dataclass(frozen=True, slots=True)
class Config:
    """What the configuration says.

    Args:
        sources: Folders and files that are checked by default.
        neighbours: Folders and files with the contracts of services that belong to others.
        import_timeout: Seconds that importing one service may take.
        ignore: Findings that are not to be reported.
    """

    sources: tuple[Path, ...] = ()
    neighbours: tuple[Path, ...] = ()
    import_timeout: float = DEFAULT_IMPORT_TIMEOUT
    ignore: tuple[IgnoreEntry, ...] = ()


def load_config(start: Path) -> Config:
    """Return the configuration of the nearest folder that has one, from `start` upward; an empty one if none has.

    Raises:
        ConfigurationError: A file cannot be read, a key is not known, a value has a wrong type, or one folder has
            both files.
    """
    for folder in (start, *start.parents):
        own, project = folder / OWN_FILE, folder / PROJECT_FILE
        in_project = _read(project).get("tool", {}).get("eventkit") if project.is_file() else None
        if own.is_file():
            if in_project is not None:
                raise ConfigurationError(
                    f"both {OWN_FILE} and [tool.eventkit] in {PROJECT_FILE} configure eventkit",
                    where=str(folder),
                    mend="keep one of them",
                )
            return _config(_read(own), own)
        if in_project is not None:
            return _config(in_project, project)
    return Config()


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"not TOML: {error}", where=str(file)) from None


def _config(table: Any, file: Path) -> Config:
    if not isinstance(table, dict):
        raise ConfigurationError("[tool.eventkit] is not a table", where=str(file))
    values: dict[str, Any] = {}
    for key, value in table.items():
        if key not in _KEYS:
            mend = f"the known ones are {', '.join(_KEYS)}"
            raise ConfigurationError(f"the key {key!r} is not known", where=str(file), mend=mend)
        values[key] = _KEYS[key](key, value, file)
    return Config(**values)


def _paths(key: str, value: Any, file: Path) -> tuple[Path, ...]:
    if not isinstance(value, list) or not all(isinstance(path, str) and path for path in value):
        raise ConfigurationError(
            f"{key} is {value!r}", where=str(file), mend=f'give a list of paths: {key} = ["services"]'
        )
    return tuple(file.parent / path for path in value)


def _seconds(key: str, value: Any, file: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ConfigurationError(f"{key} is {value!r}", where=str(file), mend=f"give seconds: {key} = 60")
    return float(value)


def _ignores(key: str, value: Any, file: Path) -> tuple[IgnoreEntry, ...]:
    if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
        raise ConfigurationError(
            f"{key} is {value!r}",
            where=str(file),
            mend="give tables: [[tool.eventkit.ignore]], code = ..., reason = ...",
        )
    headers = [
        number for number, line in enumerate(file.read_text("utf-8").split("\n"), start=1) if _IGNORE_HEADER.match(line)
    ]
    lines = headers if len(headers) == len(value) else [1] * len(value)
    return tuple(_ignore(entry, file, line) for entry, line in zip(value, lines, strict=True))


def _ignore(entry: dict[str, Any], file: Path, line: int) -> IgnoreEntry:
    where = f"{file}:{line}"
    for name, value in entry.items():
        if name == "expires":
            if isinstance(value, datetime) or not isinstance(value, date):
                mend = "give a date without quotes: expires = 2027-01-31"
                raise ConfigurationError(f"expires is {value!r}", where=where, mend=mend)
        elif name not in _IGNORE_KEYS:
            mend = f"the known ones are {', '.join(_IGNORE_KEYS)}, expires"
            raise ConfigurationError(f"the key {name!r} of an ignore is not known", where=where, mend=mend)
        elif not isinstance(value, str) or not value.strip():
            raise ConfigurationError(f"{name} of an ignore is {value!r}", where=where, mend="give a text that says it")
    for name in ("code", "reason"):
        if name not in entry:
            raise ConfigurationError(f"an ignore has no {name}", where=where, mend=f'add it: {name} = "..."')
    return IgnoreEntry(**entry, file=shown(file), line=line)


_IGNORE_KEYS: Final = ("code", "event", "publisher", "subscriber", "path", "reason")
_IGNORE_HEADER: Final = re.compile(r"\s*\[\[\s*(?:tool\s*\.\s*eventkit\s*\.\s*)?ignore\s*\]\]")
_KEYS: Final[dict[str, Callable[[str, Any, Path], Any]]] = {
    "sources": _paths,
    "neighbours": _paths,
    "import_timeout": _seconds,
    "ignore": _ignores,
}
"""How the value of each key is read; the names are those of `Config`."""
