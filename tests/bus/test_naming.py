"""The names that operators give to streams and groups."""

from __future__ import annotations

import functools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from eventkit import ConfigurationError, connect
from eventkit.bus.naming import Groups, Streams, domain_of, names_from
from tests.bus.renaming import check

WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
TYPES = st.lists(WORDS, min_size=2, max_size=3).map(".".join)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_-]{0,8}", fullmatch=True)
BUSES = {
    "memory": "memory://",
    "sqlite": "sqlite:///events.db",
    "nats": "nats://host",
    "redis": "redis://host",
    "amqp": "amqp://host",
    "kafka": "kafka://host",
}


def streams(given_names: dict[str, str]) -> Streams:
    try:
        return Streams(given_names)
    except ConfigurationError:
        assume(False)
        raise


class TestStreams:
    @given(st.dictionaries(WORDS | TYPES, NAMES, max_size=4), TYPES)
    def test_a_type_lives_where_it_or_its_domain_is_said_to_live(self, names: dict[str, str], type: str) -> None:
        expected = names.get(type, names.get(domain_of(type), domain_of(type)))

        assert streams(names).of(type) == expected

    @given(st.dictionaries(WORDS | TYPES, NAMES, max_size=4), TYPES, TYPES)
    def test_types_of_a_domain_are_together_unless_one_is_apart(self, names: dict[str, str], a: str, b: str) -> None:
        found = streams(names)
        other = f"{domain_of(a)}.{b.partition('.')[2]}"

        together = found.of(a) == found.of(other)
        assert together or found.is_apart(a) or found.is_apart(other)

    @given(st.dictionaries(WORDS | TYPES, NAMES, max_size=4))
    def test_what_is_said_does_not_depend_on_the_order(self, names: dict[str, str]) -> None:
        found, again = streams(names), Streams(dict(reversed(names.items())))

        assert [found.of(each) for each in names] == [again.of(each) for each in names]

    @given(st.dictionaries(WORDS | TYPES, NAMES, max_size=4), TYPES)
    def test_where_a_type_lives_is_seen_to_be_a_stream(self, names: dict[str, str], type: str) -> None:
        found, others = streams(names), f"staging-{domain_of(type)}"

        assert found.may_be(found.of(type))
        assert found.may_be(others) == (others in names.values())

    def test_several_domains_may_share_a_stream_where_each_is_named(self) -> None:
        found = Streams({"order": "shop", "payment": "shop", "order.audited": "shop"})

        assert {found.of(each) for each in ("order.created", "payment.made", "order.audited")} == {"shop"}
        assert not found.is_apart("order.audited")

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            ({"order": "a.b"}, "streams: 'a.b' cannot be the name of order; give 1 to 63 letters, digits, '_' and '-'"),
            ({"order": ""}, "streams: '' cannot be the name of order"),
            ({"order": "-x"}, "streams: '-x' cannot be the name of order"),
            ({"order": "x" * 64}, "cannot be the name of order"),
            ({"Order": "x"}, "streams: 'Order' has no stream or group; give a domain or an event type, as order or"),
            ({"order.*": "x"}, "streams: 'order.*' has no stream or group"),
            ({"order": "eventkit-dead"}, "order cannot be called eventkit-dead, because such names are kept for"),
            ({"order": "KV_x"}, "order cannot be called KV_x, because such names are kept for"),
            ({"order": "sales", "user": "Sales"}, "user cannot be called Sales, because sales differs from it in cap"),
            ({"order": "user", "user": "order"}, "order cannot be called user, because user is a domain itself"),
            ({"order": "user", "user.made": "x"}, "order cannot be called user, because user is a domain itself"),
            ({"order.audited": "order"}, "order.audited cannot be called order, because order is a domain itself"),
            ({"order": 1}, "streams: 'order'=1 is not text"),
        ],
    )
    def test_names_that_are_wrong_or_confusing_are_refused(self, names: dict[str, str], message: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Streams(names)
        assert message in str(caught.value)


class TestGroups:
    @given(st.dictionaries(WORDS, NAMES, max_size=4), WORDS)
    def test_a_service_is_found_by_its_group(self, names: dict[str, str], service: str) -> None:
        try:
            groups = Groups(names)
            group = groups.of(service)
        except ConfigurationError:
            assume(False)
            raise

        assert groups.service(group) == service
        assert groups.wanted(service) == groups.wanted(group) == group

    @pytest.mark.parametrize(
        ("names", "message"),
        [
            ({"a": "x", "b": "x"}, "groups: b cannot be called x, because another service has this group"),
            ({"a": "b", "b": "a"}, "groups: a cannot be called b, because b is a service itself"),
            ({"a": "b c"}, "groups: 'b c' cannot be the name of a"),
            ({"A": "b"}, "groups: 'A' has no stream or group; give the name of a service"),
        ],
    )
    def test_names_that_are_wrong_or_confusing_are_refused(self, names: dict[str, str], message: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            Groups(names)
        assert message in str(caught.value)

    async def test_a_service_called_like_the_group_of_another_one_gets_none_of_its_events(self) -> None:
        async with connect("memory://", groups={"payment_service": "payments"}) as bus:
            await bus.subscribe("payment_service", ["order.created"])
            with pytest.raises(ConfigurationError, match="payments is the group of payment_service, and the name of"):
                await bus.subscribe("payments", ["order.created"])


async def test_memory_shows_groups_and_streams_as_given() -> None:
    await check(functools.partial(connect, "memory://"))


class TestSettings:
    @given(st.dictionaries(WORDS | TYPES, NAMES, max_size=4))
    def test_text_says_the_same(self, names: dict[str, str]) -> None:
        assert names_from(",".join(f"{what}={name}" for what, name in names.items())) == names

    @pytest.mark.parametrize("url", BUSES.values(), ids=BUSES)
    def test_every_bus_takes_them_in_its_url_and_as_arguments(self, url: str) -> None:
        connect(f"{url}?streams=order=Sales,order.audited=audit&groups=payment_service=payments")
        connect(url, streams={"order": "Sales"}, groups={"payment_service": "payments"}, telemetry=True)

    @pytest.mark.parametrize("url", BUSES.values(), ids=BUSES)
    @pytest.mark.parametrize(
        ("setting", "message"),
        [
            ("streams=order", "streams='order' is not names, each given once, as order=sales,payment=money"),
            ("streams=order=a,order=b", "is not names, each given once"),
            ("streams=order=a/b", "streams: 'a/b' cannot be the name of order"),
            ("groups=a=x,b=x", "groups: b cannot be called x, because another service has this group"),
        ],
    )
    def test_every_bus_refuses_the_same(self, url: str, setting: str, message: str) -> None:
        with pytest.raises(ConfigurationError) as caught:
            connect(f"{url}?{setting}")
        assert message in str(caught.value)
        assert url in str(caught.value)

    @pytest.mark.parametrize(
        ("url", "good", "bad"),
        [
            ("nats://host", "shop-", ("shop.", "a b", "ä", "x" * 61)),
            ("redis://host", "shop.a:b", ("", "{shop}", "a b", "ä", "x" * 101)),
            ("amqp://host", "shop.", ("a b", "a/b", "ä", "amq.x", "x" * 61)),
            ("kafka://host", "shop.", ("a b", "a/b", "ä", "x" * 101)),
        ],
    )
    def test_a_prefix_is_what_the_broker_takes_in_names(self, url: str, good: str, bad: tuple[str, ...]) -> None:
        connect(url, prefix=good)
        for prefix in bad:
            with pytest.raises(ConfigurationError, match=r"prefix='.*' cannot begin names \(.*\); give "):
                connect(url, prefix=prefix)
