"""Event contracts between services: declared in code, proved before deployment, delivered without loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from eventkit.contract.context import publish_to
from eventkit.contract.envelope import Envelope
from eventkit.contract.errors import (
    BusError,
    ClientError,
    ConfigurationError,
    DefinitionError,
    EnvelopeError,
    EventkitError,
    MissingExtraError,
    PublishError,
    RefusedError,
)
from eventkit.contract.event import Event, EventType
from eventkit.contract.retry import Retry
from eventkit.contract.service import Service

if TYPE_CHECKING:
    from eventkit.bus.connect import connect
    from eventkit.bus.protocol import Bus
    from eventkit.clients.client import ServiceClient
    from eventkit.delivery.worker import Worker

__version__ = "0.1.0"

__all__ = [
    "Bus",
    "BusError",
    "ClientError",
    "ConfigurationError",
    "DefinitionError",
    "Envelope",
    "EnvelopeError",
    "Event",
    "EventType",
    "EventkitError",
    "MissingExtraError",
    "PublishError",
    "RefusedError",
    "Retry",
    "Service",
    "ServiceClient",
    "Worker",
    "connect",
    "publish_to",
]

# Imported on first use: defining and checking contracts needs neither a bus nor an HTTP client.
_LAZY = {
    "Bus": "eventkit.bus.protocol",
    "ServiceClient": "eventkit.clients.client",
    "Worker": "eventkit.delivery.worker",
    "connect": "eventkit.bus.connect",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'eventkit' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY])
