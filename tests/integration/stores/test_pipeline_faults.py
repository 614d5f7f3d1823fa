"""The whole worker over an S3 server that fails in every way: nothing lost, nothing half-seen."""

from __future__ import annotations

import functools
import json
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import boto3
import pytest

from tests.command_line import run_worker
from tests.e2e import crash
from tests.patience import HANG_S, until
from tests.tools import processes
from tests.tools import rgw as gateways
from tests.tools.faultproxy import Proxy, first_times, pass_all, proxy
from tests.tools.files import found
from worker.core import keys
from worker.core.s3 import S3Options
from worker.ledger import listing
from worker.stores import Store, open_store

pytestmark = pytest.mark.usefixtures("aws")

KEYS = {
    "AWS_ACCESS_KEY_ID": gateways.ACCESS_KEY,
    "AWS_SECRET_ACCESS_KEY": gateways.SECRET_KEY,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
}


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    return crash.cubes(tmp_path_factory.mktemp("faults") / "models", 12)


@pytest.fixture(scope="module")
def undisturbed(models, tmp_path_factory) -> Store:
    output = tmp_path_factory.mktemp("undisturbed") / "out"
    run_worker("run", models, "--output", output, *crash.TINY)
    return open_store(str(output))


class Site:
    """A bucket behind a proxy, and the worker to be run on it."""

    def __init__(self, server: Proxy, direct: str, models) -> None:
        self.proxy = server
        self.bucket = f"faults-{uuid4().hex}"
        client = boto3.session.Session().client("s3", endpoint_url=direct, region_name="us-east-1")
        client.create_bucket(Bucket=self.bucket)
        self.uri = f"s3://{self.bucket}/an/output"
        self.store = open_store(
            self.uri,
            S3Options(endpoint_url=direct, region="us-east-1", addressing_style="path"),
        )
        self._models = models

    def run(self, *more: object, check: int | None = 0, **variables: str):
        with watched(self.store):
            return run_worker("run", *self.arguments(*more), check=check, **KEYS, **variables)

    def arguments(self, *more: object, models: Path | None = None) -> tuple[object, ...]:
        return (
            models or self._models, "--output", self.uri, "--s3-endpoint", self.proxy.url,
            "--s3-region", "us-east-1", "--s3-addressing", "path", *crash.TINY, *more,
        )  # fmt: skip

    def check_as(self, undisturbed: Store) -> None:
        """Listing, digests and outcomes are those of a run that nobody disturbed; and no key
        ever held two contents.
        """
        assert crash.stored(self.store) == crash.stored(undisturbed)
        assert crash.folded(self.store) == crash.folded(undisturbed)
        held = self.proxy.record.bodies
        names = [path for path in held if not crash.MANY_TIMES.search(path)]
        assert len(names) > len(crash.stored(undisturbed))
        assert [path for path in names if len(held[path]) != 1] == []


@contextmanager
def watched(store: Store) -> Iterator[None]:
    """Look at every zip as soon as it can be seen; each must be whole."""
    over, bad, seen = threading.Event(), [], set()

    def watch() -> None:
        while not over.wait(0.05):
            for entry in store.list("renders/"):
                if entry.key not in seen:
                    seen.add(entry.key)
                    try:
                        crash.check_whole(entry.key, store.read(entry.key))
                    except Exception as error:  # noqa: BLE001 - told by the test's own thread
                        bad.append((entry.key, error))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()
    assert bad == []


@pytest.fixture
def site(moto, models) -> Iterator[Site]:
    with proxy(moto) as server:
        yield Site(server, moto, models)


@pytest.fixture
def gateway(rgw, models) -> Iterator[Site]:
    with proxy(rgw.http) as server:
        yield Site(server, rgw.http, models)


@pytest.fixture(params=["site", pytest.param("gateway", marks=pytest.mark.rgw)])
def either(request) -> Site:
    return request.getfixturevalue(request.param)


PASSING = {
    "503 to writes": ((503, "SlowDown"), 2, "PUT", "output/"),
    "503 to looks": ((503, "SlowDown"), 2, "HEAD", "output/"),
    "reset in mid-body": ("reset", 2, "PUT", "renders/"),
    "answer to the write lost": ("lose answer", 1, "PUT", "renders/"),
    "answer to the ledger's write lost": ("lose answer", 1, "PUT", "ledger/"),
    "answer to the bond's write lost": ("lose answer", 1, "PUT", "job.json"),
    "slow": (1.0, 1, "PUT", "renders/"),
}


