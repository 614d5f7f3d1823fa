"""Measures how long a gallery of 10,000 objects takes to write, and to show its first picture."""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from typing import Any, Final

from bench.result import BenchError, Row, at_most
from tests.integration.gallery import outputs
from tests.tools.chromium import Chromium, chromium, missing
from worker.export.source import Source
from worker.report.site import SiteOptions, build
from worker.stores import open_store

NOTE: Final = (
    "Zips of one view of 8x8 pixels, so that writing shows the gallery's own cost. Times of a "
    "headless Chromium that opens the site from its folder, from the request for the page: the "
    "median of five openings."
)
OBJECTS: Final = 10_000
OPENINGS: Final = 5
PICTURES: Final = "data/thumbnails-"
"""What the addresses of thumbnails have in common."""


def measure(scratch: Path, quick: bool) -> list[Row]:
    """Measure the time to write and to open. Raises: BenchError."""
    if missing():
        raise BenchError(missing())
    objects = OBJECTS // 20 if quick else OBJECTS
    output = outputs.many(scratch / "out", objects)
    begin = time.monotonic()
    source = Source(open_store(str(output)))
    build(source, open_store(str(scratch / "site")), SiteOptions(pages=0))
    written = time.monotonic() - begin
    page = (scratch / "site/index.html").as_uri()
    with chromium() as browser:
        times = [_opening(browser, page) for _ in range(OPENINGS)]
    pictures, rows = (statistics.median(each) for each in zip(*times, strict=True))
    return [
        at_most(f"first picture of {objects:,} objects", pictures, 2, "thumbnails loaded", " s"),
        Row(f"all {objects:,} objects listed", f"{rows:.2f} s"),
        Row(f"writing {objects:,} objects", f"{written:.0f} s ({objects / written:.0f} a second)"),
    ]


def _opening(browser: Chromium, page: str) -> tuple[float, float]:
    """Seconds until the first thumbnails and until all rows are there."""
    browser.driver.get("about:blank")
    browser.events()
    asked = time.monotonic()
    browser.driver.get(page)
    browser.wait(lambda: browser.js("return document.documentElement.dataset.ready"))
    ready = time.monotonic() - asked
    seen: list[dict[str, Any]] = browser.events()
    sent = {event["params"]["requestId"]: event["params"] for event in seen
            if event["method"] == "Network.requestWillBeSent"}  # fmt: skip
    pictures = {name for name, request in sent.items()
                if PICTURES in request["request"]["url"]}  # fmt: skip
    loaded = [event["params"]["timestamp"] for event in seen
              if event["method"] == "Network.loadingFinished"
              and event["params"]["requestId"] in pictures]  # fmt: skip
    return min(loaded) - min(request["timestamp"] for request in sent.values()), ready
