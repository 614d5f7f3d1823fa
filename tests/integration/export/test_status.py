"""Status of a data set: what became of its objects, and what of the renders is left."""

import contextlib
import json
import os
import pty
import signal
from subprocess import Popen

import pytest

from tests.command_line import ROOT, command, environment, run_worker
from tests.patience import HANG_S
from worker.core import keys
from worker.core.errors import ConfigurationError, OutputMismatch
from worker.core.s3 import S3Options
from worker.report.output import status_at


def status(to, source=None):
    return status_at(str(to), S3Options(), index=None, source=source and str(source))


def test_what_is_left_is_counted_against_the_renders(export, views, tmp_path):
    to = tmp_path / "to"
    for rank, done, left in ((0, 2, 1), (1, 3, 0)):  # objects 0 and 2 are of the first shard
        export("nerf", views, to, rank=rank, world_size=2)
        found = status(to, views)
        assert found.outcomes == {"exported": done, "failed": 0}
        assert (found.done, found.total, found.left) == (done, 3, left)
        assert [shard.total for shard in found.shards] == [2, 1]
    alone = status(to)
    assert (alone.done, alone.total, alone.left) == (3, None, None)


def test_the_catalogue_is_of_every_outcome(export, views):
    found = status(export("parquet", views), views)
    assert (found.outcomes["exported"], found.total, found.left) == (4, 4, 0)


def test_the_command(export, gpt4point):
    to = export("pointcloud", gpt4point, status=10, options={"points": 131072})
    done = run_worker("status", "--output", to, "--input", gpt4point, "--json")
    found = json.loads(done.stdout)
    assert found["outcomes"] == {"exported": 0, "failed": 2}
    assert (found["codes"], found["left"]) == ({"empty": 2}, 0)
    shown = run_worker("status", "--output", to, RENDER_WORKER_INDEX="/no/index").stdout
    assert "2 objects done" in shown


def test_failures_are_listed(views):
    name, uid = "https://example.org/bad-0.glb", keys.uid_of("https://example.org/bad-0.glb")
    shown = run_worker("status", "--output", views, "--failures", "import").stdout
    assert shown.splitlines() == [f"import\tbad-0.glb\t{uid}\t000000\tno mesh in it"]
    found = json.loads(
        run_worker("status", "--output", views, "--failures", "all", "--json").stdout
    )
    assert (found["uid"], found["file_identifier"], found["code"]) == (uid, name, "import")
    assert run_worker("status", "--output", views, "--failures", "crash").stdout == ""
    wrong = run_worker("status", "--output", views, "--failures", "crush", check=64)
    assert "unknown failure code; known: all, " in wrong.stderr


def test_watching_until_all_is_done_or_until_control_c(export, views, tmp_path):
    to = export("nerf", views)
    done = run_worker("status", "--output", to, "--input", views, "--watch")
    assert "3 of 3 objects done" in done.stdout
    run_worker("status", "--output", to, "--watch", "--json", check=64)
    here, there = pty.openpty()
    with Popen(
        command("status", "--output", to, "--watch"), env=environment(PYTHONPATH=str(ROOT)),
        stdout=there, stderr=there, stdin=there,
    ) as process:  # fmt: skip
        os.close(there)
        shown = b""
        while b"objects done" not in shown:  # without --input nothing is known to be left
            shown += os.read(here, 1 << 16)
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(OSError):  # how a terminal without a program ends
            while data := os.read(here, 1 << 16):
                shown += data
        assert process.wait(HANG_S) == 0
    os.close(here)
    assert b"Traceback" not in shown


def test_places_that_do_not_go_together(export, views, gpt4point, tmp_path):
    to = export("nerf", views)
    with pytest.raises(OutputMismatch, match="another preset of the renders"):
        status(to, gpt4point)
    with pytest.raises(
        ConfigurationError, match=r"has neither job\.json, export\.json nor fetch\.json"
    ):
        status(tmp_path / "nothing")
    assert status(views).outcomes["rendered"] == 3
