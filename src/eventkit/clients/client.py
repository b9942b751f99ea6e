"""`ServiceClient`: the base of the clients through which one service asks another."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, Final, Self, cast

from pydantic_core import to_json
from typing_extensions import TypeVar

from eventkit.clients.answer import Answer, check_status, read
from eventkit.clients.errors import CallTimeoutError, UnreachableError, UnreadableError
from eventkit.clients.request import fill_path, query_items, split_credentials, tracing_headers
from eventkit.contract.errors import ClientError, MissingExtraError

try:
    import httpx2
except ImportError:
    raise MissingExtraError.of("HTTP clients", "http") from None

T = TypeVar("T", default=None)

ATTEMPTS: Final = 3
FIRST_DELAY: Final = 0.1  # seconds
MAX_ANSWER: Final = 16 * 1024 * 1024  # bytes
MAX_CONNECTIONS: Final = 100
REPEATABLE: Final = frozenset({"GET", "PUT", "DELETE"})  # twice is as once: RFC 9110, section 9.2.2
# Shorter than the five seconds after which servers close idle connections: a request sent into a closing one fails.
KEEP_ALIVE: Final = 2.0

_MEND_TIMEOUT: Final = "look into the load of the service, or give it longer: Timeouts(...)"
_MEND_UNREACHABLE: Final = "check that the service runs and that its URL is right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long a call may take, in seconds.

    Args:
        connect: Until a connection stands.
        read: Until the next part of the request is taken, or of the answer received.
        total: For the whole call, with all its attempts.
    """

    connect: float = 2.0
    read: float = 10.0
    total: float = 20.0


