"""The files that `eventkit export` keeps up to date: contracts as AsyncAPI documents and JSON Schemas.

    schemas/order_service.asyncapi.yaml     what the service publishes and handles
    schemas/events/order.created.v1.json    what is sent as this event

Every file says which service it was written for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, Final

from eventkit.contract.envelope import dataschema_of
from eventkit.contract.errors import ConfigurationError
from eventkit.discovery.contract import Contract, Message
from eventkit.discovery.retained import EXPORTED, EXPORTED_FOR
from eventkit.docs.asyncapi import DEFAULT_VERSION, SpecVersion, document
from eventkit.docs.files import Files
from eventkit.docs.tidy import tidy
from eventkit.docs.validation import check_document
from eventkit.docs.yaml_text import to_yaml

_OUR_ID: Final = re.compile(r'^ *"\$id": "urn:eventkit:', re.MULTILINE)
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*")
_2020_12: Final = "https://json-schema.org/draft/2020-12/schema"


def exported(
    contracts: Iterable[Contract],
    folder: Path,
    *,
    whole: bool,
    spec_version: SpecVersion = DEFAULT_VERSION,
    used: Collection[Path] = (),
    retained: Collection[Path] = (),
) -> Files:
    """Return the files of some contracts.

    Args:
        contracts: What services publish and handle.
        folder: Where the files stand.
        whole: The folder is for these services only: what was written for others is left over, and what somebody else
            wrote is a stray.
        spec_version: The version of AsyncAPI that the documents name.
        used: Absolute paths of documents that are contracts themselves, which may stand in the folder.
        retained: Absolute paths of schemas that nobody would write now, and that are still needed.

    Raises:
        ConfigurationError: A contract cannot be written, or two services publish one event with two schemas.
    """
    services: set[str] = set()
    texts: dict[str, str] = {}
    for contract in contracts:
        services.add(contract.service)
        texts[f"{_safe(contract.service)}.asyncapi.yaml"] = _document_text(contract, spec_version)
        for message in contract.publishes:
            name = f"events/{_safe(message.event.name)}.v{message.event.version}.json"
            text = _schema_text(message, contract.service)
            known = texts.setdefault(name, text)
            if EXPORTED_FOR.sub("", known) != EXPORTED_FOR.sub("", text):
                raise ConfigurationError(
                    f"two services would write {name}, and not the same: {_service_of(known)} and {contract.service}",
                    mend="let one service publish the event, or give the two schemas different versions",
                )
    return Files(
        folder=folder,
        texts=texts,
        patterns=("*.asyncapi.yaml", "events/*.v*.json"),
        mark_of=_service_of,
        is_left_over=lambda service: whole or service in services,
        command="eventkit export",
        is_stray=lambda path: whole and path.is_file() and path.resolve() not in used,
        kept=retained,
    )


def _document_text(contract: Contract, spec_version: SpecVersion) -> str:
    written = document(contract, spec_version)
    check_document(written)
    return f"# {EXPORTED.format(contract.service)}\n{to_yaml(written)}"


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
        "$comment": EXPORTED.format(service),
    }
    return json.dumps(tidy(whole), indent=2, ensure_ascii=False) + "\n"


def _service_of(text: str) -> str | None:
    """Return the service that a file was written for, empty if it does not say; None where it was not written here."""
    found = EXPORTED_FOR.search(text)
    if found:
        return found[1]
    return "" if _OUR_ID.search(text) else None


def _safe(name: str) -> str:
    """Return a name that is safe to call a file by; names in documents from elsewhere can be anything."""
    if not _FILE_NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name!r} cannot be the name of a file", mend="use letters, digits, '.', '_' and '-' only"
        )
    return name
