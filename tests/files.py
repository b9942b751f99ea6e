"""Writes source trees for tests."""

from pathlib import Path
from textwrap import dedent


def write_files(folder: Path, files: dict[str, str]) -> Path:
    """Write files, given by their paths in the folder, with the indentation of the test removed; return the folder."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), "utf-8")
    return folder
