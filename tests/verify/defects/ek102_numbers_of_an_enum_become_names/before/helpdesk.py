"""The publisher, before."""

from enum import IntEnum

from eventkit import Event, Service

helpdesk = Service("helpdesk")


class Priority(IntEnum):
    LOW = 1
    HIGH = 2


class TicketRaised(Event, type="ticket.raised"):
    ticket: str
    priority: Priority


@helpdesk.publisher
async def publish_ticket_raised() -> TicketRaised: ...
