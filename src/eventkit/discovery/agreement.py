"""Whether a document says the same about a service as its code."""

from __future__ import annotations

from collections.abc import Iterable

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract, Message
from eventkit.schema import compare


def difference(document: Contract, code: Contract) -> str | None:
    """Return the first thing that a document says differently from the code, in words; None where they agree.

    Names of models, descriptions and the order of things do not count; what is sent and what is accepted does.
    """
    roles = (("publishes", document.publishes, code.publishes), ("handles", document.handles, code.handles))
    for verb, documented, coded in roles:
        ours, theirs = _by_event(coded), _by_event(documented)
        for event in sorted(ours.keys() | theirs.keys()):
            if event not in theirs:
                return f"the code {verb} {event}, and the document does not say so"
            if event not in ours:
                return f"the document {verb} {event}, and the code does not"
            different = _schema_difference(theirs[event], ours[event])
            if different:
                return f"{event}, which it {verb}, {different}"
    return None


def _by_event(messages: Iterable[Message]) -> dict[EventType, Message]:
    return {message.event: message for message in messages}


def _schema_difference(document: Message, code: Message) -> str | None:
    if document.key != code.key:
        return f"has the key {document.key} in the document and {code.key} in the code"
    if document.unread:
        return f"could not be compared: {document.unread}"
    if document.schema == code.schema and document.closed == code.closed:
        return None
    for narrower, wider in ((code, document), (document, code)):
        comparison = compare(narrower.schema, wider.schema, closed_publisher=narrower.closed)
        if comparison.verdict == "unknown":
            return f"could not be compared: {comparison.reason}"
        if comparison.verdict == "incompatible":
            path = comparison.problems[0].path if comparison.problems else ""
            return f"has another schema{path and ' at '}{path}"
    return None if document.closed == code.closed else "differs in whether other fields may be sent"
