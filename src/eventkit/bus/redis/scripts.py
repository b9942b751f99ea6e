"""The scripts that the server runs; each does one step of a group, or of a publisher, as a whole or not at all."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from typing import Final


class Script:
    """One script.

    Args:
        name: That of its file in `lua/`.
        shared: Whether `common.lua` stands in front of it.
    """

    def __init__(self, name: str, *, shared: bool = True) -> None:
        folder = files("eventkit.bus.redis") / "lua"
        parts = ["common", name] if shared else [name]
        self.text: Final = "\n".join((folder / f"{part}.lua").read_text("utf-8") for part in parts).encode()
        # Not a matter of security: it is how Redis names a script that it has seen.
        self.digest: Final = hashlib.sha1(self.text, usedforsecurity=False).hexdigest().encode()


PUBLISH: Final = Script("publish", shared=False)
JOIN: Final = Script("join")
TAKE: Final = Script("take")
SETTLE: Final = Script("settle")
EXTEND: Final = Script("extend")
APPEAR: Final = Script("appear")
REPAIR: Final = Script("repair")
REPLAY: Final = Script("replay")
LAG: Final = Script("lag")
TRIM: Final = Script("trim", shared=False)
