"""Children that a model has taken over, in the real sandbox: what they can harm is their object."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT, environment
from tests.integration.render.cubes import RECIPE, model
from tests.integration.sandbox.hostile_child import FILES, TOLD
from tests.patience import HANG_S, until
from tests.tools import processes
from worker.core.errors import RenderFailed
from worker.pack.pack import pack


def lines(home: Path) -> list[dict]:
    """What a hostile child has told so far; its last line may not be whole."""
    try:
        text = (home / TOLD).read_text()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def sums(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


def test_a_child_cannot_change_what_is_decoded(hostile_pool, tmp_path):
    pool = hostile_pool("late")
    raw = tmp_path / "work/raw"
    rendered = pool.render(model(tmp_path / "m", "victim"), RECIPE, raw)
    (child,) = pool.children
    before, turns = sums(raw), len(lines(child.home))
    assert before
    until(lambda: len(lines(child.home)) > turns + 20)
    last = lines(child.home)[-1]
    assert last["linked"] == "EPERM"
    assert set(last["below"]) == {"EACCES"}
    assert last["unlinked"] == "EACCES"
    assert sums(raw) == before
    del rendered


def test_a_child_that_went_on_writing_spoils_its_own_object_alone(hostile_pool, tmp_path):
    """What it wrote before the files were taken is its object's, as is all that it renders."""
    pool = hostile_pool("late")
    rendered = pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "work/raw")
    zips = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        try:
            zips.append(pack(rendered, RECIPE, tmp_path / name).sha256)
        except RenderFailed as error:
            zips.append(str(error))
    assert zips[0] == zips[1]
    good = pool.render(model(tmp_path / "m", "good"), RECIPE, tmp_path / "work/good")
    assert len(good.answer.views) == 2


def test_no_file_grows_over_its_limit(hostile_pool, tmp_path):
    pool = hostile_pool("large")
    raw = tmp_path / "work/raw"
    pool.render(model(tmp_path / "m", "victim"), RECIPE, raw)
    told = lines(pool.children[0].home)
    assert told
    for line in told:
        assert line == {"truncate": "EPERM", "ftruncate": "EFBIG", "pwrite": "EFBIG"}
    assert all(path.stat().st_size < 1 << 30 for path in raw.iterdir())


def test_many_files_cost_their_object_alone_and_are_gone_with_the_child(hostile_pool, tmp_path):
    pool = hostile_pool("many")
    raw = tmp_path / "work/raw"
    rendered = pool.render(model(tmp_path / "m", "victim"), RECIPE, raw)
    assert lines(pool.children[0].home) == [{"files": FILES}]
    (tmp_path / "zip").mkdir()
    pack(rendered, RECIPE, tmp_path / "zip")
    again = pool.render(model(tmp_path / "m", "good"), RECIPE, raw)
    assert not (raw / "many").exists()
    assert len(again.answer.views) == 2
    pool.close()
    assert not [p for p in (tmp_path / "children").glob("child-*") if p.exists()]


def test_a_file_with_holes_that_is_still_open_is_not_copied(hostile_pool, tmp_path):
    """The copy would have no holes, and scratch is memory."""
    pool = hostile_pool("sparse")
    with pytest.raises(RenderFailed, match="holes"):
        pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "work/raw")
    good = pool.render(model(tmp_path / "m", "good"), RECIPE, tmp_path / "work/good")
    assert len(good.answer.views) == 2


@pytest.mark.parametrize("way", ["links", "raw-link", "no-raw"])
def test_a_link_in_place_of_what_was_rendered_is_not_followed(way, hostile_pool, tmp_path):
    pool = hostile_pool(way)
    (tmp_path / "zip").mkdir()
    with pytest.raises(RenderFailed) as caught:
        pack(
            pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "work/raw"),
            RECIPE, tmp_path / "zip",
        )  # fmt: skip
    assert "passwd" not in str(caught.value)
    assert not list((tmp_path / "zip").iterdir())
    assert Path("/etc/passwd").is_file()
    good = pool.render(model(tmp_path / "m", "good"), RECIPE, tmp_path / "work/good")
    pack(good, RECIPE, tmp_path / "zip")


def test_pipes_sockets_and_devices_cannot_be_made(hostile_pool, tmp_path):
    pool = hostile_pool("specials")
    rendered = pool.render(model(tmp_path / "m", "victim"), RECIPE, tmp_path / "work/raw")
    (line,) = lines(pool.children[0].home)
    assert line == dict.fromkeys(("fifo", "socket", "block", "character"), "EPERM")
    (tmp_path / "zip").mkdir()
    with pytest.raises(RenderFailed):
        pack(rendered, RECIPE, tmp_path / "zip")


WORKER = """
import sys
from pathlib import Path
from tests.integration.render.cubes import RECIPE, model
from tests.integration.sandbox.hostile_pool import hostile
folder = Path(sys.argv[1])
pool = hostile("outlive", folder)
pool.open()
pool.render(model(folder / "m", "victim"), RECIPE, folder / "work/raw")
(child,) = pool.children
print("HOME", child.home, flush=True)
sys.stdin.read()
"""


def test_no_child_outlives_its_worker(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", WORKER, str(tmp_path)], cwd=ROOT, text=True,
        env=environment(PYTHONPATH=str(ROOT)), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as worker:  # fmt: skip
        try:
            said = (line.split() for line in worker.stdout if line.startswith("HOME "))
            home = Path(next(said)[1])
            (told,) = lines(home)
            assert told == {"fork": "EPERM", "setsid": "EPERM", "prctl": -1}
            assert processes.below(tmp_path / "children")
        finally:
            os.kill(worker.pid, signal.SIGKILL)
            worker.wait(HANG_S)
    until(lambda: not processes.below(tmp_path / "children"))
