"""Asking Sentinels which server is the primary: it is another one after a failover.

They are asked whenever a connection is opened, and a connection ends when its server ends, is cut off, or becomes a
replica. So nobody has to listen to them meanwhile.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from redis import exceptions
from redis.asyncio.connection import Connection

from eventkit.bus.redis.address import Address, Place
from eventkit.bus.redis.errors import answer_of

WITHIN: Final = 1.0
"""Seconds that one Sentinel gets for its answer."""


async def primary_of(address: Address, connection: Callable[..., Connection]) -> Place:
    """Return where the primary is: what the first Sentinel says that knows it.

    Args:
        address: The Sentinels, and what they call the primary.
        connection: Makes a connection of a place, a user and a password.

    Raises:
        redis.RedisError: None of them knows.
    """
    said = []
    for host, port in address.places:
        try:
            async with asyncio.timeout(WITHIN):
                found = await _ask(address, connection, (host, port))
        except TimeoutError:
            said.append(f"{host}:{port}: no answer within {WITHIN:g} s")
        except (exceptions.RedisError, OSError) as error:
            said.append(f"{host}:{port}: {answer_of(error)}")
        else:
            if found is not None:
                return found[0].decode(), int(found[1])
            said.append(f"{host}:{port} knows none of that name")
    raise exceptions.ConnectionError(f"no Sentinel tells where {address.primary} is ({'; '.join(said)})")


async def _ask(address: Address, connection: Callable[..., Connection], place: Place) -> Any:
    try:
        return await _ask_as(connection(place, None, None), address)
    except exceptions.AuthenticationError:
        # Most ask for no password, and those say that one was sent for nothing.
        return await _ask_as(connection(place, address.user, address.password), address)


async def _ask_as(connection: Connection, address: Address) -> Any:
    try:
        await connection.connect()  # type: ignore[no-untyped-call]
        await connection.send_command("SENTINEL", "GET-MASTER-ADDR-BY-NAME", address.primary)
        return await connection.read_response()
    finally:
        await connection.disconnect(nowait=True)
