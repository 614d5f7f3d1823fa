"""The cluster tests' last word: what really ran on this machine, and what did not and why."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT

HERE = "tests/cluster/"


@pytest.fixture(scope="session")
def samples(tmp_path_factory) -> Path:
    """The project's own sample objects."""
    folder = tmp_path_factory.mktemp("samples")
    subprocess.run(
        [sys.executable, "-m", "worker.blender.samples", str(folder)],
        check=True,
        cwd=ROOT,
        timeout=120,
    )
    return folder


def pytest_terminal_summary(terminalreporter) -> None:
    rooms: defaultdict[str, Counter[str]] = defaultdict(Counter)
    reasons: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            if not getattr(report, "nodeid", "").startswith(HERE):
                continue
            room = report.nodeid.removeprefix(HERE).split("::")[0]
            rooms[room][outcome] += 1
            if outcome == "skipped" and isinstance(report.longrepr, tuple):
                reasons[room][report.longrepr[2].removeprefix("Skipped: ")] += 1
    if not rooms:
        return
    terminalreporter.section("cluster tests: what really ran")
    for room, counts in sorted(rooms.items()):
        ran = counts["passed"] + counts["failed"] + counts["error"]
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        terminalreporter.line(f"{'ran ' if ran else 'NOT RUN'} {room}: {told}")
        for reason, count in reasons[room].items():
            terminalreporter.line(f"     SKIPPED {count}: {reason}", yellow=True)
