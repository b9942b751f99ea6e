"""RabbitMQ, with a node name, a port mapper and a cookie of its own, so that it meets no other that runs here."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar, Final

from tests.servers.server import Conversation, Server, free_port

# Debian's command in /usr/sbin changes to the user of the system's own server: this one is what it calls.
_DEBIAN: Final = "/usr/lib/rabbitmq/bin"
# The port mapper in the foreground and in the same process group: left to Erlang, it would be a daemon that stays.
_SCRIPT: Final = 'epmd & exec "$0"'


class RabbitMQ(Server):
    """One RabbitMQ server.

    Args:
        folder: Where its data and its log are kept.
        port: Where it listens; a free port by default.
        settings: Lines of its configuration file, as `consumer_timeout = 1000`.
    """

    kind: ClassVar = "rabbitmq"
    install: ClassVar = (
        "put `rabbitmq-server` and Erlang's `epmd` on the PATH: apt install rabbitmq-server, or brew install rabbitmq"
    )

    def __init__(self, folder: Path, *, port: int | None = None, settings: Sequence[str] = ()) -> None:
        super().__init__(folder, port=port)
        self._settings = list(settings)
        self._mapper_port, self._node_port = free_port(), free_port()

    @classmethod
    def program(cls) -> Path | None:
        found = shutil.which("rabbitmq-server", path=_DEBIAN) or shutil.which("rabbitmq-server")
        return Path(found) if found and shutil.which("epmd") else None

    @property
    def url(self) -> str:
        return f"amqp://127.0.0.1:{self.port}/"

    def _prepare(self) -> None:
        super()._prepare()
        lines = [f"listeners.tcp.1 = 127.0.0.1:{self.port}", *self._settings]
        (self.folder / "rabbitmq.conf").write_text("\n".join(lines) + "\n", "utf-8")
        (self.folder / "enabled_plugins").write_text("[].\n", "utf-8")

    def _environment(self) -> Mapping[str, str]:
        folder = self.folder.absolute()
        return {
            "HOME": str(folder),  # where Erlang keeps the cookie
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "ERL_EPMD_PORT": str(self._mapper_port),
            "RABBITMQ_NODENAME": "test@localhost",
            "RABBITMQ_DIST_PORT": str(self._node_port),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1}",
            "RABBITMQ_CONF_ENV_FILE": str(folder / "rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(folder / "rabbitmq.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(folder / "data"),
            "RABBITMQ_LOG_BASE": str(folder),
            "RABBITMQ_LOGS": "-",
            "RUNNING_UNDER_SYSTEMD": "true",  # the script then becomes the server, and does not wait for it
        }

    def _command(self) -> list[str]:
        return ["sh", "-c", _SCRIPT, str(self.program())]

    def _is_ready(self) -> bool:
        # It listens when it has started everything else, and read what the disk holds.
        with Conversation(self.port) as rabbitmq:
            rabbitmq.send(b"AMQP\x00\x00\x09\x01")
            return rabbitmq.read(1) == b"\x01"  # a frame with a method: Connection.Start
