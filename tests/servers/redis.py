"""Redis, with what it acknowledged on disk."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import ClassVar

from tests.servers.server import Conversation, Server


class Redis(Server):
    """One Redis server.

    Args:
        folder: Where its data and its log are kept.
        port: Where it listens; a free port by default.
        settings: Its configuration, beside an append-only file that is synced before anything is acknowledged. With
            `everysec`, a busy disk has Redis acknowledge for up to two seconds what it has not written, and a killed
            process takes that with it.
    """

    kind: ClassVar = "redis"
    install: ClassVar = "put `redis-server` on the PATH: apt install redis-server, or brew install redis"

    def __init__(self, folder: Path, *, port: int | None = None, **settings: str) -> None:
        super().__init__(folder, port=port)
        self._settings = {"appendonly": "yes", "appendfsync": "always", "save": "", **settings}

    @classmethod
    def program(cls) -> Path | None:
        found = shutil.which("redis-server")
        return Path(found) if found else None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def _command(self) -> list[str]:
        fixed = {"bind": "127.0.0.1", "port": str(self.port), "dir": str(self.folder.absolute()), "daemonize": "no"}
        # Names are written with dashes, and Python's with underscores.
        options = {f"--{name.replace('_', '-')}": value for name, value in {**self._settings, **fixed}.items()}
        return [str(self.program()), *(word for option in options.items() for word in option)]

    def _is_ready(self) -> bool:
        with Conversation(self.port) as redis:
            redis.send(b"PING\r\n")
            return redis.line() == b"+PONG\r\n"  # it answers -LOADING while it reads its file


class RedisSentinel(Redis):
    """A Sentinel, which keeps nothing itself.

    Args:
        folder: Where its configuration and its log are kept.
        port: Where it listens; a free port by default.
        watches: The primary that it looks after under the name `mymaster`, if any: it has a replica take over when
            that has not answered for half a second.
        settings: Its configuration, beside that.
    """

    def __init__(self, folder: Path, *, port: int | None = None, watches: Redis | None = None, **settings: str) -> None:
        super().__init__(folder, port=port)
        self._watches = watches
        self._settings = settings

    @property
    def url(self) -> str:
        return f"redis+sentinel://127.0.0.1:{self.port}/mymaster"

    def _prepare(self) -> None:
        super()._prepare()
        lines = [f"port {self.port}", "bind 127.0.0.1", f"dir {self.folder.absolute()}"]
        lines += [f"{name} {value}" for name, value in self._settings.items()]
        if self._watches is not None:
            lines += [
                f"sentinel monitor mymaster 127.0.0.1 {self._watches.port} 1",
                "sentinel down-after-milliseconds mymaster 500",
                "sentinel failover-timeout mymaster 2000",
            ]
        (self.folder / "sentinel.conf").write_text("".join(f"{line}\n" for line in lines), "utf-8")

    def _command(self) -> list[str]:
        return [str(self.program()), str(self.folder / "sentinel.conf"), "--sentinel"]

    def _is_ready(self) -> bool:
        with Conversation(self.port) as sentinel:
            sentinel.send(b"PING\r\n")
            return sentinel.line().startswith((b"+PONG", b"-NOAUTH"))
