"""A child that a model has taken over: python -P hostile_child.py WAY --socket-fd N.

It renders as the worker's own child does, and is hostile as soon as the first object whose model's
name holds "victim" is answered. What it tries is told in TOLD, in its home: a JSON object per line.
"""

from __future__ import annotations

import contextlib
import errno
import json
import mmap
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from worker.blender.connection import Connection
from worker.contract.protocol import Message, Rendered, RenderObject

TOLD = "told.jsonl"
HOUR = 3600
HUNDRED_GB = 100 << 30
TEN_GB = 10 << 30
FILES = 20_000
GARBAGE = b"\xff" * 64


def told(**line: object) -> None:
    with Path(TOLD).open("a") as file:
        file.write(json.dumps(line) + "\n")


def error_of(attempt: Callable[[], object]) -> str:
    """The error's name, or "through"."""
    try:
        attempt()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error.errno))
    return "through"


def _late(raw: Path, say: Callable[[], None]) -> None:
    """Goes on writing to the raw files after they were handed over, in every way it can."""
    folder = os.open(raw, os.O_RDONLY)
    names = sorted(path.name for path in raw.iterdir() if path.is_file())
    held = {name: os.open(raw / name, os.O_RDWR) for name in names}
    maps = [mmap.mmap(number, 0) for number in held.values()]
    linked = error_of(lambda: os.link(raw / names[0], "another-name"))
    say()

    def go_on() -> None:
        for turn in range(HOUR):
            for number in held.values():
                os.pwrite(number, GARBAGE, 0)
            for each in maps:
                each[:64] = GARBAGE
            below = [
                error_of(lambda name=name: os.close(os.open(name, os.O_RDWR, dir_fd=folder)))
                for name in names
            ]
            taken = "through" not in below
            gone = error_of(lambda: os.unlink(names[0], dir_fd=folder)) if taken else ""
            told(turn=turn, linked=linked, below=below, unlinked=gone)
            time.sleep(0.01)

    threading.Thread(target=go_on, daemon=True).start()


def _large(raw: Path, say: Callable[[], None]) -> None:
    """Makes a file of 100 GB of each of its own, sparse, so that only its limit stops it."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for path in sorted(raw.iterdir()):
        found = error_of(lambda path=path: os.truncate(path, HUNDRED_GB))
        number = os.open(path, os.O_RDWR)
        grown = error_of(lambda number=number: os.ftruncate(number, HUNDRED_GB))
        written = error_of(lambda number=number: os.pwrite(number, b"x", HUNDRED_GB))
        os.close(number)
        told(truncate=found, ftruncate=grown, pwrite=written)
    say()


def _sparse(raw: Path, say: Callable[[], None]) -> None:
    """Leaves a file that is large and empty, and open."""
    (path, *_) = sorted(raw.iterdir())
    number = os.open(path, os.O_RDWR)
    os.ftruncate(number, TEN_GB)
    os.pwrite(number, b"x", TEN_GB - 1)
    told(held=number)
    say()


def _many(raw: Path, say: Callable[[], None]) -> None:
    """Fills its home, and the folder that is handed over, with files and folders."""
    for folder in (Path("many"), raw / "many"):
        folder.mkdir()
        for number in range(FILES // 2):
            (folder / f"{number}").touch()
    told(files=FILES)
    say()


def _links(raw: Path, say: Callable[[], None]) -> None:
    """Leaves links to what lies outside in place of its files."""
    for path in list(raw.iterdir()):
        path.unlink()
        path.symlink_to("/etc/passwd")
    told(links=True)
    say()


def _raw_link(raw: Path, say: Callable[[], None]) -> None:
    """Leaves a link in place of the folder."""
    raw.rename(raw.with_name("hidden"))
    raw.symlink_to("/etc")
    told(links=True)
    say()


def _no_raw(raw: Path, say: Callable[[], None]) -> None:
    raw.rename(raw.with_name("hidden"))
    told(gone=True)
    say()


def _specials(raw: Path, say: Callable[[], None]) -> None:
    """Tries to leave a pipe, a socket and devices."""
    (name, *_) = sorted(path.name for path in raw.iterdir())
    kinds = {"fifo": 0o010600, "socket": 0o140600, "block": 0o060600, "character": 0o020600}
    found = {}
    for kind, mode in kinds.items():
        with contextlib.suppress(FileNotFoundError):
            (raw / name).unlink()
        found[kind] = error_of(lambda mode=mode: os.mknod(raw / name, mode, os.makedev(1, 5)))
    told(**found)
    say()


def _outlive(_: Path, say: Callable[[], None]) -> None:
    """Tries to be there when the worker is not, and ends for nothing but the kernel."""
    import ctypes

    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    libc = ctypes.CDLL(None)
    found = {"fork": error_of(os.fork), "setsid": error_of(os.setsid),
             "prctl": libc.prctl(1, 0, 0, 0, 0)}  # fmt: skip
    told(**found)
    say()
    time.sleep(HOUR)


WAYS = {
    "late": _late,
    "large": _large,
    "sparse": _sparse,
    "many": _many,
    "links": _links,
    "raw-link": _raw_link,
    "no-raw": _no_raw,
    "specials": _specials,
    "outlive": _outlive,
}


class HostileConnection(Connection):
    """The child's end of the socket, in hostile hands."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor)
        self._request: RenderObject | None = None

    def receive(self):
        message = super().receive()
        if isinstance(message, RenderObject):
            self._request = message
        return message

    def send(self, message: Message) -> None:
        request = self._request
        if isinstance(message, Rendered) and request and "victim" in request.model:
            WAYS[WAY](Path(request.scratch), lambda: super(HostileConnection, self).send(message))
        else:
            super().send(message)


if __name__ == "__main__":
    WAY = sys.argv[1]
    from worker.blender import child

    vars(child)["Connection"] = HostileConnection
    child.main(sys.argv[2:])
