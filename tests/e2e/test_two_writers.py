"""A shard begun by one run and finished by another: `status` reads its summary, not its lines."""

from __future__ import annotations

import json
import shutil
import signal

import pytest

from tests.command_line import run_worker
from tests.e2e import crash
from tests.fault_injection import kill
from tests.patience import until
from tests.tools import processes
from tests.tools.reading_store import ReadingStore
from worker.core import keys
from worker.core.failpoints import Failpoint
from worker.ledger import parts_of, read_summaries, summaries
from worker.report.status import status_of, to_dict
from worker.stores.folder import FolderStore

OBJECTS = 4
EVERY_PART = (
    "from worker.ledger import summaries, writer\nwriter.FLUSH_COUNT = summaries.LEAST_LINES = 1"
)
KILLS = [f"{Failpoint.PART_AFTER}:2", f"{Failpoint.PUBLISH_AFTER}:3", f"{Failpoint.PART_BEFORE}:2"]


@pytest.mark.parametrize(
    "where", [KILLS[0], *(pytest.param(each, marks=pytest.mark.slow) for each in KILLS[1:])]
)
def test_what_a_killed_run_began_and_another_finished_has_one_summary(where, tmp_path, monkeypatch):
    monkeypatch.setattr(summaries, "LEAST_LINES", 1)
    models, output = crash.cubes(tmp_path / "models", OBJECTS), tmp_path / "out"
    scratch = tmp_path / "scratch"
    arguments = ("run", models, "--output", output, "--scratch", scratch, *crash.TINY,
                 "--children-per-device", 1)  # fmt: skip
    first = f"{EVERY_PART}\n{kill.first(where)}"
    run_worker(*arguments, check=-signal.SIGKILL, first=first)
    until(lambda: not processes.below(scratch))
    assert not list(FolderStore(output).list(keys.SUMMARIES))
    run_worker(*arguments, first=EVERY_PART)

    store = ReadingStore(output)
    (shard,) = {keys.shard_of_part(entry.key) for entry in store.list(keys.LEDGER)}
    parts = [keys.part_numbers(part) for part in parts_of(store, shard)]
    assert len({part[0] for part in parts if part}) == 2, "two workers"
    found = to_dict(status_of(store, {shard: OBJECTS}))
    assert found["outcomes"] == {"rendered": OBJECTS, "new": 0, "failed": 0}
    assert found["left"] == 0
    store.reads.clear()
    assert [name for name, _ in read_summaries(store)] == [shard]
    assert store.reads == [entry.key for entry in store.list(keys.SUMMARIES)]
    told = json.loads(run_worker("status", "--output", output, "--json").stdout)
    shutil.rmtree(output / keys.SUMMARIES)
    assert to_dict(status_of(store, {shard: OBJECTS})) == found
    assert json.loads(run_worker("status", "--output", output, "--json").stdout) == told
