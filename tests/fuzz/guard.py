"""What shows that something has got out: files that nobody may open, a port, and listings."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from tests.integration.sources.servers import listening
from tests.tools.watched import Watched


@dataclass
class Guard:
    """The surroundings of a worker: `work` holds all that it may know of.

    Only what lies below one of `its` folders is the worker's own to change.
    """

    work: Path
    its: tuple[str, ...]
    port: int
    connects: list[bytes]
    _watched: Watched
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
        self._watched.seen()

    def escapes(self) -> list[str]:
        """What has happened outside since `begin`, a line each; each connection only once."""
        found = [f"{what} outside/{name}" for what, name in sorted(self._watched.seen())]
        new = self.connects[self._connected :]
        self._connected += len(new)
        found += [f"connected, sent {sent[:40]!r}" for sent in new]
        after = self._listing()
        self._watched.seen()  # by the listing itself
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
    with Watched(outside) as watched, listening() as (port, got):
        yield Guard(work, its, port, got, watched)
