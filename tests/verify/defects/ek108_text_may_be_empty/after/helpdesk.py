"""The publisher, after: tickets may come without a title."""

from eventkit import Event, Service

helpdesk = Service("helpdesk")


class TicketRaised(Event, type="ticket.raised"):
    title: str  # EK108


@helpdesk.publisher
async def publish_ticket_raised() -> TicketRaised: ...
