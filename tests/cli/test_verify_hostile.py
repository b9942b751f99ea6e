"""`eventkit verify` on modules that do their worst: one clear finding each, and everything else is verified."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.files import write_files

SERVICE = """
from eventkit import Event, Service

service = Service("NAME")

class Made(Event, type="NAME.made"):
    id: str

@service.publisher
async def publish() -> Made: ...
"""
HOSTILE = {
    "sys_exit": ("import sys\nsys.exit(3)", "sys_exit ends the process: SystemExit(3)", 2),
    "os_exit": ("import os\nos._exit(0)", "importing os_exit ended the process with exit status 0", 1),
    "os_abort": ("import os\nos.abort()", "importing os_abort ended the process with signal 6", 1),
    "base_exception": (
        "class Odd(BaseException): pass\nraise Odd('gone')",
        "importing base_exception failed: Odd: gone",
        2,
    ),
    "exploding_message": (
        "class Odd(Exception):\n    def __str__(self): raise SystemExit\n    __repr__ = __str__\nraise Odd",
        "importing exploding_message failed: Odd: (no message: it raises SystemExit)",
        4,
    ),
    "exploding_status": (
        "class Odd:\n    def __repr__(self): raise ValueError\nraise SystemExit(Odd())",
        "exploding_status ends the process: SystemExit((no message: it raises ValueError))",
        3,
    ),
    "message_that_is_no_text": (
        "class Odd(Exception):\n    def __str__(self): return 3\nraise Odd",
        "importing message_that_is_no_text failed: Odd: (no message: it raises TypeError)",
        3,
    ),
    "wrong_import_error": (
        "raise ModuleNotFoundError('odd', name=3)",
        "importing wrong_import_error failed: ModuleNotFoundError: odd",
        1,
    ),
    "wrong_syntax_error": (
        "raise SyntaxError('odd', (3, 'a', 'b', 4))",
        "importing wrong_syntax_error failed: SyntaxError: odd",
        1,
    ),
    "terminal_codes": (
        "raise ValueError('\\x1b[2J\\x07gone\\nmore')",
        "importing terminal_codes failed: ValueError: \ufffd[2J\ufffdgone",
        1,
    ),
    "long_message": ("raise ValueError('x' * 10**8)", f"importing long_message failed: ValueError: {'x' * 300}...", 1),
    "deep": ("def f(): f()\nf()", "importing deep failed: RecursionError: maximum recursion depth exceeded", 1),
    "deep_in_c": (
        "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n"
        "    def __getattr__(self, name): return getattr(self, name)\nA().x",
        "importing deep_in_c ",  # what ends it depends on the interpreter: an error, or a stack that overflows
        None,
    ),
    "greedy": (
        "taken = []\nwhile True:\n    taken.append(bytearray(1 << 26))",
        "importing greedy failed: MemoryError",
        3,
    ),
    "closes_all": (
        "import os\nos.closerange(0, 256)",
        "importing closes_all ended the process with exit status 1",
        1,
    ),
    "exploding_schema": (
        SERVICE.replace("NAME", "odd").replace(
            "    id: str",
            "    @classmethod\n    def __get_pydantic_json_schema__(cls, schema, handler): raise ValueError('odd')",
        ),
        "the events of exploding_schema cannot be described: ValueError: odd",
        8,
    ),
}
HANGING = {
    "never_returns": ("while True: pass", 1),
    "ignores_sigterm": (
        "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\ntime.sleep(900)",
        3,
    ),
    "disarmed": ("import faulthandler, time\nfaulthandler.cancel_dump_traceback_later()\ntime.sleep(900)", 1),
}
NOISY = {
    "prints_a_gigabyte": "line = 'x' * 1_000_000\nfor _ in range(1000): print(line)",
    "writes_garbage": "import os\nos.write(1, b'\\x00{\"contracts\": []}\\xff' * 1000)",
    "replaces_stdout": "import sys\nsys.stdout = sys.stderr = object()",
    "closes_stdout": "import os\nos.close(1)",
    "forks": "import os\nos.fork()",
    "leaves_a_daemon": (
        "import os, time\nif os.fork() == 0:\n    os.setsid()\n"
        "    open(__file__ + '.pid', 'w').write(str(os.getpid()))\n    time.sleep(900)"
    ),
    "leaves_threads": "import threading, time\nthreading.Thread(target=time.sleep, args=[900]).start()",
    "changes_folder": "import os\nos.chdir('/')",
}


def verify(folder: Path, *, timeout: int) -> tuple[int, dict]:
    """Verify all that is in a folder, as a user would, beside a service that is well."""
    write_files(
        folder, {"good/__init__.py": SERVICE.replace("NAME", "good"), "eventkit.toml": f"import_timeout={timeout}"}
    )
    # The limit is for the module that takes all memory: in a test, it should not get half of the machine.
    command = f"ulimit -d 1000000; exec {Path(sys.executable).with_name('eventkit')} verify . --format json"
    run = subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr == ""
    return run.returncode, json.loads(run.stdout)


def modules(texts: dict[str, str]) -> dict[str, str]:
    mention = "import eventkit; service = eventkit.Service('odd')\n"
    return {f"{name}.py": text if "Service" in text else f"{text}\n{mention}" for name, text in texts.items()}


SECONDS = 8
"""The limit where something hangs: on a busy machine, the service that is well has to be imported within it."""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("expected", "texts", "timeout"),
    [
        (
            {name: ("EK502", message, line) for name, (_, message, line) in HOSTILE.items()},
            {name: text for name, (text, *_) in HOSTILE.items()},
            120,
        ),
        (
            {
                name: ("EK503", f"importing {name} took longer than {SECONDS} seconds", line)
                for name, (_, line) in HANGING.items()
            },
            {name: text for name, (text, _) in HANGING.items()},
            SECONDS,
        ),
    ],
    ids=["fails", "hangs"],
)
def test_a_module_that_fails_or_hangs_is_one_finding_with_its_cause(tmp_path, expected, texts, timeout) -> None:
    expected = dict(expected)
    write_files(tmp_path, modules({f"{name}/{name}": text for name, text in texts.items()}))
    status, report = verify(tmp_path, timeout=timeout)

    assert status == 2
    assert report["summary"]["services"] == 1
    assert len(report["findings"]) == len(expected)
    for finding in report["findings"]:
        (place,) = finding["locations"]
        code, message, line = expected.pop(Path(place["file"]).parts[0])
        assert finding["code"] == code
        assert finding["message"].startswith(message)
        assert line in (None, place["line"])
        assert finding["help"]
    assert expected == {}


@pytest.mark.slow
def test_noise_and_what_is_left_behind_do_not_disturb(tmp_path) -> None:
    write_files(tmp_path, modules({name: f"{text}\n{SERVICE.replace('NAME', name)}" for name, text in NOISY.items()}))
    status, report = verify(tmp_path, timeout=120)

    os.kill(int((tmp_path / "leaves_a_daemon.py.pid").read_text()), signal.SIGKILL)
    assert report["findings"] == []
    assert status == 0
    assert report["summary"]["services"] == len(NOISY) + 1
