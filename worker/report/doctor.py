"""The results of `render-worker doctor` as a table and as JSON."""

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
    """The results as JSON values.

    {"worker": version, "ok": bool, "checks": [{name, health, found, advice, facts}, …]}
    """
    checks = msgspec.json.decode(msgspec.json.encode(examination.checks))
    return {"worker": __version__, "ok": examination.status == 0, "checks": checks}


def render(examination: Examination) -> RenderableType:
    """A table of the checks with their advice, and a verdict below it."""
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
    warnings = f", with {warned} warning{'s' * (warned != 1)}"
    return "ready to render" + (warnings if warned else "")
