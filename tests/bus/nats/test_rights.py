"""What docs/buses/nats.md says that a user needs is enough, and what is missing of it is told at once."""

from __future__ import annotations

import json
import logging
import re
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, aclosing
from pathlib import Path

import pytest

from eventkit import BusError, PublishError, connect
from eventkit.delivery.subscription import Dead, Reason
from eventkit.testing.conformance.operations import long_ago, next_names
from eventkit.testing.conformance.support import (
    again,
    event,
    failure,
    handle,
    handle_by,
    publish,
    subscribed,
    take_one_of,
)
from tests.servers.fixtures import required
from tests.servers.nats import Nats

PAGE = Path(__file__).parents[3] / "docs" / "buses" / "nats.md"


def rights_of_the_page() -> dict[str, list[str]]:
    """Return what the page lists, for events of the domain `order`."""
    [(publishes, subscribes)] = re.findall(
        r"publish to (.*?) and its domains, and to\s+subscribe to\s+(.*?)\.\s", PAGE.read_text("utf-8")
    )
    return {
        "publish": [*re.findall(r"`(.*?)`", publishes), "order.>"],
        "subscribe": re.findall(r"`(.*?)`", subscribes),
    }


class NatsWithRights(Nats):
    """A server that lets in a user with some rights, and anybody else without a login."""

    def __init__(self, folder: Path, rights: dict[str, list[str]]) -> None:
        super().__init__(folder, settings=self._lines(rights))

    @property
    def of_the_user(self) -> str:
        return self.url.replace("//", "//shop:secret@")

    @staticmethod
    def _lines(rights: dict[str, list[str]]) -> list[str]:
        user = f"{{ user: shop, password: secret, permissions: {json.dumps(rights)} }}"
        return [f"authorization {{ users: [ {{ user: other, password: other }}, {user} ] }}", "no_auth_user: other"]


@pytest.mark.server
async def test_the_rights_of_the_page_are_enough(tmp_path: Path) -> None:
    required(Nats)
    with NatsWithRights(tmp_path, rights_of_the_page()) as server:
        url = server.of_the_user
        async with connect(url) as bus, subscribed(bus) as first, subscribed(bus) as second:
            await publish(bus, "abc")
            assert sorted(await handle_by([first, second], 3)) == ["a", "b", "c"]
            await publish(bus, ["d"])
            instance, delivery = await take_one_of([first, second])
            await instance.settle([again(delivery)])
            instance, delivery = await take_one_of([first, second])
            await instance.settle([Dead(delivery, Reason.FAILED, failure())])
            assert await bus.dead_letters.replay([each.id for each in await bus.dead_letters.list()]) == 1
            assert await handle_by([first, second], 1) == ["d"]
            assert len(await bus.lag()) == 1
            async with aclosing(bus.follow(since=long_ago())) as events:
                assert await next_names(events, 4) == ["a", "b", "c", "d"]
        assert "ermissions Violation" not in server.log.read_text()


@pytest.fixture
def start(nats_server: Nats, tmp_path: Path) -> Iterator[Callable[..., NatsWithRights]]:
    """Start a server whose user lacks some of the rights of the page."""
    with ExitStack() as started:

        def without(*, publish: Collection[str] = (), subscribe: Collection[str] = ()) -> NatsWithRights:
            rights = rights_of_the_page()
            kept = {
                "publish": set(rights["publish"]) - {*publish},
                "subscribe": set(rights["subscribe"]) - {*subscribe},
            }
            return started.enter_context(NatsWithRights(tmp_path, {verb: sorted(each) for verb, each in kept.items()}))

        yield without


@pytest.mark.server
class TestMissingRights:
    @pytest.mark.parametrize(
        ("verb", "right", "subject"),
        [
            ("publish", "$JS.API.>", r"\$JS\.API\.\S+"),
            ("publish", "$KV.eventkit.>", r"\$KV\.eventkit\.\S+"),
            ("subscribe", "_INBOX.>", r"_INBOX\.\S+"),
        ],
    )
    async def test_a_service_cannot_start(
        self, start: Callable[..., NatsWithRights], verb: str, right: str, subject: str
    ) -> None:
        server = start(**{verb: [right]})
        begun = time.monotonic()
        with pytest.raises(BusError, match=f"^the user may not {verb} to {subject} .*; give it the rights that docs/"):
            async with connect(server.of_the_user) as bus, subscribed(bus):
                pass
        assert time.monotonic() - begun < 5

    async def test_an_event_cannot_be_published(
        self, start: Callable[..., NatsWithRights], caplog: pytest.LogCaptureFixture
    ) -> None:
        server = start(publish=["order.>"])
        async with connect(server.of_the_user) as bus:
            for _ in range(2):
                begun = time.monotonic()
                with pytest.raises(PublishError, match=r"^the user may not publish to order\.created\.[0-7] \("):
                    await bus.publish(event("a"))
                assert time.monotonic() - begun < 5
            async with connect(server.url) as other:
                await publish(other, ["b"])
            async with subscribed(bus) as subscription:
                assert await handle(subscription, 1) == ["b"]
        logged = [each for each in caplog.records if each.levelno == logging.ERROR]
        assert ["may not publish to order.created" in each.getMessage() for each in logged] == [True]

    async def test_a_right_that_nothing_waits_for_is_logged(
        self, start: Callable[..., NatsWithRights], caplog: pytest.LogCaptureFixture
    ) -> None:
        server = start(subscribe=["_eventkit.bell.>"])
        async with connect(server.of_the_user) as bus, subscribed(bus) as subscription:
            await publish(bus, ["a"])
            assert await handle(subscription, 1) == ["a"]
        assert "the user may not subscribe to _eventkit.bell.payment_service" in caplog.text
