"""Log lines as a process writes them to its stderr."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys

import pytest

from tests.command_line import ROOT
from tests.patience import HANG_S

SAY = """
import structlog
from worker.core import logging
logging.configure()
for number in range(3):
    structlog.get_logger().info("said", number=number, text="two\\nlines")
"""


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_line_and_its_end_are_one_write(unbuffered):
    # Of ranks that share a stderr, as under mpirun, another's line could come between them. This
    # kind of socket keeps writes apart.
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.settimeout(HANG_S)
        subprocess.run(
            [sys.executable, "-c", SAY], stderr=theirs, check=True, cwd=ROOT, timeout=HANG_S,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )  # fmt: skip
        lines = [ours.recv(1 << 16).decode() for _ in range(3)]
    assert all(line.endswith("}\n") for line in lines)
    assert [json.loads(line)["number"] for line in lines] == [0, 1, 2]
