"""YAML that people review: block style, quotes only where YAML 1.1 or 1.2 needs them, a fixed order."""

from __future__ import annotations

import re
from typing import Any, Final

import yaml

_WIDTH: Final = 120
# YAML 1.1, which PyYAML knows, takes these for texts; YAML 1.2 takes them for numbers.
_NUMBER_IN_1_2: Final = re.compile(r"^(?:0o[0-7]+|[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?)$")
_ODD_BREAK: Final = re.compile("[\r\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Writes values as JSON has them, each where it stands: without aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # PyYAML writes the items of a list below a key in the key's own column.
        super().increase_indent(flow, indentless=False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    # PyYAML leaves these line breaks as they are inside single quotes, where they would be read as spaces.
    style = '"' if _ODD_BREAK.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)
_Dumper.add_implicit_resolver("tag:yaml.org,2002:float", _NUMBER_IN_1_2, list("-+.0123456789"))


def to_yaml(value: Any) -> str:
    """Return a JSON value as YAML text."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text
