"""Generates docs/costs.md from what the bench measured: python -m tools.cost_page > docs/costs.md.

The hours and requests follow from rows of bench/results.json; prices are assumptions, in PRICES.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Final

import msgspec

from bench.result import Result, read

SIZES: Final = (10_000, 1_000_000, 10_000_000)
PER_OBJECT: Final = re.compile(r"([\d.]+) s per object")
REQUESTS: Final = ("scale", "store requests per object")
MB: Final = 1.1
"""Of a zip: the mean over the samples at 12 views of 512x512, from docs/sizing.md."""
SETTINGS: Final = (("share", "128x128, 16 samples", None), ("share", "512x512, 64 samples", MB))
"""Rows with the seconds that an object of 12 views takes, and the size of its zip, if known."""
HEADS: Final = 1
"""Of an object's requests: the one that verifies its zip. The others are counted as PUT."""
HOUR_S: Final = 3600


class Prices(msgspec.Struct, frozen=True):
    """US dollars."""

    of: str = "2026-11-29"
    core_hour: float = 0.05
    thousand_puts: float = 0.005
    thousand_heads: float = 0.0004
    gb_month: float = 0.023


PRICES: Final = Prices()


class Cost(msgspec.Struct, frozen=True):
    """What a run of `objects` takes and costs."""

    objects: int
    hours: float
    """Of one worker of the machine that was measured."""
    requests: float
    computing: float
    """This and the next two in dollars; `storage` is that of a month."""
    requesting: float
    storage: float | None


def seconds_of(results: Mapping[str, Result], name: str, what: str) -> float:
    """Seconds per object, from a row of the bench. Raises: LookupError, without such a row."""
    found = PER_OBJECT.search(_measured(results, name, what))
    if found is None:
        raise LookupError(f"bench/results.json: {name}, {what!r}: no seconds per object")
    return float(found[1])


def requests_of(results: Mapping[str, Result]) -> float:
    """Store requests per object. Raises: LookupError."""
    return float(_measured(results, *REQUESTS).split()[0])


def cost(objects: int, seconds: float, cores: int, requests: float, size: float | None) -> Cost:
    """What `objects` take on workers of `cores` cores, at PRICES; `size` is that of a zip in MB."""
    hours = objects * seconds / HOUR_S
    puts = (requests - HEADS) * objects
    return Cost(
        objects=objects,
        hours=hours,
        requests=requests * objects,
        computing=hours * cores * PRICES.core_hour,
        requesting=(
            puts * PRICES.thousand_puts + HEADS * objects * PRICES.thousand_heads
        ) / 1000,
        storage=None if size is None else objects * size / 1000 * PRICES.gb_month,
    )  # fmt: skip


def page() -> str:
    """The page. Raises: LookupError, if the bench has not measured what it needs."""
    results = read()
    requests = requests_of(results)
    machine = results["share"].machine
    lines = [
        HEAD.format(
            requests=f"{requests:.2f}", heads=HEADS, puts=f"{requests - HEADS:.2f}", mb=MB,
            cores=machine.cores, machine=machine.sentence(), **msgspec.structs.asdict(PRICES),
        )
    ]  # fmt: skip
    for name, what, size in SETTINGS:
        seconds = seconds_of(results, name, what)
        lines += [f"\n## {what}, 12 views, on a CPU\n\n{seconds:.2f} s per object.\n\n", TABLE]
        for objects in SIZES:
            found = cost(objects, seconds, machine.cores, requests, size)
            cells = (
                f"{objects:,}", _count(found.hours), f"{found.requests:,.0f}",
                *map(_dollars, (found.computing, found.requesting, found.storage)),
            )  # fmt: skip
            lines.append(f"| {' | '.join(cells)} |\n")
    return "".join([*lines, TAIL])


def _measured(results: Mapping[str, Result], name: str, what: str) -> str:
    for row in results[name].rows if name in results else ():
        if row.what == what:
            return row.measured
    raise LookupError(f"bench/results.json has no {what!r}; run 'python -m bench {name}'")


def _count(value: float) -> str:
    return f"{value:,.1f}" if value < 100 else f"{value:,.0f}"  # noqa: PLR2004 - three digits


def _dollars(value: float | None) -> str:
    if value is None:
        return "not measured"
    return f"${value:,.2f}" if value < 100 else f"${value:,.0f}"  # noqa: PLR2004 - as `_count`


HEAD: Final = """\
# Costs

What a run takes and costs, computed from what [the bench](performance.md) measured. The page is
generated (`python -m tools.cost_page > docs/costs.md`); do not edit it.

| from | value | |
| --- | --- | --- |
| seconds per object | as each table says | measured ([performance.md](performance.md#share-of-time-inside-blenders-render-calls)) on {machine} |
| requests per object to S3 | {requests}: {heads} HEAD and {puts} PUT, LIST and GET | measured ([performance.md](performance.md#scale)) |
| zips | {mb} MB an object | mean of the samples at 512x512 ([sizing.md](sizing.md)) |
| a core for an hour | ${core_hour} | assumed: about an on-demand core of a compute-optimised machine at a large cloud, {of}; interruptible ones cost less than half, and runs are made for them |
| 1,000 PUT or LIST | ${thousand_puts} | assumed: Amazon S3 Standard in us-east-1, list price, {of} |
| 1,000 HEAD or GET | ${thousand_heads} | the same |
| a GB for a month | ${gb_month} | the same |

Hours are those of one worker with {cores} cores: divide them by the number of workers. Dollars do not
depend on it. hours = objects x seconds / 3600; computing = hours x {cores} cores x price.
"""  # noqa: E501 - rows of a table
TABLE: Final = """\
| objects | hours of a worker | requests | computing | requests | storage a month |
| --- | --- | --- | --- | --- | --- |
"""
TAIL: Final = """
## Your own list

Objects differ, and so do presets. `render-worker estimate` renders a sample of a list and tells the
hours, the bytes and the requests of all of it ([numbers.md](numbers.md#what-a-run-will-take)); the
dollars follow with the prices above. No GPU has been measured: its dollars for an object are its
price for an hour divided by the objects an hour that `estimate` tells there.
"""

if __name__ == "__main__":
    sys.stdout.write(page())
