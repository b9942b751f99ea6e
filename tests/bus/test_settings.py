"""Settings that mean the same on every bus: their ranges, and the files of TLS."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from eventkit import ConfigurationError, connect
from eventkit.bus.settings import TLSFiles, require

ENCRYPTED = {"nats": "tls://host", "redis": "rediss://host", "amqp": "amqps://host", "kafka": "kafka://host?tls=true"}
OPEN = ("nats://host", "redis://host", "amqp://host", "kafka://host")


def test_the_first_setting_out_of_its_range_is_told() -> None:
    message = r"^lease=0 is out of range \(nats://host\); give more than 0 seconds$"
    with pytest.raises(ConfigurationError, match=message):
        require("nats://host", [("a=1", True, "1"), ("lease=0", False, "more than 0 seconds"), ("b=2", False, "less")])


@pytest.mark.parametrize("url", ["sqlite:///events.db", "nats://host", "redis://host", "kafka://host"])
def test_events_are_kept_for_as_many_days_at_the_most_on_every_bus(url: str) -> None:
    connect(f"{url}?retention=36500")
    with pytest.raises(ConfigurationError, match=r"^retention=36501\.0 is out of range .* 36,500 "):
        connect(f"{url}?retention=36501")


@pytest.mark.parametrize("url", ENCRYPTED.values(), ids=ENCRYPTED)
def test_files_that_are_not_there_are_told_before_anything_is_opened(url: str) -> None:
    with pytest.raises(ConfigurationError, match=r"the file no-such-file\.pem cannot be read .*see `tls_ca`"):
        connect(url, tls_ca="no-such-file.pem")


@pytest.mark.parametrize("url", ENCRYPTED.values(), ids=ENCRYPTED)
def test_a_key_without_its_certificate_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="tls_key is given without its certificate"):
        connect(url, tls_key="key.pem")


@pytest.mark.parametrize("url", OPEN)
@pytest.mark.parametrize("setting", ["tls_ca", "tls_cert", "tls_key"])
def test_files_for_a_connection_that_is_not_encrypted_are_refused(url: str, setting: str) -> None:
    with pytest.raises(ConfigurationError, match="the connection is not encrypted"):
        connect(url, **{setting: "file.pem"})


def test_a_key_with_a_password_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    """OpenSSL would ask on the terminal, and the service stand still."""
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-passout", "pass:hunter2", "-keyout", key, "-out", cert,
         "-days", "2", "-subj", "/CN=localhost"],
        check=True, capture_output=True,
    )  # fmt: skip

    with pytest.raises(ConfigurationError, match="the key is encrypted; give tls_ca") as caught:
        TLSFiles(cert=str(cert), key=str(key)).context("", encrypted=True)
    assert "hunter2" not in str(caught.value)


def test_without_files_the_authorities_of_the_system_are_trusted() -> None:
    context = TLSFiles().context("tls://host", encrypted=True)

    assert context is not None
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert TLSFiles().context("nats://host", encrypted=False) is None
