"""A diff as text, for people: what came and went, what changed field by field, whom it breaks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Final, TextIO

from rich.text import Text

from eventkit.verify.diff import Diff
from eventkit.verify.field_changes import Effect, FieldChange
from eventkit.verify.finding import title
from eventkit.verify.reporters.console import ReportConsole
from eventkit.verify.reporters.diff_words import event_words, message_words, pair_words, path_words, sum_words
from eventkit.verify.reporters.frame import frame
from eventkit.verify.reporters.words import printable

_STYLES: Final[dict[Effect, str]] = {"safe": "green", "breaking": "bold red", "undecided": "bold yellow"}
_WIDTH: Final = max(map(len, _STYLES))


def write_text(diff: Diff, stream: TextIO) -> None:
    """Write a diff; colours are those of the stream's terminal, NO_COLOR is respected."""
    console = ReportConsole(file=stream, highlight=False, emoji=False, markup=False)
    blocks = list(_blocks(diff))
    for line in chain.from_iterable(blocks):
        line.plain = printable(line.plain)
    for block in (*blocks, *([frame(finding)] for finding in diff.broken)):
        for line in block:
            console.print(line, soft_wrap=True)
        console.print()
    console.print(sum_words(diff), soft_wrap=True)


def _blocks(diff: Diff) -> Iterator[list[Text]]:
    added, removed = ("+ ", "green"), ("- ", "red")
    came_and_went = [Text.assemble(added, f"service {name}") for name in diff.services_added]
    came_and_went += (Text.assemble(removed, f"service {name}") for name in diff.services_removed)
    came_and_went += (
        Text.assemble(added if change.added else removed, f"{title(change.event)}: {event_words(change)}")
        for change in diff.events
    )
    if came_and_went:
        yield came_and_went
    for change in diff.messages:
        yield [Text(message_words(change), "bold"), *map(_field, change.changes)]
    for words, pairs in (("did not fit before, and does not now", diff.broken_before), ("fits now", diff.mended)):
        if pairs:
            yield [Text(f"{pair_words(pair)}: {words}") for pair in pairs]


def _field(change: FieldChange) -> Text:
    effect = (f"{change.effect:{_WIDTH}}", _STYLES[change.effect])
    return Text.assemble("  ", effect, f"  {path_words(change.path)} {change.words}")
