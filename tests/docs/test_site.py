"""The offline site."""

import base64
import hashlib
import posixpath
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from eventkit.contract.errors import ConfigurationError
from eventkit.contract.event import EventType
from eventkit.discovery.contract import Contract, Message, Place
from eventkit.discovery.landscape import Landscape
from eventkit.docs.site import Site, site_files
from tests.docs.contracts import SHOP, OrderCreatedEvent

BANK = Contract(
    service="bank",
    version="3.0.0",
    description="Moves money.",
    publishes=(replace(SHOP.handles[0], function=""),),
    handles=(
        Message(EventType("order.created", 1), {"properties": {"order_id": {"type": "string"}}}, "Order"),
        Message(EventType("order.created", 2), OrderCreatedEvent.read_schema(), "Order", "An order."),
    ),
)
LANDSCAPE = Landscape(services=(SHOP,), neighbours=(BANK,))
VOID = {"br", "link", "meta"}


class Page(HTMLParser):
    """What a page is made of."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def values(self, attribute: str) -> list[str]:
        return [value for _, name, value in self.attributes if name == attribute]


def parsed(landscape: Landscape) -> dict[str, Page]:
    return {name: Page(text) for name, text in Site(landscape).pages().items()}


def test_there_is_a_page_for_each_service_and_each_event() -> None:
    assert list(Site(LANDSCAPE).pages()) == [
        "index.html",
        "services/bank.html",
        "services/shop.html",
        "events/order.created.html",
        "events/payment.completed.html",
    ]


def test_the_start_page(snapshot: SnapshotAssertion) -> None:
    assert without_style(Site(LANDSCAPE).pages()["index.html"]) == snapshot


def test_the_page_of_a_service(snapshot: SnapshotAssertion) -> None:
    assert without_style(Site(LANDSCAPE).pages()["services/shop.html"]) == snapshot


def test_the_page_of_an_event(snapshot: SnapshotAssertion) -> None:
    assert without_style(Site(LANDSCAPE).pages()["events/order.created.html"]) == snapshot


def without_style(text: str) -> str:
    return re.sub(r"<style>.*?</style>|sha256-[A-Za-z0-9+/=]+", "", text, flags=re.DOTALL)


def test_every_link_leads_to_a_page_or_a_place_in_one() -> None:
    pages = parsed(LANDSCAPE)

    for name, page in pages.items():
        for href in page.values("href"):
            if href == "data:,":
                continue
            path, _, fragment = href.partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
            assert target in pages
            assert not fragment or fragment in pages[target].values("id")


def test_pages_are_well_formed_and_name_each_place_once() -> None:
    for page in parsed(LANDSCAPE).values():
        ids = page.values("id")
        named = [
            name
            for attribute in ("aria-labelledby", "for")
            for value in page.values(attribute)
            for name in value.split()
        ]

        assert page.open == []
        assert len(ids) == len(set(ids))
        assert set(named) <= set(ids)
        assert (page.tags.count("h1"), page.tags.count("main")) == (1, 1)


def test_a_page_loads_nothing_and_runs_nothing() -> None:
    for text in Site(LANDSCAPE).pages().values():
        page = Page(text)
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = next(value for value in page.values("content") if "default-src" in value)

        assert policy == (
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
        )
        assert not {"script", "img", "iframe", "object", "embed", "form", "base"} & set(page.tags)
        assert not [name for _, name, _ in page.attributes if name == "style" or name.startswith("on")]
        assert "url(" not in style.replace("url(#arrowhead)", "")
        assert "@import" not in style


HOSTILE = [
    "<script>alert(1)</script>",
    "</title></style></code><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x=\'',
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;&#x3c;script&#62;",
    "../../../etc/passwd",
    "\u202egnp.exe\u2066 שלום",
    "\x1b[31m\x00",
    "-->]]><!--",
]


def landscape_of(text: str) -> Landscape:
    """Return a landscape in which a text stands wherever somebody else writes texts."""
    schema = {
        "title": text,
        "description": text,
        "properties": {
            text: {"type": "string", "description": text, "title": text, "default": text},
            "b": {"enum": [text, 1, 2, 3, 4, 5], "format": text},
            "c": {"oneOf": [{"title": text, "properties": {"x": True}}, {"properties": {"y": True}}]},
        },
        "examples": [{text: text}],
    }
    event = EventType(f"{text}.x", 1)
    place = Place(f"shop/{text}", 3)
    message = Message(event, schema, text, text, text, key=text, places={"": place}, function_place=place)
    sender = Contract(f"{text}a", text, text, "shop", publishes=(message,), handles=())
    return Landscape(services=(sender, replace(sender, service=f"{text}b", publishes=(), handles=(message,))))


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_changes_what_a_page_is_made_of(text: str) -> None:
    harmless = list(parsed(landscape_of("harmless")).values())
    pages = parsed(landscape_of(text))

    assert [page.tags for page in pages.values()] == [page.tags for page in harmless]
    for name, page in pages.items():
        assert re.fullmatch(r"index\.html|(services|events)/[a-z0-9._-]+\.html", name)
        assert ".." not in name
        for href in page.values("href"):
            assert re.fullmatch(r"data:,|#\w+|((\.\./)?(index|(services|events)/[a-z0-9._-]+)\.html)(#\w+)?", href)


@pytest.mark.parametrize("text", ["\u202e", "\x1b", "\x00", "\u2066"])
def test_what_cannot_be_seen_does_not_reach_a_page(text: str) -> None:
    assert not [name for name, page in Site(landscape_of(text)).pages().items() if text in page]


def test_names_that_make_the_same_file_name_have_pages_of_their_own() -> None:
    twins = (replace(SHOP, service="Shop!"), replace(SHOP, service="shop?"), SHOP)

    assert [name for name in Site(Landscape(services=twins)).pages() if name.startswith("services/")] == [
        "services/shop.html",
        "services/shop_2.html",
        "services/shop_3.html",
    ]


def test_a_landscape_without_events_has_a_start_page() -> None:
    pages = Site(Landscape()).pages()

    assert list(pages) == ["index.html"]
    assert "0 services" in pages["index.html"]


def test_one_is_not_counted_as_many() -> None:
    text = Site(Landscape((replace(SHOP, handles=()), replace(BANK, publishes=())))).pages()["index.html"]

    assert "2 services, and 1 arrow from" in text
    assert "2 services and 1 event." in text


def test_pages_of_what_is_gone_are_removed_and_other_files_are_not(tmp_path: Path) -> None:
    site_files(LANDSCAPE, tmp_path).write()
    (tmp_path / "services" / "mine.html").write_text("mine")

    changes = site_files(Landscape(services=(BANK,)), tmp_path).write()

    assert [path.name for path in changes.left_over] == ["shop.html"]
    assert sorted(path.name for path in (tmp_path / "services").iterdir()) == ["bank.html", "mine.html"]


def test_a_page_of_somebody_else_is_not_written_over(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")

    with pytest.raises(ConfigurationError, match="was not written by `eventkit docs build`"):
        site_files(LANDSCAPE, tmp_path).write()
