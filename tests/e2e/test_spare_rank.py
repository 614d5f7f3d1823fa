"""More ranks than objects."""

from __future__ import annotations

from tests.command_line import log_lines, run_worker
from tests.e2e import crash


def test_a_rank_without_objects_says_so_and_starts_no_blender(tmp_path):
    models = crash.cubes(tmp_path / "models", 1)
    arguments = ("run", models, "--output", tmp_path / "out", *crash.TINY, "--world-size", 2)
    spare = log_lines(run_worker(*arguments, "--rank", 1, "--blender", "/usr/bin/true"))
    assert [line["event"] for line in spare] == [
        "rank 1 of 2", "rank 1 of 2 has no objects: the index has 1", "done",
    ]  # fmt: skip
    assert not (tmp_path / "out" / "job.json").exists()
    assert log_lines(run_worker(*arguments, "--rank", 0))[-1]["rendered"] == 1
