"""How a handler's declared types find the objects that it gets."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Annotated, Protocol

import pytest

from eventkit import ConfigurationError, DefinitionError, Envelope, Event
from eventkit.contract.signature import (
    Dependency,
    asks_for_envelope,
    dependencies,
    event_parameter,
    require_async,
)

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


def test_a_union_with_a_type_for_type_checkers_only_fits_by_any_name():
    async def handle(event: Paid, orders: OrderService | Orders, other: Orders | OrderService) -> None: ...

    orders = Orders()
    for dependency in dependencies(handle):
        assert dependency.choose((3.5, orders), "handle") is orders


def test_an_event_may_be_annotated():
    async def handle(event: Annotated[Paid, "the payment"], envelope: Annotated[Envelope, "around it"]) -> None: ...

    assert event_parameter(handle, "handler") is Paid
    assert asks_for_envelope(*dependencies(handle))


def test_an_event_may_be_a_keyword():
    async def handle(*, event: Paid, orders: Orders) -> None: ...

    assert event_parameter(handle, "handler") is Paid
    assert dependencies(handle) == (Dependency("orders", Orders),)


class Handlers:
    async def handle(self, event: Paid, orders: Orders) -> None: ...

    async def __call__(self, event: Paid) -> None: ...


def test_the_method_of_an_object_is_a_function():
    require_async(Handlers().handle, "handler")
    assert event_parameter(Handlers().handle, "handler") is Paid
    assert dependencies(Handlers().handle) == (Dependency("orders", Orders),)
    with pytest.raises(DefinitionError, match=r"Handlers.handle is a method without its object"):
        event_parameter(Handlers.handle, "handler")


def plainly(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


async def generate(event: Paid):
    yield


@pytest.mark.parametrize(
    ("handler", "problem"),
    [
        (Handlers(), "the handler Handlers is no function"),
        (functools.partial(Handlers().handle, orders=Orders()), "the handler partial is no function"),
        (Paid, "the handler Paid is no function"),
        (print, "the handler print is no function"),
        (None, "the handler NoneType is no function"),
        (lambda event: None, "is not async.*; declare it with `async def`"),
        (generate, "the handler generate is not async"),
        (plainly(Handlers().handle), "is not async.*; make what its decorator returns an `async def`, too"),
    ],
)
def test_what_is_no_async_function_is_refused(handler, problem):
    with pytest.raises(DefinitionError, match=problem):
        require_async(handler, "handler")


def test_a_decorator_that_hides_the_parameters_is_told_how_to_keep_them():
    def hiding(function):
        async def wrapper(*args, **kwargs):
            return await function(*args, **kwargs)

        return wrapper

    with pytest.raises(DefinitionError, match=r"takes \*args .*functools.wraps"):
        event_parameter(hiding(Handlers().handle), "handler")


def test_what_is_missing_or_ambiguous_is_named():
    wanted = Dependency("orders", Orders)
    with pytest.raises(ConfigurationError, match=r"handle asks for a Orders as 'orders'.*service.run\(bus, orders\)"):
        wanted.choose((), "handle")
    with pytest.raises(ConfigurationError, match="2 were given"):
        wanted.choose((Orders(), SpecialOrders()), "handle")
    with pytest.raises(ConfigurationError, match=r"none was given.*; decorate the protocol with .*runtime_checkable"):
        Dependency("storage", Storage).choose((Orders(),), "handle")


def test_the_envelope_is_asked_for_by_its_type():
    async def handle(event: Paid, envelope: Envelope) -> None: ...

    assert [asks_for_envelope(dependency) for dependency in dependencies(handle)] == [True]
    for annotation in (Envelope | None, "Envelope", "eventkit.Envelope"):
        assert asks_for_envelope(Dependency("envelope", annotation))
    for annotation in (Orders, list[Envelope], "Envelopes"):
        assert not asks_for_envelope(Dependency("orders", annotation))
