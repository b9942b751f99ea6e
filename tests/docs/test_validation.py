"""The official JSON Schema of AsyncAPI."""

from dataclasses import replace

import pytest

from eventkit.contract.errors import ConfigurationError
from eventkit.docs.asyncapi import document
from eventkit.docs.validation import check_document
from tests.docs.contracts import SHOP


def test_a_document_of_a_contract_is_valid() -> None:
    check_document(document(SHOP))


def test_what_a_developer_put_into_a_schema_is_named_where_it_is_wrong() -> None:
    order = replace(SHOP.publishes[0], schema={"properties": {"amount": {"type": "money"}}})

    with pytest.raises(ConfigurationError) as caught:
        check_document(document(replace(SHOP, publishes=(order,))))

    assert caught.value.what.startswith("the document of shop is not valid AsyncAPI 3.0.0: 'money' is not")
    assert caught.value.where == "components/schemas/OrderCreatedEvent/properties/amount/type"