def test_faults_that_pass_cost_time_and_nothing_else(either, undisturbed):
    """All of them at once: each key meets its own, one after the other."""
    judges = [
        first_times(verdict, times, method=method, part=part)
        for verdict, times, method, part in PASSING.values()
        if part != "output/"
    ]

    def judge(request):
        if "/.probe-" in request.path:
            return "pass"
        return next((v for judge in judges if (v := judge(request)) != "pass"), "pass")

    either.proxy.judge = judge
    either.run()
    assert len(either.proxy.record.judged) == 3
    either.check_as(undisturbed)


def not_probes(judge):
    return lambda request: "pass" if "/.probe-" in request.path else judge(request)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.slow
def test_a_fault_that_passes_costs_time_and_nothing_else(fault, site, undisturbed):
    verdict, times, method, part = PASSING[fault]
    site.proxy.judge = not_probes(first_times(verdict, times, method=method, part=part))
    site.run()
    assert site.proxy.record.judged
    site.check_as(undisturbed)


@pytest.mark.parametrize("verdict", ["corrupt answer", "cut off"])
def test_an_answer_spoilt_on_its_way_is_read_again(verdict, site, undisturbed):
    site.run("--limit", 5)
    site.proxy.judge = first_times(verdict, method="GET", part="output/")
    site.run()
    assert site.proxy.record.judged[verdict] >= 2
    ledger = crash.folded(undisturbed)
    lines = sum(
        len(site.store.read(part).splitlines())
        for parts in listing(site.store).parts.values()
        for part in parts
    )
    assert lines == len(ledger), "no object twice, so the ledger was read rightly"
    site.check_as(undisturbed)


def test_a_store_that_fails_for_good_ends_the_run_and_the_next_one_completes_it(site, undisturbed):
    """Also with most objects still on their way, which must not keep the worker from ending."""
    written = []

    def judge(request):
        if request.method == "PUT":
            written.append(request.path)
        return (403, "AccessDenied") if len(written) > 3 else "pass"

    site.proxy.judge = judge
    done = site.run(check=69)
    assert "s3:PutObject" in done.stderr
    assert len(crash.stored(site.store)) < len(crash.stored(undisturbed))
    site.proxy.judge = pass_all
    site.run()
    site.check_as(undisturbed)


def test_a_wrong_clock_is_named_and_loses_nothing(site, undisturbed):
    site.proxy.judge = first_times((403, "RequestTimeTooSkewed"), 9, part="renders/")
    done = site.run("--max-failure-rate", "1", check=0)
    said = [json.loads(line) for line in done.stderr.splitlines()]
    failed = [line for line in said if line["event"] == "failed"]
    assert {line["code"] for line in failed} == {"publish"}
    assert all("clock is wrong" in line["reason"] for line in failed)
    site.proxy.judge = first_times((403, "RequestTimeTooSkewed"), 9)
    assert "clock is wrong" in site.run(check=69).stderr
    site.proxy.judge = pass_all
    site.run()
    site.check_as(undisturbed)


@pytest.mark.slow
def test_a_write_that_stalls_is_given_up_and_tried_again(site, undisturbed):
    stalls = [2 * HANG_S]

    def judge(request):
        writes = request.method == "PUT" and "/renders/" in request.path
        return stalls.pop() if writes and stalls else "pass"

    site.proxy.judge = judge
    start = time.monotonic()
    site.run()
    assert site.proxy.record.judged == {str(2 * HANG_S): 1}
    assert time.monotonic() - start > 50, "it was not given up in haste"
    site.check_as(undisturbed)


