"""The contract of a service that was imported."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from eventkit.contract.errors import DefinitionError
from eventkit.contract.event import Event
from eventkit.contract.service import Service
from eventkit.discovery.contract import Contract, Message, Place
from eventkit.discovery.python.model_places import model_places
from eventkit.discovery.python.source_files import SourceFiles


class NoSchemaError(Exception):
    """An event model for which there is no JSON Schema.

    Args:
        reason: Why.
        place: The model.
    """

    def __init__(self, reason: str, place: Place | None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.place = place


def contract_of(service: Service, source: str, sources: SourceFiles) -> Contract:
    """Return what a service publishes and handles.

    Args:
        service: The service, with all its publishers and handlers.
        source: Where it was found.
        sources: The source files.

    Raises:
        DefinitionError: An upcaster leads to a version that nothing handles.
        NoSchemaError: A model has a field that cannot be written as JSON.
    """
    published: dict[type[Event], Message] = {}
    for publisher in service.publishers:
        if publisher.model not in published:
            published[publisher.model] = _message(publisher.model, publisher.function, sources, sent=True)
    handled = [
        _message(reader.model, reader.handler.function, sources, sent=False) for reader in service.readers().values()
    ]
    return Contract(
        service=service.name,
        version=service.version,
        description=service.description,
        source=source,
        publishes=tuple(sorted(published.values(), key=lambda message: message.event)),
        handles=tuple(sorted(handled, key=lambda message: message.event)),
        coded=True,
    )


def _message(model: type[Event], function: Callable[..., Any], sources: SourceFiles, *, sent: bool) -> Message:
    try:
        schema = model.sent_schema() if sent else model.read_schema()
    except DefinitionError as error:
        raise NoSchemaError(error.what, sources.of_class(model)) from None
    return Message(
        event=model.event_type(),
        schema=schema,
        model=model.__qualname__,
        # Its own docstring, not that of a base.
        description=inspect.cleandoc(model.__dict__.get("__doc__") or ""),
        function=function.__qualname__,
        key=model.__event_key__,
        closed=sent,
        places=model_places(model, "serialization" if sent else "validation", sources),
        function_place=sources.of_function(function),
    )
