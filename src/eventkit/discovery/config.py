"""The configuration: `[tool.eventkit]` in pyproject.toml, or the whole of eventkit.toml.

    [tool.eventkit]
    sources = ["services"]              # checked when the command names no source
    neighbours = ["schemas/external"]   # contracts of services that belong to others, always part of the landscape
    import_timeout = 60                 # seconds that importing one service may take
    cache = ".eventkit_cache"           # the folder for what is kept from run to run; false for none
    baseline = "git:main"               # what the configured sources are compared with, see `evolution`
    schemas = "schemas"                 # what `eventkit export` writes to; the schemas of retained versions are there

    [tool.eventkit.interpreters]        # the Python of services that have an environment of their own
    "services/legacy" = "services/legacy/.venv/bin/python"

    [[tool.eventkit.ignore]]            # a finding that is accepted
    code = "EK102"
    subscriber = "ledger"
    reason = "the ledger is replaced in January"
    expires = 2027-01-31

Paths are relative to the file that names them; `git:REV:PATH` is read as `eventkit.discovery.git` says.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.contract import Place
from eventkit.discovery.evolution import Evolution, Retained, read_evolution, read_retained, source_path
from eventkit.discovery.git import is_revision
from eventkit.discovery.landscape import shown

OWN_FILE: Final = "eventkit.toml"
PROJECT_FILE: Final = "pyproject.toml"
DEFAULT_IMPORT_TIMEOUT: Final = 60.0
DEFAULT_CACHE: Final = ".eventkit_cache"
DEFAULT_SCHEMAS: Final = "schemas"


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
class Interpreter:
    """The Python that imports the services in a folder.

    Args:
        folder: The folder.
        python: The interpreter; what is there is not checked.
        place: Where it is configured.
    """

    folder: Path
    python: Path
    place: Place


@dataclass(frozen=True, slots=True)
class Config:
    """What the configuration says.

    Args:
        sources: Folders and files that are checked by default.
        neighbours: Folders and files with the contracts of services that belong to others.
        import_timeout: Seconds that importing one service may take.
        ignore: Findings that are not to be reported.
        interpreters: Which Python imports the services in which folders.
        file: The file that says all this; None where there is none.
        cache: The folder for what is kept from run to run; None where nothing is.
        baseline: A source with the contracts that the configured sources are compared with.
        evolution: How events may change.
        retained: Versions of events that are to be read although nobody publishes them any more.
        schemas: The folder that `eventkit export` writes to.
    """

    sources: tuple[Path, ...] = ()
    neighbours: tuple[Path, ...] = ()
    import_timeout: float = DEFAULT_IMPORT_TIMEOUT
    ignore: tuple[IgnoreEntry, ...] = ()
    interpreters: tuple[Interpreter, ...] = ()
    file: Path | None = field(default=None, compare=False)
    cache: Path | None = Path(DEFAULT_CACHE)
    baseline: Path | None = None
    evolution: Evolution = field(default_factory=Evolution)
    retained: tuple[Retained, ...] = ()
    schemas: Path = Path(DEFAULT_SCHEMAS)


def load_config(start: Path) -> Config:
    """Return the configuration of the nearest folder that has one, from `start` upward; an empty one if none has.

    Raises:
        ConfigurationError: A file cannot be read, a key is not known, a value has a wrong type, or one folder has
            both files.
    """
    for folder in (start, *start.parents):
        own, project = folder / OWN_FILE, folder / PROJECT_FILE
        in_project = _own_table(_read(project)) if project.is_file() else None
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


def _own_table(project: dict[str, Any]) -> Any:
    """Return `[tool.eventkit]` of a project; None where there is none."""
    tools = project.get("tool")
    return tools.get("eventkit") if isinstance(tools, dict) else None


def _config(table: Any, file: Path) -> Config:
    if not isinstance(table, dict):
        raise ConfigurationError("[tool.eventkit] is not a table", where=str(file))
    values: dict[str, Any] = {"cache": file.parent / DEFAULT_CACHE, "schemas": file.parent / DEFAULT_SCHEMAS}
    for key, value in table.items():
        if key not in _KEYS:
            mend = f"the known ones are {', '.join(_KEYS)}{_guess(key, _KEYS)}"
            if file.name == OWN_FILE and _own_table(table) is not None:
                mend = f"leave `tool.eventkit` out of the names of tables: all of {OWN_FILE} is that table"
            raise ConfigurationError(f"the key {key!r} is not known", where=str(file), mend=mend)
        values[key] = _KEYS[key](key, value, file)
    retained = tuple(Retained.of(event, values["schemas"]) for event in values.pop("retained", ()))
    return Config(**values, retained=retained, file=file)


def _guess(key: str, known: Iterable[str]) -> str:
    similar = get_close_matches(key, known, n=1)
    return f"; did you mean {similar[0]!r}?" if similar else ""


def _paths(key: str, value: Any, file: Path) -> tuple[Path, ...]:
    if not isinstance(value, list) or not all(isinstance(path, str) and path for path in value):
        raise ConfigurationError(
            f"{key} is {value!r}", where=str(file), mend=f'give a list of paths: {key} = ["services"]'
        )
    return tuple(_source(path, file) for path in value)


def _source(path: str, file: Path) -> Path:
    if not is_revision(path):
        return file.parent / path
    if path.partition(":")[2].partition(":")[2].startswith("."):
        raise ConfigurationError(
            f"{path} depends on the folder in which the command runs",
            where=str(file),
            mend="name the path from the top of the repository: git:REV:services",
        )
    return Path(path)


def _seconds(key: str, value: Any, file: Path) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise ConfigurationError(f"{key} is {value!r}", where=str(file), mend=f"give seconds: {key} = 60")
    return float(value)


def _interpreters(key: str, value: Any, file: Path) -> tuple[Interpreter, ...]:
    if not isinstance(value, dict) or not all(isinstance(python, str) and python for python in value.values()):
        raise ConfigurationError(
            f"{key} is {value!r}",
            where=str(file),
            mend=f'give folders and interpreters: {key} = {{"services/legacy" = "services/legacy/.venv/bin/python"}}',
        )
    lines = file.read_text("utf-8").split("\n")
    found = []
    for folder, python in value.items():
        if not (file.parent / folder).is_dir():
            raise ConfigurationError(f"{key} names the folder {folder!r}, which does not exist", where=str(file))
        line = next((number for number, line in enumerate(lines, start=1) if folder in line and python in line), 1)
        # Not resolved: the interpreter of a virtual environment is a link to one that is not.
        home, path = (Path(os.path.abspath(file.parent / name)) for name in (folder, python))  # noqa: PTH100
        found.append(Interpreter(home, path, Place(shown(file), line)))
    return tuple(found)


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
                mend = "give a date alone, without quotes: expires = 2027-01-31"
                written = f"{value.isoformat()}, a day with a time" if isinstance(value, datetime) else repr(value)
                raise ConfigurationError(f"expires is {written}", where=where, mend=mend)
        elif name not in _IGNORE_KEYS:
            mend = f"the known ones are {', '.join(_IGNORE_KEYS)}, expires{_guess(name, _IGNORE_KEYS)}"
            raise ConfigurationError(f"the key {name!r} of an ignore is not known", where=where, mend=mend)
        elif not isinstance(value, str) or not value.strip():
            raise ConfigurationError(f"{name} of an ignore is {value!r}", where=where, mend="give a text that says it")
        elif name == "path" and not value.startswith("/"):
            # It would silence nothing, and be said to be left over.
            mend = f"name the field from the top of the event, as reports do: path = {json.dumps(f'/{value}')}"
            raise ConfigurationError(f"path of an ignore is {value!r}", where=where, mend=mend)
    for name in ("code", "reason"):
        if name not in entry:
            raise ConfigurationError(f"an ignore has no {name}", where=where, mend=f'add it: {name} = "..."')
    return IgnoreEntry(**entry, file=shown(file), line=line)


_IGNORE_KEYS: Final = ("code", "event", "publisher", "subscriber", "path", "reason")
_IGNORE_HEADER: Final = re.compile(r"\s*\[\[\s*(?:tool\s*\.\s*eventkit\s*\.\s*)?ignore\s*\]\]")


def _cache(key: str, value: Any, file: Path) -> Path | None:
    if value is False:
        return None
    if not isinstance(value, str) or not value:
        mend = f'give a folder, {key} = "{DEFAULT_CACHE}", or false for none'
        raise ConfigurationError(f"{key} is {value!r}", where=str(file), mend=mend)
    return file.parent / value


def _folder(key: str, value: Any, file: Path) -> Path:
    if not isinstance(value, str) or not value:
        raise ConfigurationError(
            f"{key} is {value!r}", where=str(file), mend=f'give a folder: {key} = "{DEFAULT_SCHEMAS}"'
        )
    return file.parent / value


_KEYS: Final[dict[str, Callable[[str, Any, Path], Any]]] = {
    "sources": _paths,
    "neighbours": _paths,
    "import_timeout": _seconds,
    "ignore": _ignores,
    "interpreters": _interpreters,
    "cache": _cache,
    "baseline": source_path,
    "evolution": read_evolution,
    "retained": read_retained,
    "schemas": _folder,
}
"""How the value of each key is read; the names are those of `Config`."""
