"""Getting in, and getting in again."""

from __future__ import annotations

import asyncio
import logging
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventkit import BusError, ConfigurationError, PublishError, connect
from eventkit.testing.conformance.support import PATIENCE, event, handle, publish, subscribed
from tests.bus.nats.admin import admin
from tests.bus.nats.patience import handle_at_last
from tests.servers.nats import Nats
from tests.servers.proxy import Proxy
from tests.servers.server import Conversation, free_port


async def refusal(url: str, **settings: object) -> str:
    """Return why a bus cannot be opened."""
    begun = time.monotonic()
    with pytest.raises((BusError, ConfigurationError)) as caught:
        async with connect(url, **settings):
            pass
    assert time.monotonic() - begun < 6
    return str(caught.value)


class GuardedNats(Nats):
    """A server that lets in whom its settings say; it is ready when it listens."""

    def _is_ready(self) -> bool:
        with Conversation(self.port) as nats:
            return nats.line().startswith(b"INFO ")


class PlainNats(GuardedNats):
    """A server without JetStream."""

    def _prepare(self) -> None:
        (self.folder / "nats.conf").write_text(f"listen: 127.0.0.1:{self.port}\n")


@pytest.fixture(scope="module")
def guarded(nats_server: Nats, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    users = 'authorization { users: [ { user: "a b", password: "hunter2@/" } ] }'
    with GuardedNats(tmp_path_factory.mktemp("guarded"), settings=[users]) as server:
        yield server


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    )
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def encrypted(nats_server: Nats, certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nats]:
    tls = f'tls {{ cert_file: "{certificate}/cert.pem", key_file: "{certificate}/key.pem" }}'
    with GuardedNats(tmp_path_factory.mktemp("encrypted"), settings=[tls]) as server:
        yield server


@pytest.mark.server
class TestLogin:
    async def test_user_and_password_of_the_url(self, guarded: Nats) -> None:
        async with connect(f"nats://a%20b:hunter2%40%2F@127.0.0.1:{guarded.port}") as bus:
            await bus.publish(event("a"))

    async def test_a_wrong_password(self, guarded: Nats) -> None:
        found = await refusal(f"nats://a%20b:hunter3@127.0.0.1:{guarded.port}")

        assert found.startswith(f"127.0.0.1:{guarded.port} refuses the login")
        assert "hunter" not in found

    async def test_none(self, guarded: Nats) -> None:
        assert "refuses the login" in await refusal(guarded.url)

    @pytest.mark.parametrize("how", ["nats://s3cret@{}", "nats://{}?token=s3cret"])
    async def test_a_token(self, nats_server: Nats, tmp_path: Path, how: str) -> None:
        with GuardedNats(tmp_path, settings=["authorization { token: s3cret }"]) as server:
            async with connect(how.format(f"127.0.0.1:{server.port}")) as bus:
                await bus.publish(event("a"))
            found = await refusal(f"nats://127.0.0.1:{server.port}?token=oth3r")

        assert "refuses the login" in found
        assert "oth3r" not in found

    @pytest.mark.parametrize("setting", ["nkey", "credentials"])
    def test_a_file_that_cannot_be_read_is_told_also_where_no_login_is_asked_for(
        self, tmp_path: Path, setting: str
    ) -> None:
        for path in (tmp_path / "nowhere", tmp_path):
            with pytest.raises(ConfigurationError, match=f"the file {path} cannot be read .*; see `{setting}`"):
                connect("nats://localhost", **{setting: str(path)})

    async def test_a_file_that_is_gone_when_the_bus_is_opened(self, nats_server: Nats, tmp_path: Path) -> None:
        pytest.importorskip("nkeys")
        file = tmp_path / "user.nk"
        file.touch()
        bus = connect(nats_server.url, nkey=str(file))
        file.unlink()

        with pytest.raises(ConfigurationError, match="the file of the login cannot be read: No such file"):
            await bus.open()


