"""Real git repositories for tests."""

import subprocess
from pathlib import Path

from tests.files import write_files


def git(folder: Path, *arguments: str) -> str:
    """Run git in a folder, and return what it prints; nothing that is configured on the machine counts."""
    identity = ["-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "protocol.file.allow=always"]
    run = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, check=True, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    )
    return run.stdout


def commit(folder: Path, files: dict[str, str] | None = None, *, tag: str | None = None) -> Path:
    """Write files into a repository, which is made where there is none, and commit all that is there."""
    write_files(folder, files or {})
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message=a change")
    if tag:
        git(folder, "tag", tag)
    return folder
