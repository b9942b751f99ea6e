"""Git revisions as sources, in real repositories."""

import shutil
import subprocess
import tempfile
from datetime import date
from pathlib import Path

import pytest

from eventkit.discovery import codes, documents
from eventkit.discovery.config import Config, load_config
from eventkit.discovery.contract import Place
from eventkit.discovery.discover import discover
from eventkit.discovery.git import content_of
from eventkit.discovery.landscape import Landscape
from eventkit.verify.ignores.silence import Ignores
from eventkit.verify.source_lines import line_at
from eventkit.verify.verify import verify
from eventkit.work import Cache, Work
from tests.files import write_files
from tests.repository import commit, git

SERVICE = """\
from eventkit import Event, Service

service = Service("orders")


class OrderCreated(Event, type="order.created"):
    FIELD: str


@service.publisher
async def publish() -> OrderCreated: ...
"""
DOCUMENT = "asyncapi: 3.0.0\ninfo: {title: NAME, version: 1.0.0}\n"


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A repository whose service was changed after the tag `old`."""
    folder = tmp_path_factory.mktemp("original")
    commit(folder, {"services/orders/__init__.py": SERVICE.replace("FIELD", "before")}, tag="old")
    return commit(folder, {"services/orders/__init__.py": "# moved\n" + SERVICE.replace("FIELD", "after")})


@pytest.fixture
def repository(original, tmp_path, monkeypatch):
    """A copy of it, which is the working folder."""
    folder = shutil.copytree(original, tmp_path / "repository")
    monkeypatch.chdir(folder)
    return folder


def read(*sources: str, **config) -> Landscape:
    return discover([Path(source) for source in sources], Config(**config))


def test_a_revision_is_read_as_it_was_and_its_places_are_named_and_quoted_from_it(repository) -> None:
    landscape = read("git:old")

    (contract,) = landscape.services
    place = contract.publishes[0].places["/before"]
    assert landscape.problems == ()
    assert contract.source == "git:old:services/orders"
    assert place == Place("git:old:services/orders/__init__.py", 7, 5, 11)
    assert line_at(place) == "    before: str"
    assert contract.publishes[0].function_place.file == "git:old:services/orders/__init__.py"


def test_work_tree_and_index_are_not_touched_and_nothing_is_left_behind(repository, tmp_path, monkeypatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    (repository / "services/orders/__init__.py").write_text("edited, and not committed", "utf-8")
    write_files(repository, {"staged.py": "1"})
    git(repository, "add", "staged.py")
    before = {path: path.stat().st_mtime_ns for path in repository.rglob("*") if path.is_file()}

    assert [contract.service for contract in read("git:old", "git:old:services").services] == ["orders"]
    assert {path: path.stat().st_mtime_ns for path in repository.rglob("*") if path.is_file()} == before
    assert list(scratch.iterdir()) == []


def test_a_path_limits_what_is_read_and_a_service_below_it_may_import_from_elsewhere(repository) -> None:
    commit(
        repository,
        {
            "shop/__init__.py": "",
            "shop/shared.py": "NAME = 'stock'",
            "shop/stock/__init__.py": "from eventkit import Service\nfrom shop.shared import NAME\ns = Service(NAME)\n",
            "shop/other/__init__.py": "from eventkit import Service\nother = Service('other')\n",
        },
    )
    landscape = read("git:HEAD:shop/stock")

    assert [contract.service for contract in landscape.services] == ["stock"]
    assert landscape.problems == ()


def test_a_path_starts_at_the_top_of_the_repository_or_with_a_dot_at_the_working_folder(
    repository, monkeypatch
) -> None:
    monkeypatch.chdir(repository / "services")

    for source in ("git:old", "git:old:services/orders", "git:old:./orders", "git:old:."):
        contracts = [(contract.service, contract.source) for contract in read(source).services]
        assert contracts == [("orders", "git:old:services/orders")], source
    assert line_at(Place("git:old:services/orders/__init__.py", 7)) == "    before: str"


def test_documents_are_read_from_a_revision(repository) -> None:
    commit(repository, {"schemas/mail.asyncapi.yaml": DOCUMENT.replace("NAME", "mail"), "b.yaml": "asyncapi: 3.0.0\n"})
    landscape = read("git:main:schemas/mail.asyncapi.yaml")

    assert [contract.source for contract in landscape.services] == ["git:main:schemas/mail.asyncapi.yaml"]
    (problem,) = read("git:main:b.yaml").problems
    assert (problem.code, problem.place) == (codes.UNREADABLE_DOCUMENT, Place("git:main:b.yaml", 1))


def test_documents_of_a_revision_are_read_once_whatever_the_folder_they_were_written_to(
    repository, tmp_path, monkeypatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    sold = """
