"""A child that tries four harmless things and tells what became of each: the attacks' control.

python -P controls.py --socket-fd N: {"read": …, "list": …, "write": …, "connect": …} in CONTROLS,
in its home; "done", or an error's name.
"""

from __future__ import annotations

import errno
import json
import socket
from collections.abc import Callable
from pathlib import Path

from worker.contract import attack_report
from worker.contract.attack_report import TARGETS

CONTROLS = "controls.json"


def outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error.errno))
    return "done"


def main() -> None:
    targets = attack_report.decode(Path(TARGETS).read_text())
    found = {
        "read": outcome(Path(targets.outside, "secret").read_bytes),
        "list": outcome(lambda: list(Path(targets.outside).iterdir())),
        "write": outcome(lambda: Path("own").write_text("own")),
        "connect": outcome(
            lambda: socket.create_connection(("127.0.0.1", targets.port), timeout=60).close()
        ),
    }
    Path(CONTROLS).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
