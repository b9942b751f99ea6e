"""What a landscape is compared with: a baseline, an older revision, a snapshot of what is deployed."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from eventkit.discovery.config import Config
from eventkit.discovery.discover import discover
from eventkit.discovery.git import is_revision
from eventkit.discovery.landscape import Landscape
from eventkit.discovery.progress import Observer, unobserved
from eventkit.verify.verify import Past
from eventkit.work import Work


def past_of(
    baseline: Path | None, config: Config, work: Work | None = None, observe: Observer = unobserved
) -> Past | None:
    """Return the baseline with the history that is configured; None where there is no baseline."""
    if baseline is None:
        return None
    history = tuple(landscape_at(source, config, work, observe) for source in config.evolution.history)
    return Past(landscape_at(baseline, config, work, observe), history, config.evolution)


def landscape_at(
    source: Path,
    config: Config,
    work: Work | None = None,
    observe: Observer = unobserved,
    *,
    apart: Path | None = None,
) -> Landscape:
    """Return the landscape of a source at another time, without what it is compared with.

    A revision without a path means the configured sources at that revision. The neighbours are those of now.
    """
    # What is retained now is no part of what was.
    return discover(_sources_at(source, config.sources), replace(config, retained=()), work, observe, apart=apart)


def snapshot_of(source: Path, config: Config, work: Work | None = None, observe: Observer = unobserved) -> Landscape:
    """Return what is deployed: a source that holds everything, neighbours and all."""
    return discover([source], replace(config, neighbours=(), retained=()), work, observe)


def _sources_at(source: Path, configured: Sequence[Path]) -> list[Path]:
    text = str(source)
    if not is_revision(source) or ":" in text.removeprefix("git:") or not configured:
        return [source]
    folders = [path for path in configured if not is_revision(path)]
    return [Path(f"{text}:./{Path(os.path.relpath(path)).as_posix()}") for path in folders]
