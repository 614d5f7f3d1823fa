"""Where a list may lead, through the program: one outcome each, and the options that allow more."""

from __future__ import annotations

import json

import pytest

from tests.command_line import log_lines, run_worker
from tests.e2e import crash
from tests.integration.sources.servers import Web, body, redirect
from worker.core import keys
from worker.stores import open_store


@pytest.fixture
def web(tmp_path):
    """A server with one model, and a redirect to another server of this machine that has it."""
    crash.cubes(tmp_path / "models", 1)
    (model,) = (tmp_path / "models").iterdir()
    with Web() as server, Web() as other:
        server.routes["/m.obj"] = other.routes["/m.obj"] = body(model.read_bytes())
        server.routes["/moved.obj"] = redirect(f"{other.url}/m.obj")
        yield server


def outcomes(output):
    return crash.folded(open_store(str(output)))


def test_what_is_refused_is_that_objects_outcome_alone(web, tmp_path):
    (model,) = (tmp_path / "models").iterdir()
    hostile = [f"{web.url}/m.obj", "http://169.254.169.254/latest/x.glb", f"{web.url}/moved.obj"]
    (tmp_path / "list.txt").write_text("\n".join([*hostile, str(model)]) + "\n")
    run = ("run", tmp_path / "list.txt", "--output", tmp_path / "out", "--max-failure-rate", 1,
           *crash.TINY)  # fmt: skip
    run_worker(*run)
    got = outcomes(tmp_path / "out")
    for name in hostile:
        assert got[keys.uid_of(name)][:2] == ("failed", "refused")
    assert sorted(outcome for outcome, *_ in got.values()) == ["failed"] * 3 + ["rendered"]
    assert web.asked == []
    # They are not tried again by themselves, but once they are allowed.
    run_worker(*run, "--retry", "refused", "--allow-hosts", web.url.removeprefix("http://"))
    got = outcomes(tmp_path / "out")
    assert got[keys.uid_of(hostile[0])][0] == "rendered"
    assert [got[keys.uid_of(name)][:2] for name in hostile[1:]] == [("failed", "refused")] * 2
    run_worker(*run, "--retry", "refused", RENDER_WORKER_ALLOW_HOSTS="localhost 127.0.0.0/8")
    got = outcomes(tmp_path / "out")
    assert got[keys.uid_of(hostile[2])][0] == "rendered"


def test_the_server_of_a_list_that_was_typed_needs_no_option(web, tmp_path):
    web.routes["/list.txt"] = body(b"m.obj\nmoved.obj\ns3://secret-bucket/m.obj\n")
    done = run_worker("run", f"{web.url}/list.txt", "--output", tmp_path / "out",
                      "--max-failure-rate", 1, *crash.TINY)  # fmt: skip
    got = outcomes(tmp_path / "out")
    assert got[keys.uid_of("m.obj")][0] == "rendered"
    assert got[keys.uid_of("moved.obj")][:2] == ("failed", "refused")
    assert got[keys.uid_of("s3://secret-bucket/m.obj")][:2] == ("failed", "refused")
    assert any("--allow-buckets secret-bucket" in json.dumps(line) for line in log_lines(done))
    # The sample of an estimate is a list on disk, but drawn from this one.
    done = run_worker("estimate", f"{web.url}/list.txt", "--output", tmp_path / "sample",
                      "--max-failure-rate", 1, "--json", *crash.TINY)  # fmt: skip
    codes = sorted(found[:2] for found in outcomes(tmp_path / "sample").values())
    assert codes == [("failed", "refused"), ("failed", "refused"), ("rendered", None)]


def test_an_option_that_is_no_host_is_a_usage_error(tmp_path):
    done = run_worker("run", tmp_path, "--output", tmp_path / "out", "--allow-hosts", "http://a",
                      check=64)  # fmt: skip
    assert "--allow-hosts: 'http://a' is not a host name" in done.stderr


@pytest.mark.parametrize("command", ["run", "index", "debug", "estimate"])
def test_a_list_that_is_too_large_ends_with_78(web, tmp_path, command):
    web.routes["/l.txt"] = body(b"#" * (2 << 20))
    words = {"run": ("run",), "index": ("index", "build"), "debug": ("debug",),
             "estimate": ("estimate",)}[command]  # fmt: skip
    to = "--to" if command in {"index", "debug"} else "--output"
    done = run_worker(
        *words, f"{web.url}/l.txt", to, tmp_path / "out", "--max-list-mb", 1, check=78
    )
    assert f"{web.url}/l.txt: has more than 1 MB; if it should, raise --max-list-mb" in done.stderr
    assert not (tmp_path / "out").exists()
