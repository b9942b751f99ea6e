"""AsyncAPI documents as contracts: what all versions share."""

from pathlib import Path

import pytest

from eventkit.contract.event import EventType
from eventkit.discovery.asyncapi import DocumentError, is_asyncapi, read
from eventkit.discovery.asyncapi.text import MAX_BYTES
from eventkit.discovery.contract import Contract, Message, Place

DOCUMENTS = Path(__file__).parent / "documents"

ONE_MESSAGE = """
asyncapi: 3.0.0
info: {title: shop, version: 1.0.0}
channels:
  orders:
    address: order.created
    messages:
      OrderCreated: MESSAGE
operations:
  sendOrderCreated: {action: send, channel: {$ref: '#/channels/orders'}}
"""


def contract(text: str) -> Contract:
    return read(text.encode(), "shop.yaml")


def message(text: str) -> Message:
    """Read a document whose one message is written so."""
    (published,) = contract(ONE_MESSAGE.replace("MESSAGE", text)).publishes
    return published


def test_a_document_is_read_whole() -> None:
    found = read((DOCUMENTS / "wallet.yaml").read_bytes(), "schemas/wallet.yaml")
    place = "schemas/wallet.yaml"

    assert found == Contract(
        service="wallet_service",
        version="2.1.0",
        description="Keeps the users' credits.",
        source="schemas/wallet.yaml",
        publishes=(
            Message(
                event=EventType("wallet.credits_added", 2),
                schema={
                    "type": "object",
                    "required": ["wallet_id", "amount"],
                    "properties": {
                        "wallet_id": {"type": "string"},
                        "amount": {"$ref": "#/$defs/Amount"},
                        "history": {
                            "type": "array",
                            "items": {"type": "object", "properties": {"amount": {"$ref": "#/$defs/Amount"}}},
                        },
                    },
                    "$defs": {"Amount": {"type": "string", "description": "A decimal number of credits."}},
                },
                model="WalletCreditsAdded",
                description="Credits were added to a wallet.",
                function="publish_credits_added",
                key="wallet_id",
                closed=True,
                places={
                    "": Place(place, 35, 5, 18),
                    "/wallet_id": Place(place, 57, 9, 25),
                    "/amount": Place(place, 58, 9, 6),
                    "/history": Place(place, 60, 9, 7),
                    "/history/*/amount": Place(place, 62, 46, 45),
                },
                function_place=Place(place, 19, 3, 16),
            ),
        ),
        handles=(
            Message(
                event=EventType("payment.completed"),
                schema={"type": "object", "properties": {"payment_id": {"type": "string"}}},
                model="PaymentCompleted",
                places={"": Place(place, 50, 5, 16), "/payment_id": Place(place, 51, 44, 26)},
                function_place=Place(place, 24, 3, 18),
            ),
        ),
    )


@pytest.mark.parametrize(
    ("text", "event"),
    [
        ("{payload: true}", EventType("order.created")),
        ("{payload: true, name: OrderCreated}", EventType("order.created")),
        ("{payload: true, name: order.placed}", EventType("order.placed")),
        ("{payload: true, x-eventkit-version: 3}", EventType("order.created", 3)),
        ("{payload: true, headers: {properties: {ce-type: {const: com.shop/Order}}}}", EventType("com.shop/Order")),
        ("{payload: true, headers: {properties: {ce_type: {enum: [shop.order]}}}}", EventType("shop.order")),
        ("{payload: true, headers: {properties: {'cloudEvents:type': {const: a.b}}}}", EventType("a.b")),
        (
            "{payload: true, headers: {properties: {ce-dataschema: {const: 'urn:eventkit:order.created:v4'}}}}",
            EventType("order.created", 4),
        ),
        (
            "{payload: true, headers: {properties: {ce-type: {type: string}}}, traits: [{headers: {properties: "
            "{ce-type: {const: from.first.trait}}}}, {headers: {properties: {ce-dataschema: {const: 'x/v2.json'}}}}]}",
            EventType("order.created", 2),
        ),
    ],
)
def test_type_and_version_come_from_attributes_then_name_then_address(text: str, event: EventType) -> None:
    assert message(text).event == event


def test_of_several_messages_on_one_channel_each_has_the_type_that_its_name_says() -> None:
    several = ONE_MESSAGE.replace("MESSAGE", "{payload: true}\n      OrderPaid: {name: order.paid, payload: true}")

    assert [str(message.event) for message in contract(several).publishes] == ["OrderCreated v1", "order.paid v1"]


def test_a_payload_that_holds_the_whole_envelope_describes_the_event_in_data() -> None:
    found = message(
        """
        payload:
          $defs: {Amount: {type: integer}}
          allOf:
            - properties: {specversion: {const: '1.0'}, dataschema: {const: 'https://shop/order.v2'}}
          properties:
            type: {const: shop.order.created}
            data: {type: object, properties: {amount: {$ref: '#/$defs/Amount'}}}
        """
    )

    assert found.event == EventType("shop.order.created", 2)
    assert found.schema == {
        "type": "object",
        "properties": {"amount": {"$ref": "#/$defs/Amount"}},
        "$defs": {"Amount": {"type": "integer"}},
    }
    assert found.places["/amount"].line == 15


