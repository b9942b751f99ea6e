"""The subscriber, which stays as it is."""

from pydantic import Field

from eventkit import Event, Service

reports = Service("reports")


class TicketRaised(Event, type="ticket.raised"):
    title: str = Field(min_length=1, max_length=200)


@reports.handler
async def handle_ticket_raised(event: TicketRaised) -> None: ...
