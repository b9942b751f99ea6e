"""Landscapes that are written down in a few words."""

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract, Message, Place

OBJECT = {"type": "object"}


def fields(**properties: object) -> dict[str, object]:
    """Return the schema of an event with fields that are all required."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def message(event: str, schema: dict[str, object] | None = None, **more: object) -> Message:
    """Return a message; `event` is `order.created` or `order.created v2`."""
    name, _, version = event.partition(" v")
    values = {"model": "Model", "places": {"": Place(f"{name}.py", int(version or 1))}, **more}
    return Message(EventType(name, int(version or 1)), schema or OBJECT, **values)


def contract(service: str, publishes: tuple[Message, ...] = (), handles: tuple[Message, ...] = ()) -> Contract:
    """Return a contract."""
    return Contract(service, publishes=publishes, handles=handles)
