"""The three services and their neighbours in one process, where the bus between them may be in memory.

They are put together from the same parts as elsewhere, and each listens on a port of its own. Of a
service that is killed all handlers are cancelled wherever they are: as if its process died, they have no outcome.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import uvicorn
from neighbours.app import create_app as create_neighbours
from starlette.applications import Starlette

from eventkit import connect
from examples.demo.processes import NAMES, environment_of
from tests.e2e.watcher import Loop
from tests.servers.server import free_port


class App:
    """One service, or the neighbours.

    Args:
        loop: Where it runs.
        app: The application.
        port: Where it is to listen.
    """

    def __init__(self, loop: Loop, app: Starlette, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._loop = loop
        self._app = app
        self._port = port

    def start(self) -> None:
        """Start it, and wait until it listens."""
        self._loop.do(self._start())

    def kill(self) -> None:
        """Cancel its handlers, and end it."""
        self._loop.do(self._kill())

    def stop(self) -> None:
        """Have it finish what it is doing, and end."""
        self._loop.do(self._stop())

    async def _start(self) -> None:
        self._server = uvicorn.Server(
            uvicorn.Config(self._with_state, port=self._port, lifespan="off", interface="asgi3", log_config=None)
        )
        self._task = asyncio.create_task(self._run())
        while not self._server.started and not self._task.done():  # noqa: ASYNC110 - uvicorn tells nobody
            await asyncio.sleep(0.005)
        if self._task.done():
            await self._task  # raises why

    async def _kill(self) -> None:
        # First whoever asks it by HTTP gets an answer: a database that is left in the middle of a question complains.
        self._server.should_exit = True
        if worker := self._state.get("worker"):
            worker._dispatch.signal(2)  # as the second SIGTERM in a process of its own
        await self._task
        # A handler that is cancelled while it takes a connection leaves it, with what it locks, to the garbage
        # collector; a process that ends does not.
        gc.collect()

    async def _stop(self) -> None:
        self._server.should_exit = True
        await self._task

    async def _run(self) -> None:
        async with self._app.router.lifespan_context(self._app) as state:
            self._state = dict(state or {})
            await self._server.serve()

    async def _with_state(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app({**scope, "state": self._state}, receive, send)


class OneProcess:
    """What `examples.demo.processes.System` does, in this process; use it with `with`.

    Args:
        loop: Where it runs.
        folder: Where the databases are kept.
        settings: Settings of the services by environment variable, beside those that connect them.
        bus_url: The bus between them.
    """

    def __init__(self, loop: Loop, folder: Path, settings: Mapping[str, str], *, bus_url: str) -> None:
        self.folder = folder
        self._loop = loop
        self.bus = connect(bus_url)
        self.apps: dict[str, App] = {}
        self._ports = {name: free_port() for name in NAMES}
        self._environment = {**environment_of(bus_url, self._ports), **settings}
        for name in NAMES[1:]:
            self._environment[f"{name.upper()}_DATABASE_URL"] = f"sqlite:///{self.database(name)}"

    def __enter__(self) -> Self:
        self._loop.do(self.bus.open())
        self.apps = {name: App(self._loop, self._app(name), port) for name, port in self._ports.items()}
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(NAMES):
            self.apps[name].stop()
        self._loop.do(self.bus.close())

    def start(self, *names: str) -> None:
        """Start apps."""
        for name in names:
            self.apps[name].start()

    def url(self, name: str) -> str:
        """Return where an app answers."""
        return self.apps[name].url

    def database(self, name: str) -> Path:
        """Return the file in which a service keeps its data."""
        return self.folder / f"{name}.db"

    def _app(self, name: str) -> Starlette:
        if name == "neighbours":
            return create_neighbours(self.bus)
        settings = import_module(f"{name}.settings").Settings.from_environment(self._environment)
        app = import_module(f"{name}.main").create_app(settings, self.bus)
        assert isinstance(app, Starlette)
        return app
