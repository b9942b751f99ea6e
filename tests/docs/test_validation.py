"""The official JSON Schema of AsyncAPI."""

from dataclasses import replace
from typing import get_args

import pytest

from eventkit.contract.errors import ConfigurationError
from eventkit.docs.asyncapi import SpecVersion, document
from eventkit.docs.validation import check_document
from tests.docs.contracts import SHOP


@pytest.mark.parametrize("version", get_args(SpecVersion))
def test_a_document_of_a_contract_is_valid_in_each_version(version: SpecVersion) -> None:
    check_document(document(SHOP, version))


def test_a_document_is_checked_by_the_schema_of_its_version() -> None:
    bindings = {"ros2": {"role": "publisher", "node": "shop"}}  # 3.1.0 brought them
    old, new = document(SHOP), document(SHOP, "3.1.0")
    for written in (old, new):
        written["operations"]["send_order_created_v2"]["bindings"] = bindings

    check_document(new)
    with pytest.raises(ConfigurationError, match=r"is not valid AsyncAPI 3\.0\.0: .*ros2"):
        check_document(old)


def test_what_a_developer_put_into_a_schema_is_named_where_it_is_wrong() -> None:
    order = replace(SHOP.publishes[0], schema={"properties": {"amount": {"type": "money"}}})

    with pytest.raises(ConfigurationError) as caught:
        check_document(document(replace(SHOP, publishes=(order,))))

    assert caught.value.what.startswith("the document of shop is not valid AsyncAPI 3.0.0: 'money' is not")
    assert caught.value.where == "components/schemas/OrderCreatedEvent/properties/amount/type"
