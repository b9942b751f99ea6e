"""The thread that uses a bus's file, and the transactions that its jobs share.

A commit waits for the disk. So the jobs that arrive while one is under way go into the next transaction together: 64
publishers wait for one commit, not for 64.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Generic, TypeVar

from eventkit.bus.sqlite.bell import Ringer
from eventkit.bus.sqlite.errors import explained
from eventkit.bus.sqlite.file import File
from eventkit.bus.sqlite.presence import ports_to_wake
from eventkit.bus.sqlite.transaction import Transaction
from eventkit.contract.errors import BusError, EventkitError

T = TypeVar("T")
Clock = Callable[[], float]
"""Gives seconds since 1970."""

MAX_JOBS: Final = 1000
"""How many jobs share one transaction at the most: other processes wait for the write lock meanwhile."""

logger = logging.getLogger("eventkit.bus.sqlite")


@dataclass(slots=True, eq=False)
class _Job(Generic[T]):
    work: Callable[[Transaction], T]
    future: asyncio.Future[T]
    durable: bool = True
    reads: bool = False
    result: T | None = None
    error: Exception | None = None


def _open_or_close(transaction: Transaction) -> None:
    """Stand in the job that asks the thread to open the file, and in the one that asks it to close it and to end."""


class Database:
    """A bus's file and its thread.

    Args:
        path: The file.
        clock: The time.
        create: Make the file if it does not exist.
    """

    def __init__(self, path: Path, clock: Clock = time.time, *, create: bool = True) -> None:
        self.path = path
        self._create = create
        self._clock = clock
        self._jobs: SimpleQueue[_Job[Any]] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._process = 0

    @property
    def is_open(self) -> bool:
        """Whether jobs are taken."""
        return self._thread is not None

    async def open(self) -> None:
        """Open the file and start the thread.

        Raises:
            BusError: The file cannot be used.
            ConfigurationError: It is something else than a bus's file.
        """
        opened: _Job[None] = _Job(_open_or_close, asyncio.get_running_loop().create_future())
        self._process = os.getpid()
        self._jobs = SimpleQueue()
        # A daemon: a bus that nobody closes must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, args=(opened,), name=f"eventkit {self.path}", daemon=True)
        self._thread.start()
        try:
            await opened.future
        except BaseException:
            self._jobs.put(opened)  # where the wait was cancelled, the thread is to close what it opens
            self._thread = None
            raise

    async def close(self) -> None:
        """Do what was submitted, and close the file."""
        thread, self._thread = self._thread, None
        if thread is None or self._process != os.getpid():
            return
        closed: _Job[None] = _Job(_open_or_close, asyncio.get_running_loop().create_future())
        self._jobs.put(closed)
        await closed.future
        thread.join()

    def submit(self, work: Callable[[Transaction], T], *, durable: bool = True) -> asyncio.Future[T]:
        """Have `work` done in the next transaction.

        Args:
            work: What to do, in the thread. Where the transaction fails, it may be called again in another one.
            durable: Whether it has to survive a power cut. A lease has not: without it the event is handed out again.

        Returns:
            A future of the running loop: what `work` returned, once it is stored; or BusError where nothing of it is.
            If it is cancelled before its turn, the work is not done.

        Raises:
            BusError: The bus is not open.
        """
        return self._put(work, durable=durable)

    def read(self, work: Callable[[Transaction], T]) -> asyncio.Future[T]:
        """Have `work` done in a transaction that reads only, and holds up no other process however long it takes.

        Args:
            work: What to do, in the thread, after what was submitted before.

        Returns:
            As `submit`.

        Raises:
            BusError: The bus is not open.
        """
        return self._put(work, reads=True)

    def _put(self, work: Callable[[Transaction], T], *, durable: bool = True, reads: bool = False) -> asyncio.Future[T]:
        if self._thread is None:
            raise BusError("the bus is not open", where=str(self.path), mend="use it inside `async with connect(...)`")
        if self._process != os.getpid():
            raise BusError(
                "the bus was opened before this process was forked off",
                where=str(self.path),
                mend="connect after the fork, in each process",
            )
        job = _Job(work, asyncio.get_running_loop().create_future(), durable, reads)
        self._jobs.put(job)
        return job.future

    # What follows runs in the thread.

    def _run(self, opened: _Job[None]) -> None:
        last = opened
        try:
            with (
                contextlib.closing(File(self.path, create=self._create)) as file,
                contextlib.closing(Ringer()) as ringer,
            ):
                _tell([opened])
                last = self._work(file, ringer)
        except (EventkitError, OSError, sqlite3.Error) as error:
            last.error = explained(error, self.path)
        _tell([last])

    def _work(self, file: File, ringer: Ringer) -> _Job[None]:
        """Do jobs until one is the order to close; return that one."""
        while True:
            jobs, last = self._next_jobs()
            self._do([job for job in jobs if not job.reads], file, ringer)
            self._read([job for job in jobs if job.reads], file)
            _tell(jobs)
            self._checkpoint(file)
            if last is not None:
                return last

    def _next_jobs(self) -> tuple[list[_Job[Any]], _Job[Any] | None]:
        jobs: list[_Job[Any]] = []
        job = self._jobs.get()
        with contextlib.suppress(Empty):
            while job.work is not _open_or_close:
                if not job.future.cancelled():
                    jobs.append(job)
                if len(jobs) == MAX_JOBS:
                    return jobs, None
                job = self._jobs.get_nowait()
            return jobs, job
        return jobs, None

    def _do(self, jobs: list[_Job[Any]], file: File, ringer: Ringer) -> None:
        if not jobs:
            return
        try:
            with file.transaction(durable=any(job.durable for job in jobs)) as connection:
                transaction = Transaction(connection, self._clock())
                for job in jobs:
                    job.result = job.work(transaction)
                ports = ports_to_wake(transaction)
        except Exception as error:  # noqa: BLE001 - it becomes the result of the jobs
            locked = isinstance(error, sqlite3.Error) and error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if len(jobs) == 1 or locked or isinstance(error, EventkitError):
                for job in jobs:
                    job.error = explained(error, self.path)
            else:
                # One job may be the cause: the others must not fail with it.
                for job in jobs:
                    self._do([job], file, ringer)
        else:
            ringer.ring(ports)

    def _read(self, jobs: list[_Job[Any]], file: File) -> None:
        for job in jobs:
            try:
                with file.reading() as connection:
                    job.result = job.work(Transaction(connection, self._clock()))
            except Exception as error:  # noqa: BLE001 - as above
                job.error = explained(error, self.path)

    def _checkpoint(self, file: File) -> None:
        try:
            file.checkpoint()
        except (sqlite3.Error, OSError) as error:
            # Nothing is lost: the WAL is as durable as the database. It is tried again after the next transaction.
            logger.warning("the write-ahead log of %s could not be copied into it: %s", self.path, error)


def _tell(jobs: Iterable[_Job[Any]]) -> None:
    """Give the jobs' results to those who wait, with one call for each event loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Job[Any]]] = {}
    for job in jobs:
        by_loop.setdefault(job.future.get_loop(), []).append(job)
    for loop, its_jobs in by_loop.items():
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, its_jobs)


def _resolve(jobs: list[_Job[Any]]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)
