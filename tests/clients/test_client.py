"""A service client: typed calls over real connections, and an error that tells what went wrong for each that fails."""

import asyncio
import pickle
import subprocess
import sys
from contextlib import suppress
from decimal import Decimal
from enum import StrEnum
from typing import Any

import httpx2
import pytest
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from eventkit import ClientError, ConfigurationError, Envelope, ServiceClient
from eventkit.clients import client as client_module
from eventkit.clients.client import ATTEMPTS, Timeouts
from eventkit.clients.errors import (
    CallTimeoutError,
    NotFoundError,
    StatusError,
    UnreachableError,
    UnreadableError,
)
from eventkit.contract.context import handling
from tests.clients.conftest import Serve, ServeRaw


class Tier(StrEnum):
    FREE = "free"


class User(BaseModel):
    user_id: str
    credits: Decimal


class Deduction(BaseModel):
    amount: Decimal


class Echo(BaseModel):
    """What reached the server."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]
    body: Any


async def echo(request: Request) -> Response:
    body = await request.body()
    return JSONResponse(
        {
            "method": request.method,
            "path": request.scope["raw_path"].decode(),
            "query": request.query_params.multi_items(),
            "headers": dict(request.headers),
            "body": await request.json() if body else None,
        }
    )


async def user(request: Request) -> Response:
    return JSONResponse({"user_id": request.path_params["user_id"], "credits": "12.50"})


async def answer(request: Request) -> Response:
    return PlainTextResponse("no  such\nthing \x1b[31m" + "x" * 1000, int(request.path_params["status"]))


async def page(request: Request) -> Response:
    return Response("<html>Log in", media_type="text/html")


async def wrong(request: Request) -> Response:
    return JSONResponse({"credits": "secret-value"})


async def elsewhere(request: Request) -> Response:
    return RedirectResponse("/users/u-1")


async def set_cookie(request: Request) -> Response:
    response = JSONResponse({})
    response.set_cookie("session", "of-another-user")
    return response


METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]
app = Starlette(
    routes=[
        Route("/users/{user_id}", user),
        Route("/answer/{status}", answer, methods=METHODS),
        Route("/page", page),
        Route("/wrong", wrong),
        Route("/elsewhere", elsewhere),
        Route("/cookie", set_cookie),
        Route("/{rest:path}", echo, methods=METHODS),
    ]
)


class AccountClient(ServiceClient):
    async def get_user(self, user_id: str) -> User:
        return await self.get("/users/{user_id}", User, user_id=user_id)


class TestCalls:
    async def test_the_answer_is_the_declared_type(self, serve: Serve) -> None:
        async with serve(app) as url, AccountClient(url) as accounts:
            assert await accounts.get_user("u-1") == User(user_id="u-1", credits=Decimal("12.50"))

    async def test_an_application_in_this_process_answers_without_a_network(self) -> None:
        async with AccountClient("http://accounts", transport=httpx2.ASGITransport(app)) as accounts:
            assert (await accounts.get_user("u-1")).user_id == "u-1"

    async def test_a_body_is_sent_as_json(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            for call, method in ((client.post, "POST"), (client.put, "PUT"), (client.patch, "PATCH")):
                got = await call("/wallets/{id}/deduct", Echo, id="w-1", body=Deduction(amount=Decimal("0.10")))
                assert (got.method, got.path, got.body) == (method, "/wallets/w-1/deduct", {"amount": "0.10"})
                assert got.headers["content-type"] == "application/json"
            assert (await client.delete("/wallets/{id}", Echo, id="w-1")).method == "DELETE"

    async def test_without_a_declared_type_the_answer_is_not_read(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            assert await client.post("/answer/204") is None

    async def test_the_query_repeats_lists_and_leaves_none_out(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            got = await client.get(
                "/find", Echo, query={"id": ["a", "b&c"], "tier": Tier.FREE, "old": None, "all": True}
            )
        assert got.query == [("id", "a"), ("id", "b&c"), ("tier", "free"), ("all", "true")]

    async def test_a_prefix_and_a_trailing_slash_of_the_url_are_kept_apart_from_the_path(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url + "/api/v1/") as client:
            assert (await client.get("/find", Echo)).path == "/api/v1/find"

    @pytest.mark.parametrize(
        ("value", "path"), [("a/b?c#d", "/u/a%2Fb%3Fc%23d/x"), ("é %", "/u/%C3%A9%20%25/x"), (7, "/u/7/x")]
    )
    async def test_a_path_parameter_is_one_segment(self, value: object, path: str, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            assert (await client.get("/u/{id}/x", Echo, id=value)).path == path

    @pytest.mark.parametrize("value", ["", ".", "..", None])
    async def test_a_path_parameter_that_would_name_another_resource_is_refused(self, value: object) -> None:
        async with ServiceClient("http://accounts") as client:
            with pytest.raises(ConfigurationError, match=r"'id' of '/users/{id}' is"):
                await client.get("/users/{id}", Echo, id=value)

    @pytest.mark.parametrize("parameters", [{}, {"user": "u-1"}, {"id": "u-1", "more": 1}])
    async def test_parameters_must_be_those_of_the_path(self, parameters: dict[str, Any]) -> None:
        async with ServiceClient("http://accounts") as client:
            with pytest.raises(ConfigurationError, match="takes id, not"):
                await client.get("/users/{id}", Echo, **parameters)

    async def test_cookies_are_not_kept(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            await client.get("/cookie", dict)
            assert "cookie" not in (await client.get("/find", Echo)).headers


class TestHeaders:
    async def test_a_call_from_a_handler_carries_the_correlation_of_its_event(self, serve: Serve) -> None:
        event = Envelope(
            id="e-1", source="orders", type="order.created", data=b"{}", correlation="c-1", traceparent="00-ab-cd-01",
            extensions={"tracestate": "vendor=a b,other=%"},
        )  # fmt: skip
        async with serve(app) as url, ServiceClient(url) as client:
            with handling(event, "payments"):
                headers = (await client.get("/find", Echo)).headers
        names = ("ce-correlationid", "ce-causationid", "traceparent", "tracestate")
        assert {name: headers.get(name) for name in names} == {
            "ce-correlationid": "c-1",
            "ce-causationid": "e-1",
            "traceparent": "00-ab-cd-01",
            "tracestate": "vendor=a b,other=%",
        }

    async def test_ids_that_others_chose_are_sent_as_headers_can_hold_them(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            with handling(Envelope(id="é x: y", source="orders", type="order.created", data=b"{}"), "payments"):
                headers = (await client.get("/find", Echo)).headers
        assert headers["ce-causationid"] == "%C3%A9%20x:%20y"

    async def test_outside_of_handlers_there_is_none(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            assert not [name for name in (await client.get("/find", Echo)).headers if name.startswith("ce-")]

    async def test_given_headers_and_the_credentials_of_the_url_are_sent(self, serve: Serve) -> None:
        async with serve(app) as url:
            async with ServiceClient(url, headers={"x-tenant": "t-1"}) as client:
                assert (await client.get("/find", Echo)).headers["x-tenant"] == "t-1"
            async with ServiceClient(url.replace("//", "//me:secret@")) as client:
                assert (await client.get("/find", Echo)).headers["authorization"] == "Basic bWU6c2VjcmV0"
                assert "secret" not in repr(client)


class TestErrors:
    async def test_another_status_than_2xx_is_an_error_with_the_beginning_of_the_body(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            with pytest.raises(StatusError) as caught:
                await client.post("/answer/500", query={"token": "secret"})
        error = caught.value
        assert error.status == 500
        assert str(error).startswith("status 500: no such thing [31mxxx")
        assert str(error).endswith(f"(POST {url}/answer/500); look into the log of the service")
        assert len(error.body) < 310
        assert "secret" not in str(error)

    @pytest.mark.parametrize(
        ("status", "mend"), [(401, "credentials"), (403, "credentials"), (422, "compare what was sent")]
    )
    async def test_it_says_how_to_mend_it(self, status: int, mend: str, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            with pytest.raises(StatusError, match=mend):
                await client.post("/answer/{status}", status=status)

    async def test_not_found_is_an_error_of_its_own(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            with pytest.raises(NotFoundError):
                await client.get("/answer/404", User)

    async def test_a_redirect_is_not_followed(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            with pytest.raises(StatusError, match=r"status 307.*use the URL to which"):
                await client.get("/elsewhere", User)

    async def test_an_answer_that_is_not_json_is_shown(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            with pytest.raises(UnreadableError, match=r"text/html.* is not JSON: <html>Log in"):
                await client.get("/page", User)

    async def test_an_answer_that_does_not_fit_tells_what_is_wrong_without_the_values(self, serve: Serve) -> None:
        async with serve(app) as url, ServiceClient(url) as client:
            with pytest.raises(
                UnreadableError, match="is no User: user_id: Field required; credits: Input should"
            ) as caught:
                await client.get("/wrong", User)
        assert "secret-value" not in str(caught.value)

    async def test_an_endless_answer_is_cut_off(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client_module, "MAX_ANSWER", 100)
        async with serve(app) as url, ServiceClient(url) as client:
            with pytest.raises(UnreadableError, match="longer than 100 bytes"):
                await client.get("/answer/200", User)

    async def test_errors_survive_pickling(self) -> None:
        error = pickle.loads(pickle.dumps(NotFoundError("status 404", where="GET x", status=404, body="no")))
        assert (type(error), error.status, error.body, error.where) == (NotFoundError, 404, "no", "GET x")


class TestConnections:
    @pytest.fixture(autouse=True)
    def retry_at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(client_module, "FIRST_DELAY", 0)

    async def test_nobody_there(self, closed_port: str) -> None:
        async with ServiceClient(closed_port.replace("//", "//me:secret@")) as client:
            with pytest.raises(UnreachableError, match="check that the service runs") as caught:
                await client.post("/x")
        assert f"(POST {closed_port}/x)" in str(caught.value)
        assert "secret" not in str(caught.value)

    async def test_no_answer_in_time(self, serve_raw: ServeRaw) -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()

        async with serve_raw(silent) as url, ServiceClient(url, timeouts=Timeouts(read=0.05)) as client:
            with pytest.raises(CallTimeoutError, match=r"the connection stood still for 0\.05 s"):
                await client.get("/x", User)

    async def test_an_answer_that_trickles_is_bounded_by_the_total(self, serve_raw: ServeRaw) -> None:
        async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n")
            with suppress(ConnectionError):
                while True:
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.01)

        async with serve_raw(trickle) as url, ServiceClient(url, timeouts=Timeouts(total=0.2)) as client:
            with pytest.raises(CallTimeoutError, match=r"no answer within 0\.2 s"):
                await client.get("/x", User)

    @pytest.mark.parametrize(
        "beginning",
        [
            b"",
            b"HTTP/1.1 200 OK\r\ncontent-le",
            b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{",
            b"SSH-2.0-x\r\n\r\n",
        ],
        ids=["nothing", "half the headers", "half the body", "another protocol"],
    )
    @pytest.mark.parametrize(("method", "calls"), [("get", ATTEMPTS), ("post", 1)])
    async def test_a_broken_connection_is_tried_again_where_that_is_safe(
        self, method: str, calls: int, beginning: bytes, serve_raw: ServeRaw
    ) -> None:
        served = 0

        async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal served
            served += 1
            writer.write(beginning)

        async with serve_raw(break_off) as url, ServiceClient(url) as client:
            with pytest.raises(UnreachableError, match="RemoteProtocolError"):
                await getattr(client, method)("/x", User)
        assert served == calls

    async def test_a_second_attempt_may_succeed(self, serve_raw: ServeRaw) -> None:
        answers = [b"", b'HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"user_id": "u-1", "credits": "1"}']

        async def recover(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(answers.pop(0))

        async with serve_raw(recover) as url, AccountClient(url) as accounts:
            assert (await accounts.get_user("u-1")).user_id == "u-1"

    async def test_connections_are_kept(self, serve_raw: ServeRaw) -> None:
        connections = 0

        async def count(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal connections
            connections += 1
            while True:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                try:
                    await reader.readuntil(b"\r\n\r\n")
                except asyncio.IncompleteReadError:
                    return

        async with serve_raw(count) as url, ServiceClient(url) as client:
            for _ in range(3):
                await client.get("/x", dict)
        assert connections == 1


class TestTransportErrors:
    """Those that a test cannot bring about on the loopback interface, or not in reasonable time."""

    @pytest.mark.parametrize(
        ("raised", "kind", "message", "calls"),
        [
            (httpx2.ConnectTimeout(""), UnreachableError, "no connection within 2 s", ATTEMPTS),
            (httpx2.PoolTimeout(""), CallTimeoutError, "all 100 connections were busy for 10 s", 1),
            (httpx2.WriteTimeout(""), CallTimeoutError, "the connection stood still for 10 s", 1),
            (httpx2.DecodingError("bad gzip"), UnreadableError, "cannot be unpacked: bad gzip", 1),
            (httpx2.WriteError(""), UnreachableError, "WriteError", 1),
        ],
    )
    async def test_a_post_is_repeated_only_where_nothing_was_sent(
        self,
        raised: httpx2.RequestError,
        kind: type[ClientError],
        message: str,
        calls: int,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(client_module, "FIRST_DELAY", 0)
        called = 0

        def fail(request: httpx2.Request) -> httpx2.Response:
            nonlocal called
            called += 1
            raise raised

        async with ServiceClient("http://accounts", transport=httpx2.MockTransport(fail)) as client:
            with pytest.raises(kind, match=message):
                await client.post("/x")
        assert called == calls


class TestLife:
    def test_without_httpx2_the_extra_is_named(self) -> None:
        program = "import sys; sys.modules['httpx2'] = None; from eventkit import ServiceClient"
        run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert run.stderr.endswith('HTTP clients need an extra; run: pip install "eventkit-contracts[http]"\n')

    async def test_closing_twice_is_harmless(self) -> None:
        async with ServiceClient("http://accounts") as client:
            await client.close()

    async def test_a_call_after_closing_says_so(self) -> None:
        accounts = AccountClient("http://accounts")
        await accounts.close()
        with pytest.raises(ClientError, match=r"AccountClient is closed .*inside its `async with` block"):
            await accounts.get_user("u-1")

    @pytest.mark.parametrize(
        "url",
        ["accounts:8000", "ftp://accounts", "http://", "http://me:secret@accounts:port", "http://accounts?x=secret"],
    )
    def test_a_wrong_url_is_refused_without_showing_secrets(self, url: str) -> None:
        with pytest.raises(ConfigurationError, match="is no URL of a service") as caught:
            ServiceClient(url)
        assert "secret" not in str(caught.value)
