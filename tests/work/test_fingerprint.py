"""Whatever may change an answer changes the fingerprint."""

import shutil
from pathlib import Path

import eventkit
from eventkit.work.fingerprint import fingerprint

PACKAGE = Path(eventkit.__file__).parent


def test_a_change_of_the_code_changes_it(tmp_path: Path) -> None:
    copy = tmp_path / "eventkit"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    before = fingerprint(copy)
    module = copy / "schema" / "solver.py"

    module.write_bytes(module.read_bytes() + b"\n")
    after = fingerprint(copy)
    (copy / "discovery" / "new.py").write_text("", "utf-8")

    assert before == fingerprint() != after
    assert fingerprint(copy) not in (before, after)


def test_without_the_code_there_is_none(tmp_path: Path) -> None:
    assert fingerprint(tmp_path) is None
