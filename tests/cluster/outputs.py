"""Reading an output and a worker's log, as a person who looks into them would."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from tests.command_line import ledger_parts


def outcomes(output: Path) -> list[dict]:
    """Every ledger line of an output."""
    return [
        json.loads(line) for part in ledger_parts(output) for line in part.read_text().splitlines()
    ]


def writers(shard: Path) -> set[str]:
    """The workers that wrote a shard's ledger parts."""
    return {part.stem.rpartition("-")[0] for part in shard.glob("*.jsonl")}


def log_lines(log: str) -> Iterable[dict]:
    """A log's JSON lines; others (a scheduler's own) and one half written are left out."""
    return (
        json.loads(line)
        for line in log.splitlines(keepends=True)
        if line.startswith("{") and line.endswith("\n")
    )


def rendered_uids(log: str) -> set[str]:
    """The objects that a worker says it rendered."""
    return {line["uid"] for line in log_lines(log) if line.get("event") == "rendered"}


def statuses(log: str) -> list[int]:
    """What the workers of a log ended with, in order; one that had not begun says it in words."""
    ends = []
    for line in log.splitlines(keepends=True):
        if line.startswith("render-worker: stopped before the first object"):
            ends.append(75)
        ends += [entry["status"] for entry in log_lines(line) if entry["event"] == "done"]
    return ends
