"""Status of a data set: what became of its objects, and what of the renders is left."""

import json

import pytest

from tests.command_line import run_worker
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


def test_places_that_do_not_go_together(export, views, gpt4point, tmp_path):
    to = export("nerf", views)
    with pytest.raises(OutputMismatch, match="another preset of the renders"):
        status(to, gpt4point)
    with pytest.raises(ConfigurationError, match=r"has neither job\.json nor export\.json"):
        status(tmp_path / "nothing")
    assert status(views).outcomes["rendered"] == 3
