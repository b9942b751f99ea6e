"""`Server`: a real server on the loopback interface, which a test may kill, start again, freeze and stop.

    with Redis(tmp_path) as server:
        ...  # server.url
        server.kill()
        server.start()  # on the same port, with what the disk holds

All of it is synchronous: it serves tests, benchmarks and campaigns of faults alike. What is waited for is an answer of
the server, and never a time.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import random
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from typing import IO, Any, ClassVar, Final, Self

# Below the range from which the kernel gives ports to outgoing connections: none of those can take one in between.
PORTS: Final = range(12_000, 20_000)
BLOCK: Final = 100
_own: tuple[IO[bytes], Iterator[int]] | None = None
START_WITHIN: Final = 60.0  # seconds
STOP_WITHIN: Final = 20.0
SPEAK_WITHIN: Final = 2.0
TAIL: Final = 4_000  # bytes of the log that an error shows

# Reads until whoever holds the other end of the pipe is gone, however that happened, and ends the server then. A
# process of its own can do what PR_SET_PDEATHSIG cannot: it ends a whole process group, it outlives the thread that
# started the server, and it works on macOS, and where the server runs as another user.
_WATCHER: Final = 'read -r _; kill -s KILL -- "-$0"'


class ServerFailedError(Exception):
    """A server is not installed, did not start, or did not stop."""


class Server(ABC):
    """One server: a process group, a port, and a folder with its data and its log, which outlive the process.

    Args:
        folder: Where its data and its log are kept; it is made where it is missing.
        port: Where it listens; a free port by default.
    """

    kind: ClassVar[str]
    install: ClassVar[str]
    """What to do where its program is missing."""
    ends_by: ClassVar = signal.SIGTERM

    def __init__(self, folder: Path, *, port: int | None = None) -> None:
        self.folder = folder
        self.port = port or free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None

    # What each kind of server says of itself.

    @property
    @abstractmethod
    def url(self) -> str:
        """What `eventkit.connect`, or the database's driver, takes."""

    @classmethod
    @abstractmethod
    def program(cls) -> Path | None:
        """Return the server's program; None where it is not installed."""

    @abstractmethod
    def _command(self) -> list[str]:
        """Return the command that runs the server in the foreground."""

    @abstractmethod
    def _is_ready(self) -> bool:
        """Speak to the server, and tell whether it does what it is for; raises OSError where nothing answers."""

    def _prepare(self) -> None:
        """Make the folder, and write what the server needs before it starts."""
        self.folder.mkdir(parents=True, exist_ok=True)

    def _environment(self) -> Mapping[str, str]:
        """Return the environment variables that it needs beside those of this process."""
        return {}

    def _spawn(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        """Start a process as whoever the server is to run as; the options are those of `subprocess.Popen`."""
        return subprocess.Popen(command, env={**os.environ, **self._environment()}, **options)

    # What a test does with it.

    def start(self) -> Self:
        """Start the server, and wait until it is ready.

        Raises:
            ServerFailedError: It is not installed, ended at its start, or is not ready in time.
        """
        self.launch()
        self.wait_until_ready()
        return self

    def launch(self) -> None:
        """Start the server; it is not ready yet.

        Raises:
            ServerFailedError: It is not installed, or runs already.
        """
        if self.program() is None:
            raise ServerFailedError(f"{self.kind} is not installed; {self.install}")
        if self._process is not None:
            raise ServerFailedError(f"{self.kind} runs already")
        self._prepare()
        with self.log.open("ab") as log:
            self._process = self._spawn(
                self._command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # a group of its own, out of reach of Ctrl-C
            )
        self._watcher = subprocess.Popen(
            ["sh", "-c", _WATCHER, str(self._process.pid)], stdin=subprocess.PIPE, start_new_session=True
        )

    def wait_until_ready(self) -> None:
        """Wait until a server that was launched does what it is for.

        Raises:
            ServerFailedError: It ended at its start, or is not ready in time; it does not run any more.
        """
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def kill(self) -> None:
        """End the server at once, with all its processes and wherever they are: SIGKILL."""
        if self._process is None:
            return
        members = self._signal(signal.SIGKILL)
        # The watcher before the server's id is free, and could name another.
        if self._watcher is not None:
            self._watcher.kill()
            self._watcher.communicate()
            self._watcher = None
        self._process.wait()
        self._process = None
        while members.intersection(processes()):
            time.sleep(0.001)  # what is not our child cannot be waited for

    def stop(self) -> None:
        """Have the server end as it is meant to.

        Raises:
            ServerFailedError: It did not end in time, and was killed.
        """
        if self._process is None:
            return
        self.resume()  # a paused one cannot end
        self._process.send_signal(self.ends_by)
        try:
            self._process.wait(STOP_WITHIN)
        except subprocess.TimeoutExpired:
            raise ServerFailedError(f"{self.kind} did not end within {STOP_WITHIN:.0f} s{self._tail()}") from None
        finally:
            self.kill()  # also what it left behind

    def pause(self) -> None:
        """Freeze the server: its connections stay open, and nothing answers. SIGSTOP."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on: SIGCONT."""
        self._signal(signal.SIGCONT)

    @property
    def running(self) -> bool:
        """Whether the process is there."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the process, and of its group.

        Raises:
            ServerFailedError: It does not run.
        """
        if self._process is None:
            raise ServerFailedError(f"{self.kind} does not run")
        return self._process.pid

    @property
    def log(self) -> Path:
        """What it has written so far, over all its lives."""
        return self.folder / f"{self.kind}.log"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_WITHIN
        while time.monotonic() < deadline:
            if not self.running:
                raise ServerFailedError(f"{self.kind} ended at its start{self._tail()}")
            try:
                if self._is_ready():
                    return
            except OSError:
                pass
            time.sleep(0.01)
        raise ServerFailedError(f"{self.kind} is not ready after {START_WITHIN:.0f} s{self._tail()}")

    def _signal(self, number: signal.Signals) -> set[int]:
        """Send a signal to all processes of the server, also to those that it left behind; return their ids."""
        if self._process is None:
            return set()
        if number != signal.SIGCONT:
            self._process.send_signal(signal.SIGSTOP)  # so that it starts no other while we look
        members = family(self._process.pid)
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return members

    def _tail(self) -> str:
        if not self.log.exists():
            return ""
        return f"; the end of {self.log}:\n{self.log.read_bytes()[-TAIL:].decode(errors='replace')}"


def processes() -> dict[int, tuple[int, int]]:
    """Return the processes that run, each with its parent and its group; zombies have ended."""
    command = ["ps", "-A", *("-o", "pid="), *("-o", "ppid="), *("-o", "pgid="), *("-o", "stat=")]
    shown = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    rows = (line.split() for line in shown.splitlines())
    return {int(pid): (int(parent), int(group)) for pid, parent, group, state in rows if not state.startswith("Z")}


def family(pid: int) -> set[int]:
    """Return those of a process's group and what descends from them: PostgreSQL's processes leave the group."""
    running = processes()
    members = {member for member, (_, group) in running.items() if group == pid}
    while more := {child for child, (parent, _) in running.items() if parent in members} - members:
        members |= more
    return members


def free_port() -> int:
    """Return a port of the loopback interface on which nothing listens, and which no other process of tests is given.

    It comes again in this process after all others of its block: a server that does not run just now keeps its port.
    """
    global _own
    if _own is None:
        _own = _block()
    for _ in range(BLOCK):
        port = next(_own[1])
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise ServerFailedError(f"nothing is free between {port - port % BLOCK} and {port - port % BLOCK + BLOCK}")


def _block() -> tuple[IO[bytes], Iterator[int]]:
    """Take a block of ports for this process; others see it by the lock of a file, which ends with the process."""
    folder = Path(tempfile.gettempdir()) / f"eventkit-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for first in random.sample(PORTS[::BLOCK], len(PORTS[::BLOCK])):
        lock = (folder / str(first)).open("wb")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        atexit.register(lock.close)
        return lock, cycle(range(first, first + BLOCK))
    raise ServerFailedError("all blocks of ports are taken")


class Conversation:
    """A blocking connection to a server, for the few words that show that it is ready.

    Args:
        port: Where it listens.
    """

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=SPEAK_WITHIN)
        self._reader = self._socket.makefile("rb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._reader.close()
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def line(self) -> bytes:
        """Return the next line; empty where the server closed the connection."""
        return self._reader.readline()

    def read(self, size: int) -> bytes:
        """Return the next bytes, fewer where the server closed the connection."""
        return self._reader.read(size)
