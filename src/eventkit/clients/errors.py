"""How a call to another service can fail.

    ClientError
    ├── UnreachableError      no connection, or it broke before the answer was complete
    ├── CallTimeoutError      no answer in time; the service may have done what was asked
    ├── StatusError           an answer with a status other than 2xx
    │   └── NotFoundError         404
    └── UnreadableError       an answer that does not fit the declared type

Each names the method and the URL, without its query and without credentials.
"""

from __future__ import annotations

from eventkit.contract.errors import ClientError


class UnreachableError(ClientError):
    """There was no connection to the service, or it broke before the answer was complete."""


class CallTimeoutError(ClientError):
    """The service did not answer in time. It may have done what was asked all the same."""


class StatusError(ClientError):
    """The service answered with a status other than 2xx.

    Args:
        what: What is wrong.
        where: The method and URL.
        mend: What to do about it.
        status: The HTTP status.
        body: The beginning of the answer's body.
    """

    def __init__(
        self, what: str, *, where: str | None = None, mend: str | None = None, status: int = 0, body: str = ""
    ) -> None:
        super().__init__(what, where=where, mend=mend)
        self.status = status
        self.body = body


class NotFoundError(StatusError):
    """The service answered with 404: what was asked for is not there."""


class UnreadableError(ClientError):
    """The service's answer does not fit the declared type, or is too large."""
