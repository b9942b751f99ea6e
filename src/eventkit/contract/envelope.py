"""`Envelope`: the CloudEvents 1.0 attributes around one event.

Source: CloudEvents 1.0.2, https://github.com/cloudevents/spec, with its documented extensions Correlation
(`correlationid`, `causationid`), Partitioning (`partitionkey`) and Distributed Tracing (`traceparent`, `tracestate`).
"""

from __future__ import annotations

import os
import random
import re
import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, make_dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final

from eventkit.contract.attributes import (
    JSON_CONTENT_TYPE,
    MAX_LENGTH,
    TEXT_ATTRIBUTES,
    ExtensionValue,
    are_attributes,
    check_extensions,
    check_texts,
    check_time,
    is_attribute,
    is_json,
    not_an_attribute,
    shown,
)
from eventkit.contract.errors import EnvelopeError, PublishError
from eventkit.contract.event import Event, EventType
from eventkit.contract.tracing import TRACING, TraceContext

TRACESTATE: Final = "tracestate"
"""The attribute that goes with `traceparent`, an extension of the envelope."""
_SCHEMA_PREFIX: Final = "urn:eventkit:"
_VERSION_IN_SCHEMA: Final = re.compile(r"[:/.]v([0-9]{1,9})(?:\.json)?(?:#.*)?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One event on the wire: its CloudEvents attributes and its data.

    Args:
        id: Unique together with `source`; the same for every delivery of the same event.
        source: Who published it: the service's name, or a URI-reference.
        type: The event's type name.
        data: The event as JSON, UTF-8.
        time: When it happened, timezone-aware; None where the publisher does not say.
        subject: What it is about; eventkit sends the key here too.
        dataschema: URI of the data's schema. eventkit's end with the version, `urn:eventkit:order.created:v2`.
        key: CloudEvents `partitionkey`: events with the same key are handled in order.
        correlation: CloudEvents `correlationid`: shared by all events that follow from one cause.
        causation: CloudEvents `causationid`: the id of the event in whose handling this one was published.
        traceparent: W3C trace context.
        datacontenttype: Media type of `data`.
        extensions: All other attributes, kept as they came.

    Raises:
        EnvelopeError: An attribute has a value that CloudEvents does not allow: empty, too long, with control
            characters, a time without zone, data that is not JSON. What an envelope holds can be sent and read.
    """

    id: str
    source: str
    type: str
    data: bytes
    time: datetime | None = None
    subject: str | None = None
    dataschema: str | None = None
    key: str | None = None
    correlation: str | None = None
    causation: str | None = None
    traceparent: str | None = None
    datacontenttype: str = JSON_CONTENT_TYPE
    extensions: Mapping[str, ExtensionValue] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        texts = (
            self.id, self.source, self.type, self.subject, self.dataschema, self.key, self.correlation, self.causation,
            self.traceparent, self.datacontenttype,
        )  # fmt: skip
        if not are_attributes(texts):
            check_texts({name: getattr(self, field_) for name, field_ in TEXT_ATTRIBUTES.items()})
        if self.time is not None and self.time.tzinfo is not UTC:
            check_time(self.time)
        if self.datacontenttype != JSON_CONTENT_TYPE and not is_json(self.datacontenttype):
            raise EnvelopeError(f"the data is {shown(self.datacontenttype)}", mend="events are JSON in UTF-8")
        if self.extensions:
            check_extensions(self.extensions)

    @property
    def event_type(self) -> EventType:
        """The type name with the version that `dataschema` ends with; version 1 where it names none."""
        return EventType(self.type, version_of(self.dataschema))

    @property
    def trace(self) -> TraceContext | None:
        """The trace in which it was published, if it tells."""
        if self.traceparent is None:
            return None
        state = self.extensions.get(TRACESTATE)
        return TraceContext(self.traceparent, state if isinstance(state, str) else "")

    @classmethod
    def read(
        cls, texts: Sequence[str | None], time: datetime | None, data: bytes, extensions: Mapping[str, ExtensionValue]
    ) -> Envelope:
        """Return the envelope that was read from a message; faster than calling the class with all fields.

        Args:
            texts: The values of `TEXT_ATTRIBUTES`, in their order; None for one that is not there.
            time: When it happened.
            data: The event as JSON.
            extensions: All other attributes.

        Raises:
            EnvelopeError: As for the class.
        """
        id_, source, type_, subject, dataschema, key, correlation, causation, traceparent, datacontenttype = texts
        if datacontenttype is None:
            datacontenttype = JSON_CONTENT_TYPE
        envelope = unchecked(
            id_, source, type_, data, time, subject, dataschema, key, correlation, causation, traceparent,
            datacontenttype, extensions,
        )  # fmt: skip
        envelope.__post_init__()
        return envelope

    @classmethod
    def of(cls, event: Event, *, source: str, cause: Envelope | None = None) -> Envelope:
        """Put a new event into an envelope.

        Args:
            event: The event to publish.
            source: The name of the service that publishes it.
            cause: The envelope of the event in whose handling this one is published.

        Raises:
            DefinitionError: The event's class has no type name.
            PublishError: The event holds what cannot be sent: a value that JSON does not have, a key that is no
                CloudEvents attribute, too much.
        """
        name, dataschema = _names_of(type(event))
        key = event.partition_key()
        if key is not None and not is_attribute(key):
            raise PublishError(
                f"the key of {type(event).__qualname__} is {shown(key)}",
                where=type(event).__module__,
                mend=f"a key is text of 1 to {MAX_LENGTH} characters, without control characters; None means no key",
            )
        if not is_attribute(source):
            raise not_an_attribute("source", source)
        id_ = new_id()
        traced = _trace_after(cause)
        # Nothing is left to be checked: what stands here is an attribute of `cause`, or was made here.
        return unchecked(
            id_,
            source,
            name,
            event.to_json(),
            datetime.now(UTC),
            key,
            dataschema,
            key,
            id_ if cause is None else cause.correlation or cause.id,
            None if cause is None else cause.id,
            traced and traced.traceparent,
            JSON_CONTENT_TYPE,
            {TRACESTATE: traced.tracestate} if traced and traced.tracestate else {},
        )


# A frozen dataclass fills in its fields three times as slowly.
_Draft: Final[Any] = make_dataclass("_Draft", [(each.name, each.type) for each in fields(Envelope)], slots=True)


def unchecked(*values: Any) -> Envelope:
    """Return an envelope of values that are known to be right.

    Args:
        values: Of all its fields, in their order.
    """
    envelope: Envelope = _Draft(*values)
    envelope.__class__ = Envelope
    return envelope


def _trace_after(cause: Envelope | None) -> TraceContext | None:
    """Return the trace of the running code, or else that of the event that causes a new one."""
    found = TRACING.context() if TRACING.context is not None else None
    if found is not None:
        return found if is_attribute(found.tracestate) else TraceContext(found.traceparent)
    return None if cause is None else cause.trace


# Not the module's own generator, which a program may seed; a child process must not repeat its parent's numbers.
_random: Final = random.Random()  # noqa: S311 - unique, not secret
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)


def new_id() -> str:
    """Return a UUID version 7 (RFC 9562, 5.7): unique, and sorted by the time it was made."""
    # Random bits, between which the version and the variant stand.
    random_bits = _random.getrandbits(80) & 0x0FFF_3FFF_FFFF_FFFF_FFFF | 0x7000_8000_0000_0000_0000
    digits = random_bits.to_bytes(10).hex()
    return f"{_time_of_id(clock.time_ns() // 1_000_000)}-{digits[:4]}-{digits[4:8]}-{digits[8:]}"


@lru_cache(maxsize=1)  # many are made within a millisecond
def _time_of_id(milliseconds: int) -> str:
    digits = f"{milliseconds:012x}"
    return f"{digits[:8]}-{digits[8:]}"


@lru_cache(maxsize=1024)
def _names_of(model: type[Event]) -> tuple[str, str]:
    event_type = model.event_type()
    return event_type.name, dataschema_of(event_type)


def dataschema_of(event_type: EventType) -> str:
    """Return the URI that names the schema of an event: `urn:eventkit:order.created:v2`."""
    return f"{_SCHEMA_PREFIX}{event_type.name}:v{event_type.version}"


def version_of(dataschema: str | None) -> int:
    """Return the version that the URI of a schema ends with; 1 where it names none."""
    found = _VERSION_IN_SCHEMA.search(dataschema) if dataschema else None
    return int(found[1]) if found else 1
