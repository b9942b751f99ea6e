"""The fault campaign in its short form: each fault once or twice, on each bus."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.__main__ import play
from tests.faults.backends import BACKENDS
from tests.faults.scenarios import SCENARIOS, Scenario
from tests.faults.stage import Backend
from tests.servers.fixtures import required

SHORT = ("consumer killed", "broker killed", "lost reply", "soak")


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("backend", "scenario"),
    [(bus, each) for bus in BACKENDS for each in SCENARIOS if each.name in SHORT and each.suits(bus)],
    ids=lambda each: each.name,
)
def test_promises_are_kept(backend: Backend, scenario: Scenario, tmp_path: Path) -> None:
    if backend.kind is not None:
        required(backend.kind)

    result = play(backend, scenario, tmp_path / "stage", seed=1, times=2, events=6_400)

    assert result.findings is not None, result.problem
    assert result.kept, result.problem
    assert result.findings.confirmed > 0


@pytest.mark.e2e
@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").exists(), reason="processes are looked for in /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_of_a_campaign_that_is_ended(how: signal.Signals, tmp_path: Path) -> None:
    folder = tmp_path / "stage"
    campaign = subprocess.Popen(
        [sys.executable, "-m", "tests.faults", "--bus", "sqlite", "--scenario", "slow handler", "--folder", folder],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(lambda: len(actors(folder)) == 4)  # one publishes, three handle
    finally:
        campaign.send_signal(how)
        campaign.wait()

    wait_for(lambda: not actors(folder))


@pytest.mark.skipif(not Path("/proc").exists(), reason="mounts are looked for in /proc")
def test_nothing_is_left_of_the_disk_of_a_campaign_that_is_killed(tmp_path: Path) -> None:
    code = f"""if True:
        import sys
        from pathlib import Path
        from tests.faults.backends import disks_can_be_made, small_disk

        if disks_can_be_made():
            with small_disk(Path({str(tmp_path)!r})):
                print(Path("/proc/self/mounts").read_text(), flush=True)
                sys.stdin.read()
    """
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as campaign:
        mounts = iter(campaign.stdout.readline, b"")
        made = any(str(tmp_path).encode() in line for line in mounts)
        campaign.kill()
    if not made:
        pytest.skip("only root may make disks")
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_an_actor_ends_in_order_while_the_campaign_goes_on() -> None:
    code = "from tests.faults.actors import end_with_the_campaign; end_with_the_campaign()"
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as actor:
            assert actor.wait(60) == 0


def actors(folder: Path) -> list[int]:
    """Return the processes of a campaign's actors."""
    return [
        int(each.parent.name)
        for each in Path("/proc").glob("[0-9]*/cmdline")
        if f'"folder": "{folder}'.encode() in content(each)
    ]


def content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:  # it has ended meanwhile
        return b""


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)
