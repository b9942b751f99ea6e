"""YAML as values with places: the JSON subset of YAML 1.2 that AsyncAPI documents are written in.

The values are built from the parser's events, without recursion, and never from tags: no text makes Python objects.
Plain scalars follow the core schema of YAML 1.2.2 (section 10.3.2): `no`, `on` and `2024-01-01` are strings, and a key
is the text that stands there. A merge key (`<<`), a second document and a tag other than `!!str` are refused.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import yaml

from eventkit.discovery.asyncapi.errors import DocumentError
from eventkit.discovery.asyncapi.text import MAX_DEPTH, MAX_NODES, Text
from eventkit.discovery.asyncapi.yaml_marks import find_marks, mark_of
from eventkit.discovery.contract import Place

# The parser of libyaml reads ten times as fast; PyYAML's own one gives the same events.
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_STRING_TAGS: Final = frozenset({"!", "tag:yaml.org,2002:str"})
_WORDS: Final[dict[str, bool | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_BEFORE_DIGITS: Final = "0123456789+-."
"""What every number begins with."""
_INTEGER: Final = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")


def parse_yaml(text: str, file: str) -> Text:
    """Parse YAML text; raises DocumentError where it is not YAML, not JSON-like, or lies beyond the limits."""
    builder = _Builder(file)
    try:
        builder.take(_events(text))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file, 1)
        raise DocumentError(f"not YAML: {error.problem or error.context}", place=place) from None
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        raise DocumentError(f"not YAML: {reason}", place=Place(file, 1)) from None
    # Parsed once more where marks are needed: to keep the events of a large document would take too much memory.
    return Text(builder.root[0] if builder.root else None, lambda: find_marks(_events(text)))


def _events(text: str) -> Iterator[Any]:
    return iter(_LOADER(text).get_event, None)


@dataclass(slots=True)
class _Open:
    """A mapping or sequence whose end has not been reached."""

    value: dict[str, Any] | list[Any]
    is_mapping: bool
    anchor: str | None
    nodes_before: int
    key: str | None = None
    """The key whose value comes next."""
    height: int = 1
    """Levels of nested values in it, itself included."""


@dataclass(frozen=True, slots=True)
class _Anchored:
    value: Any
    nodes: int
    height: int


@dataclass(slots=True)
class _Builder:
    file: str
    root: list[Any] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    anchors: dict[str, _Anchored | None] = field(default_factory=dict)
    """None while the anchored value is not complete."""
    nodes: int = 0

    def take(self, events: Iterable[Any]) -> None:
        steps: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingEndEvent: self._end,
            yaml.SequenceEndEvent: self._end,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._document,
        }
        for event in events:
            step = steps.get(type(event))
            if step is not None:
                step(event)

    def _document(self, event: Any) -> None:
        if self.root:
            raise self._error(event, "a second YAML document follows", "put each service into a file of its own")

    def _scalar(self, event: Any) -> None:
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.is_mapping and parent.key is None:
            self._key(parent, parent.value, event)
            return
        value = self._value_of(event)
        self._put(value, event, nodes=1, height=0)
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(value, 1, 0)

    def _key(self, parent: _Open, mapping: Any, event: Any) -> None:
        key = event.value
        if key == "<<" and event.implicit[0]:
            raise self._error(event, "the merge key '<<' is not part of YAML 1.2", "write the keys out")
        if key in mapping:
            raise self._error(event, f"the key {key!r} stands twice in one mapping", "keep one of the two")
        parent.key = key
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(key, 1, 0)

    def _start(self, event: Any) -> None:
        if event.tag is not None and not event.implicit:
            raise self._error(event, f"the tag {event.tag!r} has no meaning in JSON", "remove it")
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        value: dict[str, Any] | list[Any] = {} if is_mapping else []
        self._put(value, event, nodes=1, height=0)
        self.stack.append(_Open(value, is_mapping, event.anchor, self.nodes - 1))
        if len(self.stack) > MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels")
        if event.anchor is not None:
            self.anchors[event.anchor] = None

    def _end(self, event: Any) -> None:
        done = self.stack.pop()
        if done.anchor is not None:
            self.anchors[done.anchor] = _Anchored(done.value, self.nodes - done.nodes_before, done.height)
        if self.stack:
            parent = self.stack[-1]
            parent.height = max(parent.height, done.height + 1)

    def _alias(self, event: Any) -> None:
        anchored = self.anchors.get(event.anchor)
        if anchored is None:
            what = "is not defined before" if event.anchor not in self.anchors else "contains itself"
            raise self._error(event, f"the alias '*{event.anchor}' {what}")
        if self.stack and self.stack[-1].is_mapping and self.stack[-1].key is None:
            raise self._error(event, "an alias stands as a key", "write the key out")
        if len(self.stack) + anchored.height > MAX_DEPTH:
            raise self._error(event, f"nested deeper than {MAX_DEPTH} levels")
        self._put(anchored.value, event, anchored.nodes, anchored.height)

    def _put(self, value: Any, event: Any, nodes: int, height: int) -> None:
        """Store a value where it belongs."""
        self.nodes += nodes
        if self.nodes > MAX_NODES:
            raise self._error(event, f"the document has more than {MAX_NODES:,} values, aliases written out")
        if not self.stack:
            self.root.append(value)
            return
        parent = self.stack[-1]
        if height >= parent.height:
            parent.height = height + 1
        if isinstance(parent.value, list):
            parent.value.append(value)
        elif parent.key is None:
            raise self._error(event, "a mapping or a sequence stands as a key", "use text as key")
        else:
            parent.value[parent.key] = value
            parent.key = None

    def _value_of(self, event: Any) -> Any:
        text: str = event.value
        if event.tag in _STRING_TAGS or not event.implicit[0]:
            if event.tag is not None and event.tag not in _STRING_TAGS:
                raise self._error(event, f"the tag {event.tag!r} has no meaning in JSON", "remove it")
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _BEFORE_DIGITS:
            return text
        if _INTEGER.fullmatch(text):
            if len(text) > 1000:
                raise self._error(event, f"an integer of {len(text):,} digits")
            return int(text, {"o": 8, "x": 16}.get(text[1:2], 10))
        if _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(text) and math.isinf(float(text))):
            raise self._error(event, f"{text[:40]} is no JSON number", "use a finite number, or quote the text")
        return float(text) if _FLOAT.fullmatch(text) else text

    def _error(self, event: Any, what: str, mend: str | None = None) -> DocumentError:
        return DocumentError(what, place=Place(self.file, *mark_of(event)), mend=mend)
