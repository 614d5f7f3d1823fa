"""Models that a repository holds and the index does not name: recorded, rendered only if asked."""

from __future__ import annotations

import json

import pytest

from tests.command_line import listing, run_worker
from tests.e2e import crash, github_cubes
from tests.e2e.github_cubes import GITHUB
from worker.core.keys import uid_of
from worker.report.status import status_of
from worker.stores import open_store


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """The environment in which GitHub's org/repo holds four cubes, and their identifiers."""
    variables, commit = github_cubes.repository(tmp_path_factory.mktemp("hub"), 4)
    return variables, [f"{GITHUB}/blob/{commit}/cube-{number:03d}.obj" for number in range(4)]


@pytest.fixture(scope="module")
def index(repository, tmp_path_factory):
    """Two shards of one object each; the other two objects are named nowhere."""
    base = tmp_path_factory.mktemp("index")
    records = [{"fileIdentifier": name, "source": "github"} for name in repository[1][:2]]
    (base / "list.json").write_text(json.dumps(records))
    run_worker("index", "build", base / "list.json", "--to", base / "index", "--shard-size", 1)
    return base / "index"


def status(output, index):
    """The status without and with the index; they agree."""
    at = ("status", "--output", output, "--json")
    found, other = (json.loads(run_worker(*at, *more).stdout) for more in ((), ("--index", index)))
    for key in ("done", "beside", "left", "total"):
        assert found[key] == other[key], key
    return {key: found[key] for key in ("done", "beside", "left", "total")}


def zips(output):
    return {path.stem for path in output.glob("renders/*.zip")}


def test_recorded_then_rendered_when_asked(repository, index, tmp_path):
    variables, names = repository
    later, at_once = tmp_path / "later", tmp_path / "at-once"
    run_worker("run", index, "--output", later, *crash.TINY, **variables)
    assert zips(later) == {uid_of(name) for name in names[:2]}
    for output in (later, at_once):
        run_worker("run", index, "--output", output, "--render-new", *crash.TINY, **variables)
        assert zips(output) == {uid_of(name) for name in names}
        assert status(output, index) == {"done": 2, "beside": 2, "left": 0, "total": 2}
    assert listing(later) == listing(at_once)
    again = run_worker("run", index, "--output", later, "--render-new", *crash.TINY, **variables)
    assert '"rendered": 0' in again.stderr


@pytest.mark.parametrize("more", [(), ("--render-new",)])
def test_three_ranks_record_and_render_what_one_does(repository, index, tmp_path, more):
    variables, names = repository
    one, three = tmp_path / "one", tmp_path / "three"
    run_worker("run", index, "--output", one, *more, *crash.TINY, **variables)
    for rank in range(3):
        whose = ("--rank", rank, "--world-size", 3)
        run_worker("run", index, "--output", three, *whose, *more, *crash.TINY, **variables)
    stores = [open_store(str(output)) for output in (one, three)]
    assert crash.folded(stores[0]) == crash.folded(stores[1])
    assert listing(one) == listing(three)
    for store in stores:
        status = status_of(store)
        found = len(names) - 2
        rendered, new = (len(names), 0) if more else (2, found)
        assert (status.outcomes["rendered"], status.outcomes["new"]) == (rendered, new)
        assert status.done == 2


@pytest.mark.parametrize("record", [{"sha256": "0" * 64}, {"name": "gone.obj"}])
def test_an_object_that_fails_leads_to_discoveries_all_the_same(repository, tmp_path, record):
    variables, names = repository
    name = names[0].replace("cube-000.obj", record.pop("name", "cube-000.obj"))
    body = [{"fileIdentifier": name, "source": "github", **record}]
    (tmp_path / "list.json").write_text(json.dumps(body))
    output = tmp_path / "out"
    run_worker(
        "run", tmp_path / "list.json", "--output", output, *crash.TINY, check=10, **variables
    )
    outcomes = crash.folded(open_store(str(output)))
    new = {uid for uid, (outcome, _, _) in outcomes.items() if outcome == "new"}
    assert new == {uid_of(each) for each in names if each != name}


def test_the_limit_counts_them_and_a_later_run_renders_the_rest(repository, index, tmp_path):
    variables, names = repository
    arguments = ("run", index, "--output", tmp_path / "out", "--render-new", *crash.TINY)
    run_worker(*arguments, "--limit", 3, **variables)
    assert len(zips(tmp_path / "out")) == 3
    assert status(tmp_path / "out", index) == {"done": 2, "beside": 1, "left": 0, "total": 2}
    run_worker(*arguments, **variables)
    assert zips(tmp_path / "out") == {uid_of(name) for name in names}
    assert status(tmp_path / "out", index) == {"done": 2, "beside": 2, "left": 0, "total": 2}
