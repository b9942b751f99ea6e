"""Names and addresses of the internet: e-mail, hosts, IP addresses, URIs and IRIs."""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from functools import cache

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]"
_LOCAL = re.compile(rf'(?:{_ATEXT}+(?:\.{_ATEXT}+)*|"(?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\[\x20-\x7e])*")')
_LONGEST_LOCAL = 64
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_IPV4 = re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}", re.ASCII)

_UNRESERVED = r"A-Za-z0-9._~\-"
_SUB = r"!$&'()*+,;="
_PRIVATE = r"\ue000-\uf8ff\U000f0000-\U0010ffff"
_UCS = r"\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U000e0fff"


@cache
def _uri_pattern(letters: str = "", private: str = "", *, relative: bool = False) -> re.Pattern[str]:
    """Return the grammar of RFC 3986, appendix A, with further letters for RFC 3987."""
    percent = r"%[0-9A-Fa-f]{2}"
    pchar = rf"(?:[{_UNRESERVED}{letters}{_SUB}:@]|{percent})"
    literal = rf"\[(?:[0-9A-Fa-f:.]+|v[0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB}:]+)\]"
    host = rf"(?:{literal}|(?:[{_UNRESERVED}{letters}{_SUB}]|{percent})*)"
    authority = rf"(?:(?:[{_UNRESERVED}{letters}{_SUB}:]|{percent})*@)?{host}(?::\d*)?"
    path = rf"(?://{authority}(?:/{pchar}*)*|/(?:{pchar}+(?:/{pchar}*)*)?|{{first}}(?:/{pchar}*)*|)"
    tail = rf"(?:\?(?:{pchar}|[/?{private}])*)?(?:#(?:{pchar}|[/?])*)?"
    whole = rf"[A-Za-z][A-Za-z0-9+.-]*:{path.replace('{first}', pchar + '+')}{tail}"
    if relative:
        no_colon = rf"(?:[{_UNRESERVED}{letters}{_SUB}@]|{percent})+"
        whole = rf"(?:{whole}|{path.replace('{first}', no_colon)}{tail})"
    return re.compile(whole)


_TEMPLATE = re.compile(
    r"(?:[^\x00-\x20\x7f\"'%<>\\^`{|}]|%[0-9A-Fa-f]{2}|"
    r"\{[+#./;?&=,!@|]?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(?::[1-9]\d{0,3}|\*)?"
    r"(?:,(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2})(?:\.?(?:[A-Za-z0-9_]|%[0-9A-Fa-f]{2}))*(?::[1-9]\d{0,3}|\*)?)*\})*"
)


def is_ipv4(text: str) -> bool:
    """Tell whether a text is a dotted quad of RFC 2673, section 3.2."""
    return _IPV4.fullmatch(text) is not None


