"""The publisher, after: priorities have names in the code."""

from enum import IntEnum

from eventkit import Event, Service

helpdesk = Service("helpdesk")


class Priority(IntEnum):
    LOW = 1
    HIGH = 2


class TicketRaised(Event, type="ticket.raised"):
    priority: Priority


@helpdesk.publisher
async def publish_ticket_raised() -> TicketRaised: ...
