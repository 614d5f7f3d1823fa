"""What a run counts, by the names that docs/metrics.md lists."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
import threading
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.patience import HANG_S
from worker.core.errors import OBJECT_ERRORS, ObjectInterrupted, UsageError
from worker.core.ranks import Rank
from worker.index.record import ObjectRef
from worker.ledger import Outcome
from worker.ledger.outcome import Author
from worker.run.metrics.endpoint import served
from worker.run.metrics.options import Address, MetricsOptions
from worker.run.metrics.publishing import publishing
from worker.run.metrics.run_metrics import RunMetrics
from worker.run.progress import LogObserver
from worker.supervisor import gpu_usage
from worker.supervisor.restarts import REASONS

PAGE = (Path(__file__).parents[2] / "docs" / "metrics.md").read_text()
AUTHOR = Author.of(Rank(3, 8), "4.5", "cpu")


@pytest.fixture
def metrics():
    return RunMetrics(Rank(3, 8), "s3://bucket/renders")


def rendered(name: str, size: int, *, listed: bool = True, **seconds: float) -> Outcome:
    ref = ObjectRef(file_identifier=name, source="local")
    outcome = Outcome.new(ref, "000000", AUTHOR)
    return Outcome(**{
        **{field: getattr(outcome, field) for field in outcome.__struct_fields__},
        "outcome": "rendered", "size": size, "seconds": seconds, "listed": listed,
    })  # fmt: skip


def failed(name: str, code: str) -> Outcome:
    ref = ObjectRef(file_identifier=name, source="local")
    error = OBJECT_ERRORS[code]("why")
    return Outcome.failed(ref, "000000", AUTHOR, error=error, seconds={"fetch": 1.0}, attempt=1)


def value(metrics: RunMetrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(
        f"render_worker_{name}", {**labels, "output": "s3://bucket/renders", "rank": "3"}
    )


def test_outcomes_are_counted_and_passed_on(metrics):
    passed = []

    class Passed(LogObserver):
        def outcome(self, outcome):
            passed.append(outcome)

    observer = metrics.observing(Passed(), 10)
    observer.settled(3)
    lines = [
        rendered("a.obj", 1000, fetch=0.5, render=3.0), rendered("b.obj", 24, fetch=1.5),
        rendered("found.obj", 1, listed=False), failed("c.obj", "timeout"),
        failed("d.obj", ObjectInterrupted.code),
    ]  # fmt: skip
    for line in lines:
        observer.outcome(line)
    assert passed == lines
    assert value(metrics, "objects_total", outcome="rendered", code="") == 3
    assert value(metrics, "objects_total", outcome="failed", code="timeout") == 1
    assert value(metrics, "objects_total", outcome="failed", code="crash") == 0
    assert value(metrics, "objects_total", outcome="interrupted", code="") == 1
    assert value(metrics, "step_seconds_sum", step="fetch") == 4.0
    assert value(metrics, "step_seconds_count", step="fetch") == 4
    assert value(metrics, "step_seconds_bucket", step="render", le="2.0") == 0
    assert value(metrics, "step_seconds_bucket", step="render", le="5.0") == 1
    assert value(metrics, "zip_bytes_total") == 1025
    # Of ten, three were settled, two are rendered and one failed; the interrupted one is left.
    assert value(metrics, "rank_objects") == 10
    assert value(metrics, "rank_objects_left") == 4


def test_the_number_of_series_does_not_grow(metrics):
    def series() -> int:
        return sum(len(family.samples) for family in metrics.registry.collect())

    before = series()
    for number in range(50):
        metrics.outcome(rendered(f"{number}.obj", number, fetch=number))
        metrics.outcome(failed(f"{number}.glb", "crash"))
    assert series() == before


def test_the_page_lists_every_metric(metrics):
    rows = re.findall(
        r"^\| `(render_worker_\w+)` \| (\w+) \| ([^|]*)\| (.*) \|$", PAGE, re.MULTILINE
    )
    listed = {name: (kind, text) for name, kind, _, text in rows}
    total = {"counter": "_total"}
    assert listed == {
        each.name + total.get(each.type, ""): (each.type, each.documentation)
        for each in metrics.registry.collect()
    }
    labels = {name: re.findall(r"`(\w+)`", row) for name, _, row, _ in rows}
    for each in metrics.registry.collect():
        for sample in each.samples:
            own = [label for label in sample.labels if label not in {"output", "rank", "le"}]
            assert own == labels[each.name + total.get(each.type, "")]


def test_the_page_lists_every_reason():
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", PAGE, re.MULTILINE)
    assert {name: f"it {text}" for name, text in rows} == REASONS


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("9400", "127.0.0.1", 9400), ("0", "127.0.0.1", 0), ("0.0.0.0:9400", "0.0.0.0", 9400),
        ("node-7.cluster:80", "node-7.cluster", 80), ("[::1]:9400", "::1", 9400),
    ],
)  # fmt: skip
def test_an_address_is_a_port_or_host_and_port(text, host, port):
    assert Address.of(text) == Address(host, port)


@pytest.mark.parametrize("text", ["", "a", "65536", "-1", ":9400", "::1:9400", "a:b", "http://a:1"])
def test_what_is_no_address_is_named(text):
    with pytest.raises(UsageError, match=re.escape(f"--metrics-port: '{text}' is neither")):
        Address.of(text)


def test_the_file_of_a_rank():
    options = MetricsOptions(file=Path("/var/lib/render-{rank}.prom"))
    assert options.file_of(12) == Path("/var/lib/render-12.prom")
    assert MetricsOptions().file_of(12) is None


def test_the_file_is_there_from_the_start_and_says_at_the_end_that_it_is_over(tmp_path):
    path = tmp_path / "a.prom"
    with publishing(MetricsOptions(file=path), Rank(0, 1), "out") as metrics:
        assert 'render_worker_running{output="out",rank="0"} 1.0' in path.read_text()
        metrics.observing(LogObserver(), 7)
    text = path.read_text()
    assert 'render_worker_running{output="out",rank="0"} 0.0' in text
    assert 'render_worker_rank_objects{output="out",rank="0"} 7.0' in text
    assert list(tmp_path.iterdir()) == [path]


def test_nobody_who_asked_for_no_metrics_loads_them():
    program = (
        "import sys; from worker.run import command; from worker.run.metrics import publishing\n"
        "from worker.core.ranks import Rank\n"
        "with publishing.publishing(publishing.MetricsOptions(), Rank(0, 1), 'out') as metrics:\n"
        "    observer = object()\n"
        "    assert metrics.observing(observer, 1) is observer\n"
        "assert 'prometheus_client' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], timeout=HANG_S, check=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_client_that_never_ends_its_request_holds_nothing_up(metrics, host):
    over = threading.Event()

    def drip(client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while not over.wait(0.1):
                client.sendall(b"G")

    with ExitStack() as stack:
        try:
            url = stack.enter_context(served(metrics.registry, Address(host, 0)))
        except OSError as error:
            pytest.skip(f"no {host} on this machine: {error}")
        assert b"render_worker_running" in urllib.request.urlopen(url, timeout=HANG_S).read()
        client = socket.create_connection((host, urlsplit(url).port))
        dripping = threading.Thread(target=drip, args=(client,))
        dripping.start()
    # Before the client ended, for it does so only now.
    assert dripping.is_alive()
    over.set()
    dripping.join()
    client.close()
    with pytest.raises(OSError):
        socket.create_connection((host, urlsplit(url).port))


SAID = """\
0, GPU-8f6c1b0e-1111-2222-3333-444455556666, 97
1, GPU-0a1b2c3d-1111-2222-3333-444455556666, 0
2, GPU-77777777-1111-2222-3333-444455556666, [N/A]
"""
"""As `nvidia-smi --query-gpu=index,uuid,utilization.gpu --format=csv,noheader,nounits` prints."""


def test_a_gpu_is_found_by_its_index_or_its_uuid():
    assert gpu_usage.read(SAID, ["0", "GPU-0a1b2c3d"]) == {"0": 0.97, "GPU-0a1b2c3d": 0.0}


def test_a_gpu_without_an_answer_is_left_out():
    assert gpu_usage.read(SAID, ["2", "7", "MIG-8f6c1b0e-1111-2222-3333-444455556666"]) == {}
    assert gpu_usage.read("No devices were found\n", ["0"]) == {}
