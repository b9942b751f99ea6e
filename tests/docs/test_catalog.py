"""Contracts seen from their events."""

from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract, Message
from eventkit.docs.catalog import Link, events_of, links_of


def message(name: str, version: int = 1, description: str = "") -> Message:
    return Message(EventType(name, version), True, "Model", description)


CONTRACTS = (
    Contract("bank", handles=(message("order.created", 1, "read"), message("order.created", 2))),
    Contract("mail", handles=(message("order.created", 1), message("order.lost"))),
    Contract("shop", publishes=(message("order.created", 2, "sent"), message("order.paid")), handles=()),
)


def test_each_event_has_its_versions_and_both_sides() -> None:
    created, lost, paid = events_of(CONTRACTS)

    assert (created.name, lost.name, paid.name) == ("order.created", "order.lost", "order.paid")
    assert [
        (version.number, [part.service for part in version.publishers], [part.service for part in version.subscribers])
        for version in created.versions
    ] == [(2, ["shop"], ["bank"]), (1, [], ["bank", "mail"])]
    assert (created.publishers, created.subscribers) == (("shop",), ("bank", "mail"))
    assert (lost.publishers, paid.subscribers) == ((), ())


def test_an_event_means_what_its_publisher_says_else_what_its_subscribers_say() -> None:
    created, lost, _ = events_of(CONTRACTS)

    assert (created.description, created.versions[1].description, lost.description) == ("sent", "read", "")


def test_a_link_is_every_event_that_one_service_tells_another() -> None:
    assert links_of(events_of(CONTRACTS)) == (
        Link("shop", "bank", ("order.created",)),
        Link("shop", "mail", ("order.created",)),
    )
