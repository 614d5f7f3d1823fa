"""Two jobs write to one output at the same time: both say so, and nothing is damaged."""

from __future__ import annotations

import json
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.command_line import ROOT, command, environment, log_lines, run_worker
from tests.e2e import crash
from tests.integration.gallery import outputs
from tests.patience import HANG_S, until
from worker.supervisor import canary

WORDS = "another worker does the same objects at the same time"


@pytest.fixture
def server():
    """Serves one model; the first request waits until `free` is set."""
    asked, free = threading.Event(), threading.Event()
    first = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            if first.acquire(blocking=False):
                asked.set()
                free.wait(HANG_S)
            body = canary.CUBE.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}/cube.obj", asked, free
        free.set()
        serving.shutdown()
        thread.join()


def warned(said):
    """The one warning in a log."""
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    (told,) = [line for line in lines if line["event"].startswith(WORDS)]
    return told


def test_a_second_job_at_the_same_time_is_told(server, tmp_path):
    url, asked, free = server
    (tmp_path / "list.jsonl").write_text(json.dumps({"fileIdentifier": url}) + "\n")
    arguments = ("run", tmp_path / "list.jsonl", "--output", tmp_path / "out", *crash.TINY,
                 "--allow-hosts", "127.0.0.1")  # fmt: skip
    one = subprocess.Popen(
        command(*arguments), env=environment(PYTHONPATH=str(ROOT)), cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert asked.wait(HANG_S)
        two = run_worker(*arguments)
        free.set()
        out, said = one.communicate(timeout=HANG_S)
    finally:
        one.kill()
    assert one.returncode == 0, out + said
    told = warned(said)
    assert told["objects"] == 1
    assert told["level"] == "warning"
    assert not [line for line in log_lines(two) if line["event"].startswith(WORDS)]
    again = run_worker(*arguments)
    assert not [line for line in log_lines(again) if line["event"].startswith(WORDS)]


WAITING = """
import time
from pathlib import Path
from worker.core import failpoints

def wait(point):
    if point is failpoints.Failpoint.CREATED:
        Path({folder!r}, "reached").touch()
        while not Path({folder!r}, "go").exists():
            time.sleep(0.05)

failpoints.install(wait)"""
"""An export that waits with its first file in the data set until there is a file `go`."""


def test_a_second_export_at_the_same_time_is_told(tmp_path):
    output = outputs.many(tmp_path / "out", 20)
    arguments = ("export", "webdataset", "--input", output, "--to", tmp_path / "set",
                 "--group-objects", 30)  # fmt: skip
    one = subprocess.Popen(
        command(*arguments, first=WAITING.format(folder=str(tmp_path))),
        env=environment(PYTHONPATH=str(ROOT)), cwd=ROOT,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        until(lambda: (tmp_path / "reached").exists() or one.poll() is not None)
        two = run_worker(*arguments)
        (tmp_path / "go").touch()
        out, said = one.communicate(timeout=HANG_S)
    finally:
        one.kill()
    assert one.returncode == 0, out + said
    told = warned(said)
    assert (told["objects"], told["level"]) == (18, "warning")
    for alone in (two, run_worker(*arguments)):
        assert not [line for line in log_lines(alone) if line["event"].startswith(WORDS)]
