"""RFC 3339 dates, times and durations."""

from __future__ import annotations

import datetime
import re

_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)", re.ASCII)
_TIME = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[zZ]|([+-])(\d\d):(\d\d))", re.ASCII)
_DURATION = re.compile(
    r"P(?:\d+W|(?:\d+D|\d+M(?:\d+D)?|\d+Y(?:\d+M(?:\d+D)?)?)?(?:T(?:\d+S|\d+M(?:\d+S)?|\d+H(?:\d+M(?:\d+S)?)?))?)",
    re.ASCII,
)


def is_date(text: str) -> bool:
    """Tell whether a text is a full-date of RFC 3339, section 5.6."""
    match = _DATE.fullmatch(text)
    if match is None:
        return False
    try:
        datetime.date(*map(int, match.groups()))
    except ValueError:
        return text.startswith("0000") and is_date("2000" + text[4:])  # Python has no year 0, RFC 3339 has
    return True


def is_time(text: str) -> bool:
    """Tell whether a text is a full-time of RFC 3339, section 5.6; a leap second is at 23:59:60 UTC."""
    match = _TIME.fullmatch(text)
    if match is None:
        return False
    hour, minute, second = (int(part) for part in match.groups()[:3])
    sign, offset_hour, offset_minute = match[4], int(match[5] or 0), int(match[6] or 0)
    if hour > 23 or minute > 59 or second > 60 or offset_hour > 23 or offset_minute > 59:
        return False
    if second < 60:
        return True
    offset = offset_hour * 60 + offset_minute
    return (hour * 60 + minute + (offset if sign == "-" else -offset)) % (24 * 60) == 23 * 60 + 59


def is_date_time(text: str) -> bool:
    """Tell whether a text is a date-time of RFC 3339, section 5.6."""
    return len(text) > 10 and text[10] in "tT" and is_date(text[:10]) and is_time(text[11:])


def is_duration(text: str) -> bool:
    """Tell whether a text is a duration of RFC 3339, appendix A."""
    return text not in ("P", "PT") and _DURATION.fullmatch(text) is not None
