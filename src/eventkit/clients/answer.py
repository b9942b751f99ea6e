"""What became of a request: its status and its body, and reading them."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, NamedTuple

from pydantic import TypeAdapter, ValidationError

from eventkit.clients.errors import NotFoundError, StatusError, UnreadableError

EXCERPT: Final = 300  # characters
PROBLEMS: Final = 3


class Answer(NamedTuple):
    """What a service answered.

    Args:
        status: The HTTP status.
        content_type: The media type that it names; empty where it names none.
        body: The whole body.
    """

    status: int
    content_type: str
    body: bytes


def check_status(answer: Answer, where: str) -> None:
    """Raise StatusError where the status is not 2xx."""
    if 200 <= answer.status < 300:
        return
    kind = NotFoundError if answer.status == 404 else StatusError
    body = _excerpt(answer.body)
    raise kind(
        f"status {answer.status}: {body}" if body else f"status {answer.status}",
        where=where,
        mend=_mend(answer.status),
        status=answer.status,
        body=body,
    )


def read(returns: Any, answer: Answer, where: str) -> Any:
    """Return the answer's JSON as the declared type.

    Raises:
        UnreadableError: It does not fit.
    """
    try:
        return _adapter(returns).validate_json(answer.body)
    except ValidationError as error:
        name = getattr(returns, "__name__", str(returns))
        # Without the values: an error message is no place for what a user's account holds.
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        if problems[0]["type"] == "json_invalid":
            raise UnreadableError(
                f"the answer, of type {answer.content_type or 'unknown'}, is not JSON: {_excerpt(answer.body)}",
                where=where,
                mend="check that the URL is the one of the service",
            ) from None
        told = [f"{'.'.join(map(str, each['loc'])) or 'all of it'}: {each['msg']}" for each in problems[:PROBLEMS]]
        more = f", and {len(problems) - PROBLEMS} more" if len(problems) > PROBLEMS else ""
        raise UnreadableError(
            f"the answer is no {name}: {'; '.join(told)}{more}",
            where=where,
            mend=f"declare {name} as the service answers",
        ) from None


@cache
def _adapter(returns: Any) -> TypeAdapter[Any]:
    return TypeAdapter(returns)


def _excerpt(body: bytes) -> str:
    text = body[: 4 * EXCERPT].decode("utf-8", "replace")
    words = "".join(character if character.isprintable() else " " for character in text).split()
    line = " ".join(words)
    return line if len(line) <= EXCERPT else line[:EXCERPT] + "..."


def _mend(status: int) -> str:
    match status:
        case 401 | 403:
            return "give the client credentials that allow it: headers={...}"
        case 404:
            return "check that what is asked for exists, and the path"
        case _ if status < 400:
            return "use the URL to which the service redirects"
        case _ if status < 500:
            return "compare what was sent with what the service takes"
        case _:
            return "look into the log of the service"
