"""Documents say the same whether they are read here, elsewhere or not at all."""

from dataclasses import replace
from pathlib import Path

import pytest

from eventkit.discovery import documents
from eventkit.discovery.asyncapi import DocumentError
from eventkit.discovery.config import Config
from eventkit.discovery.contract import Place, digest
from eventkit.discovery.discover import discover
from eventkit.discovery.documents import DocumentFile, digest_of, read_documents
from eventkit.work import Cache, Processes, Work

DOCUMENT = """
asyncapi: 3.0.0
info: {title: NAME, version: 1.0.0}
channels:
  users:
    address: user.deleted
    messages:
      UserDeleted: {payload: {type: object, properties: {user_id: {type: integer}}, required: [user_id]}}
operations:
  sendUserDeleted: {action: send, channel: {$ref: '#/channels/users'}}
"""


def files_in(folder: Path) -> list[DocumentFile]:
    paths = sorted(path for path in folder.iterdir() if not path.name.startswith("_"))
    return [DocumentFile(path, digest_of(path, path.read_bytes()), path.stat().st_size, folder) for path in paths]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Documents of three services, and one that cannot be read."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "contracts"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.yaml").write_text(DOCUMENT.replace("NAME", name), "utf-8")
    (folder / "d.yaml").write_text(DOCUMENT.replace("send,", "shout,"), "utf-8")
    return folder


def said(answers: list[object]) -> list[object]:
    return [(answer.what, answer.place) if isinstance(answer, DocumentError) else answer for answer in answers]


@pytest.mark.parametrize("worth_sharing", [0, 1_000_000])
def test_how_far_reading_has_come_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch, worth_sharing: int) -> None:
    monkeypatch.setattr(documents, "_WORTH_SHARING", worth_sharing)
    told: list[tuple[str, int, int]] = []
    with Work(processes=Processes(2)) as work:
        read_documents(files_in(folder), work, lambda *progress: told.append(progress))

    assert told == [("reading documents", done, 4) for done in range(4)]


def test_the_answers_are_the_same_from_here_from_other_processes_and_from_the_cache(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = files_in(folder)
    here = said(read_documents(files, Work()))
    assert here[-1] == ("the action is 'shout'", Place("contracts/d.yaml", 10, 3, 69))

    with Work(Cache(tmp_path / "cache", "a")) as work:
        assert said(read_documents(files, work)) == here
    monkeypatch.setattr(documents, "_WORTH_SHARING", 0)
    with Work(Cache(None), Processes(2)) as work:
        assert said(read_documents(files, work)) == here
    monkeypatch.setattr(documents, "read", lambda *_, **__: pytest.fail("a document is read again"))
    with Work(Cache(tmp_path / "cache", "a")) as work:
        answers = read_documents(files[:3], work)
        assert [answer.publishes[0].digest for answer in answers] == [
            here[index].publishes[0].digest for index in range(3)
        ]


def test_a_document_that_changed_is_read_again_and_the_others_are_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Work(Cache(tmp_path / "cache", "a")) as work:
        read_documents(files_in(folder), work)
    (folder / "b.yaml").write_text(DOCUMENT.replace("NAME", "b").replace("integer", "string"), "utf-8")
    read: list[str] = []
    really = documents.read
    monkeypatch.setattr(
        documents, "read", lambda raw, file, *more, **named: (read.append(file), really(raw, file, *more, **named))[1]
    )

    with Work(Cache(tmp_path / "cache", "a")) as work:
        answers = read_documents(files_in(folder), work)

    assert read == ["contracts/b.yaml", "contracts/d.yaml"]
    assert answers[1].publishes[0].schema["properties"] == {"user_id": {"type": "string"}}


def test_a_document_is_read_again_where_a_file_that_it_refers_to_has_changed(folder: Path, tmp_path: Path) -> None:
    payload = "{type: object, properties: {user_id: {type: integer}}, required: [user_id]}"
    for path in folder.iterdir():
        path.unlink()
    (folder / "a.yaml").write_text(
        DOCUMENT.replace("NAME", "a").replace(payload, "{$ref: '_shared.yaml#/User'}"), "utf-8"
    )

    def found(root: Path = folder) -> object:
        with Work(Cache(tmp_path / "cache", "a")) as work:
            (answer,) = read_documents([replace(file, root=root) for file in files_in(folder)], work)
            if isinstance(answer, DocumentError):
                return answer.what
            (message,) = answer.publishes
            return message.schema["type"], message.places.get("/id"), message.digest == digest(message.schema)

    for kind, line in (("object", 2), ("array", 3), ("array", 3)):
        before = "#\n" * (line - 2)
        text = f"{before}User: {{type: {kind}, properties: {{\n  id: {{}}}}}}\n"
        (folder / "_shared.yaml").write_text(text, "utf-8")
        assert found() == (kind, Place("contracts/_shared.yaml", line, 3, 6), True)
        assert found() == (kind, Place("contracts/_shared.yaml", line, 3, 6), True)
    assert "leads out of" in str(found(root=folder / "elsewhere"))
    (folder / "_shared.yaml").unlink()
    assert "which is no file" in str(found())


def test_a_document_that_says_the_same_in_other_lines_has_its_places_there(folder: Path, tmp_path: Path) -> None:
    lines = []
    for before in ("", "# a comment\n", "# a comment\n\n"):
        (folder / "a.yaml").write_text(before + DOCUMENT.replace("NAME", "a"), "utf-8")
        with Work(Cache(tmp_path / "cache", "a")) as work:
            (message,) = read_documents(files_in(folder), work)[0].publishes
            lines.append(message.places["/user_id"].line)

    assert lines == [8, 9, 10]


def test_the_same_document_elsewhere_has_its_own_places(folder: Path, tmp_path: Path) -> None:
    with Work(Cache(tmp_path / "cache", "a")) as work:
        read_documents(files_in(folder), work)
    folder.rename(tmp_path / "moved")

    with Work(Cache(tmp_path / "cache", "a")) as work:
        first = read_documents(files_in(tmp_path / "moved"), work)[0]

        assert first.source == "moved/a.yaml"
        assert first.publishes[0].places["/user_id"].file == "moved/a.yaml"


def test_a_document_that_changes_while_it_is_read_is_an_error(folder: Path) -> None:
    files = files_in(folder)[:1]
    (folder / "a.yaml").write_text(DOCUMENT, "utf-8")

    (answer,) = read_documents(files, Work())

    assert isinstance(answer, DocumentError)
    assert answer.what == "the document was changed while it was read"


def test_a_document_that_is_gone_is_an_error(folder: Path) -> None:
    files = files_in(folder)[:1]
    (folder / "a.yaml").unlink()

    (answer,) = read_documents(files, Work())

    assert isinstance(answer, DocumentError)
    assert answer.what == "the file cannot be read: No such file or directory"


def test_a_damaged_entry_is_found_anew(folder: Path, tmp_path: Path) -> None:
    files = files_in(folder)
    with Work(Cache(tmp_path / "cache", "a")) as work:
        for file in files:
            work.cache.put("outline", file.digest, b'{"service": "another"}')

    with Work(Cache(tmp_path / "cache", "a")) as work:
        assert said(read_documents(files, work)) == said(read_documents(files, Work()))


def test_problems_of_documents_are_those_of_the_landscape(folder: Path, tmp_path: Path) -> None:
    with Work(Cache(tmp_path / "cache", "a")) as work:
        first = discover([folder], Config(), work)
    with Work(Cache(tmp_path / "cache", "a")) as work:
        assert discover([folder], Config(), work) == first == discover([folder], Config())
    assert [problem.code for problem in first.problems] == ["EK504"]
