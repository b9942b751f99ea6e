"""AsyncAPI 2: who sends and who receives, said from outside."""

import pytest

from eventkit.discovery.asyncapi import DocumentError, read
from eventkit.discovery.contract import Contract, Message, Place


def contract(text: str, version: str = "2.6.0") -> Contract:
    """Read a document with these lines below its head."""
    return read(f"asyncapi: {version}\ninfo: {{title: shop, version: 1.0.0}}\n{text}".encode(), "shop.yaml")


def names(messages: tuple[Message, ...]) -> list[str]:
    return [message.event.name for message in messages]


@pytest.mark.parametrize("version", ["2.0.0", "2.1.0", "2.2.0", "2.3.0", "2.4.0", "2.5.0", "2.6.0"])
def test_others_subscribe_to_what_the_service_publishes(version: str) -> None:
    found = contract(
        """
channels:
  order.created:
    subscribe:
      message: {payload: {type: object, properties: {order_id: true}}}
  payment.completed:
    publish:
      message: {payload: {type: object}}
""",
        version,
    )

    assert (names(found.publishes), names(found.handles)) == (["order.created"], ["payment.completed"])
    assert found.publishes[0].places == {"": Place("shop.yaml", 7, 7, 64), "/order_id": Place("shop.yaml", 7, 54, 14)}
    assert found.publishes[0].function_place == Place("shop.yaml", 6, 5, 9)


def test_each_of_several_messages_of_one_operation_has_the_name_that_it_says() -> None:
    found = contract(
        """
channels:
  orders:
    subscribe:
      message:
        oneOf:
          - {name: order.created, payload: true}
          - {messageId: orderPaid, payload: true}
          - {$ref: '#/components/messages/OrderSent'}
          - {payload: {$ref: '#/components/schemas/OrderGone'}}
components:
  messages: {OrderSent: {payload: true}}
  schemas: {OrderGone: {type: object}}
"""
    )

    assert names(found.publishes) == ["OrderGone", "OrderSent", "order.created", "orderPaid"]


def test_of_several_messages_one_without_any_name_is_not_left_out() -> None:
    with pytest.raises(DocumentError, match="nothing says which event this is: it is one of several"):
        contract("channels: {orders: {subscribe: {message: {oneOf: [{payload: true}, {payload: false}]}}}}")


def test_a_message_that_is_sent_and_received_is_one_message_of_its_channel() -> None:
    message = "{$ref: '#/components/messages/M'}"
    found = contract(
        f"channels: {{a.b: {{subscribe: {{message: {message}}}, publish: {{message: {message}}}}}}}\n"
        "components: {messages: {M: {payload: true}}}"
    )

    assert (names(found.publishes), names(found.handles)) == (["a.b"], ["a.b"])


def test_an_operation_without_a_message_says_nothing_about_events() -> None:
    assert contract("channels: {a.b: {subscribe: {summary: Soon.}}}").publishes == ()


def test_traits_override_the_message_and_the_last_one_the_others() -> None:
    (found,) = contract(
        """
channels:
  a.b:
    subscribe:
      traits: [{x-eventkit-function: from_trait}]
      x-eventkit-function: own
      message:
        payload: true
        description: own
        summary: own
        name: own
        x-eventkit-version: 1
        headers: {properties: {ce-type: {const: own.type}}}
        traits:
          - {description: first, x-eventkit-version: 2, headers: {properties: {ce-id: {type: string}}}}
          - {description: last, name: null}
"""
    ).publishes

    assert (found.description, found.event.version, found.function) == ("last", 2, "from_trait")
    assert found.event.name == "own.type"
    assert found.model == "own.type"  # a null in a merge patch removes what it stands for


@pytest.mark.parametrize(
    ("parameter", "name"),
    [
        ("{}", "order.{region}.created"),
        ("{schema: {type: string}}", "order.{region}.created"),
        ("{schema: {enum: [eu, us]}}", "order.{eu|us}.created"),
        ("{schema: {const: eu}}", "order.eu.created"),
        ("{$ref: '#/components/parameters/region'}", "order.{1|2}.created"),
    ],
)
def test_parameters_say_their_values_in_a_schema(parameter: str, name: str) -> None:
    found = contract(
        f"""
channels:
  order.{{region}}.created:
    parameters: {{region: {parameter}}}
    publish: {{message: {{payload: true}}}}
components: {{parameters: {{region: {{schema: {{enum: [1, 2]}}}}}}}}
"""
    )

    assert names(found.handles) == [name]


def test_an_address_that_is_nothing_but_a_parameter_says_less_than_the_operation() -> None:
    found = contract("channels: {'{+q}': {publish: {operationId: onSum, message: {payload: true}}}}")

    assert names(found.handles) == ["onSum"]


@pytest.mark.parametrize("binding", ["{kafka: {topic: a.b}}", "{nats: {subject: a.b}}", "{redis: {channel: a.b}}"])
def test_a_binding_may_name_the_address(binding: str) -> None:
    found = contract(f"channels: {{'a.b:Handler': {{bindings: {binding}, publish: {{message: {{payload: true}}}}}}}}")

    assert names(found.handles) == ["a.b"]


def test_the_message_names_the_language_of_its_payload() -> None:
    text = "channels: {a.b: {subscribe: {message: {schemaFormat: FORMAT, payload: {type: object, schema: 1}}}}}"
    (draft_7,) = contract(text.replace("FORMAT", "application/schema+json;version=draft-07")).publishes
    (avro,) = contract(text.replace("FORMAT", "application/vnd.apache.avro+json;version=1.9.0")).publishes

    assert draft_7.schema == {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "schema": 1}
    assert avro.unread == (
        "its payload is described as application/vnd.apache.avro+json;version=1.9.0, and not by a JSON Schema"
    )


def test_a_channel_may_stand_in_the_components() -> None:
    found = contract(
        "channels: {a.b: {$ref: '#/components/channels/c'}}\n"
        "components: {channels: {c: {subscribe: {message: {payload: true}}}}}"
    )

    assert names(found.publishes) == ["a.b"]
