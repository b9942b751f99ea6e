"""The publisher, after: priorities have names."""

from enum import StrEnum

from eventkit import Event, Service

helpdesk = Service("helpdesk")


class Priority(StrEnum):
    LOW = "low"
    HIGH = "high"


class TicketRaised(Event, type="ticket.raised"):
    ticket: str
    priority: Priority  # EK102


@helpdesk.publisher
async def publish_ticket_raised() -> TicketRaised: ...
