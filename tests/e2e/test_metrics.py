"""A run's metrics, as a real Prometheus gets them, against the run's own ledger."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from types import SimpleNamespace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.command_line import ROOT, run_worker
from tests.e2e import crash
from tests.integration.sources.servers import Web, respond
from tests.patience import until
from tests.tools import ports, prometheus
from worker.core import keys
from worker.ledger import Outcome, read_shards
from worker.stores import open_store

DASHBOARD = json.loads((ROOT / "k8s/components/metrics/dashboard.json").read_text())
VARIABLES = {"$output": ".*", "$__rate_interval": "5m"}
HELD = "held.obj"


def numbers(text: str) -> dict[tuple[str, ...], float]:
    """The value of each series, by its name and the values of its labels but output and rank."""
    return {
        (one.name, *(v for k, v in sorted(one.labels.items()) if k not in {"output", "rank"})):
        one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }  # fmt: skip


def filled(expression: str) -> str:
    """A panel's expression with the dashboard's variables replaced."""
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    assert "$" not in expression
    return expression


def expressions() -> list[str]:
    return [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture(scope="module")
def scraped(tmp_path_factory):
    """A run of two cubes, a broken model, and one that its server holds back for Prometheus.

    What Prometheus said while the last one was held, the metrics then and at the end, the ledger.
    """
    prometheus.needed()
    here = tmp_path_factory.mktemp("metrics")
    models = crash.cubes(here / "models", 2)
    (models / "broken.obj").write_text("")
    (port,) = ports.free(1)
    go_on = threading.Event()
    got = SimpleNamespace(output=str(here / "out"))
    with Web() as web:
        cube = (models / "cube-000.obj").read_bytes()

        def held(handler) -> None:
            respond(handler, 200, {}, b"#")
            while not go_on.wait(1):  # a comment that grows, for no time limit hits who still sends
                handler.wfile.write(b"#")
            handler.wfile.write(b"\n" + cube)

        web.routes[f"/{HELD}"] = held
        got.held = keys.uid_of(f"{web.url}/{HELD}")
        names = [*(str(path) for path in sorted(models.iterdir())), f"{web.url}/{HELD}"]
        (here / "list.txt").write_text("\n".join(names) + "\n")
        try:
            with (
                crash.worker(
                    here / "list.txt", "--output", here / "out", *crash.TINY,
                    "--max-failure-rate", 1, "--recycle-after", 1, "--children-per-device", 1,
                    "--download-timeout", 10_000, "--allow-hosts", "127.0.0.1",
                    "--metrics-port", port, "--metrics-file", here / "of-{rank}.prom",
                    log=here / "log",
                ) as process,
                prometheus.scraping(f"127.0.0.1:{port}", here / "prometheus") as server,
            ):  # fmt: skip
                until(
                    lambda: (
                        server.number("sum(render_worker_objects_total)") == 3
                        and (server.number("min(count_over_time(render_worker_running[5m]))") or 0)
                        > 2
                    ),
                    lambda: (here / "log").read_text()[-4000:],
                    while_runs=process,
                )
                got.series = server.query('{__name__=~"render_worker_.*"}')
                got.shown = {each: server.query(filled(each)) for each in expressions()}
                got.page = prometheus.get(f"http://127.0.0.1:{port}/metrics").decode()
                go_on.set()
                until(lambda: process.poll() is not None)
                assert process.returncode == 0, (here / "log").read_text()
        finally:
            go_on.set()
    got.file = (here / "of-0.prom").read_text()
    got.files = sorted(path.name for path in here.glob("of-*"))
    shards = read_shards(open_store(got.output), Outcome)
    got.ledger = [line for _, parts in shards for part in parts for line in part]
    return got


def expected(lines: list[Outcome]) -> dict[tuple[str, ...], float]:
    """What the metrics must say of a ledger's lines."""
    kinds = Counter((line.code or "", line.outcome) for line in lines)
    seconds: Counter[str] = Counter()
    counts: Counter[str] = Counter()
    for line in lines:
        seconds.update(line.seconds)
        counts.update(line.seconds.keys())
    return {
        **{("render_worker_objects_total", *kind): count for kind, count in kinds.items()},
        **{("render_worker_step_seconds_sum", step): each for step, each in seconds.items()},
        **{("render_worker_step_seconds_count", step): each for step, each in counts.items()},
        ("render_worker_zip_bytes_total",): sum(line.size or 0 for line in lines),
    }


