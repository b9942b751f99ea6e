"""A diff as Markdown, for the description of a pull request or a comment on it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Final, TextIO

from eventkit.schema import MISSING
from eventkit.verify.diff import Diff, MessageChange
from eventkit.verify.finding import Finding, title
from eventkit.verify.reporters.diff_words import event_words, message_words, pair_words, path_words, sum_words
from eventkit.verify.reporters.words import printable

_SPECIAL: Final = re.compile(r"[\\`*\[\]<>#|~&]|(?<!\w)_|_(?!\w)")
_SPAN: Final = re.compile(r"(`[^`|]+`)")
_TICKS: Final = re.compile("`+")


def write_markdown(diff: Diff, stream: TextIO) -> None:
    """Write a diff as GitHub Flavored Markdown: what is broken comes first."""
    stream.write("\n".join(_lines(diff)) + "\n")


def _lines(diff: Diff) -> Iterator[str]:
    yield f"## Event contracts: {_text(sum_words(diff))}"
    if diff.broken:
        yield from ("", "### Breaks")
        for finding in diff.broken:
            yield from ("", *_finding(finding))
    came_and_went = [f"- added: service {_code(name)}" for name in diff.services_added]
    came_and_went += (f"- removed: service {_code(name)}" for name in diff.services_removed)
    came_and_went += (f"- {_code(title(change.event))}: {_text(event_words(change))}" for change in diff.events)
    if came_and_went:
        yield from ("", "### Came and went", "", *came_and_went)
    if diff.messages:
        yield from ("", "### Changed")
        for change in diff.messages:
            yield from ("", *_message(change))
    if diff.silenced:
        yield from ("", "### Accepted", "")
        for finding in diff.silenced:
            reason = f": {_text(finding.silence.reason)}" if finding.silence else ""
            yield f"- {finding.code} {_text(finding.headline)}{reason}"
    for heading, pairs in (("Did not fit before either", diff.broken_before), ("Mended", diff.mended)):
        if pairs:
            yield from ("", f"### {heading}", "", *(f"- {_text(pair_words(pair))}" for pair in pairs))


def _finding(finding: Finding) -> Iterator[str]:
    yield f"**{finding.severity} {finding.code}**: {_text(finding.headline)}"
    facts = [_text(finding.detail)] if finding.detail else []
    facts += (
        f"{_code(f'{spot.place.file}:{spot.place.line}')}{f' {_text(spot.label)}' if spot.label else ''}"
        for spot in finding.spots
    )
    facts += [f"to mend it: {_text(finding.advice)}"] if finding.advice else []
    if finding.further:
        facts.append(f"breaks {', '.join(_text(pair_words(pair)) for pair in finding.pairs)}")
    yield from ("", *(f"- {fact}" for fact in facts))
    if finding.counterexample is not MISSING:
        # JSON holds no line break and no three backticks but in a text, where the fence is made longer.
        text = json.dumps(finding.counterexample, indent=2, ensure_ascii=False)
        fence = "`" * max(3, max(map(len, _TICKS.findall(text)), default=0) + 1)
        yield from ("", "<details><summary>An event that shows it</summary>", "", f"{fence}json", text, fence, "")
        yield "</details>"


def _message(change: MessageChange) -> Iterator[str]:
    yield f"**{_text(message_words(change))}**"
    yield from ("", "| field | change | effect |", "|---|---|---|")
    for field in change.changes:
        effect = field.effect if field.effect == "safe" else f"**{field.effect}**"
        yield f"| {_text(path_words(field.path))} | {_text(field.words)} | {effect} |"


def _text(text: str) -> str:
    """Return a text that Markdown shows as it is, but for the names that stand in backticks."""
    parts = _SPAN.split(printable(" ".join(text.split())))
    return "".join(part if index % 2 else _SPECIAL.sub(r"\\\g<0>", part) for index, part in enumerate(parts))


def _code(text: str) -> str:
    fence = "`" * (max(map(len, _TICKS.findall(text)), default=0) + 1)
    return f"{fence}{text}{fence}" if len(fence) == 1 else f"{fence} {text} {fence}"
