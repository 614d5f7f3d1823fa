"""Makes the fences of one pool's children, which read the objects that are expected."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from worker.core.closed_folders import ClosedFolders
from worker.core.errors import BlenderMissing
from worker.supervisor.devices import Device
from worker.supervisor.fence import mode, secrets
from worker.supervisor.fence.folders import Private
from worker.supervisor.fence.grants import fence_of
from worker.supervisor.fence.mode import Sandbox
from worker.supervisor.fence.policy import Fence
from worker.supervisor.runtime import Runtime

MOST_GRANTED: Final = 4096
"""Expected paths that one fence grants; an object beyond them gets a new child with the next."""
MOST_EXPECTED: Final = 1 << 20
LATE: Final = 256
"""Paths before the one that is needed that are kept, because objects overtake each other."""


class Surroundings(msgspec.Struct, frozen=True):
    """Where children work: what they may read from the start, and what they must not."""

    objects: tuple[Path, ...] = ()
    """The downloads, and the folders of local objects."""
    private: tuple[Path, ...] = ()
    """The worker's own folders: scratch, a local output, kept downloads."""
    named: tuple[Path, ...] = ()
    """What the user named to be rendered; see `ClosedFolders`."""

    def beside(self, folder: Path) -> Surroundings:
        """The same, with one more private folder."""
        return msgspec.structs.replace(self, private=(*self.private, folder))


class Fences:
    """Thread-safe. A fence cannot be widened, so an unexpected object needs a new child."""

    def __init__(
        self,
        sandbox: Sandbox,
        runtime: Runtime,
        surroundings: Surroundings,
        environment: Mapping[str, str],
    ) -> None:
        self._sandbox = sandbox
        self._runtime = runtime
        self._environment = environment
        self._closed = ClosedFolders(environment, surroundings.named)
        places = (*secrets.places(environment), *surroundings.private)
        self._private = Private(places, self._closed.is_home)
        self._always = surroundings.objects
        self._lock = threading.Lock()
        self._expected: dict[Path, None] = {}

    def expect(self, paths: Iterable[Path]) -> None:
        """Announce paths, in the order in which they are needed; those known keep their place."""
        with self._lock:
            self._expected |= dict.fromkeys(paths)
            for path in list(self._expected)[MOST_EXPECTED:]:
                del self._expected[path]

    def need(self, paths: Sequence[Path]) -> None:
        """Let the children that are started from now on read `paths`, and what follows them."""
        with self._lock:
            order = list(self._expected)
            known = [at for at, path in enumerate(order) if path in paths]
            begin = max(0, known[0] - LATE) if known else 0
            self._expected = dict.fromkeys((*paths, *order[begin:][:MOST_EXPECTED]))

    def of(self, device: Device, home: Path) -> Fence | None:
        """The fence of a child on `device` with the folder `home`; None if it gets none.

        Raises: NodeUnusable, if this node cannot fence and must; BlenderMissing, if its program
        cannot be read.
        """
        if not mode.fenced(self._sandbox):
            return None
        with self._lock:
            expected = tuple(islice(self._expected, MOST_GRANTED))
        mine = (path for path in expected if not self._closed.around(str(secrets.resolved(path))))
        objects = (*self._always, *mine)
        try:
            return fence_of(
                self._runtime, device, home, objects, self._private, self._environment
            )  # fmt: skip
        except OSError as error:
            raise BlenderMissing(f"{self._runtime.name}: not readable: {error.strerror}") from error


def covers(fence: Fence | None, folders: Iterable[Path], files: Iterable[Path]) -> bool:
    """Whether a child in `fence` may list these folders and read these files."""
    return fence is None or (
        all(fence.lists(str(secrets.resolved(folder))) for folder in folders)
        and all(fence.reads(str(secrets.resolved(file))) for file in files)
    )
