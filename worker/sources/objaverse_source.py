"""Objaverse 1.0 and the other Objaverse-XL sources, through the `objaverse` package.

The package runs in a separate process: it has no timeouts and no size limits, prints, forks pools,
and takes a second to import.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import threading
from pathlib import Path
from typing import Literal

import msgspec

from worker.core.deadline import Deadline
from worker.core.destinations import AllowedHosts
from worker.core.errors import Missing, NodeError, Refused, TooLarge
from worker.core.json_errors import NOT_JSON
from worker.core.transfer import TransientError, check_size, retried
from worker.index.record import ObjectRef
from worker.sources.base import FetchedObject, FetchLimits
from worker.sources.environment import fetching_environment
from worker.sources.process import run

CHILD = "worker.sources.objaverse_child"
PACKAGES = Path(__file__).parents[2]
"""The folder of the package `worker`."""
SKETCHFAB = re.compile(r"https://sketchfab\.com/3d-models/(?P<uid>[0-9a-f]{32})")
THINGIVERSE = re.compile(r"https://www\.thingiverse\.com/thing:\d+/files\?fileId=\d+")
PATHS = Path(".objaverse", "hf-objaverse-v1", "object-paths.json.gz")
"""Where the package stores the map of Objaverse 1.0's uids, below the home folder."""
ROOM = 256 << 20
"""Bytes on disk in addition to the object: that map, and the package's temporary files."""


class Answer(msgspec.Struct, frozen=True):
    """The child's answer; `path` is relative to its home folder."""

    state: Literal["found", "missing", "refused", "too_large", "no_space", "failed"]
    path: str = ""
    message: str = ""


# Created once: msgspec crashes if two threads decode a type for the first time.
ANSWER = msgspec.json.Decoder(Answer)


class ObjaverseSource:
    """Sketchfab, Thingiverse and Smithsonian identifiers as Objaverse-XL writes them."""

    name = "objaverse"

    def __init__(
        self, limits: FetchLimits, stop: threading.Event, folder: Path, hosts: AllowedHosts
    ) -> None:
        self._limits = limits
        self._hosts = hosts
        self._stop = stop
        self._map = folder / PATHS.name
        self._map_lock = threading.Lock()

    def claims(self, ref: ObjectRef) -> bool:
        """By the identifier, or for Smithsonian's, which are plain URLs, by the record's source."""
        return _kind(ref) is not None

    def fetch(self, ref: ObjectRef, into: Path) -> FetchedObject:
        """Have the package download the object into `into`.

        Raises: Missing, Refused, Download, TooLarge.
        """
        kind = _kind(ref)
        if kind is None:
            raise Missing(f"{ref.location}: not an Objaverse identifier")
        deadline = Deadline(self._limits.timeout_s, self._stop)
        if kind == "sketchfab" and not self._map.exists():
            with self._map_lock:  # the first one fetches the map for all others
                path = self._download(ref, kind, into, deadline)
        else:
            path = self._download(ref, kind, into, deadline)
        size = path.stat().st_size
        check_size(size, self._limits.max_bytes)
        root = into / "files"
        root.mkdir()
        model = path.rename(root / path.name).name
        return FetchedObject(ref=ref, root=root, model=model, sha256="", size=size)

    def _download(self, ref: ObjectRef, kind: str, into: Path, deadline: Deadline) -> Path:
        def once() -> Path:
            home = into / "home"
            shutil.rmtree(home, ignore_errors=True)
            (home / PATHS).parent.mkdir(parents=True)
            if kind == "sketchfab" and self._map.exists():
                os.link(self._map, home / PATHS)
            return home / self._ask(ref, kind, home, deadline)

        return retried(f"download {ref.location}", once, self._limits.attempts, deadline)

    def _ask(self, ref: ObjectRef, kind: str, home: Path, deadline: Deadline) -> str:
        request = {
            "kind": kind,
            "identifier": ref.location,
            "sha256": ref.sha256 or "",
            "home": str(home),
            "max_bytes": self._limits.max_bytes,
            "allowed": self._hosts.entries,
        }
        path = os.pathsep.join(filter(None, (str(PACKAGES), os.environ.get("PYTHONPATH"))))
        environment = {
            **fetching_environment(os.environ),
            "HOME": str(home), "TMPDIR": str(home), "PYTHONPATH": path,
        }  # fmt: skip
        # -P: files in the home must not hide modules of the same name.
        ended = run(
            [sys.executable, "-P", "-m", CHILD], environment, home,
            self._limits.max_bytes + ROOM, deadline, msgspec.json.encode(request),
        )  # fmt: skip
        try:
            answer = ANSWER.decode(ended.output)
        except NOT_JSON as error:
            raise TransientError(
                f"{ref.location}: objaverse package crashed ({ended.status}): {ended.log[-600:]}"
            ) from error
        if kind == "sketchfab" and answer.state in {"found", "missing"}:
            self._keep_map(home / PATHS)
        if answer.state == "found":
            return answer.path
        message = f"{ref.location}: {answer.message}"
        raise {
            "missing": Missing,
            "refused": Refused,
            "too_large": TooLarge,
            "no_space": NodeError,
            "failed": TransientError,
        }[answer.state](message)

    def _keep_map(self, path: Path) -> None:
        """Keep a map that the package has just read completely."""
        if not self._map.exists() and path.exists():
            path.rename(self._map)


def _kind(ref: ObjectRef) -> str | None:
    if SKETCHFAB.fullmatch(ref.location):
        return "sketchfab"
    if THINGIVERSE.fullmatch(ref.location):
        return "thingiverse"
    own = ref.path is None and ref.url is None
    if own and ref.source == "smithsonian" and ref.location.startswith("https://"):
        return "smithsonian"
    return None
