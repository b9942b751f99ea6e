"""The configuration: `[tool.eventkit]` in pyproject.toml, or the whole of eventkit.toml.

    [tool.eventkit]
    sources = ["services"]              # checked when the command names no source
    neighbours = ["schemas/external"]   # contracts of services that belong to others, always part of the landscape
    import_timeout = 60                 # seconds that importing one service may take
    cache = ".eventkit_cache"           # the folder for what is kept from run to run; false for none

Paths are relative to the file that names them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eventkit.contract.errors import ConfigurationError

OWN_FILE: Final = "eventkit.toml"
PROJECT_FILE: Final = "pyproject.toml"
DEFAULT_IMPORT_TIMEOUT: Final = 60.0
DEFAULT_CACHE: Final = ".eventkit_cache"


@dataclass(frozen=True, slots=True)
class Config:
    """What the configuration says.

    Args:
        sources: Folders and files that are checked by default.
        neighbours: Folders and files with the contracts of services that belong to others.
        import_timeout: Seconds that importing one service may take.
        cache: The folder for what is kept from run to run; None where nothing is.
    """

    sources: tuple[Path, ...] = ()
    neighbours: tuple[Path, ...] = ()
    import_timeout: float = DEFAULT_IMPORT_TIMEOUT
    cache: Path | None = Path(DEFAULT_CACHE)


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
    values: dict[str, Any] = {"cache": file.parent / DEFAULT_CACHE}
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


def _cache(key: str, value: Any, file: Path) -> Path | None:
    if value is False:
        return None
    if not isinstance(value, str) or not value:
        mend = f'give a folder, {key} = "{DEFAULT_CACHE}", or false for none'
        raise ConfigurationError(f"{key} is {value!r}", where=str(file), mend=mend)
    return file.parent / value


_KEYS: Final[dict[str, Callable[[str, Any, Path], Any]]] = {
    "sources": _paths,
    "neighbours": _paths,
    "import_timeout": _seconds,
    "cache": _cache,
}
"""How the value of each key is read; the names are those of `Config`."""
