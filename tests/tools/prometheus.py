"""A real Prometheus, Debian's, that scrapes what a test serves."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.patience import HANG_S, until
from tests.tools import ports

CONFIG = """\
global: {scrape_interval: 500ms, scrape_timeout: 500ms}
scrape_configs:
  - job_name: render
    static_configs: [{targets: ["%s"]}]
"""


def needed() -> None:
    """Skip the test where Debian's package is not installed."""
    if missing := [name for name in ("prometheus", "promtool") if shutil.which(name) is None]:
        pytest.skip(f"no {', '.join(missing)} on this machine: Debian's package prometheus")


def get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=HANG_S) as answer:
        return answer.read()


class Prometheus:
    """A running server, asked by its own API."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}"

    def ready(self) -> bool:
        try:
            return bool(get(f"{self._url}/-/ready"))
        except OSError:
            return False

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series now. Fails with what Prometheus says against it."""
        words = urllib.parse.urlencode({"query": expression})
        try:
            answer = json.loads(get(f"{self._url}/api/v1/query?{words}"))
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{expression}: {error.read().decode()}") from error
        found: list[dict[str, Any]] = answer["data"]["result"]
        return [(each["metric"], float(each["value"][1])) for each in found]

    def number(self, expression: str) -> float | None:
        """The value of the only series, None if there is none."""
        values = [value for _, value in self.query(expression)]
        assert len(values) <= 1, expression
        return values[0] if values else None


@contextmanager
def scraping(target: str, folder: Path) -> Iterator[Prometheus]:
    """A Prometheus that scrapes HOST:PORT, with its files in `folder`."""
    folder.mkdir()
    config = folder / "prometheus.yml"
    config.write_text(CONFIG % target)
    (port,) = ports.free(1)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{port}"],
            stdout=log, stderr=log,
        )  # fmt: skip
    try:
        server = Prometheus(port)
        until(server.ready, lambda: (folder / "log").read_text()[-2000:], while_runs=process)
        yield server
    finally:
        process.terminate()
        process.wait(HANG_S)


def promtool(*arguments: str, text: bytes = b"") -> str:
    """What promtool says; it must be content."""
    done = subprocess.run(
        ["promtool", *arguments], input=text, capture_output=True, timeout=HANG_S, check=False
    )
    said = (done.stdout + done.stderr).decode()
    assert done.returncode == 0, said
    return said
