"""What a benchmark found, kept between runs so that each may be run alone."""

from __future__ import annotations

from pathlib import Path

import msgspec

from bench.machine import Machine

FILE = Path(__file__).with_name("results.json")


class BenchError(Exception):
    """A benchmark's own work failed, so that there is nothing to compare."""


class Row(msgspec.Struct, frozen=True):
    """One comparison."""

    what: str
    measured: str
    target: str = ""
    met: bool | None = None
    """None where there is no target."""


class Result(msgspec.Struct, frozen=True):
    """One benchmark's findings."""

    rows: tuple[Row, ...]
    machine: Machine
    load: float
    """Other load on the machine when it began: numbers are only good near 0."""
    seconds: float


def read() -> dict[str, Result]:
    """Findings by benchmark; those never run are absent."""
    if not FILE.exists():
        return {}
    return msgspec.json.decode(FILE.read_bytes(), type=dict[str, Result])


def write(results: dict[str, Result]) -> None:
    """Keep the findings."""
    FILE.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")


def at_least(what: str, value: float, target: float, detail: str) -> Row:
    """A ratio that should be no smaller than `target`."""
    return Row(what, f"{value:.2f} ({detail})", f"≥ {target:g}", value >= target)


def at_most(what: str, value: float, target: float, detail: str, unit: str = "") -> Row:
    """A value that should be no larger than `target`."""
    return Row(what, f"{value:.2f}{unit} ({detail})", f"≤ {target:g}{unit}", value <= target)
