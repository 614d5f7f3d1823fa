"""Zips that were published, and are gone or cut since: found when asked, and made again."""

from __future__ import annotations

import shutil

import pytest

from tests.command_line import listing, log_lines, run_worker
from tests.e2e import crash
from worker.stores import open_store


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Four models, and the finished output of a run over them."""
    folder = tmp_path_factory.mktemp("finished")
    crash.cubes(folder / "models", 4)
    run_worker("run", folder / "models", "--output", folder / "out", *crash.TINY)
    return folder / "models", folder / "out"


@pytest.fixture
def harmed(finished, tmp_path):
    """The models and a copy of the output with its first zip gone and its second cut."""
    models, out = finished
    output = shutil.copytree(out, tmp_path / "out")
    gone, cut, *_ = sorted(output.glob("renders/*.zip"))
    gone.unlink()
    cut.write_bytes(cut.read_bytes()[:300])
    return models, output, cut


def again(models, output, *more, check: int | None = 0):
    done = run_worker("run", models, "--output", output, *crash.TINY, *more, check=check)
    return done, log_lines(done)[-1]


def test_what_is_gone_or_cut_is_rendered_again_when_asked(finished, harmed):
    models, output, cut = harmed
    _, last = again(models, output, "--retry", "all")
    assert (last["rendered"], last["settled_earlier"]) == (0, 4)  # nothing failed

    done, last = again(models, output, "--retry", "lost")
    assert (last["rendered"], last["settled_earlier"]) == (1, 2)
    assert last["codes"] == {"publish": 1}
    assert "already exists and is not a complete zip" in done.stderr
    assert "delete it" in done.stderr

    cut.unlink()
    _, last = again(models, output, "--retry", "lost")
    assert (last["rendered"], last["settled_earlier"]) == (1, 3)
    assert listing(output) == listing(finished[1])
    crash.check_promises(output, crash.stored(open_store(str(finished[1]))))


def test_two_ranks_look_for_what_is_lost_of_their_own(finished, tmp_path):
    models, out = finished
    output = shutil.copytree(out, tmp_path / "out")
    for path in output.glob("renders/*.zip"):
        path.unlink()
    for rank in range(2):
        _, last = again(models, output, "--retry", "lost", "--rank", str(rank), "--world-size", "2")
        assert (last["rendered"], last["settled_earlier"]) == (2, 0)
    assert listing(output) == listing(out)


def test_a_cut_zip_is_no_success_where_the_ledger_is_gone(harmed):
    models, output, _ = harmed
    shutil.rmtree(output / "ledger")
    done, last = again(models, output)
    assert (last["rendered"], last["codes"]) == (3, {"publish": 1}), done.stderr
