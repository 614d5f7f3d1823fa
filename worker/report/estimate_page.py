"""An estimate as a page for a terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from worker.report.estimate import Estimate, Range
from worker.report.status_page import GPUS, counted, duration

UNITS = ("B", "kB", "MB", "GB", "TB", "PB")


def render(found: Estimate) -> RenderableType:
    """The estimate as a table, with what it is based on below it."""
    table = Table("", title=f"All {counted(found.objects, 'object')}", title_justify="left")
    for heading in ("estimate", "90 % of samples"):
        table.add_column(heading, justify="right")
    gpu = found.device in GPUS
    _add(table, "objects per hour", found.objects_per_hour, lambda value: f"{value:,.0f}")
    _add(table, "time of one worker", found.hours, duration)
    _add(table, "GPU-hours" if gpu else "hours of rendering on the CPU", found.device_hours,
         lambda value: f"{value:,.{1 if value >= 1 else 3}f}")  # fmt: skip
    _add(table, "size of the zips", found.bytes, _size)
    table.add_row("requests to an S3 store", f"{found.requests:,}", "")
    failed = sum(found.failed.values())
    codes = ", ".join(f"{count} {code}" for code, count in found.failed.items())
    base = (
        f"from {counted(found.sample, 'object')} on {found.device}, "
        f"{found.seconds_per_object.mean:.2f} s each; {found.start_s:.0f} s to start"
    )
    lines = [
        base,
        f"{failed} of them failed ({codes})" if failed else "none of them failed",
    ]
    if found.hours.low is None:
        lines.append("one object does not show the spread: --sample 2 or more does")
    if found.output is not None:
        lines.append(f"their zips are in {found.output}")
    return Group(table, Text("\n".join(lines)))


def _add(table: Table, what: str, found: Range, form: Callable[[float], str]) -> None:
    spread = "not known"
    if found.low is not None and found.high is not None:
        spread = f"{form(found.low)} to {form(found.high)}"
    table.add_row(what, form(found.mean), spread)


def _size(count: float) -> str:
    power = 0
    while count >= 1000 and power < len(UNITS) - 1:  # noqa: PLR2004 - SI prefixes
        count /= 1000
        power += 1
    return f"{count:.{0 if power == 0 else 1}f} {UNITS[power]}"
