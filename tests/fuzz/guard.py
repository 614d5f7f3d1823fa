"""What shows that something has got out: files that nobody may open, a port, and listings."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from PIL import Image

from tests.integration.sources.servers import listening

_TOUCHED: Final = 0x1 | 0x2 | 0x4 | 0x20 | 0x40 | 0x80 | 0x100 | 0x200
"""inotify(7): access, modify, attrib, open, moved from, moved to, create, delete."""
_EVENT: Final = struct.Struct("iIII")


class Watch:
    """The files of a folder that anybody opens, changes, makes or removes, told by the kernel."""

    def __init__(self, folder: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        added = libc.inotify_add_watch(self._fd, os.fsencode(folder), _TOUCHED)
        if self._fd < 0 or added < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def touched(self) -> list[str]:
        """The names touched since it was asked last; "" is the folder itself."""
        names = []
        with contextlib.suppress(BlockingIOError):
            while data := os.read(self._fd, 1 << 16):
                while data:
                    length = _EVENT.unpack_from(data)[3]
                    end = _EVENT.size + length
                    names.append(os.fsdecode(data[_EVENT.size : end].rstrip(b"\0")))
                    data = data[end:]
        return sorted(set(names))

    def close(self) -> None:
        """Watch no longer."""
        os.close(self._fd)


@dataclass
class Guard:
    """The surroundings of a worker: `work` holds all that it may know of.

    Only what lies below one of `its` folders is the worker's own to change.
    """

    work: Path
    its: tuple[str, ...]
    port: int
    connects: list[bytes]
    _watch: Watch
    _before: dict[str, tuple[int, int]] = field(default_factory=dict)
    _connected: int = 0

    @property
    def outside(self) -> Path:
        """Whose files nobody may open."""
        return self.work / "outside"

    @property
    def targets(self) -> tuple[str, ...]:
        """What a model may name to get out, in several spellings; models lie in work/models/N."""
        here, web = self.outside, f"http://127.0.0.1:{self.port}"
        return (
            f"{here}/secret.png", f"{here}/secret.mtl", f"{here}/secret.usda", f"{here}/secret.bin",
            "../../outside/secret.png", "../../outside/secret.mtl", "..\\..\\outside\\secret.png",
            "//../../outside/secret.png", f"file://{here}/secret.png", f"{here}/secret.blend",
            f"{web}/a.png", f"//127.0.0.1:{self.port}/a.png", "../../outside/new.png", "/dev/stdin",
        )  # fmt: skip

    def begin(self) -> None:
        """Remember what is there."""
        self._before = self._listing()
        self._watch.touched()

    def escapes(self) -> list[str]:
        """What has happened outside since `begin`, a line each; each connection only once."""
        found = [f"touched outside/{name}" for name in self._watch.touched()]
        new = self.connects[self._connected :]
        self._connected += len(new)
        found += [f"connected, sent {sent[:40]!r}" for sent in new]
        after = self._listing()
        self._watch.touched()  # by the listing itself
        changed = {name for name, _ in self._before.items() ^ after.items()}
        return found + [f"changed {name!r}" for name in sorted(changed)]

    def _listing(self) -> dict[str, tuple[int, int]]:
        """Size and time of change of every file that is not the worker's own."""
        found = {}
        for path in self.work.rglob("*"):
            name = path.relative_to(self.work).as_posix()
            if not path.is_dir() and not name.startswith(self.its):
                about = path.lstat()
                found[name] = (about.st_size, about.st_mtime_ns)
        return found


@contextlib.contextmanager
def guarding(work: Path, its: tuple[str, ...]) -> Iterator[Guard]:
    """Make `work` anew, with the sentinels and a port that counts who connects."""
    shutil.rmtree(work, ignore_errors=True)
    outside = work / "outside"
    outside.mkdir(parents=True)
    Image.new("RGB", (4, 4), (255, 0, 255)).save(outside / "secret.png")
    (outside / "secret.mtl").write_text("newmtl paint\nKd 1 0 1\n")
    (outside / "secret.usda").write_text('#usda 1.0\ndef Xform "secret" {}\n')
    (outside / "secret.bin").write_bytes(bytes(1 << 16))
    (outside / "secret.blend").write_bytes(b"BLENDER-v405")
    watch = Watch(outside)
    try:
        with listening() as (port, got):
            yield Guard(work, its, port, got, watch)
    finally:
        watch.close()
