"""What docs/buses/nats.md says that a user needs is enough."""

from __future__ import annotations

import json
import re
from contextlib import aclosing
from pathlib import Path

import pytest

from eventkit import connect
from eventkit.delivery.subscription import Dead, Reason
from eventkit.testing.conformance.operations import long_ago, next_names
from eventkit.testing.conformance.support import again, failure, handle_by, publish, subscribed, take_one_of
from tests.servers.fixtures import required
from tests.servers.nats import Nats

PAGE = Path(__file__).parents[3] / "docs" / "buses" / "nats.md"


@pytest.mark.server
async def test_the_rights_of_the_page_are_enough(tmp_path: Path) -> None:
    required(Nats)
    [(publishes, subscribes)] = re.findall(
        r"publish to (.*?) and its domains, and to\s+subscribe to\s+(.*?)\.\n", text()
    )
    rights = {
        "publish": [*re.findall(r"`(.*?)`", publishes), "order.>"],
        "subscribe": re.findall(r"`(.*?)`", subscribes),
    }
    user = f"{{ user: shop, password: secret, permissions: {json.dumps(rights)} }}"
    settings = [f"authorization {{ users: [ {{ user: other, password: other }}, {user} ] }}", "no_auth_user: other"]
    with Nats(tmp_path, settings=settings) as server:
        url = server.url.replace("//", "//shop:secret@")
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


def text() -> str:
    return PAGE.read_text("utf-8")
