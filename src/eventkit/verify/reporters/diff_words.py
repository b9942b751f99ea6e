"""What the text and the Markdown of a diff say alike."""

from __future__ import annotations

from eventkit.verify.diff import Diff, EventChange, MessageChange
from eventkit.verify.finding import BrokenPair, Pair, title


def event_words(change: EventChange) -> str:
    """Return what happened to an event, after its name: `a new version, published by order_service`."""
    verb = "published" if change.role == "publishes" else "handled"
    how = ("a new version, " if change.new_version else "now ") if change.added else "no longer "
    return f"{how}{verb} by {' and '.join(change.services)}"


def message_words(change: MessageChange) -> str:
    """Return whose event changed: `order.created, as order_service publishes it`."""
    return f"{title(change.event)}, as {change.service} {change.role} it"


def pair_words(pair: Pair | BrokenPair) -> str:
    """Return which pair is meant."""
    return f"{title(pair.event)} from {pair.publisher} to {pair.subscriber}"


def path_words(path: str) -> str:
    """Return how a field is called: `items/*/price`."""
    return path.removeprefix("/") or "the event"


def sum_words(diff: Diff) -> str:
    """Return what it comes to, in one line."""
    if not diff:
        return "no contract changed"
    effects = [field.effect for change in diff.messages for field in change.changes]
    broken = _number(len(diff.broken), "breakage", "breakages") if diff.broken else "breaks nobody"
    counted = (
        (len(diff.services_added), "service", "services", " added"),
        (len(diff.services_removed), "service", "services", " removed"),
        (len({change.event for change in diff.events}), "event", "events", " that came or went"),
        (len(effects), "change", "changes", f" of fields, {effects.count('breaking')} breaking"),
    )
    said = [f"{_number(count, one, several)}{what}" for count, one, several, what in counted if count]
    silenced = f", {len(diff.silenced)} silenced" if diff.silenced else ""
    return "; ".join([*said, f"{broken}{silenced}"])


def _number(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"
