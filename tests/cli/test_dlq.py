"""`eventkit dlq`."""

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from eventkit import Envelope
from eventkit.delivery.subscription import Reason
from eventkit.testing.conformance.support import names_of, subscribed, take
from tests.cli.operated import Operated, envelope


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A bus with dead letters: two of the payments, 1 and 2, one of the mailer, 3, and one that is no event, 4."""
    operated = Operated(tmp_path_factory.mktemp("original") / "events.db")
    operated.join("payment_service", "order.created")
    operated.join("mailer", "invoice.item.added")
    operated.publish(envelope("a", key="o-1"), envelope("b"))
    operated.give_up("payment_service", 1)
    operated.give_up("payment_service", 1, Reason.INVALID)
    operated.publish(envelope("c", type="invoice.item.added"))
    operated.give_up("mailer", 1, type="invoice.item.added")
    operated.write(
        "INSERT INTO dead_letters (group_id, at, type, reason, failures, headers, body)"
        " VALUES (2, 1767355200, '', 'unreadable', '[]', '{\"x\": \"\\u001b[2J\"}', x'7b5cff')"
    )
    return operated


@pytest.fixture
def troubled(original, operated):
    """A copy of it."""
    shutil.copy(original.file, operated.file)
    return operated


class TestList:
    def test_all_are_shown_the_oldest_first(self, eventkit, troubled, snapshot) -> None:
        run = eventkit("dlq", "list", troubled.url)

        assert (run.status, run.err) == (0, "")
        assert run.out == snapshot

    @pytest.mark.parametrize(
        ("options", "ids"),
        [
            (["--group", "payment_service"], ["1", "2"]),
            (["--group", "nobody"], []),
            (["--type", "order.created"], ["1", "2"]),
            (["--type", "invoice.>"], ["3"]),
            (["--type", "invoice.*"], []),
            (["--reason", "invalid"], ["2"]),
            (["--type", "order.*", "--reason", "failed", "--group", "payment_service"], ["1"]),
            (["--limit", "3"], ["1", "2", "3"]),
            (["--type", "order.*", "--limit", "1"], ["1"]),
        ],
    )
    def test_they_are_chosen_by_service_type_and_reason(self, eventkit, troubled, options, ids) -> None:
        run = eventkit("dlq", "list", troubled.url, "--format", "json", *options)

        assert [each["id"] for each in json.loads(run.out)] == ids

    def test_that_there_are_more_is_told(self, eventkit, troubled) -> None:
        assert eventkit("dlq", "list", troubled.url, "--limit", "3").err == (
            "these are the oldest 3; --limit shows more\n"
        )
        assert eventkit("dlq", "list", troubled.url, "--limit", "4").err == ""

    def test_there_may_be_none(self, eventkit, operated) -> None:
        operated.join("mailer")

        assert eventkit("dlq", "list", operated.url).out == "no dead letters\n"
        assert eventkit("dlq", "list", operated.url, "--format", "json").out == "[]\n"


class TestShow:
    def test_all_that_is_known_is_shown(self, eventkit, troubled, snapshot) -> None:
        run = eventkit("dlq", "show", troubled.url, "1", "4")

        assert (run.status, run.err) == (0, "")
        assert run.out == snapshot

    def test_as_json(self, eventkit, troubled, snapshot) -> None:
        assert eventkit("dlq", "show", troubled.url, "1", "--format", "json").out == snapshot

    def test_one_that_is_not_there_is_told(self, eventkit, troubled) -> None:
        run = eventkit("dlq", "show", troubled.url, "77", "1")

        assert (run.status, run.err) == (1, "there is no dead letter 77\n")
        assert run.out.startswith("dead letter 1\n")

    def test_one_must_be_named(self, eventkit, troubled) -> None:
        run = eventkit("dlq", "show", troubled.url)

        assert (run.status, run.err.splitlines()[0]) == (2, "error: no dead letter is named")


class TestReplay:
    def test_it_goes_to_its_service_again(self, eventkit, troubled) -> None:
        run = eventkit("dlq", "replay", troubled.url, "1", "3")

        assert (run.status, run.err) == (0, "")
        assert run.out == "replayed 1 dead letter to mailer\nreplayed 1 dead letter to payment_service\n"
        assert troubled.dead() == ["2", "4"]

        async def take_it(bus) -> list[str]:
            async with subscribed(bus, "payment_service") as subscription:
                return names_of(await take(subscription, 1))

        assert troubled.use(take_it) == ["a"]

    def test_one_that_is_not_there_is_told_and_the_others_are_replayed(self, eventkit, troubled) -> None:
        run = eventkit("dlq", "replay", troubled.url, "77", "1", "1")

        assert (run.status, run.err) == (1, "there is no dead letter 77\n")
        assert run.out == "replayed 1 dead letter to payment_service\n"

    def test_all_of_a_choice(self, eventkit, troubled) -> None:
        run = eventkit("dlq", "replay", troubled.url, "--all", "--group", "payment_service", "--yes")

        assert (run.status, run.out) == (0, "replayed 2 dead letters to payment_service\n")
        assert troubled.dead() == ["3", "4"]

    def test_all_of_none(self, eventkit, troubled) -> None:
        assert eventkit("dlq", "replay", troubled.url, "--all", "--group", "nobody").out == "no dead letters\n"


class TestDrop:
    def test_it_is_gone(self, eventkit, troubled) -> None:
        run = eventkit("dlq", "drop", troubled.url, "4", "2")

        assert (run.status, run.err) == (0, "")
        assert run.out == "dropped 1 dead letter of mailer\ndropped 1 dead letter of payment_service\n"
        assert troubled.dead() == ["1", "3"]


class TestAll:
    @pytest.mark.parametrize("verb", ["replay", "drop"])
    @pytest.mark.parametrize(
        ("arguments", "error"),
        [
            ([], "no dead letter is named"),
            (["1", "--all"], "--all is given beside dead letters by name"),
            (["--group", "mailer"], "--group, --type and --reason choose from --all"),
            (["1", "--reason", "failed"], "--group, --type and --reason choose from --all"),
        ],
    )
    def test_what_is_meant_must_be_said(self, eventkit, troubled, verb, arguments, error) -> None:
        run = eventkit("dlq", verb, troubled.url, *arguments)

        assert (run.status, run.err.splitlines()[0]) == (2, f"error: {error}")
        assert len(troubled.dead()) == 4

    def test_without_a_terminal_nobody_can_be_asked(self, eventkit, troubled) -> None:
        run = eventkit("dlq", "drop", troubled.url, "--all")

        assert (run.status, run.err.splitlines()[-1]) == (2, "  mend: add --yes")
        assert len(troubled.dead()) == 4

    @pytest.mark.parametrize(("answer", "status", "left"), [(b"n\n", 1, 4), (b"\n", 1, 4), (b"y\n", 0, 0)])
    def test_at_a_terminal_it_is_asked(self, troubled, answer, status, left) -> None:
        ours, theirs = pty.openpty()
        command = [Path(sys.executable).with_name("eventkit"), "dlq", "drop", troubled.url, "--all"]
        try:
            os.write(ours, answer)
            done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, timeout=60)
        finally:
            os.close(ours)
            os.close(theirs)

        assert "drop 2 dead letters of mailer, 2 dead letters of payment_service? [y/N]" in done.stderr
        assert done.returncode == status
        assert len(troubled.dead()) == left


def test_a_memory_bus_has_none(eventkit) -> None:
    assert eventkit("dlq", "list", "memory://").out == "no dead letters\n"


def test_an_envelope_of_any_length_is_listed_in_one_line(eventkit, operated) -> None:
    operated.join("mailer")
    operated.publish(Envelope(id="a", source="shop", type="order.created", data=b"{}"))
    operated.give_up("mailer", 1)
    operated.write(
        "UPDATE dead_letters SET failures = json_array(json_object('at', '2026-01-02T12:00:00+00:00', 'error', ?))",
        "x\n" * 500,
    )

    lines = eventkit("dlq", "list", operated.url).out.splitlines()
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert len(lines[1]) < 160


class TestWrongChoices:
    @pytest.mark.parametrize("command", [["list"], ["replay", "--all", "--yes"], ["drop", "--all", "--yes"]])
    @pytest.mark.parametrize(
        ("option", "error"),
        [
            (["--type", "bad name"], "--type 'bad name' is no event type"),
            (["--type", "order"], "--type 'order' is no event type"),
            (["--group", "bad name"], "--group 'bad name' is no service"),
            (["--group", ""], "--group '' is no service"),
        ],
    )
    def test_what_is_no_type_or_service_is_told(self, eventkit, troubled, command, option, error) -> None:
        verb, *rest = command
        run = eventkit("dlq", verb, troubled.url, *rest, *option)

        assert (run.status, run.err.splitlines()[0]) == (2, f"error: {error}")
        assert len(troubled.dead()) == 4

    @pytest.mark.parametrize("command", [["list"], ["replay", "--all", "--yes"], ["drop", "--all", "--yes"]])
    def test_a_service_that_handles_nothing_here_is_told(self, eventkit, troubled, command) -> None:
        verb, *rest = command
        run = eventkit("dlq", verb, troubled.url, *rest, "--group", "payments")

        assert (run.status, run.out) == (1, "no dead letters\n")
        assert run.err == "no service payments handles events of this bus; these do: mailer, payment_service\n"

    def test_a_service_without_dead_letters_is_no_mistake(self, eventkit, troubled) -> None:
        troubled.join("audit_service")
        run = eventkit("dlq", "list", troubled.url, "--group", "audit_service", "--type", "invoice.>")

        assert (run.status, run.out, run.err) == (0, "no dead letters\n", "")

    def test_where_nobody_handles_anything(self, eventkit, operated) -> None:
        operated.publish(envelope("a"))

        assert eventkit("dlq", "list", operated.url, "--group", "mailer").err == (
            "no service mailer handles events of this bus; none does\n"
        )
