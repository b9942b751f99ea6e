"""`eventkit docs`."""

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

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


@pytest.fixture
def serving(project: Path) -> Iterator[subprocess.Popen[str]]:
    """A running `eventkit docs serve`."""
    program = Path(sys.executable).with_name("eventkit")
    with subprocess.Popen(
        [program, "docs", "serve", "bank.yaml", "--port", "0"],
        cwd=project, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as process:  # fmt: skip
        yield process
        process.kill()


def told(process: subprocess.Popen[str]) -> str:
    """Return what is printed until it waits for changes."""
    assert process.stdout
    text = ""
    for line in process.stdout:
        if line == "waiting for changes, Ctrl-C ends\n":
            return text
        text += line
    raise AssertionError(f"it ended: {text}")


def change(project: Path, text: str) -> None:
    (project / "new").write_text(text)
    (project / "new").replace(project / "bank.yaml")


def test_pages_are_served_as_the_sources_are_now_until_ctrl_c(project: Path, serving: subprocess.Popen[str]) -> None:
    said = told(serving)
    url = said.removeprefix("3 pages: ").strip()
    assert url.startswith("http://127.0.0.1:")
    with urlopen(url) as answer:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
        assert 'href="services/bank.html"' in answer.read().decode()
    with pytest.raises(HTTPError, match="404"):
        urlopen(url + "../bank.yaml")

    change(project, BANK.replace("payment.completed", "payment.settled"))
    assert told(serving) == said
    with urlopen(url + "events/payment.settled.html") as answer:
        assert "payment.settled" in answer.read().decode()

    change(project, BANK.replace("3.0.0", "1.2.0", 1))
    assert told(serving).startswith("error: AsyncAPI '1.2.0' is not read")
    with urlopen(url + "events/payment.settled.html") as answer:  # as it was before
        assert answer.status == 200

    change(project, BANK)
    assert told(serving) == said
    serving.send_signal(signal.SIGINT)
    assert serving.wait() == 0
    assert not (project / "site").exists()


def test_a_port_that_is_taken_is_told(project: Path, eventkit: Callable[..., Run]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        run = eventkit("docs", "serve", "bank.yaml", "--port", other.getsockname()[1])

    assert run.status == 2
    assert "cannot be used: Address already in use" in run.err
