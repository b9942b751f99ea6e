from datetime import UTC, datetime

from eventkit.bus.amqp.state import NOTHING, Known, State, to_json
from eventkit.delivery.subscription import Failure

FAILURE = Failure(datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC), "ValueError: ü\n")


def test_what_is_written_is_read() -> None:
    known = {"a": Known(3, (FAILURE, FAILURE)), "b": Known(1)}

    assert State.from_json(to_json(False, known)) == State(False, known)


def test_a_group_that_begins_knows_nothing() -> None:
    assert State.from_json(NOTHING) == State.from_json(None) == State(exact=True, events={})


def test_an_event_that_comes_back_was_not_handed_out_where_nothing_says_so() -> None:
    assert State(exact=True).take("a") == Known(0)


def test_after_an_owner_that_ended_without_a_word_it_may_have_been() -> None:
    state = State(exact=False, events={"b": Known(2)})

    assert state.take("a") == Known(1)
    assert state.take("b") == Known(2)


def test_texts_of_errors_are_shortened_where_the_document_would_be_too_large() -> None:
    long = Failure(FAILURE.at, "x" * 2000)
    known = {str(number): Known(5, (long,) * 5) for number in range(500)}

    document = to_json(True, known)

    assert len(document) < 1_000_000
    assert State.from_json(document).take("7").failures[0].error == "x" * 100
