"""How a handler's declared types find the objects that it gets."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, Protocol

import pytest

from eventkit import ConfigurationError, DefinitionError, Envelope, Event
from eventkit.contract.signature import Dependency, asks_for_envelope, dependencies, event_parameter

if TYPE_CHECKING:
    from somewhere import OrderService


class Paid(Event, type="payment.completed"): ...


class Orders: ...


class SpecialOrders(Orders): ...


class Storage(Protocol):
    def store(self) -> None: ...


def test_string_annotations_are_resolved_one_by_one():
    async def handle(event: Paid, orders: OrderService, storage: Storage) -> None: ...

    assert event_parameter(handle, "handler") is Paid
    assert dependencies(handle) == (Dependency("orders", "OrderService"), Dependency("storage", Storage))


def test_a_type_for_type_checkers_only_is_found_by_its_name():
    class OrderService: ...

    class SpecialOrderService(OrderService): ...

    orders = SpecialOrderService()
    assert Dependency("orders", "OrderService").choose((Orders(), orders), "handle") is orders
    assert Dependency("orders", "services.OrderService").choose((orders,), "handle") is orders


def test_an_event_model_must_be_there_at_run_time():
    async def handle(event: OrderService) -> None: ...

    with pytest.raises(DefinitionError, match="import the event model at the top of the module"):
        event_parameter(handle, "handler")


def test_subclasses_unions_and_annotated_types_fit():
    orders = SpecialOrders()
    for annotation in (Orders, Orders | None, int | Orders, Annotated[Orders, "the orders"]):
        assert Dependency("orders", annotation).choose((3.5, orders), "handle") is orders


def test_a_parameter_with_a_default_is_left_alone():
    async def handle(event: Paid, limit: int = 3) -> None: ...

    assert dependencies(handle) == ()


def test_a_decorated_handler_shows_what_is_inside():
    def logged(function):
        @functools.wraps(function)
        async def wrapper(*args, **kwargs):
            return await function(*args, **kwargs)

        return wrapper

    @logged
    async def handle(event: Paid, orders: Orders) -> None: ...

    assert event_parameter(handle, "handler") is Paid
    assert dependencies(handle) == (Dependency("orders", Orders),)


def test_what_is_missing_or_ambiguous_is_named():
    wanted = Dependency("orders", Orders)
    with pytest.raises(ConfigurationError, match=r"handle asks for a Orders as 'orders'.*service.run\(bus, orders\)"):
        wanted.choose((), "handle")
    with pytest.raises(ConfigurationError, match="2 were given"):
        wanted.choose((Orders(), SpecialOrders()), "handle")
    with pytest.raises(ConfigurationError, match="none was given"):
        Dependency("storage", Storage).choose((Orders(),), "handle")


def test_the_envelope_is_asked_for_by_its_type():
    async def handle(event: Paid, envelope: Envelope) -> None: ...

    assert [asks_for_envelope(dependency) for dependency in dependencies(handle)] == [True]
    assert not asks_for_envelope(Dependency("orders", Orders))