def test_a_property_may_be_called_ref() -> None:
    assert message("{payload: {properties: {$ref: {type: string}}}}").places["/$ref"].line == 8


def test_a_reply_goes_the_other_way() -> None:
    found = contract(
        """
        asyncapi: 3.1.0
        info: {title: shop, version: 1.0.0}
        channels:
          asked: {address: price.asked, messages: {PriceAsked: {payload: true}}}
          told: {address: null, messages: {PriceTold: {payload: true}, Other: {payload: true}}}
        operations:
          ask:
            action: send
            channel: {$ref: '#/channels/asked'}
            reply: {channel: {$ref: '#/channels/told'}, messages: [{$ref: '#/channels/told/messages/PriceTold'}]}
        """
    )

    assert [message.model for message in found.publishes] == ["PriceAsked"]
    assert [message.model for message in found.handles] == ["PriceTold"]


def test_a_message_on_two_channels_is_two_events() -> None:
    found = contract(
        """
        asyncapi: 3.0.0
        info: {title: shop, version: 1.0.0}
        channels:
          a: {address: order.created, messages: {Order: {$ref: '#/components/messages/Order'}}}
          b: {address: order.updated, messages: {Order: {$ref: '#/components/messages/Order'}}}
        operations:
          a: {action: send, channel: {$ref: '#/channels/a'}}
          b: {action: send, channel: {$ref: '#/channels/b'}}
        components: {messages: {Order: {payload: true}}}
        """
    )

    assert [message.event.name for message in found.publishes] == ["order.created", "order.updated"]


def test_a_reply_without_a_channel_has_the_types_that_its_messages_name() -> None:
    text = ONE_MESSAGE.replace("channel: {$", "reply: {messages: [{payload: true, name: order.accepted}]}, channel: {$")

    assert [message.event.name for message in contract(text.replace("MESSAGE", "{payload: true}")).handles] == [
        "order.accepted"
    ]


def test_what_two_operations_send_is_one_message() -> None:
    again = ONE_MESSAGE + "  sendAgain: {action: send, channel: {$ref: '#/channels/orders'}}\n"

    assert len(contract(again.replace("MESSAGE", "{payload: true}")).publishes) == 1


def test_a_publisher_from_elsewhere_is_open_unless_it_says_otherwise() -> None:
    assert not message("{payload: true}").closed
    assert message("{payload: true, x-eventkit-closed: true}").closed


