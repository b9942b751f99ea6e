"""The fixtures that run command lines, and a bus to run them on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from eventkit.cli import main
from tests.cli.operated import Operated


@dataclass(frozen=True)
class Run:
    """What one command line did."""

    status: int
    out: str
    err: str


@pytest.fixture
def eventkit(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Run]:
    """Run `eventkit ARGUMENTS` in this process, 100 columns wide, without colours."""
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")

    def run(*arguments: object) -> Run:
        monkeypatch.setattr("sys.argv", ["eventkit", *map(str, arguments)])
        with pytest.raises(SystemExit) as exit_:
            main()
        captured = capsys.readouterr()
        return Run(int(exit_.value.code or 0), captured.out, captured.err)

    return run


@pytest.fixture
def operated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Operated:
    """A bus in a file, beside no project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("EVENTKIT_BUS_URL", raising=False)
    return Operated(tmp_path / "events.db")
