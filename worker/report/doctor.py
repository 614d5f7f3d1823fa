"""What the doctor found, for a person and for a script."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from worker import __version__
from worker.doctor import Examination, Health

STYLES: Final = {Health.OK: "green", Health.WARN: "yellow", Health.FAIL: "bold red"}


def to_dict(examination: Examination) -> dict[str, Any]:
    """Plain JSON values.

    {"worker": its version, "ok": …, "checks": [{name, health, found, advice, facts}, …]}
    """
    checks = msgspec.json.decode(msgspec.json.encode(examination.checks))
    return {"worker": __version__, "ok": examination.status == 0, "checks": checks}


def render(examination: Examination) -> RenderableType:
    """A table, and what to do below it."""
    table = Table("", "what", "found", box=None, pad_edge=False)
    for check in examination.checks:
        found = Text(check.found)
        if check.advice:
            found.append(f"\n→ {check.advice}", STYLES[check.health])
        table.add_row(Text(check.health.value, STYLES[check.health]), check.name, found)
    return Group(table, Text(_verdict(examination), "bold"))


def _verdict(examination: Examination) -> str:
    failed = sum(check.health is Health.FAIL for check in examination.checks)
    warned = sum(check.health is Health.WARN for check in examination.checks)
    if failed:
        return (
            f"{failed} of {len(examination.checks)} checks failed: a run would end with status 69"
        )
    return "ready to render" + (f", with {warned} to look at" if warned else "")
