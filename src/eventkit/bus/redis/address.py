"""Where a Redis server is, and how to talk to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from eventkit.contract.errors import ConfigurationError

DEFAULT_PORT: Final = 6379


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and as whom to connect.

    Args:
        host: A name or an address.
        port: TCP port.
        database: The number of the database.
        user: The ACL user; None for the default one.
        password: None where the server asks for none.
        tls: Whether the connection is encrypted.
    """

    host: str
    port: int
    database: int
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    tls: bool

    @classmethod
    def of(cls, url: str, shown: str) -> Address:
        """Read a URL.

        Args:
            url: `redis://user:password@host:port/0`, or `rediss://` for TLS; without a query.
            shown: The URL without the password, for errors.

        Raises:
            ConfigurationError: It names no database, or no port.
        """
        parts = urlsplit(url)
        number = parts.path.strip("/") or "0"
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise ConfigurationError(
                f"the database {number!r} is no number", where=shown, mend="write redis://host:6379/0"
            )
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or DEFAULT_PORT,
            database=int(number),
            user=unquote(parts.username) if parts.username else None,
            password=unquote(parts.password) if parts.password else None,
            tls=parts.scheme == "rediss",
        )
