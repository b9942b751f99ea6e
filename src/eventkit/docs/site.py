"""The offline site: pages about the services, the events and who tells what to whom.

Each page is one file that needs nothing else: its style stands in it, it runs no script, and its policy forbids to
load anything. So it opens from a disk, an attachment or a server alike.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from eventkit.discovery.landscape import Landscape
from eventkit.docs.catalog import EventVersion, Part, events_of, links_of
from eventkit.docs.example import example_of
from eventkit.docs.fields import Field, fields_of
from eventkit.docs.files import Files
from eventkit.docs.names import Names, file_name
from eventkit.docs.picture import picture_of
from eventkit.docs.text import first_paragraph, inline, place_text, prose, visible
from eventkit.docs.tidy import tidy
from eventkit.schema import MISSING
from eventkit.verify.words import json_text

_GENERATOR: Final = "eventkit docs build"
_POLICY: Final = "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'"
_MARK: Final = f'<meta name="generator" content="{_GENERATOR}">'


@dataclass(frozen=True, slots=True)
class PartView:
    """A service's part in an event, as its page shows it.

    Args:
        part: The part.
        fields: The fields that it publishes or reads.
        example: An event as JSON; empty where none is shown.
        schema: The JSON Schema as text.
    """

    part: Part
    fields: list[Field]
    example: str
    schema: str

    def reads(self, path: str) -> str:
        """Say how this part knows a field: `required`, `optional`, or not at all."""
        field = next((field for field in self.fields if field.path == path), None)
        return "" if field is None else "required" if field.required else "optional"


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version of an event, as its page shows it."""

    version: EventVersion
    publishers: list[PartView]
    subscribers: list[PartView]

    @property
    def paths(self) -> list[str]:
        """All fields that anybody publishes or reads, in the order in which they are published."""
        parts = (*self.publishers, *self.subscribers)
        return list(dict.fromkeys(field.path for part in parts for field in part.fields))


class Site:
    """The pages about a landscape.

    Args:
        landscape: The services and their neighbours.
    """

    def __init__(self, landscape: Landscape) -> None:
        self._contracts = landscape.contracts
        self._neighbours = {contract.service for contract in landscape.neighbours}
        self._sources = {contract.service: contract.source for contract in self._contracts}
        self._events = events_of(self._contracts)
        self._event_named = {event.name: event for event in self._events}
        self._links = links_of(self._events)
        self._service_files = _files("services", (contract.service for contract in self._contracts))
        self._event_files = _files("events", (event.name for event in self._events))
        self._templates = _templates()

    def pages(self) -> dict[str, str]:
        """Return the text of each page by its path in the site."""
        pages = {"index.html": self._render("index.html.j2", "", picture=picture_of(self._links))}
        for contract in self._contracts:
            own = [link for link in self._links if contract.service in (link.publisher, link.subscriber)]
            pages[self._service_files[contract.service]] = self._render(
                "service.html.j2", "../", contract=contract, picture=picture_of(own), links=own
            )
        for event in self._events:
            versions = [_version_view(version) for version in event.versions]
            pages[self._event_files[event.name]] = self._render("event.html.j2", "../", event=event, versions=versions)
        return pages

    def _render(self, template: str, root: str, **values: Any) -> str:
        """Render a page; `root` is the way from it to the site's folder."""
        shared = {
            "root": root,
            "contracts": self._contracts,
            "neighbours": self._neighbours,
            "events": self._events,
            "links": self._links,
            "event_named": self._event_named,
            "service_href": lambda service: root + self._service_files[service],
            "event_href": lambda name: root + self._event_files[name],
            "place": lambda service, place: place_text(place, self._sources[service]),
        }
        return self._templates.get_template(template).render({**shared, **values})


def site_files(landscape: Landscape, folder: Path) -> Files:
    """Return the site about a landscape as files of a folder."""
    return Files(
        folder=folder,
        texts=Site(landscape).pages(),
        patterns=("services/*.html", "events/*.html"),
        mark_of=lambda text: _MARK if _MARK in text else None,
        is_left_over=lambda mark: True,
        command=_GENERATOR,
    )


def _version_view(version: EventVersion) -> VersionView:
    return VersionView(
        version,
        [_part_view(part, with_example=True) for part in version.publishers],
        [_part_view(part, with_example=not version.publishers) for part in version.subscribers],
    )


def _part_view(part: Part, *, with_example: bool) -> PartView:
    schema = part.message.schema
    example = example_of(schema) if with_example else MISSING
    return PartView(
        part,
        fields_of(schema),
        "" if example is MISSING else visible(json.dumps(example, indent=2, ensure_ascii=False)),
        visible(json.dumps(tidy(schema), indent=2, ensure_ascii=False)),
    )


def _files(folder: str, names: Iterable[str]) -> dict[str, str]:
    """Return the page of each name; different names have different pages, whatever characters they are made of."""
    taken = Names()
    return {name: f"{folder}/{taken.take(file_name(name))}.html" for name in sorted(set(names))}


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("eventkit.docs", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    templates.filters |= {
        "first_paragraph": first_paragraph,
        "inline": inline,
        "json": json_text,
        "prose": prose,
        "visible": visible,
    }
    # The policy names the style by its hash: nothing else in a page, whoever wrote it, can style, load or run anything.
    style = templates.get_template("style.css").render().encode()
    digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
    templates.globals |= {"MISSING": MISSING, "generator": _GENERATOR, "policy": _POLICY.format(digest)}
    return templates
