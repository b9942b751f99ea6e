"""`record`: see what a service publishes, without a bus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from eventkit.contract.context import publish_to
from eventkit.contract.envelope import Envelope
from eventkit.contract.event import Event

E = TypeVar("E", bound=Event)


@dataclass(slots=True, eq=False)
class Recorded:
    """What was published, in order.

    Args:
        envelopes: The events with their attributes, as a bus would have got them.
    """

    envelopes: list[Envelope] = field(default_factory=list)

    async def publish(self, envelope: Envelope) -> None:
        """Keep one event: a recorder is a sink."""
        self.envelopes.append(envelope)

    def events(self, model: type[E]) -> list[E]:
        """Return the events of the model's type and version, as a subscriber with this model would read them.

        Args:
            model: The publisher's model, or any reader model of the same event.

        Raises:
            pydantic.ValidationError: An event does not fit the model.
        """
        wanted = model.event_type()
        return [model.model_validate_json(each.data) for each in self.envelopes if each.event_type == wanted]


@contextmanager
def record() -> Iterator[Recorded]:
    """Record what is published in the block instead of sending it anywhere.

        with record() as recorded:
            await order_service.create_order(...)
        assert [event.total_amount for event in recorded.events(OrderCreatedEvent)] == [Decimal("9.99")]

    Code that the block starts in new tasks is recorded, too. What is published inside `outbox(session)` is not: it goes
    into the database, and from there `OutboxRelay(engine, Recorded()).running()` takes it.
    """
    recorded = Recorded()
    with publish_to(recorded):
        yield recorded
