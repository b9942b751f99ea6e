"""The publisher, before."""

from eventkit import Event, Service

helpdesk = Service("helpdesk")


class TicketRaised(Event, type="ticket.raised"):
    priority: int


@helpdesk.publisher
async def publish_ticket_raised() -> TicketRaised: ...
