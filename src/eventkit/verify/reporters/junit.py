"""A report as JUnit XML, as Jenkins and GitLab read it: a test for each pair, and for each other finding."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, TextIO
from xml.etree import ElementTree

from eventkit.contract.event import EventType
from eventkit.verify.finding import Finding, Pair, Report, title
from eventkit.verify.reporters.words import paragraphs, sentence
from eventkit.verify.rules import RULES, Severity

_ILLEGAL: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may hold, not even escaped (XML 1.0, section 2.2)."""
_Key = tuple[EventType, str, str]


def write_junit(report: Report, stream: TextIO) -> None:
    """Write a suite of pairs and a suite of what is not about a pair.

    A pair fails with what breaks it, where one finding breaks several pairs with its own part of that; one that is
    broken only by silenced findings is skipped, with their reasons. Of other findings, only errors fail.
    """
    loud, quiet = _by_pair(report.findings), _by_pair(report.silenced)
    pairs = [
        _pair(
            pair, loud[pair.event, pair.publisher, pair.subscriber], quiet[pair.event, pair.publisher, pair.subscriber]
        )
        for pair in report.pairs
    ]
    known = {(pair.event, pair.publisher, pair.subscriber) for pair in report.pairs}
    others = [
        _other(finding)
        for finding in (*report.findings, *report.silenced)
        if not any((event, publisher, subscriber) in known for event, publisher, subscriber, _ in finding.pairs)
    ]
    root = ElementTree.Element("testsuites", name="eventkit verify")
    root.extend([_suite("pairs", pairs), _suite("findings", others)])
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in root)))
    ElementTree.indent(root)
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    stream.write(ElementTree.tostring(root, encoding="unicode"))
    stream.write("\n")


def _by_pair(findings: Iterable[Finding]) -> defaultdict[_Key, list[Finding]]:
    found: defaultdict[_Key, list[Finding]] = defaultdict(list)
    for finding in findings:
        for each in (replace(finding, further=()), *finding.further):
            for event, publisher, subscriber, _ in each.pairs:
                found[event, publisher, subscriber].append(each)
    return found


def _suite(name: str, cases: list[ElementTree.Element]) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=name, tests=str(len(cases)))
    for attribute, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.extend(cases)
    return suite


def _pair(pair: Pair, loud: list[Finding], quiet: list[Finding]) -> ElementTree.Element:
    case = ElementTree.Element(
        "testcase", classname=_legal(title(pair.event)), name=_legal(f"{pair.publisher} to {pair.subscriber}")
    )
    for finding in loud:
        _tell(case, finding)
    if pair.verdict != "compatible" and not loud:
        reasons = "; ".join(dict.fromkeys(finding.silence.reason for finding in quiet if finding.silence))
        if reasons:
            ElementTree.SubElement(case, "skipped", message=_legal(f"{pair.verdict}, silenced: {reasons}"))
        else:  # never passed, whatever is listed
            ElementTree.SubElement(case, "failure", type=pair.verdict, message=f"the pair is {pair.verdict}")
    return case


def _other(finding: Finding) -> ElementTree.Element:
    place = finding.spots[0].place if finding.spots else None
    case = ElementTree.Element(
        "testcase",
        classname=f"{finding.code}: {RULES[finding.code].title}",
        name=_legal(f"{place.file}:{place.line}: {sentence(finding)}" if place else sentence(finding)),
    )
    if finding.silence:
        ElementTree.SubElement(case, "skipped", message=_legal(f"silenced: {finding.silence.reason}"))
    else:
        _tell(case, finding)
    return case


def _tell(case: ElementTree.Element, finding: Finding) -> None:
    """Let a test fail, or say something where the finding is no error."""
    lines = [*paragraphs(finding), *(f"{spot.place.file}:{spot.place.line} {spot.label}" for spot in finding.all_spots)]
    text = _legal("\n".join(line.rstrip() for line in lines))
    if finding.severity is Severity.ERROR:
        failure = ElementTree.SubElement(case, "failure", type=finding.code, message=_legal(sentence(finding)))
        failure.text = text
    else:
        ElementTree.SubElement(case, "system-out").text = f"{finding.severity} {finding.code}: {text}"


def _legal(text: str) -> str:
    return _ILLEGAL.sub("", text)