channels:
  sold: {address: item.sold, messages: {Sold: {payload: {properties: {price: {}}}}}}
operations:
  sell: {action: send, channel: {$ref: '#/channels/sold'}}
"""
    commit(repository, {"schemas/shop.asyncapi.yaml": DOCUMENT.replace("NAME", "shop") + sold})
    for _ in range(2):
        with Work(Cache(tmp_path / "cache", "a")) as work:
            (contract,) = discover([Path("git:main:schemas")], Config(), work).services
            (message,) = contract.publishes
            assert message.places["/price"] == Place("git:main:schemas/shop.asyncapi.yaml", 5, 71, 9)
            assert message.schema == {"properties": {"price": {}}}
        assert list(scratch.iterdir()) == []
        monkeypatch.setattr(documents, "read", lambda *_, **__: pytest.fail("a document is read again"))


def test_a_service_that_cannot_be_imported_is_told_under_its_name_in_the_revision(repository) -> None:
    commit(repository, {"services/bad.py": "import eventkit\ns = eventkit.Service('bad')\nopen(__file__ + 'x')\n"})
    landscape = read("git:HEAD")

    assert [contract.service for contract in landscape.services] == ["orders"]
    (problem,) = landscape.problems
    assert problem.place == Place("git:HEAD:services/bad.py", 3)
    assert problem.message.endswith("No such file or directory: 'git:HEAD:services/bad.pyx'")


def test_what_is_ignored_on_export_is_read_nevertheless(repository) -> None:
    commit(repository, {".gitattributes": "services export-ignore\n"})

    assert [contract.service for contract in read("git:HEAD").services] == ["orders"]


def test_neighbours_may_stand_in_the_revision_itself(repository) -> None:
    commit(repository, {"external/mail.yaml": DOCUMENT.replace("NAME", "mail")})

    for neighbour in (repository / "external", Path("git:HEAD:external")):
        landscape = read("git:HEAD", neighbours=(neighbour,))
        assert [contract.service for contract in landscape.services] == ["orders"]
        assert [contract.service for contract in landscape.neighbours] == ["mail"]
        assert landscape.problems == ()


def test_the_same_service_of_the_work_tree_and_of_a_revision_is_two(repository) -> None:
    landscape = read("services", "git:old")

    assert [(problem.code, problem.place.file) for problem in landscape.problems] == [
        (codes.TWICE, "git:old:services/orders")
    ]


def test_what_is_installed_from_the_work_tree_is_imported_from_the_revision(repository, monkeypatch) -> None:
    consumer = "from eventkit import Service\nimport naming\nservice = Service(naming.NAME)\n"
    commit(repository, {"libs/naming.py": "NAME = 'then'", "apps/mail.py": consumer}, tag="library")
    (repository / "libs/naming.py").write_text("NAME = 'now'", "utf-8")
    monkeypatch.setenv("PYTHONPATH", str(repository / "libs"))

    assert [contract.service for contract in read("apps").services] == ["now"]
    assert [contract.service for contract in read("git:library:apps").services] == ["then"]


def test_a_revision_is_never_mixed_with_the_work_tree(repository) -> None:
    hook = f"import sys; sys.path.insert(0, {str(repository / 'libs')!r})\n"
    consumer = f"from eventkit import Service\n{hook}import naming\nservice = Service(naming.NAME)\n"
    commit(repository, {"libs/naming.py": "NAME = 'mail'", "apps/mail.py": consumer})
    landscape = read("git:HEAD:apps")

    assert landscape.services == ()
    (problem,) = landscape.problems
    assert (problem.code, problem.place.file) == (codes.NOT_FROM_REVISION, "libs/naming.py")
    assert problem.message == "importing mail took naming from the work tree and not from the revision"


@pytest.mark.parametrize(
    ("source", "message", "mend"),
    [
        ("git:nothing", "git:nothing: there is no revision nothing", "name a branch, a tag or a commit"),
        ("git:", "git: names no revision", "name one, as git:main"),
        ("git:--help", "git:--help names no revision", "name one, as git:main"),
        ("git:old:../..", "git:old:../.. leads out of the repository", "name a path from the top"),
        ("git:old:/etc", "git:old:/etc leads out of the repository", "name a path from the top"),
    ],
)
def test_what_is_no_revision_is_a_problem(repository, source, message, mend) -> None:
    (problem,) = read(source).problems

    assert problem.message.count(source) == 1
    assert problem.code == codes.UNREADABLE_REVISION
    assert problem.message.endswith(message)
    assert problem.place == Place(source, 1)
    assert problem.mend.startswith(mend)


def test_an_unknown_path_is_a_problem(repository) -> None:
    (problem,) = read("git:old:nowhere").problems

    assert (problem.code, problem.message) == (codes.NOTHING_FOUND, "git:old:nowhere does not exist")


def test_outside_of_a_repository_there_is_no_revision(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (problem,) = read("git:main").problems

    assert problem.message == "git:main: the working folder is in no git repository"


def test_without_git_there_is_no_revision(repository, monkeypatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    (problem,) = read("git:main").problems

    assert problem.message == "git:main: git is not installed"


def test_a_shallow_clone_is_told(repository, tmp_path, monkeypatch) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", repository.as_uri(), "clone")
    monkeypatch.chdir(tmp_path / "clone")
    (problem,) = read("git:HEAD~1").problems

    assert problem.mend.startswith("the clone is shallow: run `git fetch --unshallow`")
    assert [contract.service for contract in read("git:HEAD").services] == ["orders"]


def test_a_bare_repository_will_do(repository, tmp_path, monkeypatch) -> None:
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "bare")
    monkeypatch.chdir(tmp_path / "bare")

    assert [contract.service for contract in read("git:old").services] == ["orders"]


def test_a_submodule_is_told(repository, tmp_path) -> None:
    (tmp_path / "library").mkdir()
    commit(tmp_path / "library", {"mail.yaml": DOCUMENT.replace("NAME", "mail")})
    git(repository, "submodule", "--quiet", "add", str(tmp_path / "library"), "vendor/library")
    commit(repository)

    (problem,) = read("git:HEAD").problems
    assert (problem.code, problem.place.file) == (codes.KEPT_ELSEWHERE, "git:HEAD:vendor/library")
    assert problem.message.startswith("vendor/library is a submodule, ")
    assert read("git:HEAD:services").problems == ()
    assert {problem.code for problem in read("git:HEAD:vendor/library/a").problems} == {
        codes.KEPT_ELSEWHERE,
        codes.NOTHING_FOUND,
    }


def test_a_pointer_of_git_lfs_is_told_in_folders_and_revisions(repository) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    commit(repository, {"schemas/a.asyncapi.yaml": pointer, "schemas/data.json": pointer})

    for source in ("git:HEAD:schemas", "schemas"):
        assert [(problem.code, problem.place.file) for problem in read(source).problems] == [
            (codes.UNREADABLE_DOCUMENT, f"{source}/a.asyncapi.yaml"),
            (codes.KEPT_ELSEWHERE, f"{source}/data.json"),
        ]


def test_links_are_followed_inside_of_the_repository_and_not_out_of_it(repository, tmp_path) -> None:
    write_files(tmp_path, {"secret.yaml": DOCUMENT.replace("NAME", "secret")})
    write_files(repository, {"schemas/mail.yaml": DOCUMENT.replace("NAME", "mail")})
    (repository / "linked").mkdir()
    (repository / "linked" / "mail.yaml").symlink_to("../schemas/mail.yaml")
    (repository / "linked" / "up.yaml").symlink_to("../../secret.yaml")
    (repository / "linked" / "root.yaml").symlink_to(tmp_path / "secret.yaml")
    (repository / "linked" / "folder").symlink_to("../..")
    (repository / "linked" / "chain.yaml").symlink_to("folder/secret.yaml")
    (repository / "linked" / "loop.txt").symlink_to("loop.txt")
    commit(repository)
    landscape = read("git:HEAD:linked")

    assert [contract.service for contract in landscape.services] == ["mail"]
    assert [(problem.code, problem.place.file) for problem in landscape.problems] == [
        (codes.KEPT_ELSEWHERE, f"git:HEAD:linked/{name}") for name in ("chain.yaml", "folder", "root.yaml", "up.yaml")
    ]


def test_a_tree_that_leads_out_of_its_folder_is_refused(repository, tmp_path) -> None:
    blob = git(repository, "hash-object", "-w", "services/orders/__init__.py").strip()
    entry = b"100644 ..\0" + bytes.fromhex(blob)
    evil = subprocess.run(
        ["git", "hash-object", "-t", "tree", "-w", "--literally", "--stdin"],
        cwd=repository,
        input=entry,
        check=True,
        capture_output=True,
    )
    (problem,) = read(f"git:{evil.stdout.decode().strip()}").problems

    assert problem.code == codes.UNREADABLE_REVISION
    assert "the revision holds the path '..'" in problem.message


def test_no_filter_and_no_hook_runs(repository, tmp_path) -> None:
    git(repository, "config", "filter.evil.smudge", f"touch {tmp_path / 'smudged'}; cat")
    (repository / ".git/hooks").mkdir(exist_ok=True)
    hook = repository / ".git/hooks/post-checkout"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path / 'hooked'}\n", "utf-8")
    hook.chmod(0o755)
    commit(repository, {".gitattributes": "*.py filter=evil\n"})

    assert [contract.service for contract in read("git:HEAD").services] == ["orders"]
    assert not (tmp_path / "smudged").exists()
    assert not (tmp_path / "hooked").exists()


def test_a_comment_in_a_revision_silences_a_finding(repository, monkeypatch) -> None:
    reader = """
        from eventkit import Event, Service
        service = Service("mail")
        class Wanted(Event, type="order.created"):
            id: str  # eventkit: ignore[EK101] mail is rewritten
        @service.handler
        async def handle(event: Wanted) -> None: ...
    """
    commit(repository, {"services/mail.py": reader}, tag="silenced")
    (repository / "services" / "mail.py").unlink()
    landscape = read("git:silenced:services")
    ignores = Ignores.of(landscape, (), whole=True, today=date(2030, 1, 1))

    assert "git:silenced:services/mail.py" in landscape.files
    assert verify(landscape, ignores=ignores).findings == ()
    assert [finding.code for finding in verify(landscape).findings] == ["EK101"]


def test_names_of_any_kind_are_read(repository) -> None:
    name = "schemas/blé noir\n\"'.yaml"
    commit(repository, {name: DOCUMENT.replace("NAME", "mail")})

    assert [contract.source for contract in read("git:HEAD:schemas").services] == [f"git:HEAD:{name}"]
    assert line_at(Place(f"git:HEAD:{name}", 1)) == "asyncapi: 3.0.0"


def test_a_line_that_is_not_there_is_not_quoted(repository) -> None:
    assert content_of("git:old:nowhere.py") is None
    assert line_at(Place("git:old:services/orders/__init__.py", 1000)) is None
    assert line_at(Place("git:nothing:a.py", 1)) is None


def test_a_git_that_fails_is_told_in_its_own_words(repository) -> None:
    (repository / ".git/config").write_text("[core\n", "utf-8")
    (problem,) = read("git:HEAD").problems

    assert problem.message.startswith("git:HEAD: git failed: bad config line 1 in file")


def test_the_interpreter_of_the_work_tree_imports_a_revision(repository) -> None:
    write_files(
        repository, {"pyproject.toml": "[tool.eventkit.interpreters]\nservices = 'services/.venv/bin/python'\n"}
    )
    (problem,) = discover([Path("git:old")], load_config(repository)).problems
    assert (problem.code, problem.place) == (codes.NO_INTERPRETER, Place("pyproject.toml", 2))
    assert "services/.venv/bin/python cannot be started: No such file or directory" in problem.message
