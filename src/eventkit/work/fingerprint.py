"""What the answers of a program depend on beside its input: its own code, and what it runs on."""

from __future__ import annotations

import sys
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).parents[1]
_PARTS: Final = ("contract", "discovery", "schema", "verify", "work")
"""The parts of eventkit whose code can change an answer that is kept."""
_DEPENDENCIES: Final = ("PyYAML", "jsonschema-rs")


def fingerprint(package: Path = _PACKAGE) -> str | None:
    """Return a text that is another one wherever an answer may be another one.

    The code itself is read, not its version: in an editable installation the code changes and the version does not.

    Args:
        package: The folder of eventkit.

    Returns:
        The text; None where the code cannot be read, as in a zip file.
    """
    digest = blake2b(sys.version.encode(), digest_size=16)
    for name in _DEPENDENCIES:
        try:
            digest.update(f"\0{name} {version(name)}".encode())
        except PackageNotFoundError:
            digest.update(f"\0no {name}".encode())
    files = sorted(file for part in _PARTS for file in (package / part).rglob("*") if file.suffix in (".py", ".json"))
    try:
        for file in files:
            digest.update(f"\0{file.relative_to(package)}\0".encode() + file.read_bytes())
    except OSError:
        return None
    return digest.hexdigest() if files else None
