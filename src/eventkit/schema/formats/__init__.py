"""Formats: which are asserted, how they are checked, and what is known of them as languages.

Validators disagree about the edges of formats. So a format is a predicate by its RFC (`check`), some texts about
which all agree, and a pattern that is wide enough for all of them: what does not match the pattern surely has not the
format. The same format on both sides is contained in itself whatever it means.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from eventkit.schema.formats import dates, identifiers, internet


class Format(NamedTuple):
    """A format that is asserted.

    Attributes:
        name: as in the schema.
        check: tells whether a text has the format, by the RFC that defines it.
        valid: texts that have it.
        invalid: texts that have it not.
        within: formats that every text of this one has, too.
        pattern: an ECMA-262 pattern that all texts with this format match, however leniently it is read.
        exact: whether the texts that match the pattern are just those that pass the check.
        plain: a pattern of texts that surely have it, to make examples from.
        near: a pattern of texts that surely have it not, but look alike, for patterns that stand for the format.
        longest: how many characters a text with this format has at most, however leniently it is read.
    """

    name: str
    check: Callable[[str], bool]
    valid: tuple[str, ...]
    invalid: tuple[str, ...]
    within: tuple[str, ...] = ()
    pattern: str | None = None
    exact: bool = False
    plain: str | None = None
    near: str | None = None
    longest: int | None = None


_LONGEST_LOCAL = 64
_LONGEST_DOMAIN = 255
"""RFC 5321, section 4.5.3.1; as RFC 1035 counts the octets of a name, 253 characters remain, but not all know that."""
_HEX = "[0-9a-fA-F]"
_BYTE = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_POINTER = "(/([^~/]|~[01])*)*"
_URL = "https://example.com/a"
_PLAIN_URL = "^https://[a-z]+[.][a-z]{2,4}(/[a-z0-9]*)*$"
_PLAIN_DATE = "20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])"
_PLAIN_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-2]):[0-5][0-9])"
_NO_DATE = "[0-9]{4}-((00|1[3-9]|[2-9][0-9])-[0-9]{2}|[0-9]{2}-(00|3[2-9]|[4-9][0-9])|02-3[01]|(04|06|09|11)-31)"
_NO_TIME = "(2[4-9]|[3-9][0-9]|[0-9]{2}:[6-9][0-9]).*"
_CLOCK = "[0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?([zZ]|[+-][0-9]{2}:?[0-9]{2})?"


def _uuid(version: str) -> Format:
    digit = version or _HEX
    return Format(
        f"uuid{version}",
        identifiers.is_uuid if not version else lambda text: identifiers.is_uuid(text) and text[14] == version,
        (f"3f2504e0-4f89-{version or '4'}1d3-9a0c-0305e82c3301",),
        ("not-a-uuid",),
        within=("uuid",) if version else (),
        pattern=f"^{_HEX}{{8}}-{_HEX}{{4}}-{digit}{_HEX}{{3}}-{_HEX}{{4}}-{_HEX}{{12}}$",
        exact=True,
    )


def _is_ip(text: str) -> bool:
    return internet.is_ipv4(text) or internet.is_ipv6(text)


_ALL = [
    Format(
        "date",
        dates.is_date,
        ("2024-05-17",),
        ("not-a-date",),
        pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
        plain=f"^{_PLAIN_DATE}$",
        near=f"^{_NO_DATE}$",
    ),
    Format(
        "time",
        dates.is_time,
        ("10:30:00Z", "10:30:00+02:00"),
        ("not-a-time",),
        pattern=f"^{_CLOCK}$",
        plain=f"^{_PLAIN_TIME}$",
        near=f"^{_NO_TIME}$",
    ),
    Format(
        "date-time",
        dates.is_date_time,
        ("2024-05-17T10:30:00Z", "2024-05-17T10:30:00+02:00", "2024-05-17T10:30:00.250Z"),
        ("not-a-date",),
        pattern=f"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[tT _]{_CLOCK}$",
        plain=f"^{_PLAIN_DATE}T{_PLAIN_TIME}$",
        near=f"^({_NO_DATE}[tT].*|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[tT]{_NO_TIME})$",
    ),
    Format(
        "duration",
        dates.is_duration,
        ("PT5M", "P1D"),
        ("not-a-duration",),
        pattern="^[+-]?P[0-9YMWDTHS.,]+$",
        plain="^P([1-9][0-9]*D|T[1-9][0-9]*[HMS])$",
    ),
    Format(
        "email",
        internet.is_email,
        ("ada@example.com", "a@b.co"),
        ("no-at-sign",),
        within=("idn-email",),
        pattern="@",
        plain="^[a-z0-9]{1,22}([.+-][a-z0-9]{1,20}){0,2}@([a-z0-9]{1,30}(-[a-z0-9]{1,30})?[.]){1,4}[a-z]{2,5}$",
        longest=_LONGEST_LOCAL + len("@") + _LONGEST_DOMAIN,
    ),
    Format("idn-email", internet.is_idn_email, ("ada@example.com",), ("no-at-sign",), pattern="@"),
    Format(
        "hostname",
        internet.is_hostname,
        ("example.com",),
        ("-not-a-host-", ""),
        within=("idn-hostname",),
        plain="^[a-z]([a-z0-9]{0,59}[a-z0-9])?([.][a-z]{2,47}){0,4}$",
        longest=_LONGEST_DOMAIN,
    ),
    Format("idn-hostname", internet.is_idn_hostname, ("example.com",), ("-not-a-host-", "")),
    Format(
        "ipv4",
        internet.is_ipv4,
        ("192.0.2.1",),
        ("not-an-ip",),
        within=("ipvanyaddress",),
        pattern=f"^{_BYTE}([.]{_BYTE}){{3}}$",
        exact=True,
    ),
    Format(
        "ipv6",
        internet.is_ipv6,
        ("2001:db8::1",),
        ("not-an-ip",),
        within=("ipvanyaddress",),
        pattern=f"^{_HEX[:-1]}:.]{{2,45}}$",
        plain="^2001:db8(:[0-9a-f]{1,4}){6}$",
    ),
    Format(
        "ipvanyaddress",
        _is_ip,
        ("192.0.2.1", "2001:db8::1"),
        ("not-an-ip",),
        pattern=f"^{_HEX[:-1]}:.]{{2,45}}$",
        plain=f"^{_BYTE}([.]{_BYTE}){{3}}$",
    ),
    *(
        Format(f"ip{family}network", internet.is_network, (sample,), ("not-a-network",))
        for family, sample in (("v4", "192.0.2.0/24"), ("v6", "2001:db8::/32"), ("vany", "192.0.2.0/24"))
    ),
    Format(
        "uri",
        internet.is_uri,
        (_URL,),
        ("not a uri",),
        within=("uri-reference", "iri", "iri-reference"),
        plain=_PLAIN_URL,
    ),
    Format(
        "uri-reference",
        internet.is_uri_reference,
        ("/a", _URL),
        ("not a uri",),
        within=("iri-reference",),
        plain=_PLAIN_URL,
    ),
    Format("iri", internet.is_iri, (_URL,), ("not a uri",), within=("iri-reference",), plain=_PLAIN_URL),
    Format("iri-reference", internet.is_iri_reference, ("/a", _URL), ("not a uri",), plain=_PLAIN_URL),
    Format("uri-template", internet.is_uri_template, ("/orders/{id}",), ("{not a template",), plain="^(/[a-z]+)+$"),
    *map(_uuid, ("", "1", "3", "4", "5", "6", "7", "8")),
    Format(
        "json-pointer",
        identifiers.is_json_pointer,
        ("/a", ""),
        ("not-a-pointer",),
        pattern=f"^{_POINTER}$",
        exact=True,
    ),
    Format(
        "relative-json-pointer",
        identifiers.is_relative_json_pointer,
        ("0/a",),
        ("not-a-pointer",),
        pattern=f"^(0|[1-9][0-9]*)(#|{_POINTER})$",
        exact=True,
    ),
    Format("regex", identifiers.is_regex, ("^a+$",), ("(",), plain="^[a-z]*$"),
    Format("json-string", identifiers.is_json, ("1",), ("{",), plain="^[1-9][0-9]*$"),
    Format("base64", identifiers.is_base64, ("aGk=",), ("?",), plain="^([a-z]{4})*$"),
    Format("base64url", identifiers.is_base64url, ("aGk=",), ("?",), plain="^([a-z]{4})*$"),
]

FORMATS: dict[str, Format] = {each.name: each for each in _ALL}
"""The formats that are asserted, by name: those of JSON Schema and those that pydantic validates."""

CONTENTS: dict[tuple[str | None, str | None], Format] = {
    ("base64", None): FORMATS["base64"],
    (None, "application/json"): FORMATS["json-string"],
    ("base64", "application/json"): Format("base64 of JSON", identifiers.is_base64_json, ("MQ==",), ("?",)),
}
"""What draft 7 asserts of contents, by `contentEncoding` and `contentMediaType`; later drafts only annotate."""
