"""`rediss://` on a server that asks for a certificate."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from eventkit import BusError, connect
from eventkit.testing.conformance.support import handle, publish, subscribed
from tests.servers.redis import Redis
from tests.servers.server import free_port


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """A certificate for the loopback interface, which is its own authority, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not on the PATH")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, "-days", "2",
         "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"],
        check=True, capture_output=True,
    )  # fmt: skip
    return str(cert), str(key)


@pytest.fixture
def address(redis_server: Redis, tmp_path: Path, certificate: tuple[str, str]) -> Iterator[str]:
    """Where the server speaks TLS."""
    cert, key = certificate
    port = free_port()
    with Redis(tmp_path, tls_port=str(port), tls_cert_file=cert, tls_key_file=key, tls_ca_cert_file=cert):
        yield f"rediss://127.0.0.1:{port}"


async def test_events_travel_encrypted_and_both_sides_show_who_they_are(
    address: str, certificate: tuple[str, str]
) -> None:
    cert, key = certificate
    async with connect(address, tls_ca=cert, tls_cert=cert, tls_key=key) as bus, subscribed(bus) as subscription:
        await publish(bus, ["a"])

        assert await handle(subscription, 1) == ["a"]


async def test_a_server_that_nobody_vouches_for_is_refused(address: str) -> None:
    with pytest.raises(BusError, match=r"^TLS fails: .*certificate verify failed.*; see the settings `tls_ca`"):
        async with connect(address):
            pass


async def test_a_client_without_a_certificate_is_refused(address: str, certificate: tuple[str, str]) -> None:
    with pytest.raises(BusError):
        async with connect(address, tls_ca=certificate[0]):
            pass
