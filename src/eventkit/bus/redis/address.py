"""Where a Redis server is, and how to talk to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote, urlsplit

from eventkit.contract.errors import ConfigurationError

PORT: Final = 6379
SENTINEL_PORT: Final = 26379

Place = tuple[str, int]
"""Host and port."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server is, and as whom to connect.

    Args:
        places: Where it is, one place; or all the Sentinels that know it.
        primary: What the Sentinels call it; None where none is asked.
        database: The number of the database.
        user: The ACL user; None for the default one.
        password: None where the server asks for none.
        tls: Whether connections are encrypted.
    """

    places: tuple[Place, ...]
    primary: str | None
    database: int
    user: str | None = field(repr=False)
    password: str | None = field(repr=False)
    tls: bool

    @classmethod
    def of(cls, url: str, shown: str) -> Address:
        """Read a URL.

        Args:
            url: `redis://user:password@host:port/0`, or `redis+sentinel://user:password@host:port,host:port/primary/0`
                with the places of Sentinels; `rediss` for TLS; without a query.
            shown: The URL without the password, for errors.

        Raises:
            ConfigurationError: It names no database, no primary, or several places that are no Sentinels.
        """
        parts = urlsplit(url)
        scheme, _, sentinel = parts.scheme.partition("+")
        login, _, hosts = parts.netloc.rpartition("@")
        user, _, password = login.partition(":")
        path = parts.path.strip("/").split("/")
        primary = path.pop(0) if sentinel else None
        if primary == "":
            raise ConfigurationError(
                "the URL does not say what the Sentinels call the primary",
                where=shown,
                mend="write redis+sentinel://host:26379,other:26379/mymaster",
            )
        if not sentinel and "," in hosts:
            raise ConfigurationError(
                "several hosts are given, and a server has one",
                where=shown,
                mend="write redis+sentinel://host:26379,other:26379/mymaster if they are Sentinels",
            )
        number = "/".join(path) or "0"
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise ConfigurationError(
                f"the database {number!r} is no number",
                where=shown,
                mend="write redis+sentinel://host:26379/mymaster/0" if sentinel else "write redis://host:6379/0",
            )
        return cls(
            places=tuple(_place(host, SENTINEL_PORT if sentinel else PORT) for host in hosts.split(",")),
            primary=primary,
            database=int(number),
            user=unquote(user) or None,
            password=unquote(password) or None,
            tls=scheme == "rediss",
        )


def _place(host: str, port: int) -> Place:
    parts = urlsplit(f"//{host}")
    return parts.hostname or "localhost", parts.port or port
