"""EK511: events of which it is not known what they look like."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eventkit.discovery import codes
from eventkit.discovery.contract import Contract
from eventkit.verify.finding import Finding, title
from eventkit.verify.traffic import Side


def unknown_payloads(services: Sequence[Contract]) -> Iterator[Finding]:
    """Yield EK511 for each message of one of the services that does not say, in a way that is read, how it looks."""
    for contract in services:
        for does, messages in (("publishes", contract.publishes), ("handles", contract.handles)):
            for message in messages:
                if message.unread:
                    event = title(message.event)
                    yield Finding(
                        code=codes.UNKNOWN_PAYLOAD,
                        message=f"it is not known what {event} looks like, which {contract.service} {does}: "
                        f"{message.unread}",
                        event=message.event,
                        publisher=contract.service if does == "publishes" else None,
                        subscriber=contract.service if does == "handles" else None,
                        spots=Side(contract.service, message).spots(f"{does} {event}"),
                        help="describe the payload by a JSON Schema",
                    )
