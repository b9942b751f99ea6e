"""Whether an AsyncAPI document is one by the official JSON Schema of its AsyncAPI version."""

from __future__ import annotations

import gzip
import json
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match
from referencing import Registry

from eventkit.contract.errors import ConfigurationError
from eventkit.docs.asyncapi import SpecVersion


def check_document(document: dict[str, Any]) -> None:
    """Check a document before it is written.

    Its shape is always right; what can be wrong is what the developer put into a schema by hand.

    Raises:
        ConfigurationError: The document breaks the official JSON Schema.
    """
    error = best_match(_validator(document["asyncapi"]).iter_errors(document))
    if error is not None:
        raise ConfigurationError(
            f"the document of {document['info']['title']} is not valid AsyncAPI {document['asyncapi']}: "
            f"{_shortened(error.message)}",
            where="/".join(map(str, error.absolute_path)),
            mend="correct the schema of this event, for example its json_schema_extra",
        )


@cache
def _validator(spec_version: SpecVersion) -> Draft7Validator:
    data = resources.files("eventkit.docs").joinpath(f"data/asyncapi-{spec_version}.json.gz").read_bytes()
    # With a registry of its own, jsonschema fetches nothing.
    return Draft7Validator(json.loads(gzip.decompress(data)), registry=Registry())


def _shortened(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:100]} ... {message[-90:]}"
