"""Killed at every step of an object's way and run again: as if nothing had happened."""

from __future__ import annotations

import re
import signal
from pathlib import Path

import pytest

from tests.command_line import ROOT, run_worker
from tests.e2e import crash
from tests.fault_injection import kill
from tests.patience import until
from tests.tools import processes
from worker.core.failpoints import Failpoint
from worker.stores import open_store

OBJECTS = 3

# The folder store's own points are passed by the probe first, then job.json, zips and parts.
TIMES = {
    Failpoint.FOLDER_BEGUN: (1, 2, 3),
    Failpoint.FOLDER_WRITTEN: (2, 4),
    Failpoint.FOLDER_LINKED: (1, 2, 3),
    Failpoint.RENDER_AFTER: (2,),
    Failpoint.CREATED: (2,),
    Failpoint.PUBLISH_AFTER: (3,),
    Failpoint.RECORD_AFTER: (3,),
}
JOINED = (
    "compact-before:1", "compact-after:1", "summary-after:1",
    "folder-written:9", "folder-linked:9", "folder-written:10", "folder-linked:10",
)  # fmt: skip
"""Points of a run that writes a part an object, joins them, and writes a summary; also in the
folder store, where the probe, job.json, the zips and the parts are before that."""
PART_AN_OBJECT = (
    "from worker.ledger import summaries, writer\nwriter.FLUSH_COUNT = summaries.LEAST_LINES = 1"
)
KILLS = [f"{point}:{count}" for point in Failpoint for count in TIMES.get(point, (1,))
         if not point.startswith(("compact-", "summary-"))]  # fmt: skip
KILLS += JOINED
QUICK = {
    "compact-after:1",
    "summary-after:1",
    "render-after:2",
    "created:2",
    "part-before:1",
    "folder-written:4",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory) -> Path:
    return crash.cubes(tmp_path_factory.mktemp("crash") / "models", OBJECTS)


@pytest.fixture(scope="module")
def undisturbed(models, tmp_path_factory):
    """Listing and folded ledger of a run that nobody disturbed."""
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    run_worker("run", models, "--output", output, *crash.TINY)
    store = open_store(str(output))
    listing, ledger = crash.stored(store), crash.folded(store)
    assert len(listing) == OBJECTS + 1
    assert len(ledger) == OBJECTS
    return listing, ledger


@pytest.mark.parametrize(
    "where",
    [pytest.param(where, marks=[] if where in QUICK else pytest.mark.slow) for where in KILLS],
)
def test_a_run_killed_here_and_run_again_is_as_if_undisturbed(where, models, undisturbed, tmp_path):
    listing, ledger = undisturbed
    output, scratch = tmp_path / "out", tmp_path / "scratch"
    arguments = ("run", models, "--output", output, "--scratch", scratch, *crash.TINY)
    first = f"{PART_AN_OBJECT}\n{kill.first(where)}" if where in JOINED else kill.first(where)
    run_worker(*arguments, check=-signal.SIGKILL, first=first)
    until(lambda: not processes.below(scratch))
    crash.check_promises(output, listing)
    crash.age_unnamed(scratch)

    run_worker(*arguments)
    store = open_store(str(output))
    assert crash.stored(store) == listing
    assert crash.folded(store) == ledger
    assert list(scratch.iterdir()) == []
    assert processes.below(scratch) == []
    for key in listing:
        crash.check_whole(key, store.read(key))


def test_every_point_is_somewhere_on_the_way():
    reached = {
        name
        for path in (ROOT / "worker").rglob("*.py")
        for name in re.findall(r"reach(?:\(|, )Failpoint\.(\w+)", path.read_text())
    }
    assert reached == {point.name for point in Failpoint}
