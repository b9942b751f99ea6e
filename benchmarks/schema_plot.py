"""Draws how the time of a comparison grows with the size of the schemas."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FILE = Path(__file__).parent / "schema_growth.svg"
# Okabe and Ito's colours, which people who are colour-blind can tell apart; the markers differ, too.
COLOURS = ("#0072B2", "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7")
MARKERS = "oos^vD"
DASHES = ("-", "--", "-", "-", "-", "-")


def draw(grown: Mapping[str, Mapping[str, Mapping[int, float]]]) -> str:
    """Draw one panel for each kind of growth, and return a sentence about it.

    Args:
        grown: The seconds by kind, by checker and by size; the first checker is the one that the line of linear growth
            starts from.
    """
    if not find_spec("matplotlib"):
        return "NOT DRAWN: matplotlib is not installed."
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    with plt.rc_context({"svg.fonttype": "none", "svg.hashsalt": FILE.name, "font.family": "sans-serif"}):
        figure, panels = plt.subplots(1, len(grown), figsize=(11, 4.6), sharey=True, layout="constrained")
        for panel, (kind, found) in zip(panels, grown.items(), strict=True):
            _fill(panel, kind, found)
        panels[0].set_ylabel("milliseconds for one comparison")
        handles = {
            label: line for panel in panels for line, label in zip(*panel.get_legend_handles_labels(), strict=True)
        }
        figure.legend(
            handles.values(), handles.keys(), loc="outside lower center", ncols=4, frameon=False, handlelength=3
        )
        figure.savefig(FILE, metadata={"Date": None, "Creator": None})
        plt.close(figure)
    return f"Drawn in {FILE.parent.name}/{FILE.name}."


def _fill(panel: Any, kind: str, found: Mapping[str, Mapping[int, float]]) -> None:
    styles = zip(found.items(), COLOURS, MARKERS, DASHES, strict=False)
    for number, ((name, times), colour, marker, dashes) in enumerate(styles):
        panel.plot(
            list(times),
            [seconds * 1000 for seconds in times.values()],
            color=colour,
            marker=marker,
            linestyle=dashes,
            linewidth=2.2 if number < 2 else 1.2,
            markersize=5,
            markerfacecolor="white" if dashes == "--" else colour,
            label=name,
            zorder=3 if number < 2 else 2,
        )
    own = next(iter(found.values()))
    smallest = min(own)
    line = [own[smallest] * 1000 * size / smallest for size in own]
    panel.plot(list(own), line, color="#666666", linestyle=":", linewidth=1.5, label="linear growth")
    panel.set(xscale="log", yscale="log", xlabel=kind)
    panel.set_xticks(list(own), [f"{size:,}" for size in own])
    panel.set_xticks([], minor=True)
    panel.yaxis.set_major_formatter("{x:,g}")
    panel.grid(visible=True, color="#dddddd", linewidth=0.6)
    panel.spines[["top", "right"]].set_visible(False)
