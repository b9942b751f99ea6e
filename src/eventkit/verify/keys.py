"""EK209: the field that orders events is not always there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eventkit.discovery.contract import Contract
from eventkit.schema import MISSING
from eventkit.verify.comparer import Comparer
from eventkit.verify.finding import Finding, title
from eventkit.verify.rules.topology import KEY_MISSING
from eventkit.verify.traffic import Side, Traffic


def missing_keys(services: Sequence[Contract], traffic: Traffic, comparer: Comparer) -> Iterator[Finding]:
    """Yield EK209 for each event whose key can be missing or null, and for each reader model with a key of its own.

    Args:
        services: The services that are checked.
        traffic: Who publishes what.
        comparer: What compares.
    """
    for contract in services:
        for message in contract.publishes:
            yield from _not_always_sent(Side(contract.service, message), comparer)
        for message in contract.handles:
            if message.key is not None:
                reader = Side(contract.service, message)
                for publisher in traffic.published_as(message.event.name):
                    yield from _not_the_publishers(reader, publisher)


def _not_always_sent(side: Side, comparer: Comparer) -> Iterator[Finding]:
    key, event = side.message.key, side.message.event
    if key is None:
        return
    present = {"type": "object", "required": [key], "properties": {key: {"not": {"type": "null"}}}}
    compared = comparer.compare_with(side.message, present)
    if compared.verdict == "compatible":
        return
    why = compared.reason or "it can be missing or null"
    example = compared.counterexample
    if isinstance(example, dict):
        why = "it can be null" if key in example else "it is not always sent"
    yield Finding(
        code=KEY_MISSING,
        message=f"the key of {title(event)}, `{key}`, does not order all events that {side.service} publishes: {why}",
        event=event,
        publisher=side.service,
        path=f"/{key.replace('~', '~0').replace('/', '~1')}",
        spots=side.spots(f"`{key}` is the key", f"/{key}"),
        counterexample=example if example is not MISSING else MISSING,
        help=f"always send `{key}`, and no null, or use another field as the key",
    )


def _not_the_publishers(reader: Side, publisher: Side) -> Iterator[Finding]:
    same = reader.message.event.version == publisher.message.event.version
    # A document from elsewhere need not say what its key is.
    known = publisher.message.key is not None or publisher.message.closed
    if not same or not known or reader.message.key == publisher.message.key:
        return
    event, key, used = reader.message.event, reader.message.key, publisher.message.key
    orders = f"orders by `{used}`" if used else "does not order"
    yield Finding(
        code=KEY_MISSING,
        message=f"{reader.service} names `{key}` as the key of {title(event)}, which {publisher.service} {orders}",
        event=event,
        publisher=publisher.service,
        subscriber=reader.service,
        spots=(*reader.spots(f"names `{key}`"), *publisher.spots(orders)),
        help=f"leave the key out of {reader.message.model}, or let {publisher.service} use `{key}`",
    )
