"""Serves the pages of a site, which are kept in memory, to browsers on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer, ThreadingTCPServer
from threading import Thread
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import unquote, urlsplit

from eventkit.contract.errors import ConfigurationError

_HOST: Final = "127.0.0.1"


class SiteServer:
    """Answers requests for pages while its block runs. `pages` may be replaced at any time.

    Args:
        port: Where it listens; 0 for a free port.

    Raises:
        ConfigurationError: The port cannot be used.
    """

    def __init__(self, port: int) -> None:
        self.pages: Mapping[str, str] = {}
        try:
            self._server = _Server((_HOST, port), self._handler)
        except OSError as error:
            raise ConfigurationError(
                f"port {port} cannot be used: {error.strerror}", mend="name another one, or 0 for a free one"
            ) from None
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        """Where the first page is."""
        return f"http://{_HOST}:{self._server.server_address[1]}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(self, request: Any, address: Any, server: BaseServer) -> _Handler:
        return _Handler(self.pages, request, address, server)


class _Server(ThreadingTCPServer):
    # Not http.server's, which asks for the machine's name when it starts: that can take as long as a name server likes.
    allow_reuse_address = True
    daemon_threads = True


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, pages: Mapping[str, str], *connection: Any) -> None:
        self._pages = pages
        super().__init__(*connection)

    def do_GET(self) -> None:
        page = self._pages.get(unquote(urlsplit(self.path).path).removeprefix("/") or "index.html")
        if page is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        body = page.encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing: the terminal is for what is wrong in the sources."""
