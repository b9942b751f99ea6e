"""The checkers that can be compared, each behind the same function, and how they are asked.

A checker takes a pair, prepares it the way it wants its input, and returns the call that is timed. The call answers
whether the pair is compatible, or None where the checker does not decide.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from importlib.metadata import version
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

from benchmarks.schema_data import Pair
from eventkit.schema import compare

Checker = Callable[[Pair], Callable[[], bool | None]]

KARAPACE = "KARAPACE_SRC"
LIMIT = 2.0
"""Seconds of the processor after which a checker has not decided."""

ANSWERS = {"compatible": True, "incompatible": False, "yes": True, "no": False}


def eventkit(pair: Pair) -> Callable[[], bool | None]:
    formats = "assert" if pair.formats else "annotate"
    return lambda: ANSWERS.get(compare(pair.publisher, pair.subscriber, formats=formats, dialect=pair.dialect).verdict)


def jsonschema_rs(pair: Pair) -> Callable[[], bool | None]:
    from jsonschema_rs import Draft7, Draft202012, canonicalize

    options = {
        "draft": {"2020-12": Draft202012, "draft-07": Draft7}[pair.dialect],
        "validate_formats": pair.formats,
    }

    def check() -> bool | None:
        sent, accepted = canonicalize(pair.publisher, **options), canonicalize(pair.subscriber, **options)
        return ANSWERS.get(str(accepted.covers(sent)).lower())

    return check


def jsoncompat(pair: Pair) -> Callable[[], bool | None]:
    import jsoncompat as peer

    texts = json.dumps(pair.publisher), json.dumps(pair.subscriber)
    if not hasattr(peer, "analyze_compat"):  # before 0.5, which needs Python 3.12, it answered yes or no
        return lambda: bool(peer.check_compat(*texts, "deserializer"))
    options = {"assert_formats": pair.formats}
    return lambda: ANSWERS.get(peer.analyze_compat(*texts, "deserializer", options=options)["status"])


def jsonsubschema(pair: Pair) -> Callable[[], bool | None]:
    from jsonsubschema import isSubschema

    def check() -> bool:
        with redirect_stdout(StringIO()):  # it prints where it gives up
            return bool(isSubschema(pair.publisher, pair.subscriber))

    return check


def karapace(pair: Pair) -> Callable[[], bool | None]:
    from jsonschema import Draft7Validator
    from karapace.core.compatibility.jsonschema.checks import compatibility, is_compatible

    return lambda: is_compatible(compatibility(Draft7Validator(pair.subscriber), Draft7Validator(pair.publisher)))


def checkers() -> dict[str, Checker]:
    """Return those that are installed, by name and version; eventkit is the first."""
    found: dict[str, Checker] = {"eventkit": eventkit}
    for distribution, check in (
        ("jsonschema-rs", jsonschema_rs),
        ("jsoncompat", jsoncompat),
        ("jsonsubschema", jsonsubschema),
    ):
        if find_spec(check.__name__):
            found[f"{distribution} {version(distribution)}"] = check
    if _find_karapace():
        found["Karapace's rules"] = karapace
    return found


def absent() -> str:
    """Return a sentence that names the peers that are not here."""
    names = [check.__name__ for check in (jsonschema_rs, jsoncompat, jsonsubschema) if not find_spec(check.__name__)]
    if KARAPACE not in os.environ:
        names.append(f"Karapace's rules ({KARAPACE} does not name a checkout)")
    return f"NOT MEASURED: {', '.join(names)}." if names else ""


def ask(call: Callable[[], bool | None]) -> tuple[bool | None, float]:
    """Return what a checker answers and how many seconds it takes; interrupt it after the limit."""

    def stop(*_: object) -> None:
        raise TimeoutError

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, LIMIT, LIMIT)  # again and again: some catch everything
    begun = time.perf_counter()
    try:
        answer = call()
    except (Exception, SystemExit):  # noqa: BLE001 - whatever a checker raises, it has not decided
        answer = None
    finally:
        took = time.perf_counter() - begun
        signal.setitimer(signal.ITIMER_PROF, 0)
    return answer, took


def _find_karapace() -> bool:
    """Make Karapace importable from the checkout that the environment names, since it is not on the registry."""
    checkout = os.environ.get(KARAPACE)
    if checkout is None:
        return False
    source = Path(checkout) / "src"
    if not (source / "karapace/core/compatibility/jsonschema/checks.py").is_file():
        raise SystemExit(f"{KARAPACE}={checkout} is not a checkout of Karapace: src/karapace is not as expected")
    if str(source) not in sys.path:
        sys.path.append(str(source))
        warnings.filterwarnings("ignore", category=DeprecationWarning, module="karapace")
    return True
