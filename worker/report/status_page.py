"""The status as a page for a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from worker.contract.escaping import printable
from worker.report.notable import Notable
from worker.report.status import Status

SHOWN: Final = 5
"""Objects listed of each sort."""
GPUS: Final = ("optix", "cuda", "egl")
CPUS: Final = ("cpu", "software")


def render(status: Status, *, max_shards: int = 10) -> RenderableType:
    """The status for a terminal, with the first `max_shards` shards that are not done."""
    return Group(
        *_summary(status),
        *_look_at(status),
        *_duplicates(status),
        _shards(status, max_shards),
        *_failures(status),
    )


def _summary(status: Status) -> list[RenderableType]:
    table = Table("outcome", "objects", title="Outcomes", title_justify="left")
    table.columns[1].justify = "right"
    for outcome, count in status.outcomes.items():
        table.add_row(outcome, f"{count:,}")
        if outcome == "failed":
            for code, failed in status.codes.items():
                table.add_row(Text(f"  {code}", style="red"), f"{failed:,}")
    of = f"{status.done:,} of " if status.total is not None else ""
    whole = status.done if status.total is None else status.total
    sentences = [f"{of}{counted(whole, 'object')} done"]
    sentences += [
        f"{count:,.0f} {what}"
        for count, what in (
            (status.beside, "rendered but not in the index"),
            (status.incomplete, "rendered with missing files"),
            (status.undecodable, "rendered without files that cannot be decoded"),
            (status.missing_textures, "rendered without some texture"),
            (status.blank, "with a view that shows nothing"),
            (status.cropped, "touching the border of a view"),
            (status.retryable, "failed and will be retried"),
            (status.per_hour, "per hour"),
        )
        if count
    ]
    if status.left is not None:
        left = f"{status.left:,} left"
        if status.left and status.hours_left is not None:
            left += f", about {duration(status.hours_left)}"
        sentences.append(left)
    sentences += _hours(status)
    return [table, Text("; ".join(sentences))]


def _hours(status: Status) -> list[str]:
    """Hours of rendering so far, and to go."""
    gpu, cpu = (sum(status.device_hours.get(kind, 0.0) for kind in kinds) for kinds in (GPUS, CPUS))
    spent = [
        f"{_amount(hours)} {what} so far"
        for hours, what in (
            (gpu, "GPU-hours"), (cpu, "hours of rendering on CPUs"),
        )
        if hours
    ]  # fmt: skip
    if spent and status.left and status.device_hours_left is not None:
        spent[-1] += f", about {_amount(status.device_hours_left)} to go"
    return spent


def _amount(hours: float) -> str:
    return f"{hours:,.{1 if hours >= 1 else 3}f}"


def _look_at(status: Status) -> list[RenderableType]:
    """The objects to look at first."""
    table = Table("", "object", title="Objects to look at", title_justify="left")
    table.add_column("", justify="right")
    table.add_column("uid", overflow="fold")
    for what, found, form in (
        ("least coverage", status.least_seen, "{:.1%}"),
        ("slowest", status.slowest, "{:,.1f} s"),
        ("most files missing", status.most_missing, "{:,.0f}"),
    ):
        _rows(table, what, ((each, form.format(each.value)) for each in found[:SHOWN]))
    return [table] if table.row_count else []


def _duplicates(status: Status) -> list[RenderableType]:
    """The largest groups of objects that look alike."""
    if not status.duplicates.groups:
        return []
    duplicates = status.duplicates
    table = Table(
        "objects", "object", title=f"Near-duplicates: {duplicates.objects:,} objects in "
        f"{counted(duplicates.groups, 'group')}", title_justify="left",
    )  # fmt: skip
    table.add_column("")
    table.add_column("uid", overflow="fold")
    for group in duplicates.largest[:SHOWN]:
        _rows(table, f"{group.objects:,}", ((each, "") for each in group.first))
    return [table]


def _rows(table: Table, what: str, found: Iterable[tuple[Notable, str]]) -> None:
    """Add objects to a table; `what` they are is said of the first."""
    for each, value in found:
        table.add_row(what, plain(each.name), value, each.uid)
        what = ""


def _shards(status: Status, most: int) -> RenderableType:
    unfinished = [s for s in status.shards if s.total is None or s.done < s.total]
    if not unfinished or status.left == 0:
        count = len(status.shards)
        every = "the shard is done" if count == 1 else f"all {count:,} shards are done"
        return Text(every if count else "no ledger yet")
    table = Table("shard", "done", "of", title="Shards not done", title_justify="left")
    for shard in unfinished[:most]:
        total = "?" if shard.total is None else f"{shard.total:,}"
        table.add_row(shard.name, f"{shard.done:,}", total)
    if len(unfinished) > most:
        table.add_row("…", f"{len(unfinished) - most:,} more", "")
    return table


def _failures(status: Status) -> list[RenderableType]:
    if not status.failures:
        return []
    table = Table("code", "objects", title="Failures", title_justify="left")
    for name in ("example", "uid"):  # never truncated, because users search for them
        table.add_column(name, overflow="fold")
    for failure in status.failures:
        example = Text.assemble((plain(failure.name).plain, "bold"), "\n", plain(failure.message))
        table.add_row(failure.code, f"{failure.count:,}", example, failure.uid)
    return [table]


def plain(message: str) -> Text:
    """A message without control characters, because it may quote a hostile file name."""
    return Text(printable(message))


def counted(count: int, what: str) -> str:
    """A number of things in words: "1 shard", "1,200 shards"."""
    return f"{count:,} {what}{'s' * (count != 1)}"


def duration(hours: float) -> str:
    """A duration in words: "40 s", "20 min", "3.5 h", "4.0 days"."""
    if hours < 2 / 60:
        return f"{max(1, round(hours * 3600))} s"
    if hours < 1:
        return f"{round(hours * 60)} min"
    return f"{hours:.1f} h" if hours < 48 else f"{hours / 24:.1f} days"  # noqa: PLR2004 - two days
