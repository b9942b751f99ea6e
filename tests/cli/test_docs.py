"""`eventkit docs`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Run

BANK = """
asyncapi: 3.0.0
info: {title: bank, version: 1.0.0}
channels: {paid: {address: payment.completed, messages: {PaymentCompleted: {payload: {type: object}}}}}
operations: {sendPaid: {action: send, channel: {$ref: '#/channels/paid'}}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with one document, as the working folder."""
    (tmp_path / "bank.yaml").write_text(BANK)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_site_is_built_from_documents(project: Path, eventkit: Callable[..., Run]) -> None:
    run = eventkit("docs", "build", "bank.yaml", "--output", "pages")

    assert (run.status, run.out, run.err) == (0, "3 pages: pages/index.html\n", "")
    assert sorted(path.relative_to(project / "pages").as_posix() for path in project.glob("pages/**/*.html")) == [
        "events/payment.completed.html",
        "index.html",
        "services/bank.html",
    ]


def test_what_cannot_be_read_is_said_and_nothing_is_written(project: Path, eventkit: Callable[..., Run]) -> None:
    (project / "bank.yaml").write_text(BANK.replace("3.0.0", "1.2.0", 1))

    run = eventkit("docs", "build", "bank.yaml")

    assert run.status == 2
    assert "AsyncAPI '1.2.0' is not read" in run.err
    assert "bank.yaml:2" in run.err
    assert not (project / "site").exists()