def is_ipv6(text: str) -> bool:
    """Tell whether a text is an address of RFC 4291, section 2.2; zones do not belong to it."""
    if "%" in text or "/" in text or not text.isascii():
        return False
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def is_network(text: str) -> bool:
    """Tell whether a text is an IP network, as `10.0.0.0/8`."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def is_hostname(text: str) -> bool:
    """Tell whether a text is a host name of RFC 1123, section 2.1."""
    labels = text.split(".")
    return len(text) <= 253 and all(_LABEL.fullmatch(label) and _is_label(label) for label in labels)


def _is_label(label: str) -> bool:
    if label[2:4] != "--":
        return True
    if label[:4].lower() != "xn--":
        return False
    try:
        return is_idn_label(label[4:].encode("ascii").decode("punycode"))
    except UnicodeError:
        return False


def is_idn_hostname(text: str) -> bool:
    """Tell whether a text is an internationalized host name of RFC 5890, section 2.3.2.3."""
    labels = re.split("[.\u3002\uff0e\uff61]", text)
    return all(
        bool(_LABEL.fullmatch(label)) and _is_label(label) if label.isascii() else is_idn_label(label)
        for label in labels
    )


_LETTER_DIGITS = ("Ll", "Lo", "Lm", "Mn", "Mc", "Nd")
_DISALLOWED = frozenset("\u0640\u07fa\u302e\u302f\u3031\u3032\u3033\u3034\u3035\u303b")
_ALLOWED = frozenset("-\u00df\u03c2\u06fd\u06fe\u0f0b\u3007")
_VIRAMA = 9


def is_idn_label(label: str) -> bool:
    """Tell whether a text is a U-label: the rules of RFC 5891, section 4.2, and RFC 5892."""
    if not label or label[0] == "-" or label[-1] == "-" or label[2:4] == "--":
        return False
    if unicodedata.normalize("NFC", label) != label or unicodedata.category(label[0]).startswith("M"):
        return False
    if len(label.encode("punycode")) > 59:
        return False
    return all(_is_valid_at(label, index) for index in range(len(label)))


def _is_valid_at(label: str, index: int) -> bool:
    char = label[index]
    before = label[index - 1] if index else ""
    after = label[index + 1] if index + 1 < len(label) else ""
    if char in "\u200c\u200d":
        joins = char == "\u200c" and all(unicodedata.bidirectional(other) == "AL" for other in (before, after) if other)
        return bool(before) and (unicodedata.combining(before) == _VIRAMA or (joins and bool(after)))
    if char == "\u00b7":
        return before == "l" and after == "l"
    if char == "\u0375":
        return "GREEK" in _name(after)
    if char in "\u05f3\u05f4":
        return "HEBREW" in _name(before)
    if char == "\u30fb":
        return any(_name(other).startswith(("HIRAGANA", "KATAKANA LETTER", "CJK")) for other in label if other != char)
    if "\u0660" <= char <= "\u0669":
        return not any("\u06f0" <= other <= "\u06f9" for other in label)
    if "\u06f0" <= char <= "\u06f9":
        return not any("\u0660" <= other <= "\u0669" for other in label)
    if char in _ALLOWED:
        return True
    return char not in _DISALLOWED and unicodedata.category(char) in _LETTER_DIGITS


def _name(char: str) -> str:
    return unicodedata.name(char, "") if char else ""


def is_email(text: str) -> bool:
    """Tell whether a text is a mailbox of RFC 5321, section 4.1.2, of the length that section 4.5.3.1.1 allows."""
    local, _, domain = text.rpartition("@")
    if len(local) > _LONGEST_LOCAL or not _LOCAL.fullmatch(local):
        return False
    if domain.startswith("[") and domain.endswith("]"):
        inner = domain[1:-1]
        return is_ipv6(inner[5:]) if inner.lower().startswith("ipv6:") else is_ipv4(inner)
    return is_hostname(domain)


def is_idn_email(text: str) -> bool:
    """Tell whether a text is a mailbox of RFC 6531: letters of any script are letters."""
    local, _, domain = text.rpartition("@")
    plain = "".join(char if char.isascii() else "x" for char in local)
    return bool(_LOCAL.fullmatch(plain)) and (is_idn_hostname(domain) or is_email("a@" + domain))


def is_uri(text: str) -> bool:
    """Tell whether a text is a URI of RFC 3986."""
    return _uri_pattern().fullmatch(text) is not None and _has_good_host(text)


def is_uri_reference(text: str) -> bool:
    """Tell whether a text is a URI or a relative reference of RFC 3986."""
    return _uri_pattern(relative=True).fullmatch(text) is not None and _has_good_host(text)


def is_iri(text: str) -> bool:
    """Tell whether a text is an IRI of RFC 3987."""
    return _uri_pattern(_UCS, _PRIVATE).fullmatch(text) is not None and _has_good_host(text)


def is_iri_reference(text: str) -> bool:
    """Tell whether a text is an IRI or a relative reference of RFC 3987."""
    return _uri_pattern(_UCS, _PRIVATE, relative=True).fullmatch(text) is not None and _has_good_host(text)


def _has_good_host(text: str) -> bool:
    match = re.match(r"(?:[^:/?#]+:)?//(?:[^/?#@]*@)?\[([^\]]*)\]", text)
    return match is None or match[1][:1] in "vV" or is_ipv6(match[1])


def is_uri_template(text: str) -> bool:
    """Tell whether a text is a template of RFC 6570, section 2."""
    return _TEMPLATE.fullmatch(text) is not None
