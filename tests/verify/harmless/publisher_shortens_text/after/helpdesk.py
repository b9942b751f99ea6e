"""The publisher, after: titles are shorter."""

from pydantic import Field

from eventkit import Event, Service

helpdesk = Service("helpdesk")


class TicketRaised(Event, type="ticket.raised"):
    title: str = Field(min_length=3, max_length=80)


@helpdesk.publisher
async def publish_ticket_raised() -> TicketRaised: ...
