"""What the cluster tests share, and their last word: what really ran here, what not and why."""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster import held
from tests.cluster.images import apptainer_path, bpy_image, context, podman, sif  # noqa: F401 - fixtures
from tests.command_line import run_worker

HERE = "tests/cluster/"


@pytest.fixture(scope="session")
def index(samples, tmp_path_factory) -> Path:
    """The samples as an index of four shards: seven objects."""
    folder = tmp_path_factory.mktemp("index")
    run_worker("index", "build", samples, "--to", folder, "--shard-size", 2)
    return folder / "index.json"


@pytest.fixture(scope="session")
def broken_shard(samples, tmp_path_factory) -> Path:
    """The same, the first shard's models cut off in the middle."""
    folder = tmp_path_factory.mktemp("broken")
    models = Path(shutil.copytree(samples, folder / "samples"))
    run_worker("index", "build", models, "--to", folder, "--shard-size", 2)
    for line in (folder / "shards/000000.jsonl").read_text().splitlines():
        model = folder / json.loads(line)["path"]
        model.write_bytes(model.read_bytes()[:40])
    return folder / "index.json"


@pytest.fixture(scope="session")
def shard_gone(index, tmp_path_factory) -> tuple[Path, int]:
    """The same index without its second shard, and the number of objects that are left."""
    folder = Path(shutil.copytree(index.parent, tmp_path_factory.mktemp("gone") / "index"))
    listed = json.loads((folder / index.name).read_bytes())
    (folder / listed["shards"][1]["file"]).unlink()
    return folder / index.name, listed["objects"] - listed["shards"][1]["objects"]


@pytest.fixture(scope="session")
def held_blender(tmp_path_factory) -> held.Held:
    return held.make(tmp_path_factory.mktemp("held"))


@pytest.fixture
def holding(held_blender) -> Iterator[held.Held]:
    """A Blender that comes to a stop at held.MODEL, until it is let go."""
    held_blender.hold(held.MODEL)
    yield held_blender
    held_blender.let_go()


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
