"""docs/performance.md, from what was measured."""

from __future__ import annotations

from pathlib import Path

from bench.measures import MEASURES
from bench.result import Result

PAGE = Path(__file__).parents[1] / "docs" / "performance.md"
VERDICTS = {True: "met", False: "**missed**", None: ""}
HEAD = """\
# Performance

Written by `make bench`; do not edit. Each benchmark compares two ways of doing the same thing, in
one process tree on one machine, and only the ratios are meant to hold elsewhere.
"""
QUIET = 1.0


def write(results: dict[str, Result]) -> None:
    """Write the page; benchmarks without findings say so."""
    parts = [HEAD, *_summary(results)]
    for name, measure in MEASURES.items():
        parts.append(f"\n## {measure.title}\n\n{measure.note}\n")
        found = results.get(name)
        if found is None:
            parts.append("\nNot measured.\n")
            continue
        parts.append("\n| what | measured | target | |\n| --- | --- | --- | --- |\n")
        parts += [
            f"| {row.what} | {row.measured} | {row.target} | {VERDICTS[row.met]} |\n"
            for row in found.rows
        ]
        parts.append(f"\n{found.machine.sentence()}; {_time(found.seconds)}{_load(found.load)}.\n")
        parts.append(measure.after)
    PAGE.write_text("".join(parts))


def _summary(results: dict[str, Result]) -> list[str]:
    verdicts = [row.met for found in results.values() for row in found.rows if row.met is not None]
    return [f"\n{sum(verdicts)} of {len(verdicts)} targets met.\n"] if verdicts else []


def _load(load: float) -> str:
    return f"; the machine was not quiet, load {load:.1f} at the start" if load > QUIET else ""


def _time(seconds: float) -> str:
    return f"measured in {seconds / 60:.1f} min"
