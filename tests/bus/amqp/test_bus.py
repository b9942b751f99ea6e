"""What goes wrong at the start, and what RabbitMQ itself shows."""

from __future__ import annotations

import asyncio
import socket
from urllib.parse import quote

import pytest
from pamqp.commands import Basic

from eventkit.bus.amqp import last_value, topology
from eventkit.bus.amqp.connection import Link
from eventkit.bus.amqp.new_queues import Made
from eventkit.bus.connect import connect
from eventkit.contract.errors import BusError, ConfigurationError, PublishError, RefusedError
from eventkit.contract.event import MAX_TYPE_NAME
from eventkit.contract.service import Service
from eventkit.testing.conformance.support import event, handle, publish, subscribed
from tests.bus.amqp.support import PATIENCE, Broker
from tests.servers.rabbitmq import RabbitMQ

PASSWORD = "s3cret&/word"


@pytest.fixture(scope="module")
def vhost(rabbitmq_server: RabbitMQ) -> str:
    """A virtual host in which `guest` may do all, and `limited`, nothing; `stranger` may not enter it."""
    broker = Broker(rabbitmq_server)
    name = "test vhost/1"
    broker.ctl("add_vhost", name)
    broker.ctl("set_permissions", "-p", name, "guest", ".*", ".*", ".*")
    for user in ("limited", "stranger"):
        broker.ctl("add_user", user, PASSWORD)
    broker.ctl("set_permissions", "-p", name, "limited", "", "", "")
    return name


def url_of(broker: Broker, user: str, password: str, vhost: str) -> str:
    return f"amqp://{user}:{quote(password, safe='')}@127.0.0.1:{broker.server.port}/{quote(vhost, safe='')}"


async def refused(url: str) -> str:
    bus = connect(url)
    with pytest.raises(BusError) as caught:
        await bus.open()
    assert PASSWORD not in str(caught.value) + str((await bus.health()).detail) + repr(caught.value)
    return str(caught.value)


class TestSettings:
    @pytest.mark.parametrize(
        "setting", ["partitions=3", "partitions=0", "lease=0.0", "prefetch=0", "unrouted=0", "heartbeat=0"]
    )
    def test_a_value_out_of_its_range(self, setting: str) -> None:
        with pytest.raises(ConfigurationError, match=f"^{setting} is out of range"):
            connect(f"amqp://localhost/?{setting}")

    def test_a_certificate_that_is_not_there(self) -> None:
        with pytest.raises(ConfigurationError, match=r"the file no-such-file\.pem cannot be read"):
            connect("amqps://localhost/", tls_ca="no-such-file.pem")


