"""Measures the time from an index to its first object: python -m bench.first INDEX OUTPUT.

Prints JSON: seconds, and the peak of resident bytes above those before the index was opened.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from worker import presets
from worker.core import logging
from worker.core.ranks import Rank
from worker.core.s3 import S3Options
from worker.index.reader import checked, open_index
from worker.run.feed import Feed
from worker.run.job import Job
from worker.run.progress import LogObserver
from worker.run.shutdown import Stop
from worker.stores import open_store


def main(uri: str, output: str) -> None:
    """Measure and print."""
    logging.configure("error")
    recipe = presets.load("default")
    before = resident()
    begin = time.monotonic()
    index = open_index(uri, S3Options())
    index = checked(index, range(len(index.shards)))
    job = Job(
        objects=index.objects, index_digest=index.digest, preset_digest="", recipe=recipe,
        rank=Rank(0, 1),
    )  # fmt: skip
    feed = Feed(job, index, open_store(output), Stop(), LogObserver())
    next(feed.listed())
    found = {"seconds": time.monotonic() - begin, "bytes": peak() - before}
    sys.stdout.write(json.dumps(found))


def resident() -> int:
    """Resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def peak() -> int:
    """Peak of the resident bytes of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main(*sys.argv[1:])
