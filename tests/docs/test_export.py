"""The files that `eventkit export` keeps up to date."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from syrupy.assertion import SnapshotAssertion

from eventkit.contract.errors import ConfigurationError
from eventkit.contract.event import EventType
from eventkit.discovery.asyncapi import read
from eventkit.discovery.config import Config
from eventkit.discovery.contract import Contract
from eventkit.discovery.discover import discover
from eventkit.docs.export import exported
from eventkit.docs.files import Changes, Files
from eventkit.verify.verify import verify
from tests.docs.contracts import SHOP

DOCUMENT = "shop.asyncapi.yaml"
SCHEMA = "events/order.created.v2.json"


def export(folder: Path, *contracts: Contract, whole: bool = False) -> Files:
    return exported(contracts, folder, whole=whole)


def names(folder: Path, paths: Iterable[Path]) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in paths]


def test_each_service_has_a_document_and_each_published_event_a_schema(tmp_path: Path) -> None:
    changes = export(tmp_path, SHOP).write()

    assert names(tmp_path, changes.missing) == [DOCUMENT, SCHEMA]
    assert read((tmp_path / DOCUMENT).read_bytes(), DOCUMENT).service == "shop"


def test_a_schema_stands_alone_and_says_what_is_sent(tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    export(tmp_path, SHOP).write()
    text = (tmp_path / SCHEMA).read_text()

    assert text == snapshot
    Draft202012Validator.check_schema(json.loads(text))
    assert Draft202012Validator(json.loads(text)).is_valid(
        {"order_id": "1", "items": [{"sku": "a", "price": 150}], "note": None}
    )


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    export(tmp_path, SHOP).write()

    assert export(tmp_path, SHOP).changes() == Changes((), (), ())


def test_what_is_not_up_to_date_is_named_before_it_is_written(tmp_path: Path) -> None:
    export(tmp_path, SHOP).write()
    (tmp_path / SCHEMA).unlink()
    paid = replace(SHOP.publishes[0], event=EventType("order.paid"))
    newer = replace(SHOP, publishes=(paid,), handles=())

    before = export(tmp_path, newer).changes()

    assert names(tmp_path, before.missing) == ["events/order.paid.v1.json"]
    assert names(tmp_path, before.stale) == [DOCUMENT]
    assert export(tmp_path, newer).write() == before
    assert not export(tmp_path, newer).changes()


def test_the_schema_of_an_event_that_is_no_longer_published_is_removed(tmp_path: Path) -> None:
    export(tmp_path, SHOP).write()

    changes = export(tmp_path, replace(SHOP, publishes=())).write()

    assert names(tmp_path, changes.left_over) == [SCHEMA]
    assert not (tmp_path / SCHEMA).exists()


def test_what_was_written_for_other_services_is_left_over_only_where_the_folder_is_for_these_alone(
    tmp_path: Path,
) -> None:
    export(tmp_path, SHOP).write()
    bank = Contract("bank", version="1.0.0")

    assert export(tmp_path, bank).write().left_over == ()
    assert names(tmp_path, export(tmp_path, bank, whole=True).changes().left_over) == [SCHEMA, DOCUMENT]


def test_documents_lead_to_the_verdicts_that_the_code_leads_to(tmp_path: Path) -> None:
    examples = Path(__file__).parents[2] / "examples" / "services"
    neighbours = Config(neighbours=(examples.parents[1] / "schemas" / "external",))
    coded = discover([examples], neighbours)

    export(tmp_path, *coded.services).write()

    pairs = verify(coded).pairs
    assert len(pairs) > 20
    assert verify(discover([tmp_path], neighbours)).pairs == pairs


def test_what_somebody_else_wrote_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / "events").mkdir()
    others = (tmp_path / "other.asyncapi.yaml", tmp_path / "events" / "other.json", tmp_path / "README.md")
    for path in others:
        path.write_text("mine")

    export(tmp_path, SHOP, whole=True).write()

    assert [path.read_text() for path in others] == ["mine"] * 3


def test_a_file_of_somebody_else_in_the_way_stops_everything(tmp_path: Path) -> None:
    (tmp_path / DOCUMENT).write_text("mine")

    with pytest.raises(ConfigurationError, match="was not written by `eventkit export`"):
        export(tmp_path, SHOP).write()

    assert (tmp_path / DOCUMENT).read_text() == "mine"
    assert not (tmp_path / SCHEMA).exists()


def test_two_services_that_publish_one_event_must_mean_the_same(tmp_path: Path) -> None:
    other = replace(SHOP, service="other")

    assert export(tmp_path, SHOP, other).changes()
    with pytest.raises(
        ConfigurationError, match=r"two services would write events/order.created.v2.json.*shop and oth"
    ):
        export(tmp_path, SHOP, replace(other, publishes=(replace(SHOP.publishes[0], schema=True),)))


@pytest.mark.parametrize("name", ["../shop", "/etc/shop", "a b", ".shop", "", "shop\n"])
def test_a_name_that_is_no_name_of_a_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be the name of a file"):
        export(tmp_path, replace(SHOP, service=name))
    with pytest.raises(ConfigurationError, match="cannot be the name of a file"):
        export(tmp_path, replace(SHOP, publishes=(replace(SHOP.publishes[0], event=EventType(name)),)))
