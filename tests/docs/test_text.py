"""What others wrote, as text in a page."""

from eventkit.discovery.contract import Place
from eventkit.docs.text import first_paragraph, inline, place_text, prose, visible


def test_markup_in_a_description_is_text() -> None:
    assert inline("<b>1 & 2</b> `a<b`") == "&lt;b&gt;1 &amp; 2&lt;/b&gt; <code>a&lt;b</code>"


def test_paragraphs_are_kept_and_lines_flow() -> None:
    assert prose("One\nline.\n\nTwo.") == '<p dir="auto">One line.</p>\n<p dir="auto">Two.</p>'
    assert prose(" \n ") == ""


def test_a_lone_backtick_is_a_backtick() -> None:
    assert inline("a ` b") == "a ` b"


def test_what_cannot_be_seen_is_written_out() -> None:
    assert visible("a\u202eb\x1b\n") == "a\\u202eb\\u001b\n"


def test_letters_of_all_scripts_stay_as_they_are() -> None:
    assert visible("שלום 注文 می‌خواهم 👩‍💻") == "שלום 注文 می‌خواهم 👩‍💻"


def test_the_first_paragraph_stands_for_the_whole() -> None:
    assert first_paragraph("\nOne.\n\nTwo.") == "One."


def test_a_place_is_shown_as_seen_from_its_service() -> None:
    assert place_text(Place("examples/shop/events/models.py", 3), "examples/shop") == "events/models.py:3"
    assert place_text(Place("bank.yaml", 3), "bank.yaml") == "bank.yaml:3"


def test_a_place_elsewhere_on_the_machine_is_not_shown() -> None:
    assert place_text(Place("/home/ada/models.py", 3), "/home/ada/shop") == ""
    assert place_text(None, "shop") == ""
