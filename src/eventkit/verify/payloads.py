"""EK511 and EK512: events of which it is not known what they look like, and schemas that are none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eventkit.discovery import codes
from eventkit.discovery.asyncapi.well_formed import fault_of
from eventkit.discovery.contract import Contract, Message
from eventkit.verify.finding import Finding, title
from eventkit.verify.traffic import Side


def unknown_payloads(services: Sequence[Contract]) -> Iterator[Finding]:
    """Yield EK511 for each message of one of the services that does not say, in a way that is read, how it looks."""
    for does, service, message in _messages(services):
        if message.unread:
            event = title(message.event)
            yield Finding(
                code=codes.UNKNOWN_PAYLOAD,
                message=f"it is not known what {event} looks like, which {service} {does}: {message.unread}",
                event=message.event,
                publisher=service if does == "publishes" else None,
                subscriber=service if does == "handles" else None,
                spots=Side(service, message).spots(f"{does} {event}"),
                help="describe the payload by a JSON Schema",
            )


def malformed_schemas(services: Sequence[Contract]) -> Iterator[Finding]:
    """Yield EK512 for each message of one of the services whose schema is not well formed, read by others or not."""
    for does, service, message in _messages(services):
        fault = None if message.well_formed else fault_of(message.schema)
        if fault:
            yield Finding(
                code=codes.MALFORMED_SCHEMA,
                message=f"the schema of {title(message.event)}, which {service} {does}, is not well formed at "
                f"#{fault.pointer}: {fault.text}",
                event=message.event,
                publisher=service if does == "publishes" else None,
                subscriber=service if does == "handles" else None,
                path=fault.path,
                spots=Side(service, message).spots("is not well formed", fault.path),
                help="correct the schema",
            )


def _messages(services: Sequence[Contract]) -> Iterator[tuple[str, str, Message]]:
    """Yield what each service does with an event, the service, and the event as it sends or reads it."""
    for contract in services:
        for does, messages in (("publishes", contract.publishes), ("handles", contract.handles)):
            for message in messages:
                yield does, contract.service, message
