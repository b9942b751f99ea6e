"""A ledger is judged rightly: each broken promise is found, and none where all went well."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.faults.ledger import (
    BEGUN,
    CANCELLED,
    CONFIRMED,
    ENDED,
    FAILED,
    LEFT,
    REFUSED,
    Findings,
    Judge,
    Line,
    hurried,
)
from tests.faults.stage import RESUMES_WITHIN, STANDS_STILL, Measures

Event = tuple[str, int]
ATTEMPTS = 3
CONFIRMED_TWO = ((CONFIRMED, 0, 1), (CONFIRMED, 1, 1))


def written(*lines: tuple[str, int, int]) -> list[Line]:
    """Return a ledger of one key, from what happened to which number in which process; one line each second."""
    return [Line(what, "key", number, pid, float(at)) for at, (what, number, pid) in enumerate(lines)]


def judged(
    *lines: tuple[str, int, int],
    dead: tuple[int, ...] = (),
    effects: Mapping[int, int] | None = None,
    concurrency: int = 9,
) -> Findings:
    judge = Judge(concurrency, ATTEMPTS)
    judge.hear(written(*lines))
    return judge.findings(
        {("key", number) for number in dead},
        None if effects is None else {("key", number): count for number, count in effects.items()},
    )


class TestJudge:
    def test_nothing_is_found_where_all_went_well(self) -> None:
        findings = judged(
            *CONFIRMED_TWO,
            *((REFUSED, 2, 1), (CONFIRMED, 2, 1)),
            *((BEGUN, 0, 2), (FAILED, 0, 2), (BEGUN, 0, 2), (CANCELLED, 0, 2), (BEGUN, 0, 3), (ENDED, 0, 3)),
            *((BEGUN, 1, 3), (ENDED, 1, 3)),
            *((BEGUN, 2, 3), (FAILED, 2, 3)) * ATTEMPTS,
            dead=(2,),
            effects={0: 1, 1: 1},
            concurrency=1,
        )

        assert findings.broken == {}
        assert (findings.confirmed, findings.refused, findings.handled) == (3, 1, 2)
        assert (findings.calls, findings.dead) == (7, 1)

    def test_i1_an_event_that_nobody_got_is_lost(self) -> None:
        findings = judged(*CONFIRMED_TWO, (BEGUN, 0, 2), (ENDED, 0, 2))

        assert list(findings.broken) == ["I1 nothing lost"]
        assert findings.lost == [("key", 1)]

    def test_i1_what_was_never_confirmed_and_is_handled_is_invented(self) -> None:
        findings = judged((CONFIRMED, 0, 1), (BEGUN, 0, 2), (ENDED, 0, 2), (BEGUN, 1, 2), (ENDED, 1, 2))

        assert list(findings.broken) == ["I1 nothing invented"]
        assert findings.invented == [("key", 1)]

    @pytest.mark.parametrize(
        "how", [(), ((FAILED, 1, 2),), ((CANCELLED, 1, 2),)], ids=["killed", "failed", "cancelled"]
    )
    def test_i2_what_a_handler_did_not_end_and_does_not_come_back_was_acknowledged_too_early(
        self, how: tuple[tuple[str, int, int], ...]
    ) -> None:
        findings = judged(*CONFIRMED_TWO, (BEGUN, 0, 2), (ENDED, 0, 2), (BEGUN, 1, 2), *how)

        assert "I2 nothing acknowledged too early" in findings.broken
        assert findings.dropped == [("key", 1)]

    def test_i2_a_dead_letter_that_was_acknowledged_and_not_stored_is_one(self) -> None:
        findings = judged((CONFIRMED, 0, 1), *((BEGUN, 0, 2), (FAILED, 0, 2)) * ATTEMPTS, dead=())

        assert findings.dropped == [("key", 0)]

    @pytest.mark.parametrize("count", [0, 2])
    def test_i3_an_event_has_one_effect(self, count: int) -> None:
        findings = judged((CONFIRMED, 0, 1), (BEGUN, 0, 2), (ENDED, 0, 2), effects={0: count} if count else {})

        assert list(findings.broken) == ["I3 one effect"]
        assert findings.effects == [("key", 0)]

    def test_i3_an_effect_of_an_event_that_was_not_handled_is_one_too_many_if_it_comes_twice(self) -> None:
        assert judged((CONFIRMED, 0, 1), (BEGUN, 0, 2), dead=(0,), effects={0: 2}).effects == [("key", 0)]

    @pytest.mark.parametrize("overtaker", [2, 3], ids=["in the same process", "in another one"])
    def test_i4_an_event_that_overtakes_one_of_its_key_is_out_of_order(self, overtaker: int) -> None:
        findings = judged(*CONFIRMED_TWO, (BEGUN, 0, 2), (BEGUN, 1, overtaker), (ENDED, 0, 2), (ENDED, 1, overtaker))

        assert list(findings.broken) == ["I4 order per key"]
        assert findings.out_of_order == [("key", 1)]

    def test_i4_an_event_does_not_wait_for_a_dead_one(self) -> None:
        failed = ((BEGUN, 0, 2), (FAILED, 0, 2)) * ATTEMPTS

        assert judged(*CONFIRMED_TWO, *failed, (BEGUN, 1, 2), (ENDED, 1, 2), dead=(0,)).broken == {}

    def test_i4_an_event_that_comes_again_is_in_order(self) -> None:
        lines = ((BEGUN, 0, 1), (ENDED, 0, 1), (BEGUN, 1, 1), (BEGUN, 0, 2), (ENDED, 0, 2), (ENDED, 1, 1))

        assert judged(*CONFIRMED_TWO, *lines).broken == {}

    def test_i5_an_event_that_was_given_up_before_the_policy_says_so(self) -> None:
        failed = ((BEGUN, 0, 2), (FAILED, 0, 2)) * (ATTEMPTS - 1)
        findings = judged((CONFIRMED, 0, 1), *failed, (BEGUN, 0, 2), (CANCELLED, 0, 2), dead=(0,))

        assert list(findings.broken) == ["I5 calls as the policy says"]
        assert findings.given_up == [("key", 0)]

    def test_i5_an_event_that_is_tried_again_too_early(self) -> None:
        """One line each second: after the first failure it waits one, and after the second one, too."""
        lines = written((BEGUN, 0, 1), (FAILED, 0, 1), (BEGUN, 0, 1), (FAILED, 0, 1), (BEGUN, 0, 1))

        assert hurried(lines, [1.0, 1.0]) == []
        assert hurried(lines, [1.0, 1.1]) == [("key", 0)]
        assert hurried(lines, [1.1, 1.1]) == [("key", 0)] * 2

    def test_i6_a_process_that_works_on_too_many(self) -> None:
        judge = Judge(2, ATTEMPTS)
        judge.hear(Line(BEGUN, key, 0, 1, 0.0) for key in "abc")

        assert judge.findings(set(), None).crowded == [("c", 0)]

    def test_i6_an_event_that_is_handed_out_twice_at_once_counts_twice(self) -> None:
        assert judged((CONFIRMED, 0, 1), (BEGUN, 0, 2), (BEGUN, 0, 2), concurrency=1).crowded == [("key", 0)]


class TestUnfinished:
    def test_what_a_process_did_not_bring_to_an_end(self) -> None:
        judge = Judge(9, ATTEMPTS)
        judge.hear(
            written((BEGUN, 0, 2), (ENDED, 0, 2), (BEGUN, 1, 2), (CANCELLED, 1, 2), (BEGUN, 2, 2), (BEGUN, 3, 3))
        )

        assert sorted(judge.unfinished(2)) == [("key", 1), ("key", 2)]

    def test_when_a_process_had_nothing_more_to_do(self) -> None:
        judge = Judge(9, ATTEMPTS)
        judge.hear([Line(LEFT, "", 0, 2, 7.5)])

        assert judge.left == {2: 7.5}
        assert judge.findings(set(), None).broken == {}


class TestMeasures:
    def test_nothing_is_found_where_all_went_well(self) -> None:
        measures = Measures(resumed=[0.1, RESUMES_WITHIN], drained=[9.0], sizes=[50, 70, 70, 71, 71, 70, 71, 72])

        assert measures.broken(grace=10) == {}

    def test_i6_memory_that_grows(self) -> None:
        assert "I6 flat memory" in Measures(sizes=[50, 60, 60, 60, 60, 70, 80, 90]).broken(grace=10)

    def test_i7_work_that_does_not_go_on(self) -> None:
        measures = Measures(resumed=[0.1, RESUMES_WITHIN + 0.1])

        assert measures.broken(grace=10) == {"I7 work goes on within 10 s": [RESUMES_WITHIN + 0.1]}

    def test_i7_a_key_that_does_not_go_on(self) -> None:
        measures = Measures(resumed=[0.1, 0.1], keys_resumed=[STANDS_STILL, STANDS_STILL + 0.1])

        assert measures.broken(grace=10) == {"I7 every key goes on within 30 s": [STANDS_STILL + 0.1]}

    def test_i8_a_process_that_does_not_end(self) -> None:
        assert Measures(drained=[0.1, 10.1]).broken(grace=10) == {"I8 drains within 10 s": [10.1]}

    def test_i8_a_handler_that_is_not_let_end(self) -> None:
        measures = Measures(drained=[0.1], cut_short=[("key", 3)])

        assert measures.broken(grace=10) == {"I8 what has begun is finished": [("key", 3)]}
