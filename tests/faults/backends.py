"""The buses that can be put on the stage."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Final

import nats
from redis.asyncio import Redis as RedisClient

from tests.faults.stage import Backend, Stage
from tests.servers.kafka_broker import Broker
from tests.servers.nats import Nats, NatsCluster
from tests.servers.rabbitmq import RabbitMQ
from tests.servers.redis import Redis
from tests.servers.server import Server

STREAM: Final = "fault-stream"
ROOM: Final = 50_000  # bytes that are left when a limit is set
DISK: Final = 8_000_000  # bytes of a disk that is filled
CLONE_NEWNS: Final = 0x20000  # of <linux/sched.h>; Python has it from 3.12 on


class NatsOfThree(NatsCluster):
    """A cluster of which one server after the other is killed; it is at all times to be used like one server."""

    kind = Nats.kind
    install = Nats.install
    program = Nats.program

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._killed = 0

    @property
    def port(self) -> int:
        return self.servers[0].port

    def kill(self) -> None:
        self.servers[self._killed % 3].kill()

    def start(self) -> None:
        self.servers[self._killed % 3].start()
        self._killed += 1


@contextmanager
def full_stream(stage: Stage) -> Iterator[None]:
    """An operator gives the stream a limit, and takes it away again."""

    async def limit(room: int | None) -> None:
        client = await nats.connect(_server(stage).url.removeprefix("nats://").split(","))
        try:
            jetstream = client.jetstream()
            found = await jetstream.stream_info(STREAM)
            await jetstream.update_stream(
                found.config, max_bytes=-1 if room is None else found.state.bytes + room, discard="new"
            )
        finally:
            await client.close()

    with _limited(limit):
        yield


@contextmanager
def full_memory(stage: Stage) -> Iterator[None]:
    """Redis may take no more memory."""

    async def limit(room: int | None) -> None:
        async with RedisClient.from_url(_server(stage).url) as client:
            used = (await client.info("memory"))["used_memory"]
            await client.config_set("maxmemory", 0 if room is None else used + room)

    with _limited(limit):
        yield


@contextmanager
def memory_alarm(stage: Stage) -> Iterator[None]:
    """RabbitMQ finds that it has used up its memory: it reads nothing more from whoever publishes."""
    server = stage.server
    assert isinstance(server, RabbitMQ)
    control = shutil.which("rabbitmqctl", path="/usr/lib/rabbitmq/bin") or "rabbitmqctl"

    async def limit(room: int | None) -> None:
        command = [control, "--node", "test@localhost", "set_vm_memory_high_watermark"]
        await asyncio.to_thread(
            subprocess.run,
            [*command, "0.4" if room is None else "0.00001"],
            env={**os.environ, **server._environment()},
            check=True,
            capture_output=True,
        )

    with _limited(limit):
        yield


@cache
def _mount_for_ourselves() -> None:
    """Have this process mount what it and those that it starts see, and no other: it is gone when they are.

    Raises:
        OSError: It may not.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS):
        raise OSError(ctypes.get_errno(), "no mounts of our own")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True, capture_output=True)


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """A disk of a few megabytes in a folder: only root of a Linux machine may make one."""
    _mount_for_ourselves()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "eventkit", folder], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@cache
def disks_can_be_made() -> bool:
    """Tell whether this process may make small disks."""
    with (
        tempfile.TemporaryDirectory() as folder,
        suppress(OSError, subprocess.CalledProcessError, AttributeError),  # other systems have no `unshare`
        small_disk(Path(folder)),
    ):
        return True
    return False


@contextmanager
def full_disk(stage: Stage) -> Iterator[None]:
    """Something else takes all that is left on the disk, and is deleted again."""
    ballast = stage.disk / "ballast"
    with ballast.open("wb") as file, suppress(OSError):
        while True:
            os.write(file.fileno(), bytes(4096))
    try:
        yield
    finally:
        ballast.unlink()


def _server(stage: Stage) -> Server:
    assert stage.server is not None
    return stage.server


@contextmanager
def _limited(limit: Callable[[int | None], Awaitable[None]]) -> Iterator[None]:
    asyncio.run(limit(ROOM))  # type: ignore[arg-type]
    try:
        yield
    finally:
        asyncio.run(limit(None))  # type: ignore[arg-type]


def _same(url: str, folder: Path) -> str:
    return url


BACKENDS: Final = (
    Backend(
        "sqlite",
        None,
        lambda url, folder: f"sqlite:///{folder}/bus.db",
        full=full_disk,
        can_be_filled=disks_can_be_made,
        handles_when_full=False,  # to hand out an event is to write
        disk=small_disk,
    ),
    Backend("nats", Nats, _same, full=full_stream),
    Backend("nats of three", NatsOfThree, lambda url, folder: f"{url}?replicas=3", network=False, full=full_stream),
    Backend("redis", Redis, _same, full=full_memory),
    Backend("rabbitmq", RabbitMQ, _same, full=memory_alarm),
    # tansu 0.6 that is killed may have noted the number of a record and not stored the record itself: when it is sent
    # again, tansu takes it for one that it has. Without numbers it is stored. With its data on disk it is so slow that
    # it would put members out of their group whose sessions are as short as the other scenarios' lease.
    Backend("kafka", Broker, _same, if_killed="lease=10&idempotent=false"),
)