@pytest.mark.rgw
def test_a_body_spoilt_on_its_way_is_refused_and_sent_again(gateway, undisturbed):
    gateway.proxy.judge = first_times("corrupt body", part="output/")
    gateway.run()
    assert gateway.proxy.record.judged["corrupt body"] > 12
    gateway.check_as(undisturbed)


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int result = real(clock, time);
    if (clock == CLOCK_REALTIME) time->tv_sec += 7200;
    return result;
}
"""


@pytest.mark.rgw
def test_a_clock_two_hours_fast_is_named_by_a_real_server_too(gateway, undisturbed, tmp_path):
    if shutil.which("cc") is None:
        pytest.skip("NO C COMPILER to make a wrong clock with")
    (tmp_path / "clock.c").write_text(CLOCK)
    library = tmp_path / "clock.so"
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-o", library, tmp_path / "clock.c", "-ldl"], check=True
    )
    done = gateway.run(check=69, LD_PRELOAD=str(library))
    assert "clock is wrong" in done.stderr
    assert list(gateway.store.list()) == []
    gateway.run()
    gateway.check_as(undisturbed)


@pytest.mark.slow
def test_a_store_that_hangs_does_not_keep_a_stopped_worker(site, models, undisturbed, tmp_path):
    scratch = tmp_path / "scratch"
    hanging = threading.Event()

    def judge(request):
        if request.method == "PUT" and "/renders/" in request.path:
            hanging.set()
            return 2 * HANG_S
        return "pass"

    site.proxy.judge = judge
    bad = Path(shutil.copytree(models, tmp_path / "with-a-bad-one")) / "bad.glb"
    bad.write_bytes(b"no model")
    arguments = site.arguments("--scratch", scratch, models=bad.parent)
    # The ledger's own last words pass this proxy too, and have the time they need.
    patient = f"from worker.run import command; command.LAST_S = {HANG_S}"
    with crash.worker(
        *arguments, "--grace", 1, log=tmp_path / "log", first=patient, **KEYS
    ) as worker:
        assert hanging.wait(HANG_S)
        until(lambda: keys.uid_of(bad.name) in (tmp_path / "log").read_text(), while_runs=worker)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(HANG_S) == 75
    until(lambda: not processes.below(scratch))
    # What was done is kept, although the worker could not wait for the rest.
    assert crash.folded(site.store)[keys.uid_of(bad.name)][:2] == ("failed", "import")
    site.proxy.judge = pass_all
    run_worker("run", *arguments, **KEYS)
    assert list(scratch.iterdir()) == []  # a thread may have written while the first one left
    zips = [
        {key: body for key, body in crash.stored(store).items() if key.startswith(keys.RENDERS)}
        for store in (site.store, undisturbed)
    ]
    assert zips[0] == zips[1] != {}


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listed(models, tmp_path) -> Iterator[Path]:
    """A list of the models as URLs, so that the worker has to download them to scratch."""
    handler = functools.partial(Quiet, directory=models)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        host, port = server.server_address
        urls = [
            f"http://{host}:{port}/{path.name}?{n}" for n in range(3) for path in models.iterdir()
        ]
        (tmp_path / "list.txt").write_text("\n".join(urls) + "\n")
        yield tmp_path / "list.txt"
        server.shutdown()


@pytest.mark.slow
def test_a_slow_store_slows_the_downloads_and_fills_no_disk(site, listed, tmp_path):
    """The bounds are those that worker/run/pipeline.py states."""
    scratch, downloads, children = tmp_path / "scratch", 4, 1
    most_fetched, most_worked_on = downloads + 3 * children, 2 * children + 10  # up to 4 children
    go = threading.Event()

    def judge(request):
        if request.method == "PUT" and "/renders/" in request.path:
            go.wait(2 * HANG_S)
        return "pass"

    def held():
        """Objects that have their files in scratch, and those with raw passes or a zip there."""
        fetched = len(found(scratch, "*/fetched/objects/*"))
        worked_on = len(found(scratch, "*/objects/*/*"))
        assert fetched <= most_fetched
        assert worked_on <= most_worked_on
        return fetched, worked_on

    site.proxy.judge = judge
    arguments = site.arguments("--scratch", scratch, "--download-workers", downloads,
                               "--children-per-device", children,
                               "--allow-hosts", "127.0.0.1", models=listed)  # fmt: skip
    with crash.worker(*arguments, **KEYS) as worker:
        # Where all stands, a child waits with its raw passes and has let go of its object's files.
        until(lambda: held() == (most_fetched - children, most_worked_on), held, while_runs=worker)
        go.set()
        until(lambda: held() and worker.poll() is not None)
        assert worker.returncode == 0
    assert len(crash.stored(site.store)) == 36 + 1
