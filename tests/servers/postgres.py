"""PostgreSQL, which also starts where the tests run as root, as in a container: it runs as another user then."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import struct
import subprocess
from collections.abc import Mapping
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final

from tests.servers.server import Conversation, Server, ServerFailedError

_USER: Final = "eventkit"
_STARTUP: Final = f"user\0{_USER}\0database\0postgres\0\0".encode()
_PROTOCOL: Final = 3 << 16
# Tests kill processes, and never the machine: what PostgreSQL has written is there, and its databases are made at once.
_DEFAULTS: Final = {"fsync": "off"}


class Postgres(Server):
    """One PostgreSQL server, without passwords.

    Args:
        folder: Where its data and its log are kept.
        port: Where it listens; a free port by default.
        settings: Its configuration, as `max_connections="20"`.
    """

    kind: ClassVar = "postgres"
    install: ClassVar = (
        "apt install postgresql (its programs need not be on the PATH), or put `postgres` and `initdb` on the PATH: "
        "brew install postgresql"
    )

    ends_by: ClassVar = signal.SIGINT  # SIGTERM would wait until all clients have gone

    def __init__(self, folder: Path, *, port: int | None = None, **settings: str) -> None:
        super().__init__(folder, port=port)
        self._settings = settings
        self._data = self.folder.absolute() / "data"
        self._path = str(self._data)  # what PostgreSQL calls it
        self._names = (f"test_{number}" for number in count(1))

    @classmethod
    def program(cls) -> Path | None:
        debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: float(path.parent.name))
        found = shutil.which("postgres", path=debian[-1]) if debian else shutil.which("postgres")
        return Path(found) if found else None

    @property
    def url(self) -> str:
        """The URL of the database that is there from the start; tests take `new_database`."""
        return self._url("postgres")

    def new_database(self) -> str:
        """Make an empty database, and return its URL."""
        name = next(self._names)
        self._run("createdb", "--host=127.0.0.1", f"--port={self.port}", f"--username={_USER}", name)
        return self._url(name)

    def _url(self, database: str) -> str:
        return f"postgresql+asyncpg://{_USER}@127.0.0.1:{self.port}/{database}"

    def _prepare(self) -> None:
        super()._prepare()
        if self._data.exists():
            return
        self._data.mkdir(mode=0o700)
        self._run("initdb", f"--username={_USER}", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")

    def _spawn(self, command: list[str], **options: Any) -> subprocess.Popen[bytes]:
        if os.geteuid() != 0:
            return super()._spawn(command, **options)
        # PostgreSQL refuses to run as root. Another user may not enter the folders above its own, pytest's for example,
        # but a descriptor of it leads there without them.
        user, data = pwd.getpwnam("nobody"), os.open(self._data, os.O_RDONLY)
        try:
            os.chown(data, user.pw_uid, user.pw_gid)
            self._path = f"/proc/self/fd/{data}"
            return super()._spawn(
                command, cwd="/", pass_fds=[data], user=user.pw_uid, group=user.pw_gid, extra_groups=[], **options
            )
        finally:
            os.close(data)

    def _environment(self) -> Mapping[str, str]:
        return {"PGDATA": self._path}

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self.program().with_name(program)), *arguments]
        with self._spawn(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as run:
            output, _ = run.communicate()
        if run.returncode:
            raise ServerFailedError(f"{program} failed:\n{output.decode(errors='replace')}")

    def _command(self) -> list[str]:
        fixed = {"port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": ""}
        options = (f"--{name}={value}" for name, value in {**_DEFAULTS, **self._settings, **fixed}.items())
        return [str(self.program()), *options]

    def _is_ready(self) -> bool:
        with Conversation(self.port) as postgres:
            postgres.send(struct.pack("!ii", len(_STARTUP) + 8, _PROTOCOL) + _STARTUP)
            return postgres.read(1) == b"R"  # it authenticates; while it recovers, it answers with an error
