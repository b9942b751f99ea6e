"""Every error that eventkit raises on purpose.

    EventkitError
    ├── DefinitionError       an event, publisher, handler or upcaster is declared wrongly
    ├── ConfigurationError    a URL, a setting or the way things are put together is wrong
    │   └── MissingExtraError     an optional part is used that is not installed
    ├── EnvelopeError         bytes or attributes that are no CloudEvents 1.0 event
    ├── PublishError          an event could not be published; it was not stored
    │   └── RefusedError          the bus does not take this event, however often it is tried
    ├── BusError              the bus cannot be reached, opened or written
    └── ClientError           a call to another service failed (see `eventkit.clients`)

A message says what is wrong, where, and how to mend it. No message holds a password.
"""

from __future__ import annotations


class EventkitError(Exception):
    """The base of all errors that eventkit raises on purpose.

    Args:
        what: What is wrong, in a sentence without a full stop.
        where: The place: a function, a file and line, a URL without its password.
        mend: What to do about it.
    """

    def __init__(self, what: str, *, where: str | None = None, mend: str | None = None) -> None:
        super().__init__(what, where, mend)
        self.what = what
        self.where = where
        self.mend = mend

    def __str__(self) -> str:
        place = f" ({self.where})" if self.where else ""
        cure = f"; {self.mend}" if self.mend else ""
        return f"{self.what}{place}{cure}"

    def __reduce__(self) -> tuple[object, ...]:
        # Exceptions cross process borders in tests and tools; keyword arguments would be lost by default.
        return _rebuild, (type(self), self.what, self.where, self.mend), self.__dict__


def _rebuild(kind: type[EventkitError], what: str, where: str | None, mend: str | None) -> EventkitError:
    return kind(what, where=where, mend=mend)


class DefinitionError(EventkitError):
    """An event, publisher, handler or upcaster is declared wrongly. Raised while the module is imported."""


class ConfigurationError(EventkitError):
    """A URL, a setting or the way things are put together is wrong. Raised at start."""


class MissingExtraError(ConfigurationError):
    """An optional part of eventkit is used whose dependencies are not installed.

    Args:
        feature: What was asked for, as `nats:// buses`.
        extra: The extra that brings it, as `nats`.
    """

    @classmethod
    def of(cls, feature: str, extra: str) -> MissingExtraError:
        """Return the error that names the extra to install."""
        return cls(f"{feature} need an extra", mend=f'run: pip install "eventkit-contracts[{extra}]"')


class EnvelopeError(EventkitError):
    """Bytes or attributes that are no CloudEvents 1.0 event, or one beyond the limits."""


class PublishError(EventkitError):
    """An event could not be published. It was not stored: the caller may try again."""


class RefusedError(PublishError):
    """The bus does not take this event, however often it is tried: it is too large, or has a type without a name there.

    A bus raises it only for what the event itself is, and never because of other events, rights or its own state: an
    outbox sets aside what is refused.
    """


class BusError(EventkitError):
    """The bus cannot be reached, opened, read or written; or the database of an outbox cannot be reached.

    What is missing there and may not be made is one, too, because somebody may make it meanwhile; what contradicts the
    settings is a ConfigurationError.
    """


class ClientError(EventkitError):
    """A call to another service failed."""
