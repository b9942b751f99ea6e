"""Takes the findings out that somebody silenced, and finds fault with ignores that silence nothing or say nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, NamedTuple

from eventkit.discovery.config import IgnoreEntry
from eventkit.discovery.landscape import Landscape
from eventkit.verify.finding import Finding, Silence, Spot
from eventkit.verify.ignores.comments import comments_in
from eventkit.verify.ignores.ignore import Ignore, of_entries
from eventkit.verify.rules import RULES
from eventkit.verify.rules.ignores import EXPIRED, UNUSED, WITHOUT_EFFECT

_LOUD: Final = ("EK5", "EK6")
"""What cannot be silenced: what was not read was not checked, and an ignore is mended by removing it."""
_DEPENDING: Final = "EK3"
"""What is only looked for where there is something to compare with: whether it is still there cannot be told."""


@dataclass(frozen=True, slots=True)
class Ignores:
    """What is silenced in a landscape.

    Args:
        comments: The comments in our own files.
        entries: The entries of the configuration.
        own_files: Our own files. Of others, only comments where something was found count, and what is wrong with
            them is not ours to mend.
        whole: All that is configured is checked, so that what silences nothing here does so nowhere.
        today: The day of which expiry is judged.
    """

    comments: tuple[Ignore, ...]
    entries: tuple[Ignore, ...]
    own_files: frozenset[str]
    whole: bool
    today: date

    @classmethod
    def of(cls, landscape: Landscape, entries: tuple[IgnoreEntry, ...], *, whole: bool, today: date) -> Ignores:
        """Read what is silenced in a landscape.

        Args:
            landscape: The contracts.
            entries: The entries of the configuration.
            whole: All that is configured is in the landscape.
            today: The day of which expiry is judged.
        """
        comments = tuple(ignore for file in landscape.files for ignore in comments_in(file))
        return cls(comments, tuple(of_entries(entries)), frozenset(landscape.files), whole, today)


class Silenced(NamedTuple):
    """Findings, sorted into what is reported and what is not."""

    loud: list[Finding]
    quiet: list[Finding]


def silence(findings: Sequence[Finding], ignores: Ignores, *, complete: bool) -> Silenced:
    """Take out the findings that are silenced, and add those about the ignores themselves.

    Args:
        findings: What was found, each about one pair at most.
        ignores: What is to be silenced.
        complete: All sources could be read. Where not, an ignore may be meant for what was not.
    """
    others = {spot.place.file for finding in findings for spot in finding.spots} - ignores.own_files
    elsewhere = (ignore for file in sorted(others) for ignore in comments_in(file))
    everything = (*ignores.comments, *elsewhere, *ignores.entries)
    active: defaultdict[str, list[Ignore]] = defaultdict(list)
    for ignore in everything:
        if ignore.acts(ignores.today):
            for code in ignore.codes:
                active[code].append(ignore)
    used: set[tuple[int, str]] = set()
    loud, quiet = [], []
    for finding in findings:
        matching = [ignore for ignore in active[finding.code] if ignore.covers(finding)]
        if matching and not finding.code.startswith(_LOUD):
            used.update((id(ignore), finding.code) for ignore in matching)
            first = matching[0]
            quiet.append(replace(finding, silence=Silence(first.reason, first.place, first.entry is None)))
        else:
            loud.append(finding)
    for ignore in everything:
        if ignore.entry is not None or ignore.place.file in ignores.own_files:
            loud += _faults(ignore, ignores.today)
            if complete and ignores.whole and ignore.acts(ignores.today):
                loud += _unused(ignore, [code for code in ignore.codes if (id(ignore), code) not in used])
    return Silenced(loud, quiet)


def _faults(ignore: Ignore, today: date) -> Iterator[Finding]:
    unknown = [code for code in ignore.codes if code not in RULES]
    if not ignore.codes:
        yield _fault(
            ignore, "the ignore names no code, so it silences nothing", "name the codes: `ignore[EK102] reason`"
        )
    elif not ignore.reason:
        yield _fault(ignore, "the ignore gives no reason, so it silences nothing", "say why, behind the codes")
    for code in unknown:
        yield _fault(
            ignore,
            f"no finding has the code {code}",
            f"correct the code; `eventkit explain {code}` names those there are",
        )
    for code in ignore.codes:
        if code in RULES and code.startswith(_LOUD):
            yield _fault(
                ignore,
                f"{code} cannot be silenced: {RULES[code].title}",
                "mend what it says, or leave the file out of the sources",
            )
    if ignore.has_expired(today) and ignore.entry is not None:
        yield Finding(
            EXPIRED,
            f"the ignore of {ignore.entry.code} expired on {ignore.entry.expires}: {ignore.reason}",
            spots=(Spot(ignore.place),),
            help="mend what it silenced, or give it a new date and the reason for that",
        )


def _fault(ignore: Ignore, message: str, help: str) -> Finding:
    return Finding(WITHOUT_EFFECT, message, spots=(Spot(ignore.place),), help=help)


def _unused(ignore: Ignore, codes: Sequence[str]) -> Iterator[Finding]:
    judged = [code for code in codes if code in RULES and not code.startswith((*_LOUD, _DEPENDING))]
    if judged:
        where = "here" if ignore.entry is None else "that this entry is about"
        yield Finding(
            UNUSED,
            f"the ignore silences nothing: no {' or '.join(judged)} is found {where}",
            spots=(Spot(ignore.place),),
            help="remove it" if len(judged) == len(ignore.codes) else f"remove {', '.join(judged)} from it",
        )
