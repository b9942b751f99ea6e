"""Names for a new service: what cannot work is refused before anything is written."""

import pytest

from eventkit import ConfigurationError
from eventkit.scaffold.names import ClientName, EventName, ServiceName, client_names, event_names, service_name
from eventkit.scaffold.plan import Plan


@pytest.mark.parametrize(
    ("name", "module", "logic"),
    [
        ("order_service", "order_service", "OrderService"),
        ("shipping", "shipping_service", "ShippingService"),
        ("gift_card_service", "gift_card_service", "GiftCardService"),
    ],
)
def test_the_code_of_a_service_is_called_after_it(name: str, module: str, logic: str) -> None:
    assert (service_name(name).module, service_name(name).logic) == (module, logic)


def test_the_code_of_an_event_is_called_after_it() -> None:
    event = EventName("product.usage.recorded")
    assert (event.model, event.snake, event.subject, event.happened) == (
        "ProductUsageRecordedEvent",
        "product_usage_recorded",
        "product_usage",
        "recorded",
    )


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("order.created", "An order was created."),
        ("invoice.paid", "An invoice was paid."),
        ("wallet.insufficient_funds", "A wallet: insufficient funds."),
        ("product.subscription.status_changed", "A product subscription: status changed."),
    ],
)
def test_an_event_tells_what_its_name_tells(name: str, sentence: str) -> None:
    assert EventName(name).sentence == sentence


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Order",
        "9lives",
        "order-service",
        "order service",
        "orders_",
        "../order",
        "/srv/order",
        "a/b",
        "ö",
        "x" * 41,
    ],
)
def test_a_service_name_is_a_word(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name for a service; use lower-case letters"):
        service_name(name)


@pytest.mark.parametrize("name", ["class", "email", "eventkit", "pytest", "tests", "service"])
def test_a_service_name_must_not_hide_another_package(name: str) -> None:
    with pytest.raises(ConfigurationError, match=f"call it {name}_service"):
        service_name(name)


@pytest.mark.parametrize(
    "name", ["order", "Order.Created", "order..created", "order.created ", ".created", "a." + "b" * 200]
)
def test_an_event_name_is_a_type_name(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"is no event type; .* as in order\.created"):
        event_names([name])


@pytest.mark.parametrize("name", ["Account", "../account", "service"])
def test_a_client_name_is_a_word(name: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name for a client; name the service that it asks"):
        client_names([name])


def test_a_client_is_called_after_the_service_that_it_asks() -> None:
    assert client_names(["account", "wallet_service", "gift_card_client"]) == tuple(
        map(ClientName, ("account", "wallet", "gift_card"))
    )


def test_each_name_stands_once() -> None:
    with pytest.raises(ConfigurationError, match=r"the event order\.created is given twice"):
        event_names(["order.created", "order.canceled", "order.created"])
    with pytest.raises(ConfigurationError, match="the client account is given twice"):
        client_names(["account", "account_service"])


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"publishes": ["a.b"], "handles": ["a.b"]}, r"a\.b would be both published and handled by shop"),
        ({"publishes": ["a.b_c", "a.b.c"]}, r"a\.b_c and a\.b\.c would both be called ABCEvent in events/models.py"),
        ({"publishes": ["order.made", "order_status.set"]}, "would both be called OrderStatus in models.py"),
        ({"publishes": ["base.moved"]}, "the code of every service and the entity base would both be called Base"),
        ({"publishes": ["shop_data.lost"]}, "would both be called ShopData"),
        ({"publishes": ["a.b"], "clients": ["bus"]}, "would both be called bus_url in settings.py"),
        ({"publishes": ["a.b"], "clients": ["base_model"]}, "would both be called BaseModel in clients"),
        ({"publishes": ["order.made", "order_made_event.lost"]}, "would both be called OrderMadeEvent"),
    ],
)
def test_two_things_cannot_have_one_name_in_the_code(asked: dict[str, list[str]], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Plan.of("shop", **asked)


def test_one_subject_is_one_entity() -> None:
    plan = Plan.of("shop", publishes=["order.made", "parcel.sent", "order.lost"])
    assert [(each.name, [event.happened for event in each.events]) for each in plan.entities] == [
        ("order", ["made", "lost"]),
        ("parcel", ["sent"]),
    ]


def test_an_entity_may_be_called_like_a_keyword() -> None:
    [entity] = Plan.of("shop", publishes=["return.requested"]).entities
    assert (entity.name, entity.variable, entity.model) == ("return", "return_", "Return")


def test_the_service_name_is_what_is_given() -> None:
    assert service_name("order_service") == ServiceName("order_service")
