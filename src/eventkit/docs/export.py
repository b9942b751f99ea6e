"""The files that `eventkit export` keeps up to date: contracts as AsyncAPI documents and JSON Schemas.

    schemas/order_service.asyncapi.yaml     what the service publishes and handles
    schemas/events/order.created.v1.json    what is sent as this event

Every file says which service it was written for. That mark is how a file that is no longer needed is told from one
that somebody else put there, which is never touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from eventkit.contract.envelope import dataschema_of
from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.contract import Contract, Message
from eventkit.docs.asyncapi import document
from eventkit.docs.tidy import tidy
from eventkit.docs.validation import check_document
from eventkit.docs.yaml_text import to_yaml

_MARK: Final = "Written by `eventkit export` for {}; change the code instead."
_MARKED: Final = re.compile(re.escape(_MARK).replace(r"\{\}", r"(\S+)"))
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_PATTERNS: Final = ("*.asyncapi.yaml", "events/*.json")
_2020_12: Final = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True, slots=True)
class Changes:
    """What writing the files changes.

    Args:
        missing: Files that are not there yet.
        stale: Files whose text is not that of the contracts any more.
        left_over: Files that were written for what is no longer there.
    """

    missing: tuple[Path, ...]
    stale: tuple[Path, ...]
    left_over: tuple[Path, ...]

    def __bool__(self) -> bool:
        return bool(self.missing or self.stale or self.left_over)


class Export:
    """The files of some contracts, in one folder.

    Args:
        contracts: What services publish and handle.
        folder: Where the files stand.
        whole: The folder is for these services only: what was written for others is left over.

    Raises:
        ConfigurationError: A contract cannot be written, two services publish one event with two schemas, or a file
            stands in the way that somebody else wrote.
    """

    def __init__(self, contracts: Iterable[Contract], folder: Path, *, whole: bool) -> None:
        self._folder = folder
        self._texts: dict[Path, str] = {}
        self._services: set[str] = set()
        for contract in contracts:
            self._services.add(contract.service)
            self._add(f"{_safe(contract.service)}.asyncapi.yaml", _document_text(contract))
            for message in contract.publishes:
                name = f"events/{_safe(message.event.name)}.v{message.event.version}.json"
                self._add(name, _schema_text(message, contract.service))
        self._whole = whole

    def changes(self) -> Changes:
        """Return what is to be done so that the folder holds the contracts."""
        missing = [path for path in self._texts if not path.exists()]
        stale = [path for path in self._texts if path.exists() and path.read_bytes() != self._texts[path].encode()]
        for path in stale:
            if _service_of(path) is None:
                raise ConfigurationError(
                    f"{path} was not written by `eventkit export`, and stands where it would write",
                    mend="move it, or choose another folder with --output",
                )
        return Changes(tuple(missing), tuple(stale), tuple(self._left_over()))

    def write(self) -> Changes:
        """Make the folder hold the contracts, and return what that changed."""
        changes = self.changes()
        for path in (*changes.missing, *changes.stale):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self._texts[path].encode())
        for path in changes.left_over:
            path.unlink()
        return changes

    def _add(self, name: str, text: str) -> None:
        path = self._folder / name
        known = self._texts.setdefault(path, text)
        if _MARKED.sub("", known) != _MARKED.sub("", text):
            raise ConfigurationError(
                f"two services would write {name}, and not the same: {_marked(known)} and {_marked(text)}",
                mend="let one service publish the event, or give the two schemas different versions",
            )

    def _left_over(self) -> list[Path]:
        files = sorted(path for pattern in _PATTERNS for path in self._folder.glob(pattern))
        return [path for path in files if path not in self._texts and self._is_ours(_service_of(path))]

    def _is_ours(self, service: str | None) -> bool:
        return service is not None and (self._whole or service in self._services)


def _document_text(contract: Contract) -> str:
    written = document(contract)
    check_document(written)
    return f"# {_MARK.format(contract.service)}\n{to_yaml(written)}"


def _schema_text(message: Message, service: str) -> str:
    schema = message.schema
    if isinstance(schema, bool):
        schema = {} if schema else {"not": {}}
    whole: dict[str, Any] = {
        "$schema": _2020_12,
        "title": message.model,
        "description": message.description,
        **schema,
        "$id": dataschema_of(message.event),
        "$comment": _MARK.format(service),
    }
    return json.dumps(tidy(whole), indent=2, ensure_ascii=False) + "\n"


def _service_of(path: Path) -> str | None:
    """Return the service that a file was written for; None where it was not written here."""
    with path.open("rb") as file:
        return _marked(file.read(10_000).decode("utf-8", "replace"))


def _marked(text: str) -> str | None:
    found = _MARKED.search(text)
    return found[1] if found else None


def _safe(name: str) -> str:
    """Return a name that is safe to call a file by; names in documents from elsewhere can be anything."""
    if not _FILE_NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} cannot be the name of a file", mend="use letters, digits, '.', '_' and '-' only"
        )
    return name
