"""Which files of a source are looked at."""

from eventkit.discovery.files import files_of


def test_a_folder_gives_its_files_in_a_stable_order(write) -> None:
    folder = write({"b/models.py": "", "a.yaml": "", "a/z.py": "", "a/b.py": ""})

    assert [file.relative_to(folder).as_posix() for file in files_of(folder)] == [
        "a.yaml",
        "a/b.py",
        "a/z.py",
        "b/models.py",
    ]


def test_tests_builds_hidden_folders_and_virtual_environments_are_left_out(write) -> None:
    folder = write(
        {
            "tests/fake.py": "",
            "test_orders.py": "",
            "orders_test.py": "",
            "conftest.py": "",
            "build/orders.py": "",
            ".git/orders.py": "",
            "node_modules/orders.yaml": "",
            "env/pyvenv.cfg": "",
            "env/lib/orders.py": "",
        }
    )

    assert list(files_of(folder)) == []


def test_a_source_is_never_left_out_itself(write) -> None:
    folder = write({"tests/services/orders.py": "", "tests/orders.asyncapi.yaml": ""})

    assert list(files_of(folder / "tests" / "services")) == [folder / "tests" / "services" / "orders.py"]
    assert list(files_of(folder / "tests" / "orders.asyncapi.yaml")) == [folder / "tests" / "orders.asyncapi.yaml"]


def test_what_does_not_exist_has_no_files(tmp_path) -> None:
    assert list(files_of(tmp_path / "nowhere")) == []
