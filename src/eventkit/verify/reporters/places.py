"""Places as the services that show a report need them: relative to the root of the repository, and stable ids."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

from eventkit.verify.finding import Finding, title

_ROOTS: Final = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Where GitHub and GitLab say that the repository lies."""


def in_repository(file: str) -> str:
    """Return a place's file as a path from the root of the repository, where one is told and the file lies in it.

    A place is relative to the folder in which the command runs, which is often, but not always, that root.
    """
    for root in filter(None, map(os.environ.get, _ROOTS)):
        path = Path(file).absolute()
        if path.is_relative_to(root):
            return path.relative_to(root).as_posix()
    return file


def fingerprints(findings: Iterable[Finding]) -> list[str]:
    """Return what tells findings apart from one run to the next, wherever the lines have moved to: one for each."""
    seen: Counter[str] = Counter()
    found = []
    for finding in findings:
        # What a finding is about does not move with the lines, nor with the pairs that are added to it.
        about = [title(finding.event), finding.publisher, finding.subscriber, finding.path] if finding.event else [
            finding.message, *(spot.place.file for spot in finding.spots)
        ]  # fmt: skip
        text = "\n".join([finding.code, *(part or "" for part in about)])
        seen[text] += 1
        found.append(sha256(f"{text}\n{seen[text]}".encode(errors="backslashreplace")).hexdigest())
    return found
