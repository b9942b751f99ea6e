"""Names inside a document."""

import pytest

from eventkit.docs.names import Names, pascal_case, snake_case


@pytest.mark.parametrize(
    ("text", "pascal", "snake"),
    [
        ("order.created", "OrderCreated", "order_created"),
        ("OrderCreatedEvent", "OrderCreatedEvent", "ordercreatedevent"),
        ("com.acme/Order-Created", "ComAcmeOrderCreated", "com_acme_order_created"),
        ("2nd.try", "Event2ndTry", "2nd_try"),
        ("注文", "Event", "event"),
    ],
)
def test_names_are_made_of_the_words_of_a_text(text: str, pascal: str, snake: str) -> None:
    assert (pascal_case(text), snake_case(text)) == (pascal, snake)


def test_each_name_is_given_once() -> None:
    names = Names()

    assert [names.take("a", "aV2") for _ in range(4)] == ["a", "aV2", "a_2", "a_3"]
