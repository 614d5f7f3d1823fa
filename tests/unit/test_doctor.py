"""What the doctor makes of what it sees."""

from __future__ import annotations

import io
import json

import pytest
from rich.console import Console

from worker import __version__
from worker.core.s3 import S3Options
from worker.doctor import Check, Examination, Health, kernels, node, outputs
from worker.doctor.check import size
from worker.report import doctor as report

GB = 1 << 30


def test_any_failure_is_status_69_and_a_warning_is_not():
    ok, warn, fail = (Check(name="store", health=health, found="x") for health in Health)
    assert Examination((ok, warn)).status == 0
    assert Examination((ok, fail)).status == 69


def test_the_table_names_what_to_do_and_the_json_says_the_same():
    failed = Check(name="scratch", health=Health.FAIL, found="full", advice="free some space")
    found = Examination((failed,))
    console = Console(file=io.StringIO(), width=100)
    console.print(report.render(found))
    text = console.file.getvalue()
    assert "fail" in text
    assert "→ free some space" in text
    assert "status 69" in text
    plain = json.loads(json.dumps(report.to_dict(found)))
    assert plain == {
        "worker": __version__,
        "ok": False,
        "checks": [
            {"name": "scratch", "health": "fail", "found": "full", "advice": "free some space",
             "facts": {}}
        ],
    }  # fmt: skip


def test_brackets_in_a_path_are_not_markup():
    found = Examination((Check(name="store", health=Health.OK, found="/data/[red]x"),))
    console = Console(file=io.StringIO(), width=100)
    console.print(report.render(found))
    assert "/data/[red]x" in console.file.getvalue()


@pytest.mark.parametrize(
    ("children", "limit", "health"),
    [(1, 8 * GB, "ok"), (1, 2 * GB, "warn"), (1, GB // 2, "fail"), (10**6, 8 * GB, "warn")],
)
def test_memory_too_small_or_promised_twice_is_said(monkeypatch, children, limit, health):
    monkeypatch.setattr("worker.core.memory.total", lambda: 16 * GB)
    check = node.check_memory(children, limit)
    assert check.health == health
    assert bool(check.advice) == (health != "ok")


@pytest.mark.parametrize(("children", "health"), [(3, "ok"), (4, "warn")])
def test_more_children_than_cores_are_said(monkeypatch, children, health):
    monkeypatch.setattr("worker.core.cores.usable", lambda: 3)
    check = node.check_cores(children)
    assert check.health == health
    assert bool(check.advice) == (health != "ok")


@pytest.mark.parametrize("check", [node.check_scratch, node.check_downloads])
def test_a_folder_that_cannot_be_made_fails(check, tmp_path):
    (tmp_path / "file").write_text("")
    assert check(tmp_path / "file" / "below").health is Health.FAIL


@pytest.mark.parametrize("check", [node.check_scratch, node.check_downloads])
def test_a_folder_is_left_as_it_was(check, tmp_path):
    assert check(tmp_path).facts["folder"] == str(tmp_path)
    assert not list(tmp_path.iterdir())


def test_downloads_are_looked_at_where_a_run_puts_them(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "full"))
    (tmp_path / "full").write_text("")
    check = node.check_downloads(None)
    assert (check.name, check.health) == ("downloads", "fail")
    assert "TMPDIR" in check.advice
    assert node.check_downloads(tmp_path).health != "fail"


@pytest.mark.parametrize(
    ("skew", "health", "words"),
    [(0.4, "ok", "within"), (-90.0, "warn", "behind"), (1200.0, "fail", "ahead of")],
)
def test_a_wrong_clock_is_told_before_s3_refuses_it(skew, health, words):
    check = outputs.judged(skew)
    assert (check.health, check.facts["skew_s"]) == (health, skew)
    assert words in check.found


@pytest.mark.parametrize(
    ("theirs", "ahead"), [(99.5, 0.0), (130.0, 0.0), (160.0, 0.0), (94.0, 5.0), (170.0, -10.0)]
)
def test_what_a_store_takes_to_answer_is_no_error_of_a_clock(theirs, ahead):
    assert outputs.ahead(100.0, theirs, theirs + 1, 160.0) == (ahead, 61.0)


def test_what_a_slow_answer_leaves_open_is_told():
    assert outputs.judged(0.0, 0.3).found == "within 2 s of the store's"
    assert outputs.judged(0.0, 30.2).found == "within 31 s of the store's"


def test_a_folder_is_compared_by_the_time_of_its_files_and_left_empty(tmp_path):
    store, clock = outputs.check_output(str(tmp_path / "out"), S3Options())
    assert (store.health, clock.health) == ("ok", "ok")
    assert store.facts["creates_once"]
    assert abs(clock.facts["skew_s"]) < 5
    assert not list((tmp_path / "out").iterdir())


def test_a_kernel_cache_is_warm_once_something_lies_in_it(tmp_path):
    variables = {"CUDA_CACHE_PATH": str(tmp_path / "cuda"), "OPTIX_CACHE_PATH": str(tmp_path)}
    cuda, optix = kernels.caches("optix", variables)
    assert not cuda.warm
    assert cuda.writable
    (tmp_path / "cuda").mkdir()
    (tmp_path / "cuda" / "kernel").write_bytes(b"x" * 100)
    cuda, optix = kernels.caches("optix", variables)
    assert (cuda.warm, cuda.bytes, optix.folder) == (True, 100, tmp_path)
    assert [cache.kind for cache in kernels.caches("cuda", variables)] == ["cuda"]


def test_sizes_are_told_in_round_units():
    assert [size(n) for n in (999, 1500, 25_300_000_000)] == ["999 B", "1.5 kB", "25.3 GB"]
