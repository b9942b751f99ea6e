"""Formats: what is asserted, checked against pydantic and jsonschema-rs."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs
import pytest
from pydantic import TypeAdapter, ValidationError

from eventkit.schema import compare
from eventkit.schema.formats import FORMATS, Format
from eventkit.schema.regex import matches

_OF_PYDANTIC_ONLY = re.compile("uuid.|ip.*any.*|ip.*network|json-string|base64.*")
KNOWN_TO_RUST = [name for name in FORMATS if not _OF_PYDANTIC_ONLY.fullmatch(name)]


@pytest.mark.parametrize("name", FORMATS)
def test_samples_are_what_they_say(name: str) -> None:
    format = FORMATS[name]
    assert all(format.check(text) for text in format.valid)
    assert not any(format.check(text) for text in format.invalid)
    assert format.pattern is None or all(matches(format.pattern, text) for text in format.valid)
    assert all(FORMATS[wider].check(text) for wider in format.within for text in format.valid)


@pytest.mark.parametrize(
    ("format", "pattern"),
    [
        ("date", r"^\d{4}-\d{2}-\d{2}$"),
        ("date", r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$"),
        ("time", r"^\d\d:\d\d:\d\dZ$"),
        ("date-time", r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$"),
        ("date-time", r"^20\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ$"),
    ],
)
def test_a_pattern_that_stands_for_a_format_lets_through_what_is_none(format: str, pattern: str) -> None:
    comparison = compare({"type": "string", "pattern": pattern}, {"format": format})
    assert comparison.verdict == "incompatible"
    assert not jsonschema_rs.is_valid({"format": format}, comparison.counterexample, validate_formats=True)


@pytest.mark.parametrize(
    ("format", "most"),
    [*(("email", most) for most in (20, 60, 100, 200, 254, 317)), *(("hostname", most) for most in (20, 63, 200, 252))],
)
def test_a_long_name_is_one_that_every_validator_takes(format: str, most: int) -> None:
    comparison = compare({"type": "string", "format": format}, {"maxLength": most})
    assert [problem.code for problem in comparison.problems] == ["EK108"]
    assert jsonschema_rs.is_valid({"format": format}, comparison.counterexample, validate_formats=True)


@pytest.mark.parametrize(("format", "most"), [("email", 320), ("hostname", 255)])
def test_no_name_is_longer_than_its_rfc_allows(format: str, most: int) -> None:
    assert compare({"type": "string", "format": format}, {"maxLength": most}).verdict == "compatible"
    assert compare({"type": "string", "format": format, "minLength": most + 1}, False).verdict == "compatible"


@pytest.mark.parametrize(("format", "most"), [("email", 319), ("hostname", 254)])
def test_of_lengths_about_which_validators_disagree_nothing_is_said(format: str, most: int) -> None:
    assert compare({"type": "string", "format": format}, {"maxLength": most}).verdict == "unknown"


@pytest.mark.parametrize("name", KNOWN_TO_RUST)
def test_jsonschema_rs_agrees_about_the_samples(name: str) -> None:
    validator = jsonschema_rs.Draft202012Validator({"format": name}, validate_formats=True)
    assert all(validator.is_valid(text) for text in FORMATS[name].valid)
    assert not any(validator.is_valid(text) for text in FORMATS[name].invalid)


def pydantic_types() -> list[Any]:
    """Return the types of pydantic and the standard library whose schema is a text with a format."""
    import datetime
    import ipaddress
    import uuid

    import pydantic

    return [
        datetime.date, datetime.time, datetime.datetime, datetime.timedelta, uuid.UUID, pydantic.UUID1, pydantic.UUID3,
        pydantic.UUID4, pydantic.UUID5, pydantic.AnyUrl, ipaddress.IPv4Address, ipaddress.IPv6Address,
        ipaddress.IPv4Network, ipaddress.IPv6Network, pydantic.IPvAnyAddress, pydantic.IPvAnyNetwork,
    ]  # fmt: skip


@pytest.mark.parametrize("annotation", pydantic_types(), ids=lambda annotation: annotation.__name__)
def test_pydantic_agrees_about_the_samples(annotation: Any) -> None:
    adapter = TypeAdapter(annotation)
    format = FORMATS[adapter.json_schema()["format"]]
    for text in format.valid:
        adapter.validate_json(f'"{text}"')
    for text in format.invalid:
        with pytest.raises(ValidationError):
            adapter.validate_json(f'"{text}"')


@pytest.mark.parametrize("name", [format.name for format in FORMATS.values() if format.exact])
def test_exact_patterns_describe_their_format(name: str) -> None:
    format: Format = FORMATS[name]
    assert format.pattern is not None
    for text in (*format.valid, *format.invalid, "", "a", "0", "/", "~", "/~0", "1/a", "0#", "1.2.3.4", "256.1.1.1"):
        assert matches(format.pattern, text) is format.check(text), text


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_fits_itself_and_no_text_fits_it(name: str) -> None:
    schema = {"type": "string", "format": name}
    assert compare(schema, schema | {"title": "the same"}).verdict == "compatible"
    comparison = compare({"type": "string"}, schema)
    assert comparison.verdict == "incompatible"
    assert [problem.code for problem in comparison.problems] == ["EK107"]


@pytest.mark.parametrize("name", ["password", "path", "binary", "unheard-of"])
def test_other_formats_are_annotations(name: str) -> None:
    assert compare({"type": "string"}, {"type": "string", "format": name}).verdict == "compatible"


def test_examples_are_made_to_fit_a_pattern() -> None:
    publisher = {"type": "string", "format": "email", "pattern": "^x"}
    value = compare(publisher, {"type": "string", "maxLength": 4}).counterexample
    assert value.startswith("x")
    assert FORMATS["email"].check(value)
