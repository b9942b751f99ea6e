"""As much of S3 as the Kafka server needs to keep its data: objects in a folder, `python -m tests.servers.objects`.

An object is on disk when the answer leaves, so that the store may be killed with the Kafka server. Puts are conditional
where they ask for it: the Kafka server builds its offsets on that. Anyone may read and write: it listens on the
loopback interface, for as long as a test runs.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape, unescape

_KEY: Final = re.compile("<Key>(.*?)</Key>")


class Object(NamedTuple):
    """What is kept under a key."""

    data: bytes
    modified: float

    @property
    def etag(self) -> str:
        return f'"{hashlib.md5(self.data).hexdigest()}"'


class Objects:
    """Objects by their keys, each in a file of its own.

    Args:
        folder: Where they are kept; it is there.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changing = threading.Lock()

    def keys(self, prefix: str) -> list[str]:
        """Return the keys that begin with a prefix, in order."""
        keys = (unquote(entry.name) for entry in os.scandir(self._folder) if not entry.name.startswith("."))
        return sorted(key for key in keys if key.startswith(prefix))

    def get(self, key: str) -> Object | None:
        """Return an object; None where there is none."""
        try:
            with self._path(key).open("rb") as file:
                return Object(file.read(), os.fstat(file.fileno()).st_mtime)
        except FileNotFoundError:
            return None

    def put(self, key: str, data: bytes, *, over: str | None) -> Object | None:
        """Keep an object, and return it.

        Args:
            key: Its key.
            data: What to keep.
            over: What it may replace: the tag of an object, "" for none, None for whatever is there.

        Returns:
            None where something else is there: nothing changed then.
        """
        with self._changing:
            there = self.get(key)
            if over is not None and over != (there.etag if there else ""):
                return None
            new = self._folder / ".new"
            new.write_bytes(data)
            new.replace(self._path(key))
            return self.get(key)

    def delete(self, key: str) -> None:
        """Remove an object, if it is there."""
        with self._changing:
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._folder / quote(key, safe="")


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for `objects`, which `main` sets. The first part of each path is the bucket: there is one."""

    objects: Objects
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if "list-type" in query:
            self._list(query.get("prefix", [""])[0], query.get("delimiter", [""])[0])
        elif (found := self.objects.get(self._key)) is None:
            self._answer(404)
        elif found.etag == self.headers.get("If-None-Match"):
            self._answer(304, of=found)
        else:
            self._answer(200, found.data, of=found)

    def do_PUT(self) -> None:
        over = "" if self.headers.get("If-None-Match") == "*" else self.headers.get("If-Match")
        kept = self.objects.put(self._key, self._body(), over=over)
        self._answer(200 if kept else 412, of=kept)

    def do_POST(self) -> None:
        deleted = [unescape(key) for key in _KEY.findall(self._body().decode())]
        for key in deleted:
            self.objects.delete(key)
        rows = (f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in deleted)
        self._answer(200, f"<DeleteResult>{''.join(rows)}</DeleteResult>".encode())

    def log_message(self, *_: object) -> None:
        pass

    def _list(self, prefix: str, delimiter: str) -> None:
        folders, rows = set(), []
        for key in self.objects.keys(prefix):
            inside, cut, _ = key.removeprefix(prefix).partition(delimiter) if delimiter else (key, "", "")
            if cut:
                folders.add(prefix + inside + cut)
            elif found := self.objects.get(key):
                rows.append(
                    f"<Contents><Key>{escape(key)}</Key><Size>{len(found.data)}</Size><ETag>{found.etag}</ETag>"
                    "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                )
        rows += (f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in sorted(folders))
        self._answer(200, f"<ListBucketResult>{''.join(rows)}</ListBucketResult>".encode())

    @property
    def _key(self) -> str:
        _, _bucket, key = unquote(urlsplit(self.path).path).split("/", 2)
        return key

    def _body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def _answer(self, status: int, body: bytes = b"", *, of: Object | None = None) -> None:
        self.send_response(status)
        if of is not None:
            self.send_header("ETag", of.etag)
            self.send_header("Last-Modified", formatdate(of.modified, usegmt=True))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main(folder: Path, port: int) -> None:
    """Serve the objects in a folder until the process is ended."""
    folder.mkdir(exist_ok=True)
    Handler.objects = Objects(folder)
    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
