"""The command line as a whole: help, version, errors, and that commands are imported when they run."""

import signal
import subprocess
import sys
from importlib import import_module

import pytest
import typer

import eventkit as package
from eventkit.cli import app as cli
from eventkit.contract.errors import ConfigurationError


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch):
    """Let `eventkit explain EK102` raise an error."""

    def fail_with(error: Exception) -> None:
        broken = typer.Typer()

        @broken.command()
        def explain(code: str) -> None:
            raise error

        monkeypatch.setattr("eventkit.cli.explain.app", broken)

    import_module("eventkit.cli.explain")
    return fail_with


def test_the_package_can_be_run() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "eventkit", "explain", "EK102"], check=False, capture_output=True, text=True
    )

    assert (run.returncode, run.stderr) == (0, "")
    assert "EK102" in run.stdout


def test_a_reader_that_has_gone_is_no_finding() -> None:
    command = [sys.executable, "-m", "eventkit", "explain", "EK102"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""

    assert process.returncode == 128 + signal.SIGPIPE


def test_help_names_every_command_with_its_summary(eventkit) -> None:
    run = eventkit("--help")

    assert run.status == 0
    for name, row in cli.COMMANDS.items():
        assert f"  {name} " in run.out
        assert row.summary in run.out


def test_every_row_names_a_module_that_has_the_command(eventkit) -> None:
    for name in cli.COMMANDS:
        assert eventkit(name, "--help").status == 0


def test_help_imports_no_command_and_nothing_that_only_commands_need() -> None:
    program = "import sys; sys.argv = ['eventkit', '--help']\nfrom eventkit.cli import main\ntry: main()\n"
    program += "except SystemExit: print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    loaded = set(run.stdout.split())

    assert {row.module for row in cli.COMMANDS.values()}.isdisjoint(loaded)
    assert loaded.isdisjoint({"rich", "yaml", "jinja2", "jsonschema", "asyncio", "eventkit.schema"})


def test_version_is_the_one_of_the_package(eventkit) -> None:
    assert eventkit("--version").out == f"eventkit {package.__version__}\n"


def test_wrong_usage_is_status_2(eventkit) -> None:
    run = eventkit("no-such-command")

    assert run.status == 2
    assert "No such command 'no-such-command'" in run.err


def test_a_wrong_value_of_an_option_is_told_in_plain_words(eventkit) -> None:
    run = eventkit("verify", "--format", "xml")

    assert run.status == 2
    assert "Invalid value for '--format': 'xml' is not one of 'text', 'concise', 'json', " in run.err


def test_an_error_says_what_where_and_how_to_mend_it(eventkit, failing) -> None:
    failing(ConfigurationError("the colour is wrong", where="eventkit.toml:3", mend="use blue"))
    run = eventkit("explain", "EK102")

    assert run.status == 2
    assert run.err == "error: the colour is wrong\n  where: eventkit.toml:3\n  mend: use blue\n"
    assert run.out == ""


def test_an_error_of_the_system_names_the_file(eventkit, failing) -> None:
    failing(PermissionError(13, "Permission denied", "schemas/order.json"))
    run = eventkit("explain", "EK102")

    assert run.status == 2
    assert run.err == "error: Permission denied\n  where: schemas/order.json\n"


def test_a_defect_of_eventkit_says_how_to_report_it(eventkit, failing) -> None:
    failing(KeyError("amount"))
    run = eventkit("explain", "EK102")

    assert run.status == 2
    assert run.err.startswith("error: eventkit itself failed: KeyError: 'amount'\n")
    assert "eventkit --debug" in run.err


def test_debug_shows_the_traceback(failing, monkeypatch) -> None:
    failing(ConfigurationError("the colour is wrong"))
    monkeypatch.setattr("sys.argv", ["eventkit", "--debug", "explain", "EK102"])

    with pytest.raises(ConfigurationError):
        cli.run()


def test_without_the_extra_the_command_names_it() -> None:
    program = "import sys; sys.modules['typer'] = None\nfrom eventkit.cli import main\nmain()"
    run = subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)

    assert run.returncode == 2
    assert run.stderr == (
        'error: eventkit\'s commands use typer, and need an extra\n  mend: run: pip install "eventkit-contracts[cli]"\n'
    )
