"""EK209 and EK306: the field that orders events is not always there, or became another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eventkit.discovery.contract import Contract, Message
from eventkit.discovery.evolution import Evolution, Mode
from eventkit.schema import MISSING
from eventkit.verify.comparer import Comparer
from eventkit.verify.evolution import Change
from eventkit.verify.finding import Finding, title
from eventkit.verify.rules.evolution import KEY_CHANGED
from eventkit.verify.rules.topology import KEY_MISSING
from eventkit.verify.traffic import Side, Time, Traffic


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


def changed_keys(change: Change, evolution: Evolution, service: str | None = None) -> Iterator[Finding]:
    """Yield EK306 for each event whose key changed, where somebody relies on its order.

    That is whoever handles it, as deployed or with the change; where the event has a mode, its subscribers are not
    known and count as well.

    Args:
        change: What changes.
        evolution: The modes.
        service: The only service that changes; None where several may.
    """
    for name, publishers in change.after.published.items():
        is_read = change.before.handled_as(name) or change.after.handled_as(name)
        if not is_read and evolution.mode_of(name) is Mode.NONE:
            continue
        for new in publishers:
            old = _before(new, change.before)
            if (
                old
                and new.time is Time.NOW
                and service in (None, new.service)
                and loses_order(old.message, new.message)
            ):
                yield _key_changed(old, new)


def changes_key(old: Message, new: Message) -> bool:
    """Whether an event has another key than before; not where it only ceased, or began, to be known."""
    # A document from elsewhere need not say what its key is.
    is_known = old.closed == new.closed or None not in (old.key, new.key)
    return is_known and old.key != new.key


def loses_order(old: Message, new: Message) -> bool:
    """Whether events that were in order are so no more."""
    return old.key is not None and changes_key(old, new)


def _before(new: Side, past: Traffic) -> Side | None:
    """Return what was published as the same event: by the same service, or by another one where it did not."""
    same = [side for side in past.published.get(new.message.event.name, ()) if side.message.event == new.message.event]
    own = (side for side in same if side.service == new.service)
    return next(own, same[0] if same else None)


def _key_changed(old: Side, new: Side) -> Finding:
    event, was = title(new.message.event), old.message.key
    now = f"orders {event} by `{new.message.key}`" if new.message.key else f"does not order {event}"
    return Finding(
        code=KEY_CHANGED,
        message=f"{new.service} {now} with this change; as deployed, the order is by `{was}`",
        event=new.message.event,
        publisher=new.service,
        path="",
        spots=(*new.spots(now), *old.spots(f"orders {event} by `{was}`")),
        help=f"keep `{was}` as the key of {new.message.model}, or publish a new event with the new order beside it",
    )


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
