"""What backends do alike with their settings: refuse values out of their range, and read the files of TLS."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from eventkit.contract.errors import ConfigurationError

MOST_DAYS: Final = 36_500
"""For which events are kept: more than anybody means, and few enough for every broker to count in its own units."""


def require(url: str, rules: Iterable[tuple[str, object, str]]) -> None:
    """Raise ConfigurationError for the first setting that is out of its range.

    Args:
        url: The bus, for the error.
        rules: For each setting how it reads, as `f"{lease=}"`, whether it is in its range, and what the range is.
    """
    for setting, ok, rule in rules:
        if not ok:
            raise ConfigurationError(f"{setting} is out of range", where=url, mend=f"give {rule}")


def require_files(url: str, files: Mapping[str, str]) -> None:
    """Raise ConfigurationError for the first file that cannot be read.

    Args:
        url: The bus, for the error.
        files: Paths by their settings; an empty one is not given.
    """
    for setting, path in files.items():
        if path and (Path(path).is_dir() or not os.access(path, os.R_OK)):
            raise ConfigurationError(f"the file {path} cannot be read", where=url, mend=f"see `{setting}`")


@dataclass(frozen=True, slots=True)
class TLSFiles:
    """The files of an encrypted connection; each is the path of a PEM file, or empty.

    Args:
        ca: Certificates of the authorities to trust; those of the system where it is empty.
        cert: This client's certificate.
        key: The certificate's key, where it is not in the same file.
    """

    ca: str = ""
    cert: str = ""
    key: str = ""

    def context(self, url: str, *, encrypted: bool) -> ssl.SSLContext | None:
        """Return how TLS is spoken; None for a connection without it.

        Args:
            url: The bus, for errors.
            encrypted: Whether the URL asks for TLS.

        Raises:
            ConfigurationError: Files that are given for nothing, do not go together, or cannot be used.
        """
        if not encrypted:
            if self.ca or self.cert or self.key:
                raise ConfigurationError(
                    "files of TLS are given, and the connection is not encrypted",
                    where=url,
                    mend="use tls://, rediss:// or amqps://, and for Kafka the setting tls=true",
                )
            return None
        if self.key and not self.cert:
            raise ConfigurationError("tls_key is given without its certificate", where=url, mend="give tls_cert, too")
        require_files(url, {"tls_ca": self.ca, "tls_cert": self.cert, "tls_key": self.key})
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
            if self.cert:
                context.load_cert_chain(self.cert, self.key or None, password=_no_password)
        except (OSError, ValueError) as error:  # SSLError is an OSError
            raise ConfigurationError(
                f"the files of TLS cannot be used: {getattr(error, 'strerror', None) or error}",
                where=url,
                mend="give tls_ca, tls_cert and tls_key in PEM format, the key without a password",
            ) from error
        return context


def _no_password() -> str:
    """Say that there is none: OpenSSL would ask for it on the terminal, and wait."""
    raise ValueError("the key is encrypted")