class TestOpening:
    async def test_a_wrong_password(self, broker: Broker) -> None:
        assert "refuses the user or the password" in await refused(url_of(broker, "guest", PASSWORD, "/"))

    async def test_a_virtual_host_that_is_not_there(self, broker: Broker) -> None:
        assert "does not open the virtual host" in await refused(url_of(broker, "guest", "guest", "no-such-vhost"))

    async def test_a_virtual_host_that_the_user_may_not_use(self, broker: Broker, vhost: str) -> None:
        assert "may not use it" in await refused(url_of(broker, "stranger", PASSWORD, vhost))

    async def test_something_else_than_rabbitmq(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
            assert "does not answer in time" in await refused(f"amqp://127.0.0.1:{port}/")


class TestPermissions:
    async def test_a_user_who_may_not_make_queues_is_told_which(self, broker: Broker, vhost: str) -> None:
        async with connect(url_of(broker, "limited", PASSWORD, vhost)) as bus:
            with pytest.raises(PublishError, match=r"refuses it: ACCESS_REFUSED.*'order"):
                await bus.publish(event("a"))
            with pytest.raises(BusError, match="ACCESS_REFUSED"):
                await bus.subscribe("payment_service", ["order.created"])

    async def test_a_vhost_in_the_path_is_the_one_that_is_used(self, broker: Broker, vhost: str) -> None:
        async with connect(url_of(broker, "guest", "guest", vhost)) as bus, subscribed(bus) as subscription:
            await publish(bus, "a")
            assert await handle(subscription, 1) == ["a"]


class TestTopology:
    async def test_a_first_start_waits_for_no_document_that_nobody_has_written(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(last_value, "_PATIENCE", 2 * PATIENCE)
        async with broker.connect() as bus, asyncio.timeout(PATIENCE), subscribed(bus):
            await bus.publish(event("invoice", type="invoice.sent"))

    async def test_a_queue_that_is_something_else_is_not_touched(self, broker: Broker) -> None:
        async with broker.channel() as channel:
            await channel.queue_declare(f"{broker.prefix}payment_service.0", durable=True)

            async with broker.connect() as bus:
                with pytest.raises(ConfigurationError, match=r"inequivalent arg 'x-.*payment_service\.0"):
                    await bus.subscribe("payment_service", ["order.created"])

    async def test_an_exchange_that_is_something_else_is_told_to_who_publishes(self, broker: Broker) -> None:
        async with broker.channel() as channel:
            await channel.exchange_declare(f"{broker.prefix}order", exchange_type="fanout", durable=True)

        async with broker.connect() as bus:
            with pytest.raises(PublishError, match="inequivalent arg 'type'"):
                await bus.publish(event("a"))

    async def test_a_group_has_one_number_of_partitions(self, broker: Broker) -> None:
        async with broker.connect(partitions=2) as bus, subscribed(bus):
            pass
        for other, create in ((1, True), (4, True), (1, False), (4, False)):
            async with broker.connect(partitions=other, create=create) as bus:
                with pytest.raises(ConfigurationError, match=f"has 2 partitions, and not {other}"):
                    await bus.subscribe("payment_service", ["order.created"])

    async def test_partitions_that_would_not_be_read_are_told_where_nothing_else_says_how_many_there_are(
        self, broker: Broker
    ) -> None:
        async with broker.connect() as bus, subscribed(bus), broker.channel() as channel:
            await channel.queue_delete(f"{broker.prefix}eventkit.groups")
        async with broker.connect(create=False, partitions=2) as bus:
            with pytest.raises(ConfigurationError, match="more partitions, and not 2"):
                await bus.subscribe("payment_service", ["order.created"])

    async def test_what_is_missing_is_not_made_where_that_is_not_wanted(self, broker: Broker) -> None:
        async with broker.connect(create=False) as bus:
            with pytest.raises(PublishError, match=r"no exchange '.*order'"):
                await bus.publish(event("a"))
            with pytest.raises(BusError, match=r"no exchange '.*order'"):
                await bus.subscribe("payment_service", ["order.created"])

        async with broker.connect() as bus, subscribed(bus):
            pass
        async with broker.connect(create=False) as bus, subscribed(bus) as subscription:
            await publish(bus, "a")
            assert await handle(subscription, 1) == ["a"]

    async def test_a_queue_that_is_missing_is_named_where_none_is_to_be_made(self, broker: Broker) -> None:
        async with broker.connect() as bus, subscribed(bus):
            pass
        async with broker.channel() as channel:
            await channel.queue_delete(f"{broker.prefix}payment_service.2")
        async with broker.connect(create=False) as bus:
            with pytest.raises(BusError, match=r"no queue '.*payment_service\.2'.*connect once with create=true"):
                await bus.subscribe("payment_service", ["order.created"])

    async def test_new_domains_wait_for_rabbitmq_together(
        self, broker: Broker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        waiting, both_wait = 0, asyncio.Event()

        async def written(link: Link, made: Made) -> None:
            nonlocal waiting
            waiting += 1
            if waiting == 2:
                both_wait.set()
            await both_wait.wait()

        monkeypatch.setattr(topology, "written", written)
        async with broker.connect() as bus, asyncio.timeout(30):
            await asyncio.gather(*(publish(bus, "a", type=f"{name}.created") for name in ("order", "user")))

    async def test_a_service_that_keeps_another_number_of_unrouted_events_is_told_so(self, broker: Broker) -> None:
        async with broker.connect(unrouted=3) as bus:
            await publish(bus, "a")
        async with broker.connect(unrouted=4) as bus:
            with pytest.raises(PublishError, match=r"'x-max-length' for queue '.*order\.unrouted'.*received.*'5'.*'4'"):
                await bus.publish(event("b"))
            with pytest.raises(ConfigurationError, match=r"'x-max-length' for queue '.*order\.unrouted'"):
                await bus.subscribe("payment_service", ["order.created"])

    async def test_a_service_that_only_publishes_leaves_nothing_that_gathers_events_without_an_end(
        self, broker: Broker
    ) -> None:
        service = Service("order_service")
        async with broker.connect(unrouted=3) as bus, service.run(bus):
            await publish(bus, "abcde")
            assert not (await bus._topology.groups.read()).groups
        listed = broker.ctl("list_queues", "--no-table-headers", "name", "messages")
        mine = [line.split("\t") for line in listed.splitlines() if line.startswith(broker.prefix)]
        assert {name.removeprefix(broker.prefix): int(messages) <= 4 for name, messages in mine} == {
            "eventkit.groups": True,
            "order.unrouted": True,
        }

    async def test_a_group_that_is_removed_as_the_page_says_is_gone_and_others_stay(self, broker: Broker) -> None:
        async with broker.connect() as bus:
            for group in ("payment_service", "audit_service"):
                async with subscribed(bus, group):
                    pass
        listed = broker.ctl("list_queues", "--no-table-headers", "name")
        for queue in listed.splitlines():
            if queue.startswith((f"{broker.prefix}payment_service", f"{broker.prefix}eventkit.groups")):
                broker.ctl("delete_queue", queue)
        async with broker.connect() as bus, subscribed(bus, "audit_service") as audit:
            await publish(bus, "a")
            assert await handle(audit, 1) == ["a"]
            assert [each.group for each in await bus.lag()] == ["audit_service"]

    async def test_events_of_publishers_that_know_no_slots_are_handled(self, broker: Broker) -> None:
        headers = {f"cloudEvents_{name}": value for name, value in {
            "specversion": "1.0", "id": "a", "source": "erp", "type": "order.created",
        }.items()}  # fmt: skip
        async with broker.connect() as bus, subscribed(bus) as subscription, broker.channel() as channel:
            await channel.basic_publish(
                b"{}",
                exchange=f"{broker.prefix}order",
                routing_key="order.created",
                properties=Basic.Properties(content_type="application/json", headers=headers),
            )
            assert await handle(subscription, 1) == ["a"]

    async def test_no_more_than_so_many_events_are_kept_that_nobody_has_a_queue_for(self, broker: Broker) -> None:
        async with broker.connect(unrouted=3) as bus:
            await publish(bus, "abcde")
            async with subscribed(bus) as subscription:
                assert sorted(await handle(subscription, 3)) == ["c", "d", "e"]

    async def test_who_looks_on_at_the_exchange_does_not_keep_events_from_later_groups(self, broker: Broker) -> None:
        async with broker.connect() as bus, broker.channel() as channel:
            await publish(bus, "a")
            await channel.queue_declare(f"{broker.prefix}audit", exclusive=True)
            await channel.queue_bind(f"{broker.prefix}audit", f"{broker.prefix}order", "#")
            await publish(bus, "b")

            async with subscribed(bus) as subscription:
                assert sorted(await handle(subscription, 2)) == ["a", "b"]

    async def test_a_domain_that_is_too_long_for_a_name_is_refused(self, broker: Broker) -> None:
        async with broker.connect() as bus:
            with pytest.raises(RefusedError, match=r"x' is too long for RabbitMQ.*`streams`"):
                await bus.publish(event("a", type=f"{'x' * 190}.made"))

    async def test_the_longest_type_name_is_a_routing_key(self, broker: Broker) -> None:
        name = "order." + "x" * (MAX_TYPE_NAME - 6)
        async with broker.connect() as bus, subscribed(bus, types=[name]) as subscription:
            await bus.publish(event("a", type=name))
            assert await handle(subscription, 1) == ["a"]
