"""`eventkit verify --watch`, as a process that is watched at work. Nothing waits for a time to pass."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest

from tests.files import write_files

DOCUMENT = """
asyncapi: 3.0.0
info: {title: NAME, version: 1.0.0}
channels:
  sold:
    address: item.sold
    messages: {Sold: {payload: {type: object, properties: {price: {type: TYPE}}, required: [price]}}}
operations:
  one: {action: ACTION, channel: {$ref: '#/channels/sold'}}
"""
READY = "waiting for changes, Ctrl-C ends\n"


def document(name: str, action: str, type_: str) -> str:
    return DOCUMENT.replace("NAME", name).replace("ACTION", action).replace("TYPE", type_)


def put(folder: Path, files: dict[str, str]) -> None:
    """Change files, each in one step: whoever watches sees none that is half written, however busy the machine is."""
    for name, text in files.items():
        path = folder / name
        if path.exists():
            # Overwritten, and padded: emptied first, it would be seen empty.
            with path.open("r+b", buffering=0) as file:
                file.write(dedent(text).encode().ljust(path.stat().st_size, b"\n"))
        else:
            top = folder / Path(name).parts[0]
            aside = folder.with_name(f"{folder.name}-aside")
            if path.parent.is_dir():
                write_files(aside, {path.name: text})
                (aside / path.name).rename(path)
            else:  # with its folder
                write_files(aside, {name: text})
                (aside / top.name).rename(top)


class Watch:
    """A running `eventkit verify --watch`."""

    def __init__(self, folder: Path, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [Path(sys.executable).with_name("eventkit"), "verify", "--watch", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def report(self) -> str:
        """Return what is printed until it waits for changes."""
        assert self.process.stdout
        text = ""
        for line in self.process.stdout:
            if line == READY:
                return text
            text += line
        raise AssertionError(f"it ended: {text}")

    def interrupt(self) -> int:
        """Press Ctrl-C, and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait()


@pytest.fixture
def watch(tmp_path) -> Iterator:
    running = []

    def start(*arguments: str) -> Watch:
        running.append(Watch(tmp_path, *arguments))
        return running[-1]

    yield start
    for each in running:
        with each.process as process:
            process.kill()


@pytest.fixture
def shop(tmp_path):
    return write_files(
        tmp_path,
        {
            "contracts/shop.yaml": document("shop", "send", "integer"),
            "contracts/mail.yaml": document("mail", "receive", "integer"),
        },
    )


def test_each_change_is_verified_until_ctrl_c_and_the_last_status_is_that_of_the_command(watch, shop) -> None:
    running = watch("contracts")
    first = running.report()
    assert "1 compatible\nno findings\n" in first
    assert "\x1b" not in first  # nothing is cleared where there is no terminal

    put(shop, {"contracts/mail.yaml": document("mail", "receive", "string")})
    assert "error[EK102]: mail rejects events that shop can publish as item.sold\n" in running.report()
    assert running.interrupt() == 1


def test_errors_in_the_sources_are_survived(watch, shop) -> None:
    running = watch("contracts")
    running.report()

    put(shop, {"contracts/mail.yaml": "asyncapi: 3.0.0\nchannels: {\n"})
    assert "error[EK504]" in running.report()
    put(shop, {"contracts/mail.yaml": document("mail", "receive", "integer")})
    assert "no findings\n" in running.report()
    (shop / "contracts" / "mail.yaml").unlink()
    assert "1 service, 0 neighbours, 0 pairs\n" in running.report()
    assert running.interrupt() == 0


def test_a_source_may_come_later(watch, shop) -> None:
    running = watch("later")
    assert "error[EK501]: later does not exist" in running.report()

    put(shop, {"later/shop.yaml": document("shop", "send", "integer")})
    assert "1 service" in running.report()
    assert running.interrupt() == 0


def test_the_configuration_is_watched_and_its_errors_are_survived(watch, shop) -> None:
    write_files(shop, {"eventkit.toml": "sources = ['contracts']"})
    running = watch()
    assert "1 compatible" in running.report()

    put(shop, {"eventkit.toml": "source = ['contracts']"})
    assert running.report().startswith("error: the key 'source' is not known\n")
    assert running.interrupt() == 2


def test_a_configuration_may_come_later_beside_what_is_watched_and_go_again(watch, shop) -> None:
    running = watch("contracts")
    assert "1 compatible" in running.report()

    write_files(
        shop, {"eventkit.toml": "neighbours = ['more']", "more/ledger.yaml": document("ledger", "receive", "string")}
    )
    assert "2 services, 1 neighbour" in running.report()
    write_files(shop, {"new.toml": "neighbours = ["})
    (shop / "new.toml").replace(shop / "eventkit.toml")  # as editors save
    assert running.report().startswith("error: not TOML")
    write_files(shop, {"new.toml": "neighbours = []"})
    (shop / "new.toml").replace(shop / "eventkit.toml")
    assert "2 services, 0 neighbours" in running.report()
    (shop / "eventkit.toml").unlink()
    assert "2 services, 0 neighbours" in running.report()
    assert running.interrupt() == 0


def test_sources_that_the_configuration_begins_to_name_are_watched(watch, shop) -> None:
    write_files(shop, {"eventkit.toml": "sources = ['contracts/shop.yaml', 'contracts/mail.yaml']", "more/a.txt": ""})
    running = watch()
    assert "1 compatible" in running.report()

    put(shop, {"eventkit.toml": "sources = ['contracts', 'more']"})
    assert "error[EK501]: more holds no service" in running.report()
    put(shop, {"more/ledger.yaml": document("ledger", "receive", "string")})
    assert "error[EK102]: ledger rejects events" in running.report()
    assert running.interrupt() == 1


def test_a_report_that_is_written_into_the_sources_does_not_start_the_next_one(watch, shop) -> None:
    running = watch("contracts")
    running.report()

    put(shop, {"contracts/report.json": "{}"})
    running.report()
    os.utime(shop / "contracts" / "report.json")
    put(shop, {"contracts/report.json": "{}"})
    put(shop, {"contracts/mail.yaml": document("mail", "receive", "string")})
    assert "error[EK102]" in running.report()
    assert running.interrupt() == 1
