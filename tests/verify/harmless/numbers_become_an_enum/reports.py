"""The subscriber, which stays as it is."""

from eventkit import Event, Service

reports = Service("reports")


class TicketRaised(Event, type="ticket.raised"):
    priority: int


@reports.handler
async def handle_ticket_raised(event: TicketRaised) -> None: ...
