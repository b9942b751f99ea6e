"""The publisher, before."""

from pydantic import Field

from eventkit import Event, Service

helpdesk = Service("helpdesk")


class TicketRaised(Event, type="ticket.raised"):
    title: str = Field(min_length=1)


@helpdesk.publisher
async def publish_ticket_raised() -> TicketRaised: ...
