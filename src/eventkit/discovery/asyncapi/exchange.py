"""What the versions of AsyncAPI say in different words: who sends and who receives which messages on which channel."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from eventkit.discovery.asyncapi.document import Node

Action = Literal["send", "receive"]

_PARAMETER: Final = re.compile(r"\{[^{}]*\}")
_NAME: Final = re.compile(r"[\w-]+")
_UNCLEAR: Final = re.compile(r"[{}|\s]")


@dataclass(frozen=True, slots=True)
class Described:
    """An operation or a message, with its traits.

    Args:
        node: The object itself.
        layers: The object and its traits; what an earlier one says hides what later ones say.
        identifier: The name under which the document keeps it; empty where it has none.
    """

    node: Node
    layers: tuple[Node, ...]
    identifier: str = ""

    def get(self, key: str) -> Node | None:
        """Return a member, its Reference Object followed; None where no layer has it."""
        layer = next((layer for layer in self.layers if layer.has(key)), None)
        return None if layer is None else layer.get(key)

    def text(self, key: str) -> str:
        """Return a member that is a text, "" where it is not there; raises DocumentError where it is something else."""
        layer = next((layer for layer in self.layers if layer.has(key)), None)
        return "" if layer is None else layer.text(key)


@dataclass(frozen=True, slots=True)
class Channel:
    """Where messages travel.

    Args:
        node: The Channel Object.
        address: Its address, as `order.{region}.created`; empty where it is not known.
        messages: How many messages travel on it.
        parameters: The values that a parameter of the address may have, by its name; any, where there are none.
    """

    node: Node
    address: str
    messages: int
    parameters: Mapping[str, tuple[str, ...]]

    def event_name(self) -> str:
        """Return the address as the name of an event, as `order.{eu|us}.created`.

        It is empty where the address is nothing but parameters, as `{queue}`: that says nothing about the event.
        """
        if not re.search(r"\w", _PARAMETER.sub("", self.address)):
            return ""
        return _PARAMETER.sub(self._written, self.address)

    def _written(self, parameter: re.Match[str]) -> str:
        found = _NAME.search(parameter[0])  # in 2.x, operators of RFC 6570 may stand before and after the name
        values = self.parameters.get(found[0], ()) if found else ()
        if not values or any(not value or _UNCLEAR.search(value) for value in values):
            return f"{{{found[0] if found else 'any'}}}"
        return values[0] if len(values) == 1 else f"{{{'|'.join(values)}}}"


@dataclass(frozen=True, slots=True)
class Exchange:
    """Messages that the service sends or receives on one channel.

    Args:
        action: What the service does.
        operation: The operation that says so.
        channel: The channel.
        messages: The messages.
    """

    action: Action
    operation: Described
    channel: Channel
    messages: list[Described]


def parameters_of(channel: Node, schema_of: Callable[[Node], Node | None]) -> dict[str, tuple[str, ...]]:
    """Return the values that the parameters of a channel may have, by their names.

    Args:
        channel: The channel.
        schema_of: Returns of a Parameter Object what may hold `enum` or `const`.
    """
    found: dict[str, tuple[str, ...]] = {}
    for parameter in channel.raw_members("parameters"):
        schema = schema_of(parameter.followed())
        if schema is not None and isinstance(schema.value, dict):
            values = _texts(schema.value.get("enum", [schema.value["const"]] if "const" in schema.value else []))
            found[parameter.name] = values
    return found


def _texts(values: Any) -> tuple[str, ...]:
    several: Iterable[Any] = values if isinstance(values, list) else ()
    return tuple(dict.fromkeys(str(value) for value in several if isinstance(value, str | int)))
