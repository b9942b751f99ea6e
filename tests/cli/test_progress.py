"""The bar on long runs: on a terminal only, and not for what is done at once."""

import io
import sys
from threading import Event

import pytest

from eventkit.cli import progress as module
from eventkit.cli.progress import progress
from eventkit.discovery.progress import unobserved


class Terminal(io.StringIO):
    """A standard error that is a terminal, and tells when the bar has come to half of it."""

    def __init__(self) -> None:
        super().__init__()
        self.half = Event()

    def write(self, text: str) -> int:
        length = super().write(text)
        if "50%" in text:
            self.half.set()
        return length

    def isatty(self) -> bool:
        return True


def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Make standard error a terminal; no fixture, as pytest puts its own stream back before the test."""
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    return stream


def test_without_a_terminal_there_is_none(monkeypatch) -> None:
    monkeypatch.setattr(sys, "stderr", io.StringIO())

    with progress() as observe:
        assert observe is unobserved


def test_what_is_done_at_once_shows_none(monkeypatch) -> None:
    stream = terminal(monkeypatch)
    with progress() as observe:
        assert observe is not unobserved
        observe("comparing events", 1, 2)

    assert stream.getvalue() == ""


def test_what_takes_longer_shows_how_far_it_is_and_leaves_nothing_behind(monkeypatch) -> None:
    stream = terminal(monkeypatch)
    monkeypatch.setattr(module, "_PATIENCE", 0.0)
    with progress() as observe:
        observe("comparing events", 1, 2)
        assert stream.half.wait(10)
        observe("comparing pairs", 1, 2)

    assert "comparing pairs" in stream.getvalue()  # what is last is drawn when the bar stops
    assert stream.getvalue().endswith("\x1b[2K")  # and its line is cleared
