"""The parts of a request: the path, the query and the headers, each from plain Python values."""

from __future__ import annotations

from collections.abc import Mapping
from string import Formatter
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic_core import to_jsonable_python

from eventkit.contract.context import current_handling
from eventkit.contract.errors import ConfigurationError


def split_credentials(url: str) -> tuple[str, tuple[str, str] | None]:
    """Return a service's URL without credentials and without a slash at the end, and its user and password.

    Raises:
        ConfigurationError: It is no http or https URL, or it has a query or a fragment.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError("it is no URL of a service", mend="write it as http://host:port") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigurationError(
            f"{parts.scheme}://{parts.hostname or ''} is no URL of a service",
            mend="write it as http://host:port/prefix, without a query",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    location = host if port is None else f"{host}:{port}"
    credentials = None if parts.username is None else (parts.username, parts.password or "")
    return urlunsplit((parts.scheme, location, parts.path.rstrip("/"), "", "")), credentials


def fill_path(path: str, parameters: Mapping[str, Any]) -> str:
    """Put parameters into a path, each percent-encoded as one segment.

    Args:
        path: As `/users/{user_id}`.
        parameters: The values, by name.

    Raises:
        ConfigurationError: A parameter is missing, is not in the path, or would change the path's segments.
    """
    names = [name for _, name, _, _ in Formatter().parse(path) if name is not None]
    if set(names) != set(parameters):
        raise ConfigurationError(
            f"the path {path!r} takes {', '.join(names) or 'no parameters'}, not {', '.join(parameters) or 'none'}",
            mend="give each parameter of the path, and no other",
        )
    return path.format_map({name: _segment(path, name, value) for name, value in parameters.items()})


def query_items(query: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """Return the query's items: None is left out, a list gives an item for each of its values."""
    items = []
    for name, value in (query or {}).items():
        values = value if isinstance(value, list | tuple | set | frozenset) else [value]
        items += [(name, _text(each)) for each in values if each is not None]
    return tuple(items)


def tracing_headers() -> dict[str, str]:
    """Return the headers that tell another service which event is being handled; none outside of handlers."""
    handling = current_handling()
    if handling is None:
        return {}
    envelope = handling.envelope
    headers = {"ce-correlationid": envelope.correlation or envelope.id, "ce-causationid": envelope.id}
    trace = envelope.trace
    if trace is not None:
        headers["traceparent"] = trace.traceparent
    encoded = {name: quote(value, safe="!#$&'()*+,-./:;<=>?@[]^_`{|}~") for name, value in headers.items()}
    if trace is not None and trace.tracestate and trace.tracestate.isascii():
        encoded["tracestate"] = trace.tracestate  # which knows no encoding
    return encoded


def _segment(path: str, name: str, value: Any) -> str:
    text = _text(value) if value is not None else ""
    if text in ("", ".", ".."):
        raise ConfigurationError(f"the parameter {name!r} of {path!r} is {text!r}", mend="give a value to look for")
    return quote(text, safe="")


def _text(value: Any) -> str:
    plain = to_jsonable_python(value)
    return str(plain).lower() if isinstance(plain, bool) else str(plain)
