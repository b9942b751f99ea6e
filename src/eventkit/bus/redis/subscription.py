"""One instance's share of a group's events."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from redis import exceptions

from eventkit.bus.last_call import LastCall
from eventkit.bus.redis.ear import Ear
from eventkit.bus.redis.entries import from_fields
from eventkit.bus.redis.errors import GroupLostError, explained
from eventkit.bus.redis.failures import failures_from, failures_to
from eventkit.bus.redis.keys import Keys
from eventkit.bus.redis.link import Argument, Link
from eventkit.bus.redis.scripts import APPEAR, EXTEND, JOIN, REPAIR, SETTLE, TAKE
from eventkit.bus.redis.server import Server
from eventkit.bus.redis.topology import Topology
from eventkit.contract.errors import BusError
from eventkit.delivery.subscription import Again, Dead, Delivery, Done, Outcome, Released

MOST: Final = 500
"""How many deliveries one call of a script takes or settles: others wait for a millisecond or two meanwhile."""
PRESENCE: Final = 120.0
"""Seconds for which an instance counts as living after it was last heard of, if its lease is not longer."""

logger = logging.getLogger("eventkit.bus.redis")


class Token(NamedTuple):
    """What a delivery is found by.

    Args:
        domain: Whose stream it is in.
        word: Its lease and its entry: it is still the taker's while the server has it under this lease.
    """

    domain: str
    word: bytes


@dataclass(frozen=True, slots=True)
class _Call:
    """What the server was asked to hand out.

    Args:
        domain: Of which domain.
        lease: Under which lease.
        arguments: Those of the script.
        begun: The answer, where the server could be asked at once.
        woken: The end of the wait behind which it was asked, if any.
    """

    domain: str
    lease: bytes
    arguments: Sequence[Argument]
    begun: asyncio.Future[Any] | None
    woken: asyncio.Future[Any] | None


@dataclass(slots=True)
class _Found:
    """What one look at the stream of a domain found.

    Args:
        deliveries: In order.
        more: There may be more.
        due_in: Seconds until something is due that is not yet; infinite where nothing is.
    """

    deliveries: list[Delivery]
    more: bool
    due_in: float = math.inf


class RedisSubscription:
    """One instance of a group.

    Args:
        server: The server.
        keys: The names of the bus's keys.
        topology: Sees whether the group is there.
        group: The group.
        types: The event types that it handles.
        lease: Seconds for which a delivery is its own.
    """

    def __init__(
        self, server: Server, keys: Keys, topology: Topology, group: str, types: Collection[str], lease: float
    ) -> None:
        self.lease = lease
        self._server = server
        self._keys = keys
        self._topology = topology
        self._group = group
        self._instance = f"{random.getrandbits(64):016x}"
        self._types: dict[str, list[str]] = {}
        for type_ in sorted(set(types)):
            self._types.setdefault(keys.domain_of(type_), []).append(type_)
        self._turn = list(self._types)
        self._ear = Ear(server, f"{self._keys_of(self._turn[0])[1]}:bell" if self._turn else None)
        self._seen: dict[str, str] = {}
        self._unheard: dict[str, bytes] = {}  # leases of what the server may have handed out, and nobody has got
        self._clock = asyncio.get_running_loop().time
        self._presence = max(PRESENCE, lease)
        self._appear_again = 0.0
        self._idle_until = 0.0  # when there is something to take, if nobody brings anything before
        self._returning: set[asyncio.Task[None]] = set()
        self._signing_off: asyncio.Task[None] | None = None
        self._last_call = LastCall()

    @property
    def closed(self) -> bool:
        """Whether it receives no more."""
        return self._ear.closed.is_set()

    @property
    def signed_off(self) -> bool:
        """Whether others know that it receives no more, or cannot be told."""
        return self._signing_off is not None and self._signing_off.done()

    async def join(self) -> None:
        """Register the group for the types, where it is not yet."""
        for domain in self._types:
            await self._topology.require_group(domain, self._group)
        # Before: the past of types that are new to the group must not go to instances that do not handle them.
        await self._be_present()
        for domain in self._types:
            await self._join(domain)

    async def receive(self, limit: int) -> Sequence[Delivery]:
        """Wait until there is at least one delivery, and return up to `limit` of them, in order.

        Cancelling the wait loses nothing. Raises BusError where the server cannot be used; the first call after that
        which can use it waits for nothing.
        """
        with self._last_call:
            return await self._receive(limit)

    async def _receive(self, limit: int) -> Sequence[Delivery]:
        while not self.closed:
            if not self._types:
                await self._ear.closed.wait()
                break
            await self._be_present()
            seconds, self._idle_until = self._idle_until - self._clock(), 0.0
            ear = await self._ear.connected() if seconds > 0 else None
            if self._ear.closed.is_set():  # meanwhile
                break
            found = await self._look(limit, ear, seconds)
            if not found.more:
                self._idle_until = self._clock() + found.due_in
            if found.deliveries or (self._last_call.failed and not found.more):
                return found.deliveries
        return ()

    async def settle(self, outcomes: Sequence[Outcome]) -> None:
        """Settle deliveries; when it returns, the server has the outcomes."""
        by_domain: dict[str, list[Outcome]] = {}
        for outcome in outcomes:
            by_domain.setdefault(token_of(outcome.delivery).domain, []).append(outcome)
        for domain, some in by_domain.items():
            for first in range(0, len(some), MOST):
                await self._settle(domain, some[first : first + MOST])

    async def extend(self, deliveries: Sequence[Delivery]) -> None:
        """Renew the leases of deliveries."""
        await self._be_present()
        by_domain: dict[str, list[bytes]] = {}
        for delivery in deliveries:
            token = token_of(delivery)
            by_domain.setdefault(token.domain, []).append(token.word)
        length = milliseconds(self.lease)
        for domain, words in by_domain.items():
            for first in range(0, len(words), MOST):
                arguments: list[Argument] = [self._group, length, *words[first : first + MOST]]
                await self._server.run(EXTEND, self._keys_of(domain), arguments)

    async def close(self) -> None:
        """Stop receiving: a waiting `receive` returns an empty sequence. Settling stays possible.

        It goes on to its end where the caller is cancelled, as a worker does when its grace period ends: to an instance
        that stopped half way, the others would leave events for as long as it counts as living.
        """
        if self._signing_off is None:
            self._ear.closed.set()
            self._signing_off = asyncio.create_task(self._sign_off())
        await asyncio.shield(self._signing_off)

    # -- taking

    async def _look(self, limit: int, ear: Link | None, seconds: float) -> _Found:
        """Take from the streams of all domains, each time beginning with another one.

        Args:
            limit: How many deliveries at the most.
            ear: Where to wait first for something to come; None for not waiting.
            seconds: For how long.
        """
        domains = self._turn
        self._turn = [*domains[1:], *domains[:1]]
        # Before the event loop does anything else: the handlers of the deliveries before are next, and work meanwhile.
        calls = self._call(domains[:limit], limit, ear, seconds)
        looking = asyncio.create_task(self._look_around(calls, domains[limit:], limit))
        try:
            return await asyncio.shield(looking)
        except asyncio.CancelledError:
            # The server may have handed out something by now, to nobody: it goes back rather than wait for its lease.
            task = asyncio.create_task(self._return(looking))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)
            raise

    def _call(self, domains: Sequence[str], limit: int, ear: Link | None = None, seconds: float = 0.0) -> list[_Call]:
        calls = []
        woken = None if ear is None else self._ear.listen(ear, self._seen, seconds)
        for domain in domains:
            lease = self._unheard.pop(domain, None) or f"{random.getrandbits(64):016x}".encode()
            share = min(limit // len(domains), MOST)
            arguments: list[Argument] = [self._group, lease, milliseconds(self.lease), share, *self._types[domain]]
            begun = self._server.begin(TAKE, self._keys_of(domain), arguments, ear)
            calls.append(_Call(domain, lease, arguments, begun, woken))
        return calls

    async def _return(self, looking: asyncio.Future[_Found]) -> None:
        with contextlib.suppress(BusError):
            await self._ear.wake()
            found = await looking
            await self.settle([Released(each) for each in found.deliveries])

    async def _look_around(self, calls: Sequence[_Call], rest: Sequence[str], limit: int) -> _Found:
        due_in = math.inf
        more = False
        while calls:
            finds = await self._take_all(calls)
            found = [each for each in finds if not isinstance(each, BaseException)]
            deliveries = [delivery for each in found for delivery in each.deliveries]
            more = more or any(each.more for each in found)
            due_in = min([due_in, *(each.due_in for each in found)])
            if deliveries:
                # An error of another domain comes again.
                return _Found(deliveries, more or bool(rest) or len(found) < len(finds), due_in)
            for each in finds:
                if isinstance(each, BaseException):
                    raise each
            calls, rest = self._call(rest[:limit], limit), rest[limit:]
        return _Found([], more, due_in)

    async def _take_all(self, calls: Sequence[_Call]) -> Sequence[_Found | BaseException]:
        if len(calls) > 1:
            return await asyncio.gather(*map(self._take, calls), return_exceptions=True)
        return [await self._take(calls[0])]  # without the tasks that `gather` makes

    async def _take(self, call: _Call) -> _Found:
        domain, lease = call.domain, call.lease
        try:
            answer = await self._server.run(TAKE, self._keys_of(domain), call.arguments, begun=call.begun)
            if call.woken is not None:
                call.woken.result()
        except GroupLostError:
            await self._topology.require_group(domain, self._group)
            logger.error(
                "%s has lost its place in the events of %s: the server has lost data, or they were removed;"
                " it begins with the oldest that are left (%s)",
                self._group,
                domain,
                self._server.where,
            )
            await self._join(domain)
            return _Found([], more=True)
        except BusError:
            self._unheard[domain] = lease
            raise
        except exceptions.RedisError as error:
            self._unheard[domain] = lease
            raise explained(error, self._server.where) from error
        taken, more, due_in, entry, bell, lost = answer
        self._note_lost(domain, lost)
        if not more:
            stream, base = self._keys_of(domain)
            self._seen[stream], self._seen[f"{base}:bell"] = entry.decode(), bell.decode()
        deliveries = [delivery_of(domain, lease, *each) for each in taken]
        return _Found(deliveries, bool(more), math.inf if due_in < 0 else due_in / 1000)

    # -- settling

    async def _settle(self, domain: str, outcomes: Sequence[Outcome]) -> None:
        words: list[Argument] = [self._group]
        for outcome in outcomes:
            delivery = outcome.delivery
            word = token_of(delivery).word
            match outcome:
                case Done():
                    words.append(b"d" + word)
                case Released():
                    words.append(b"r" + word)
                case Again():
                    failures = failures_to((*delivery.failures, outcome.failure))
                    words += (b"a" + word, milliseconds(outcome.after), failures)
                case Dead():
                    failures = failures_to((*delivery.failures, outcome.failure))
                    words += (b"x" + word, outcome.reason, failures)
        keys = self._keys_of(domain)
        self._note_lost(
            domain, await self._server.run(SETTLE, keys, words, begun=self._server.begin(SETTLE, keys, words))
        )

    # -- being there

    async def _join(self, domain: str) -> None:
        await self._server.ask("SADD", self._keys.domains, domain)
        await self._server.ask("SADD", self._keys.groups(domain), self._group)
        more = True
        while more:
            more, _ = await self._server.run(JOIN, self._keys_of(domain), (self._group, *self._types[domain]))

    async def _sign_off(self) -> None:
        await self._ear.close()
        if self._returning:
            await asyncio.wait(self._returning)
        await self._appear(0)

    async def _be_present(self) -> None:
        if not self.closed and self._clock() >= self._appear_again:
            await self._appear(self._presence)
            self._appear_again = self._clock() + self._presence / 2

    async def _appear(self, seconds: float) -> None:
        for domain, types in self._types.items():
            arguments: list[Argument] = [self._group, self._instance, milliseconds(seconds), *types]
            if await self._server.run(APPEAR, self._keys_of(domain), arguments):
                await self._repair(domain)

    async def _repair(self, domain: str) -> None:
        logger.error(
            "what %s remembers of the events of %s is incomplete, because keys were removed or evicted: it is made anew"
            " (%s)",
            self._group,
            domain,
            self._server.where,
        )
        cursor = b""
        while cursor != b"0-0":
            cursor = await self._server.run(REPAIR, self._keys_of(domain), (self._group, cursor))

    def _note_lost(self, domain: str, count: int) -> None:
        if count:
            logger.error(
                "%d events of %s were removed from %s before %s had handled them (%s)",
                count,
                domain,
                self._keys.stream(domain),
                self._group,
                self._server.where,
            )

    def _keys_of(self, domain: str) -> tuple[str, str]:
        return self._keys.stream(domain), self._keys.group(domain, self._group)


def delivery_of(domain: str, lease: bytes, entry: bytes, fields: Sequence[bytes], record: bytes = b"") -> Delivery:
    """Return what was taken as the worker gets it.

    Args:
        domain: Whose stream it is in.
        lease: Under which lease.
        entry: The id of the entry.
        fields: Names and values in turn.
        record: What is remembered of it; empty where it was not out before.
    """
    delivery = Delivery(Token(domain, lease + entry), from_fields(fields))
    if record:
        crashes, _, text = record.split(b" ", 2)
        delivery.failures = failures_from(text)
        delivery.attempt = 1 + int(crashes) + len(delivery.failures)
    return delivery


def token_of(delivery: Delivery) -> Token:
    """Return what the server knows a delivery by."""
    token = delivery.token
    assert isinstance(token, Token)  # noqa: S101 - a delivery of another bus is a mistake in the caller's code
    return token


def milliseconds(seconds: float) -> int:
    """Return a span of time as the scripts take it."""
    return round(seconds * 1000)
