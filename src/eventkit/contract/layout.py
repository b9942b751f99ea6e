"""`Layout`: the short way from a message to its event.

Almost all messages have the same headers as the one before, and nothing in them that needs a closer look. So what the
names of the headers mean is worked out once, and their values are checked all together. What is not taken here is read
the long way (`codec.from_headers`), which also says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC
from operator import itemgetter
from typing import Any, Final

from eventkit.contract import strict_json
from eventkit.contract.attributes import (
    JSON_CONTENT_TYPE,
    MAX_EXTENSIONS,
    MAX_LENGTH,
    TEXT_ATTRIBUTES,
    check_time,
    is_extension,
    read_time,
)
from eventkit.contract.envelope import Envelope, unchecked
from eventkit.contract.errors import EnvelopeError
from eventkit.contract.strict_json import DEFAULT_LIMITS, Limits, StrictJSONError

SPEC_VERSION: Final = "1.0"

_REQUIRED: Final = {"specversion", "id", "source", "type"}
_KNOWN: Final = (*TEXT_ATTRIBUTES, "time", "specversion")


class Layout:
    """Which of a message's headers is which attribute. Made by `of`.

    Args:
        attributes: Of each header the attribute that it is; None where it is none.
        encoded: Values are percent-encoded where they need it.
    """

    __slots__ = ("_encoded", "_extensions", "_given", "_known")

    def __init__(self, attributes: Sequence[str | None], encoded: bool) -> None:
        # The values of the attributes, then None, from which those are filled that are not there.
        places = {name: place for place, name in enumerate(attributes) if name is not None}
        given = list(places)
        self._encoded = encoded
        self._given: itemgetter[Any] = itemgetter(*places.values())
        self._known: itemgetter[Any] = itemgetter(*(given.index(n) if n in places else len(given) for n in _KNOWN))
        self._extensions = [(name, place) for place, name in enumerate(given) if name not in _KNOWN]

    @classmethod
    def of(cls, attributes: Sequence[str | None], *, encoded: bool) -> Layout | None:
        """Return a layout; None where these are not the attributes of an event, each once."""
        given = [each for each in attributes if each is not None]
        extensions: Collection[str] = set(given).difference(_KNOWN)
        right = (
            len(set(given)) == len(given)
            and set(given) >= _REQUIRED
            and len(extensions) <= MAX_EXTENSIONS
            and all(map(is_extension, extensions))
        )
        return cls(attributes, encoded) if right else None

    def read(self, values: Sequence[object], data: bytes, limits: Limits = DEFAULT_LIMITS) -> Envelope | None:
        """Return the event of a message; None where it needs a closer look.

        Args:
            values: Of the headers, as many as those.
            data: The message's body.
            limits: The largest data accepted.
        """
        given = self._given(values)
        try:
            text = "".join(given)
            if (
                len(text) > MAX_LENGTH
                or not text.isprintable()
                or "" in given
                or (self._encoded and ("%" in text or '"' in text or " " in text))
            ):
                return None
            (
                id_, source, type_, subject, dataschema, key, correlation, causation, traceparent, content_type, time,
                version,
            ) = self._known((*given, None))  # fmt: skip
            if version != SPEC_VERSION or content_type != JSON_CONTENT_TYPE:
                return None
            time = read_time(time)
            if time is not None and time.tzinfo is not UTC:
                check_time(time)
            strict_json.check(data, limits)
        except (TypeError, EnvelopeError, StrictJSONError):
            return None
        return unchecked(
            id_, source, type_, data, time, subject, dataschema, key, correlation, causation, traceparent,
            content_type, {name: given[place] for name, place in self._extensions} if self._extensions else {},
        )  # fmt: skip
