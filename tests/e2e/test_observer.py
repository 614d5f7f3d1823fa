"""The progress bar on a real terminal of 80 columns."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

from tests.patience import HANG_S

ROOT = Path(__file__).parents[2]
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")
WATCH = """
import time
from worker.index.record import ObjectRef
from worker.ledger import Outcome
from worker.run.progress import watching
with watching({total}) as observer:
    observer.rendering(ObjectRef(file_identifier="https://host/" + {name!r}))
    for number in range({failed}):
        observer.outcome(Outcome(uid="u", file_identifier="f", shard="0", outcome="failed",
                                 time="", code="crash", message="died"))
    for _ in range(5):
        time.sleep(0.15)
        observer.settled({done} // 5)
"""


def last_line(width, **numbers):
    """What stands last on a terminal `width` columns wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    seen = bytearray()

    def read():
        try:
            while data := os.read(ours, 1 << 16):
                seen.extend(data)
        except OSError:
            pass  # the other end is closed

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    env = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    script = "from worker.core import logging; logging.configure('error')" + WATCH.format(**numbers)
    subprocess.run([sys.executable, "-c", script], stderr=theirs, check=True, timeout=HANG_S,
                   cwd=ROOT, env={**env, "TERM": "xterm-256color"})  # fmt: skip
    os.close(theirs)
    reader.join()
    os.close(ours)
    text = ESCAPES.sub("", seen.decode()).replace("\r", "\n")
    return [line for line in text.split("\n") if line.strip()][-1]


def test_the_numbers_stay_whole_on_eighty_columns():
    line = last_line(80, total=10_000_000, name="a very long name of an object indeed.glb",
                     failed=12, done=9_000_000)  # fmt: skip
    assert len(line) <= 80
    assert "9000012/10000000" in line
    assert re.search(r" \d+\.\d/min ", line)
    assert "12 failed" in line
    assert re.search(r" \d:\d\d:\d\d left +(-:--:--|\d:\d\d:\d\d)", line)
    assert "rend" in line


def test_a_name_is_whole_where_there_is_room_and_no_markup():
    line = last_line(140, total=20, name="[red]a chair.glb", failed=0, done=10)
    assert "rendering [red]a chair.glb  " in line, "no ellipsis, no markup"
    assert "10/20" in line
