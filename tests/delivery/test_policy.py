"""What happens to a delivery after a failure, a crash, or when nobody can read it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from eventkit import Envelope, EnvelopeError, Event, EventType, Retry
from eventkit.delivery import policy
from eventkit.delivery.subscription import Again, Dead, Delivery, Failure, Ignored, Reason, Unreadable

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def clock() -> datetime:
    return NOW


def at_most() -> float:
    return 0.0  # no jitter: the longest delay


class OrderCreated(Event, type="order.created"):
    order_id: str
    amount: int


def delivery(*, attempt: int = 1, failures: int = 0, dataschema: str | None = None) -> Delivery:
    envelope = Envelope(id="1", source="tests", type="order.created", data=b"{}", dataschema=dataschema)
    return Delivery(None, envelope, attempt, tuple(Failure(NOW, f"ValueError: {n}") for n in range(failures)))


def after(error: BaseException, retry: Retry, *, failures: int = 0) -> Again | Dead:
    return policy.failed(delivery(attempt=failures + 1, failures=failures), error, retry, clock=clock, random=at_most)


class TestAfterAFailure:
    def test_the_event_comes_again_after_the_delay(self) -> None:
        outcome = after(ValueError("no"), Retry(delay=3, jitter=0))

        assert isinstance(outcome, Again)
        assert (outcome.after, outcome.failure) == (3, Failure(NOW, "ValueError: no"))

    @pytest.mark.parametrize("attempts", [1, 2, 5])
    def test_with_the_last_attempt_it_is_a_dead_letter(self, attempts: int) -> None:
        retry = Retry(attempts=attempts)

        assert all(isinstance(after(ValueError(), retry, failures=n), Again) for n in range(attempts - 1))
        dead = after(ValueError("last"), retry, failures=attempts - 1)
        assert isinstance(dead, Dead)
        assert (dead.reason, dead.failure.error) == (Reason.FAILED, "ValueError: last")

    def test_an_error_that_no_retry_can_mend_makes_a_dead_letter_at_once(self) -> None:
        retry = Retry(give_up_on=(LookupError,))

        dead = after(KeyError("customer"), retry)

        assert isinstance(dead, Dead)
        assert dead.reason is Reason.FAILED
        assert isinstance(after(ValueError(), retry), Again)

    @pytest.mark.parametrize("error", [TimeoutError("took longer than 3 s"), asyncio.CancelledError()])
    def test_being_too_slow_or_cancelled_is_a_failure_like_any(self, error: BaseException) -> None:
        assert isinstance(after(error, Retry()), Again)


class TestTheDelay:
    def test_it_grows_by_the_factor_up_to_the_longest(self) -> None:
        retry = Retry(delay=1, factor=3, max_delay=20, jitter=0)

        assert [policy.pause(retry, n, at_most) for n in (1, 2, 3, 4, 5)] == [1, 3, 9, 20, 20]

    @given(
        failures=st.integers(1, 10_000),
        delay=st.floats(0, 1e6),
        factor=st.floats(1, 1e6),
        longer=st.floats(0, 1e6),
        jitter=st.floats(0, 1),
        draw=st.floats(0, 1, exclude_max=True),
    )
    def test_it_stays_within_its_bounds(
        self, failures: int, delay: float, factor: float, longer: float, jitter: float, draw: float
    ) -> None:
        retry = Retry(delay=delay, factor=factor, max_delay=delay + longer, jitter=jitter)
        longest = policy.pause(Retry(delay=delay, factor=factor, max_delay=delay + longer, jitter=0), failures, at_most)

        pause = policy.pause(retry, failures, lambda: draw)

        assert (1 - jitter) * longest * 0.999 <= pause <= longest <= retry.max_delay

    @given(failures=st.integers(1, 10_000))
    def test_it_never_shrinks_without_jitter(self, failures: int) -> None:
        retry = Retry(jitter=0)

        assert policy.pause(retry, failures, at_most) <= policy.pause(retry, failures + 1, at_most)


class TestCrashes:
    @pytest.mark.parametrize(
        ("attempt", "failures", "dead"),
        [(1, 0, False), (3, 0, False), (4, 0, True), (4, 1, False), (5, 1, True), (9, 0, True)],
    )
    def test_an_event_is_given_up_when_it_came_back_without_outcome_too_often(
        self, attempt: int, failures: int, dead: bool
    ) -> None:
        outcome = policy.crashed(delivery(attempt=attempt, failures=failures), Retry(crashes=3), clock)

        assert (outcome is not None) == dead

    def test_the_dead_letter_says_so(self) -> None:
        outcome = policy.crashed(delivery(attempt=4), Retry(crashes=3), clock)

        assert outcome is not None
        assert (outcome.reason, outcome.failure.at) == (Reason.CRASHED, NOW)
        assert "3 times without an outcome" in outcome.failure.error

    @given(failures=st.integers(0, 100), retry=st.builds(Retry, crashes=st.integers(1, 5)))
    def test_failures_are_no_crashes(self, failures: int, retry: Retry) -> None:
        assert policy.crashed(delivery(attempt=failures + 1, failures=failures), retry, clock) is None


class TestWhatNobodyReads:
    def test_an_unhandled_version_names_those_that_are_read(self) -> None:
        readers = [EventType("order.created", 3), EventType("user.deleted", 7), EventType("order.created", 2)]

        dead = policy.unread(delivery(dataschema="urn:eventkit:order.created:v1"), readers, "acknowledge", clock)

        assert isinstance(dead, Dead)
        assert dead.reason is Reason.UNHANDLED_VERSION
        assert dead.failure.error == "order.created v1 came, and the service reads v2, v3"

    def test_an_unknown_type_says_that_no_version_is_read(self) -> None:
        dead = policy.unread(delivery(), [EventType("user.deleted", 7)], "dead_letter", clock)

        assert isinstance(dead, Dead)
        assert dead.reason is Reason.UNKNOWN_TYPE
        assert dead.failure.error == "order.created v1 came, and the service handles no version of order.created"

    def test_an_unknown_type_is_acknowledged_where_the_service_wants_that(self) -> None:
        unknown = delivery()

        assert policy.unread(unknown, [EventType("user.deleted", 7)], "acknowledge", clock) == Ignored(unknown)

    def test_a_message_that_is_no_event_is_unreadable(self) -> None:
        message = Unreadable({"ce-id": "1"}, b"\xff", EnvelopeError("the CloudEvents attribute 'type' is missing"))

        dead = policy.unread(Delivery(None, message), [], "acknowledge", clock)

        assert isinstance(dead, Dead)
        assert dead.reason is Reason.UNREADABLE
        assert dead.failure.error == "EnvelopeError: the CloudEvents attribute 'type' is missing"

    def test_data_that_does_not_fit_is_invalid(self) -> None:
        with pytest.raises(ValidationError) as caught:
            OrderCreated.model_validate_json('{"amount": "much"}')

        dead = policy.invalid(delivery(), caught.value, clock)

        assert dead.reason is Reason.INVALID
        assert dead.failure.error == (
            "OrderCreated: order_id: Field required; "
            "amount: Input should be a valid integer, unable to parse string as an integer"
        )


class TestHowAnErrorIsWritten:
    @pytest.mark.parametrize(
        ("error", "text"),
        [
            (ValueError("amount is negative"), "ValueError: amount is negative"),
            (ValueError(), "ValueError"),
            (KeyError("a"), "KeyError: 'a'"),
            (ValueError("a\0b\ud800c"), "ValueError: a\\0b\\ud800c"),
        ],
    )
    def test_as_one_text_that_can_be_stored(self, error: Exception, text: str) -> None:
        assert policy.describe(error) == text

    def test_without_the_values_of_the_event(self) -> None:
        with pytest.raises(ValidationError) as caught:
            OrderCreated.model_validate_json('{"order_id": "1", "amount": "4242-4242-4242-4242"}')

        assert "4242" not in policy.describe(caught.value)

    def test_in_two_thousand_characters_at_the_most(self) -> None:
        assert len(policy.describe(ValueError("x" * 100_000))) == policy.MAX_ERROR_LENGTH

    def test_even_if_it_cannot_be_written(self) -> None:
        class Broken(Exception):
            def __str__(self) -> str:
                raise RuntimeError

        assert policy.describe(Broken()) == "Broken: (its message cannot be shown)"

    @given(st.text())
    def test_always_as_text_that_is_utf_8(self, text: str) -> None:
        written = policy.describe(ValueError(text))

        assert "\0" not in written
        assert written.encode().decode() == written