@pytest.mark.parametrize(
    ("text", "what", "line"),
    [
        ("asyncapi: 1.2.0", "AsyncAPI '1.2.0' is not read, only 2.0 to 2.6, 3.0 and 3.1", 1),
        ("asyncapi: 2.7.0", "AsyncAPI '2.7.0' is not read, only 2.0 to 2.6, 3.0 and 3.1", 1),
        ("asyncapi: 3.0", "the version 3.0 of AsyncAPI lacks its third number", 1),
        ("openapi: 3.0.0", "the document is no AsyncAPI document", 1),
        ("- 1", "the document is no AsyncAPI document", 1),
        ("asyncapi: 3.0.0\ninfo: {version: 1.0.0}", "the document does not name its service", 1),
        ("asyncapi: 3.0.0\ninfo:\n  title: 1", "'title' is not a text", 3),
        ("asyncapi: 3.0.0\ninfo: {title: shop}\noperations: 7", "'operations' is neither an object nor an array", 3),
        ("asyncapi: 3.0.0\ninfo: {title: shop}\noperations: {a: {action: publish}}", "the action is 'publish'", 3),
        ("asyncapi: 3.0.0\ninfo: {title: shop}\noperations: {a: {action: send}}", "'channel' is missing", 3),
        ('asyncapi: 3.0.0\ninfo: {title: "a\\eb"}', "the name 'a\\x1bb' holds characters that cannot be printed", 2),
        (
            "asyncapi: 3.0.0\ninfo: {title: shop}\nchannels: {a: {messages: {b: {payload: true}}}}",
            "the document has messages, but no operations: it does not say who sends them",
            1,
        ),
    ],
)
def test_a_document_that_is_not_read_says_what_and_where(text: str, what: str, line: int) -> None:
    with pytest.raises(DocumentError) as caught:
        contract(text)

    assert (caught.value.what, caught.value.place.line) == (what, line)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("{payload: order.json}", "the payload is not described by a schema"),
        ("{payload: {$ref: 'https://example.com/order.json'}}", "the reference 'https://example.com/order.json' leads"),
        ("{payload: {$ref: '../order.yaml#/Order'}}", "the reference '../order.yaml#/Order' leads out"),
        ("{payload: {$ref: '#/components/schemas/Order'}}", "the reference '#/components/schemas/Order' leads to noth"),
        ("{payload: {items: {$ref: '#/nowhere'}}}", "the reference '#/nowhere' leads to no schema"),
        ("{payload: {items: {$ref: '#anchor'}}}", "the reference '#anchor' names an anchor"),
        ("{payload: {items: {$ref: 7}}}", "'$ref' is not a text"),
        ("{payload: true, x-eventkit-version: '2'}", "'2' is no event version"),
        ("{payload: true, x-eventkit-closed: 1}", "x-eventkit-closed is 1"),
        ('{payload: true, name: "a\\nb"}', "the name 'a\\nb' holds characters that cannot be printed"),
        ("{$ref: '#/channels/orders/messages/OrderCreated'}", "the reference '#/channels/orders/messages/OrderCreat"),
    ],
)
def test_a_message_that_is_not_read_is_never_left_out(text: str, what: str) -> None:
    with pytest.raises(DocumentError) as caught:
        message(text)

    assert caught.value.what.startswith(what)
    assert caught.value.place.line == 8


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{name: a}", "it has no payload that says how it looks"),
        (
            "{payload: {schemaFormat: application/vnd.apache.avro, schema: {$ref: 'https://shop.example/order.avsc'}}}",
            "its payload is described as application/vnd.apache.avro, and not by a JSON Schema",
        ),
        (
            "{payload: {schemaFormat: application/vnd.google.protobuf;version=3, schema: 'message Order {}'}}",
            "its payload is described as application/vnd.google.protobuf;version=3, and not by a JSON Schema",
        ),
        (
            "{payload: true, contentType: application/cloudevents-batch+json}",
            "it is a batch of events, which is not read",
        ),
        (
            "{payload: true, contentType: application/cloudevents+json}",
            "its content type is application/cloudevents+json, but its payload has no properties 'specversion' and "
            "'data'",
        ),
    ],
)
def test_of_an_event_that_is_not_described_by_a_schema_it_is_known_that_nothing_is(text: str, why: str) -> None:
    found = message(text)

    assert (found.unread, found.schema, set(found.places)) == (why, True, {""})
    assert found.event == EventType("order.created")


def test_headers_in_another_language_fix_nothing() -> None:
    headers = "{schemaFormat: application/vnd.apache.avro, schema: {}}"

    assert message(f"{{payload: true, headers: {headers}}}").event == EventType("order.created")


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("order.{region}.created", "order.{region}.created"),
        ("order.{country}.created", "order.{at|de}.created"),
        ("order.{only}.created", "order.eu.created"),
        ("order.{odd}.created", "order.{odd}.created"),
        ("orders/{region}", "orders/{region}"),
        ("{region}", "OrderCreated"),
        ("{region}.{country}", "OrderCreated"),
    ],
)
def test_parameters_of_an_address_leave_a_part_of_the_name_open(address: str, name: str) -> None:
    parameters = "{region: {}, country: {enum: [at, de]}, only: {$ref: '#/only'}, odd: {enum: ['a b']}}"
    text = ONE_MESSAGE.replace("address: order.created", f"address: '{address}'\n    parameters: {parameters}")
    text = text.replace("MESSAGE", "{payload: true}") + "only: {enum: [eu]}\n"

    assert [message.event.name for message in contract(text).publishes] == [name]


def test_the_type_in_a_header_goes_before_an_address_with_parameters() -> None:
    region = ONE_MESSAGE.replace("order.created", "order.{region}.created")
    fixed = "{payload: true, headers: {properties: {ce-type: {const: order.created}}}}"

    assert [message.event.name for message in contract(region.replace("MESSAGE", fixed)).publishes] == ["order.created"]


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (b"a" * (MAX_BYTES + 1), "the document has 5,000,001 bytes, more than 5,000,000"),
        ("asyncapi: 3.0.0".encode("utf-16"), "not UTF-8: byte 0 is 0xff"),
    ],
)
def test_a_text_beyond_the_limits_is_refused(raw: bytes, what: str) -> None:
    with pytest.raises(DocumentError) as caught:
        read(raw, "shop.yaml")

    assert caught.value.what == what


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        (b"# ours\nasyncapi: 3.0.0\n", True),
        (b"'asyncapi' : 2.6.0", True),
        (b'{"info": {},\n "asyncapi": "3.0.0"}', True),
        (b"services:\n  asyncapi: x\n", False),
        (b"openapi: 3.0.0\n", False),
        (b"\xef\xbb\xbfasyncapi: 3.0.0\n", True),
        ("asyncapi: 3.0.0\n".encode("utf-16"), True),
    ],
)
def test_whether_a_text_calls_itself_an_asyncapi_document(raw: bytes, answer: bool) -> None:
    assert is_asyncapi(raw) is answer
