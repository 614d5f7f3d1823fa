"""Results of benchmarks, stored in a file so that benchmarks can be run separately."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.machine import Machine

FILE = Path(__file__).with_name("results.json")


class BenchError(Exception):
    """A benchmark failed, so that it has no result."""


class Row(msgspec.Struct, frozen=True):
    """One measurement, with its target."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None
    """Whether the target is met; None if there is none."""


class Result(msgspec.Struct, frozen=True):
    """The result of one benchmark."""

    rows: tuple[Row, ...]
    machine: Machine
    load: float
    """Load average when the benchmark started; results are reliable only near 0."""
    seconds: float
    """Duration of the benchmark."""


def read() -> dict[str, Result]:
    """The stored results by benchmark name, without benchmarks that never ran."""
    if not FILE.exists():
        return {}
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Result])


def write(results: dict[str, Result]) -> None:
    """Store the results."""
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def at_least(what: str, value: float, target: float, detail: str) -> Row:
    """The row of a value that should be at least `target`."""
    return Row(what, f"{value:.2f} ({detail})", f"≥ {target:g}", value >= target)


def at_most(what: str, value: float, target: float, detail: str, unit: str = "") -> Row:
    """The row of a value that should be at most `target`."""
    return Row(what, f"{value:.2f}{unit} ({detail})", f"≤ {target:g}{unit}", value <= target)