class ServiceClient:
    """The base of the clients through which a service asks another one, over a pool of kept connections.

        class PaymentClient(ServiceClient):
            async def get_payment(self, payment_id: str) -> Payment:
                return await self.get("/payments/{payment_id}", Payment, payment_id=payment_id)

        async with PaymentClient("http://payments:8000") as payments:
            await payments.get_payment("p-1")

    A call that found no connection is tried again, up to three times in all; one whose connection broke, only where
    doing it twice does no harm: GET, PUT and DELETE. Called while an event is handled, it carries the event's
    correlation (`ce-correlationid`, `ce-causationid`) and its trace (`traceparent`, `tracestate`).

    Args:
        url: Where the service is: `http://host:port`, with a prefix for all paths where there is one. A user and
            password in it are sent as basic authentication, and shown nowhere.
        timeouts: How long a call may take.
        headers: Sent with each call, an `Authorization` for example.
        transport: What carries the requests: `httpx2.ASGITransport(app)` calls an application in this process. By
            default connections of its own, without the proxies that the environment names.

    Raises:
        ConfigurationError: The URL is no http or https URL.
    """

    def __init__(
        self,
        url: str,
        *,
        timeouts: Timeouts | None = None,
        headers: Mapping[str, str] | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
    ) -> None:
        self.url, credentials = split_credentials(url)
        self._timeouts = timeouts or Timeouts()
        self._http = httpx2.AsyncClient(
            auth=credentials,
            # One client serves all users: a cookie set for one must not be sent for another.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            headers=headers,
            timeout=httpx2.Timeout(self._timeouts.read, connect=self._timeouts.connect),
            limits=httpx2.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=KEEP_ALIVE),
            transport=transport,
            trust_env=False,
            verify=_tls(),
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections. Closing twice is harmless; a call after it raises ClientError."""
        await self._http.aclose()

    async def get(
        self, path: str, returns: type[T], /, *, query: Mapping[str, Any] | None = None, **parameters: Any
    ) -> T:
        """Ask for something.

        Args:
            path: The path below the client's URL, as `/users/{user_id}`.
            returns: The type of the answer: a model, or anything else that pydantic validates.
            query: Values of the query; None is left out, a list is repeated.
            parameters: The values of the path's parameters.

        Returns:
            The answer's JSON, validated.

        Raises:
            ClientError: The call failed; `eventkit.clients.errors` tells the ways.
            ConfigurationError: The parameters do not fit the path.
        """
        return await self._call("GET", path, returns, query, None, parameters)

    async def post(
        self,
        path: str,
        returns: type[T] | None = None,
        /,
        *,
        body: object = None,
        query: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> T:
        """Have something done.

        Args:
            path: The path below the client's URL, as `/users/{user_id}/orders`.
            returns: The type of the answer; left out, the answer is not read.
            body: Sent as JSON: a model, or anything else that pydantic writes; None for no body.
            query: Values of the query; None is left out, a list is repeated.
            parameters: The values of the path's parameters.

        Returns:
            The answer's JSON, validated, or None.

        Raises:
            ClientError: The call failed; `eventkit.clients.errors` tells the ways.
            ConfigurationError: The parameters do not fit the path.
        """
        return await self._call("POST", path, returns, query, body, parameters)

    async def put(
        self,
        path: str,
        returns: type[T] | None = None,
        /,
        *,
        body: object = None,
        query: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> T:
        """Replace something; arguments, result and errors as for `post`."""
        return await self._call("PUT", path, returns, query, body, parameters)

    async def patch(
        self,
        path: str,
        returns: type[T] | None = None,
        /,
        *,
        body: object = None,
        query: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> T:
        """Change something; arguments, result and errors as for `post`."""
        return await self._call("PATCH", path, returns, query, body, parameters)

    async def delete(
        self,
        path: str,
        returns: type[T] | None = None,
        /,
        *,
        query: Mapping[str, Any] | None = None,
        **parameters: Any,
    ) -> T:
        """Remove something; arguments, result and errors as for `post`."""
        return await self._call("DELETE", path, returns, query, None, parameters)

    async def _call(
        self,
        method: str,
        path: str,
        returns: type[T] | None,
        query: Mapping[str, Any] | None,
        body: object,
        parameters: Mapping[str, Any],
    ) -> T:
        url = self.url + fill_path(path, parameters)
        where = f"{method} {url}"
        if self._http.is_closed:
            raise ClientError(
                f"{type(self).__name__} is closed", where=where, mend="make calls inside its `async with` block"
            )
        content = None if body is None else to_json(body, by_alias=True)
        request = self._http.build_request(
            method,
            url,
            content=content,
            params=query_items(query),
            headers=tracing_headers() | ({} if content is None else {"content-type": "application/json"}),
        )
        try:
            async with asyncio.timeout(self._timeouts.total):
                answer = await self._send(request, where)
        except TimeoutError:
            raise CallTimeoutError(
                f"no answer within {self._timeouts.total:g} s", where=where, mend=_MEND_TIMEOUT
            ) from None
        check_status(answer, where)
        # Without a declared type T is None.
        return cast("T", None if returns is None else read(returns, answer, where))

    async def _send(self, request: httpx2.Request, where: str) -> Answer:
        attempt = 1
        while True:
            try:
                return await self._send_once(request, where)
            except httpx2.RequestError as error:
                if attempt == ATTEMPTS or not _may_repeat(request.method, error):
                    raise self._failed(error, where) from error
            await asyncio.sleep(random.uniform(0, FIRST_DELAY * 2**attempt))  # noqa: S311 - jitter
            attempt += 1

    async def _send_once(self, request: httpx2.Request, where: str) -> Answer:
        response = await self._http.send(request, stream=True)
        try:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > MAX_ANSWER:
                    raise UnreadableError(
                        f"the answer is longer than {MAX_ANSWER:,} bytes", where=where, mend="ask for it in parts"
                    )
            return Answer(response.status_code, response.headers.get("content-type", ""), bytes(content))
        finally:
            await response.aclose()

    def _failed(self, error: httpx2.RequestError, where: str) -> ClientError:
        if isinstance(error, httpx2.ConnectTimeout):
            return UnreachableError(
                f"no connection within {self._timeouts.connect:g} s", where=where, mend=_MEND_UNREACHABLE
            )
        if isinstance(error, httpx2.PoolTimeout):
            return CallTimeoutError(
                f"all {MAX_CONNECTIONS} connections were busy for {self._timeouts.read:g} s",
                where=where,
                mend="make fewer calls at once",
            )
        if isinstance(error, httpx2.TimeoutException):
            return CallTimeoutError(
                f"the connection stood still for {self._timeouts.read:g} s", where=where, mend=_MEND_TIMEOUT
            )
        if isinstance(error, httpx2.DecodingError):
            return UnreadableError(
                f"the answer cannot be unpacked: {error}",
                where=where,
                mend="look into what stands between the services",
            )
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return UnreachableError(what, where=where, mend=_MEND_UNREACHABLE)


def _may_repeat(method: str, error: httpx2.RequestError) -> bool:
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return True  # nothing was sent
    return method in REPEATABLE and isinstance(error, httpx2.NetworkError | httpx2.RemoteProtocolError)


@cache
def _tls() -> ssl.SSLContext:
    return httpx2.create_ssl_context()  # it takes some 30 ms: one for all clients