@pytest.mark.server
class TestEncryption:
    async def test_an_authority_that_is_given_is_trusted(self, encrypted: Nats, certificate: Path) -> None:
        bus = connect(f"tls://127.0.0.1:{encrypted.port}", tls_ca=f"{certificate}/cert.pem")
        async with bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            assert await handle(subscription, 1) == ["a"]

    async def test_an_unknown_authority_is_not(self, encrypted: Nats) -> None:
        found = await refusal(f"tls://127.0.0.1:{encrypted.port}")

        assert "no encrypted connection" in found
        assert "tls_ca" in found

    async def test_a_server_without_encryption_is_told_nothing(self, nats_server: Nats) -> None:
        found = await refusal(f"tls://user:hunter2@127.0.0.1:{nats_server.port}")

        assert "does not speak TLS" in found


@pytest.mark.server
class TestServersThatAreNotThere:
    async def test_nobody_listens(self) -> None:
        port = free_port()

        assert (await refusal(f"nats://127.0.0.1:{port}")).startswith(f"nothing answers at 127.0.0.1:{port}")

    async def test_a_server_that_does_not_answer(self, nats_server: Nats) -> None:
        with Proxy(nats_server.port) as proxy:
            proxy.swallow(replies=True)

            assert "nothing answers" in await refusal(proxy.url(nats_server.url))

    async def test_another_one_is_tried(self, server: Nats) -> None:
        async with connect(f"nats://127.0.0.1:{free_port()},127.0.0.1:{server.port}") as bus:
            await bus.publish(event("a"))

    async def test_one_without_jetstream(self, nats_server: Nats, tmp_path: Path) -> None:
        with PlainNats(tmp_path) as server:
            assert (await refusal(server.url)).startswith("JetStream is off")


@pytest.mark.server
class TestLostConnections:
    async def test_a_cut_is_ridden_out(self, server: Nats) -> None:
        with Proxy(server.port) as proxy:
            async with connect(proxy.url(server.url)) as bus, subscribed(bus) as subscription:
                for turn in range(5):
                    await publish(bus, [f"{turn}-before"], key="order-1")
                    proxy.cut()
                    await publish(bus, [f"{turn}-after"], key="order-1")
                    assert await handle(subscription, 2) == [f"{turn}-before", f"{turn}-after"]

    async def test_a_cut_between_reading_and_handling_loses_nothing(self, server: Nats) -> None:
        names = [f"event-{number}" for number in range(300)]
        with Proxy(server.port) as proxy:
            async with connect(proxy.url(server.url)) as bus, connect(server.url) as other, subscribed(bus) as reader:
                publishing = asyncio.create_task(publish(other, names, key="order-1"))
                got: list[str] = []
                while len(got) < len(names):
                    got += await handle(reader, 10)
                    if len(got) % 50 == 0:
                        proxy.cut()
                await publishing

        assert got == names

    async def test_a_connection_that_is_open_and_dead_is_noticed(
        self, server: Nats, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.WARNING, "eventkit.bus.nats")
        with Proxy(server.port) as proxy:
            async with connect(proxy.url(server.url), lease=1.5) as bus, subscribed(bus) as subscription:
                proxy.swallow(requests=True, replies=True)
                async with asyncio.timeout(PATIENCE):
                    while "was lost" not in caplog.text:  # noqa: ASYNC110 - the log has no event
                        await asyncio.sleep(0.01)
                proxy.heal()
                await publish(bus, ["a"])

                assert await handle_at_last(subscription, 1) == ["a"]

    async def test_a_publish_whose_answer_was_lost_stores_one_event(self, server: Nats) -> None:
        with Proxy(server.port) as proxy:
            async with connect(proxy.url(server.url)) as bus:
                await publish(bus, ["first"])
                proxy.swallow(replies=True)
                publishing = asyncio.create_task(publish(bus, ["a"]))
                await asyncio.to_thread(proxy.wait_until_swallowed)
                proxy.heal()
                proxy.cut()
                async with asyncio.timeout(PATIENCE):
                    await publishing

                async with admin(server.url) as operator:
                    assert await operator.count("order-stream") == 2

    async def test_publishing_without_a_server_fails_in_time(
        self, server: Nats, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("eventkit.bus.nats.publisher.ANSWER_WITHIN", 1.0)
        with Proxy(server.port) as proxy:
            async with connect(proxy.url(server.url)) as bus:
                await publish(bus, ["a"])
                proxy.refuse()
                proxy.cut()
                with pytest.raises(PublishError, match="there is no connection to a server"):
                    await publish(bus, ["b"])
                monkeypatch.undo()
                proxy.accept()
                await publish(bus, ["c"])