def agree(got: dict[tuple[str, ...], float], lines: list[Outcome]) -> None:
    wanted = expected(lines)
    assert {name: got.get(name) for name in wanted} == pytest.approx(wanted)
    others = sum(v for name, v in got.items() if name[0] == "render_worker_objects_total")
    assert others == len(lines)


@pytest.mark.slow
def test_prometheus_has_the_numbers_of_the_ledger(scraped):
    got = {
        (labels["__name__"], *(labels[key] for key in ("code", "le", "outcome", "reason", "step")
                               if key in labels)): value
        for labels, value in scraped.series
    }  # fmt: skip
    lines = [line for line in scraped.ledger if line.uid != scraped.held]
    assert sorted(line.outcome for line in lines) == ["failed", "rendered", "rendered"]
    # Prometheus takes an empty label for none.
    agree({(name[0], "", *name[1:]) if name[1:] in {("rendered",), ("new",), ("interrupted",)}
           else name: value for name, value in got.items()}, lines)  # fmt: skip
    assert got["render_worker_rank_objects",] == 4
    assert got["render_worker_rank_objects_left",] == 1
    assert got["render_worker_running",] == 1
    assert got["render_worker_children_wanted",] == 1
    assert got["render_worker_child_restarts_total", "recycled"] == 3
    steps = {name[1] for name in got if name[0] == "render_worker_queue_objects"}
    assert steps == {"fetch", "render", "pack", "publish", "record"}
    for labels, _ in scraped.series:
        assert (labels["output"], labels["rank"]) == (scraped.output, "0")


@pytest.mark.slow
def test_the_file_has_the_numbers_of_the_whole_ledger(scraped):
    assert scraped.files == ["of-0.prom"]
    got = numbers(scraped.file)
    agree(got, scraped.ledger)
    assert len(scraped.ledger) == 4
    assert got["render_worker_rank_objects_left",] == 0
    assert got["render_worker_running",] == got["render_worker_children",] == 0


@pytest.mark.slow
def test_promtool_finds_nothing_to_say_of_either(scraped):
    for text in (scraped.page, scraped.file):
        assert prometheus.promtool("check", "metrics", text=text.encode()) == ""


@pytest.mark.slow
def test_each_panel_of_the_dashboard_shows_something(scraped):
    empty = [each for each, series in scraped.shown.items() if not series]
    assert all("gpu" in each for each in empty)
    assert len(scraped.shown) - len(empty) > 15


@pytest.mark.slow
def test_the_dashboard_asks_for_metrics_that_exist(scraped):
    text = json.dumps(DASHBOARD)
    there = set(re.findall(r"^# TYPE (\w+)", scraped.page, re.MULTILINE))
    there |= {f"{name}_{end}" for name in there for end in ("bucket", "sum", "count")}
    asked = set(re.findall(r"render_worker_\w+", text))
    assert asked <= there


def test_a_port_in_use_ends_the_run_before_it_starts(tmp_path):
    with Web() as web:
        port = web.url.rpartition(":")[2]
        done = run_worker("run", crash.cubes(tmp_path / "m", 1), "--output", tmp_path / "out",
                          "--metrics-port", port, check=64)  # fmt: skip
    assert f"--metrics-port: cannot listen on 127.0.0.1, port {port}" in done.stderr
    assert not (tmp_path / "out" / keys.JOB).exists()


def test_a_file_that_cannot_be_written_ends_the_run_before_it_starts(tmp_path):
    done = run_worker("run", crash.cubes(tmp_path / "m", 1), "--output", tmp_path / "out",
                      "--metrics-file", tmp_path / "none" / "a.prom", check=64)  # fmt: skip
    assert f"--metrics-file: cannot write {tmp_path / 'none' / 'a.prom'}" in done.stderr
