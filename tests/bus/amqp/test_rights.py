"""What docs/buses/rabbitmq.md says that a user needs is enough."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from eventkit import connect
from eventkit.delivery.subscription import Dead, Reason
from eventkit.testing.conformance.support import again, failure, handle_by, publish, subscribed, take_one_of
from tests.bus.amqp.support import Broker

PAGE = Path(__file__).parents[3] / "docs" / "buses" / "rabbitmq.md"


async def use(url: str, **settings: Any) -> None:
    """Do all that a service does, by two instances."""
    async with connect(url, **settings) as bus, subscribed(bus) as first, subscribed(bus) as second:
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
        assert (await bus.health()).ok


@pytest.mark.slow
async def test_the_rights_of_the_page_are_enough(broker: Broker) -> None:
    page = re.sub(r"\s+", " ", PAGE.read_text("utf-8"))
    names = rf"{re.escape(broker.prefix)}(order|payment_service|eventkit)(\..*)?"
    [default] = re.findall(r"and `write` on `([\w.]+)`", page)
    [sentence] = re.findall(r"`configure` remains for (.*?)\. - ", page)
    alone = "|".join(re.findall(r"`(.*?)`", sentence))

    for user, configure, settings in (("maker", f"^{names}$", {}), ("user", alone, {"create": False})):
        name = f"{broker.prefix}{user}"
        broker.ctl("add_user", name, "secret")
        broker.ctl("set_permissions", name, configure, f"^({names}|{re.escape(default)})$", f"^{names}$")
        await use(broker.url.replace("//", f"//{name}:secret@"), prefix=broker.prefix, **settings)
