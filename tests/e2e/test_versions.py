"""One output, or data set, of one Blender and one worker, unless a person wants them mixed."""

from __future__ import annotations

import json

import pytest

from tests.command_line import log_lines, run_worker
from tests.e2e import crash
from tests.integration.blender.driver import DEBIAN
from worker import __version__
from worker.core import keys

TINY = ("--device", "cpu", "--set", "views=1", "--set", "resolution=32", "--set", "samples=1")
THEIRS = "99.7.1"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return crash.cubes(tmp_path_factory.mktemp("versions") / "models", 2)


@pytest.fixture
def begun(models, tmp_path):
    """An output with one of its two objects, rendered by the bpy wheel."""
    run_worker("run", models, "--output", tmp_path / "out", *TINY, "--limit", 1)
    return tmp_path / "out"


def zips(output):
    return {path.name: path.read_bytes() for path in output.glob("renders/*.zip")}


def edit_worker(path):
    """As another worker would have written it, of whose version nothing else is bound."""
    path.write_text(path.read_text().replace(f'"worker": "{__version__}"', f'"worker": "{THEIRS}"'))
    assert json.loads(path.read_text())["worker"] == THEIRS


def said_by(done):
    """The one line for a person."""
    (said,) = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    return said


def mixed(done):
    (line,) = [line for line in log_lines(done) if line["event"] == "mixed versions"]
    return line


@pytest.mark.debian_blender
def test_another_blender_is_refused_before_rendering_unless_mixed(models, begun):
    if not DEBIAN.exists():
        pytest.skip(f"NOT TESTED under a Blender program: no {DEBIAN} (apt-get install blender)")
    job, before = (begun / keys.JOB).read_bytes(), zips(begun)
    assert len(before) == 1
    arguments = ("run", models, "--output", begun, "--blender", DEBIAN, *TINY)
    said = said_by(run_worker(*arguments, check=78))
    ours = json.loads(job)["blender"]
    assert f"begun with Blender {ours}, but this is Blender 3.4" in said
    for word in ("use Blender 4.5,", "another --output", "--mix-versions"):
        assert word in said
    assert (begun / keys.JOB).read_bytes() == job
    assert zips(begun) == before
    line = mixed(run_worker(*arguments, "--mix-versions"))
    assert line["begun_with"] == {"Blender": ours}
    assert line["now"]["Blender"].startswith("3.4")
    assert (begun / keys.JOB).read_bytes() == job
    assert len(zips(begun)) == 2
    assert before.items() <= zips(begun).items()
    # The first Blender's own worker goes on without a word.
    done = run_worker("run", models, "--output", begun, *TINY)
    assert "mixed versions" not in done.stderr


def test_another_worker_is_refused_before_blender_starts_unless_mixed(models, begun):
    edit_worker(begun / keys.JOB)
    job = (begun / keys.JOB).read_bytes()
    arguments = ("run", models, "--output", begun, *TINY)
    refused = run_worker(*arguments, check=78)
    said = said_by(refused)
    assert f"begun with render-worker {THEIRS}, but this is render-worker {__version__}" in said
    assert "use render-worker 99.7, another --output, or --mix-versions" in said
    assert "blender ready" not in refused.stderr
    done = run_worker(*arguments, RENDER_WORKER_MIX_VERSIONS="1")
    assert mixed(done)["begun_with"] == {"render-worker": THEIRS}
    assert (begun / keys.JOB).read_bytes() == job
    assert len(zips(begun)) == 2


def test_another_worker_s_data_set_is_refused_unless_mixed(begun, tmp_path):
    to = tmp_path / "catalogue"
    arguments = ("export", "parquet", "--input", begun, "--to", to)
    run_worker(*arguments)
    edit_worker(to / keys.EXPORT)
    manifest = (to / keys.EXPORT).read_bytes()
    said = said_by(run_worker(*arguments, check=78))
    assert f"begun with render-worker {THEIRS}, but this is render-worker {__version__}" in said
    for word in (keys.EXPORT, "use render-worker 99.7,", "--to", "--mix-versions"):
        assert word in said
    done = run_worker(*arguments, "--mix-versions")
    assert mixed(done)["now"] == {"render-worker": __version__}
    assert (to / keys.EXPORT).read_bytes() == manifest


def test_an_output_of_another_worker_can_be_exported_and_looked_at(begun, tmp_path):
    """Reading mixes nothing."""
    edit_worker(begun / keys.JOB)
    run_worker("export", "parquet", "--input", begun, "--to", tmp_path / "catalogue")
    run_worker("status", "--output", begun)


def test_renders_do_not_go_into_a_data_set(models, begun, tmp_path):
    """Its ledger would tell that every object is done."""
    to = tmp_path / "catalogue"
    run_worker("export", "parquet", "--input", begun, "--to", to)
    done = run_worker("run", models, "--output", to, *TINY, check=78)
    assert f"{to} is a data set" in said_by(done)
    assert not (to / keys.JOB).exists()
