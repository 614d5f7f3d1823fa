"""What is done to the files below a folder, by whomever: inotify(7)."""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Self

EVENTS = {
    0x1: "read", 0x2: "written", 0x4: "changed", 0x20: "opened", 0x40: "moved away",
    0x80: "moved here", 0x100: "created", 0x200: "deleted",
}  # fmt: skip
HEAD = struct.Struct("iIII")
OVERFLOW = 0x4000
ENOUGH = 1 << 16


class Watched:
    """Every file and folder that lies below `folder` when this is made; a context manager.

    What only looks at a file (stat, O_PATH), or tries to open it in vain, is no event.
    """

    def __init__(self, folder: Path) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._held = self._checked(self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        self._names: dict[int, Path] = {}
        for path in (folder, *sorted(p for p in folder.rglob("*") if p.is_dir())):
            number = self._libc.inotify_add_watch(self._held, bytes(path), sum(EVENTS))
            self._names[self._checked(number)] = path.relative_to(folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._held)

    def seen(self) -> set[tuple[str, str]]:
        """What has happened since the last call: ("read", "bake/meta/1.json"), …"""
        return set(self._events())

    def _events(self) -> Iterator[tuple[str, str]]:
        while True:
            try:
                data = os.read(self._held, ENOUGH)
            except BlockingIOError:
                return
            while data:
                number, mask, _, length = HEAD.unpack_from(data)
                name = data[HEAD.size : HEAD.size + length].rstrip(b"\0")
                data = data[HEAD.size + length :]
                assert not mask & OVERFLOW, "more events than the kernel keeps"
                for bit, what in EVENTS.items():
                    if mask & bit:
                        yield what, str(self._names[number] / os.fsdecode(name))

    def _checked(self, number: int) -> int:
        if number < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return number
