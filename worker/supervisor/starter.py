"""Starts and ends the children of a pool, each in its slot, with its fence and its cores."""

from __future__ import annotations

import contextlib
import itertools
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import structlog

from worker.contract.protocol import Ready
from worker.core import cores
from worker.core.errors import BlenderMissing, ObjectInterrupted, WorkerError
from worker.supervisor.fence.fences import Fences, covers
from worker.supervisor.needed import Needed
from worker.supervisor.process import Child
from worker.supervisor.restarts import Restarts
from worker.supervisor.runtime import Runtime
from worker.supervisor.slot import Slot
from worker.supervisor.watchdog import Limits

log = structlog.get_logger(__name__)

START_ATTEMPTS = 3


class Starter:
    """Any thread may call it; a slot belongs to one thread at a time."""

    def __init__(
        self, runtime: Runtime, limits: Limits, home: Path, log: Path | None, fences: Fences
    ) -> None:
        """`home`: the folder of the children's homes. `log`: see `Child`."""
        self.closed = False
        self.memory_limit = 0
        """Bytes that a child may use; set before the first is started."""
        self.ready: Ready | None = None
        """What the last child said of its Blender."""
        self.restarts = Restarts()
        self._runtime = runtime
        self._limits = limits
        self._home = home
        self._log = log
        self._fences = fences
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._alive: set[Child] = set()
        # A child dies with the thread that started it (PR_SET_PDEATHSIG). The threads of the
        # pipeline may end earlier, so children are started in this one.
        self._thread = ThreadPoolExecutor(1, "children")

    def begin(self, slot: Slot) -> None:
        """Start the next child of an empty slot, which is not waited for."""
        if not self.closed:
            slot.coming = self._thread.submit(self._launch, slot)

    def child(self, slot: Slot, environment: str = "") -> Child:
        """The slot's child; starts one if there is none.

        environment: see `Child.start`.

        Raises: ObjectInterrupted; DeviceMissing and ConfigurationError, see `Child.start`;
        BlenderMissing, after START_ATTEMPTS attempts.
        """
        if self.closed:
            raise ObjectInterrupted("the worker was stopped")
        for attempt in range(1, START_ATTEMPTS + 1):
            if slot.child is not None:
                break
            try:
                slot.child = self._start(slot, environment)
            except BlenderMissing as error:
                if self.closed:
                    raise ObjectInterrupted("the worker was stopped") from error
                if attempt == START_ATTEMPTS:
                    raise BlenderMissing(
                        f"{error}; {attempt} attempts failed: check this node's libraries, memory "
                        "and disk with 'render-worker doctor'"
                    ) from error
                log.warning("blender did not start, retrying", reason=str(error))
                self.restarts.add("start")
        assert slot.child is not None  # noqa: S101 - the last attempt raised
        return slot.child

    def child_for(self, slot: Slot, needs: Needed) -> Child:
        """The slot's child, started anew if its fence does not let it read what it needs."""
        child = self.child(slot)
        if not covers(child.fence, needs.folders, needs.files):
            self._fences.need(needs.paths)
            self.restarts.add("fence")
            self.empty(slot)
            child = self.child(slot)
        return child

    def empty(self, slot: Slot) -> None:
        """End the slot's child, and one that is coming up in it, if it has any."""
        if slot.child is not None:
            self.end(slot.child)
            slot.child = None
        if (coming := slot.coming) is not None:
            slot.coming = None
            with contextlib.suppress(WorkerError):  # what did not start need not be ended
                self.end(coming.result())

    def end(self, child: Child) -> None:
        """Kill a child and remove its home."""
        with self._lock:
            self._alive.discard(child)
        child.kill()
        shutil.rmtree(child.home, ignore_errors=True)

    def close(self, *, now: bool) -> None:
        """End all children, and start no more. May be called from any thread.

        With `now`, kill them; their homes stay, for what is left of the objects in progress.
        Without, nothing is written to any home after this.
        """
        self.closed = True
        if now:
            for child in self._living():
                child.kill()
            return
        self._thread.submit(self._living).result()  # after the launch in progress, if there is one
        for child in self._living():  # all end at the same time
            child.ask_to_stop()
        for child in self._living():
            child.stop()
            self.end(child)

    def _living(self) -> list[Child]:
        with self._lock:
            return list(self._alive)

    def _start(self, slot: Slot, environment: str) -> Child:
        """The child that is coming up in the slot, or a new one, ready to render."""
        coming = slot.coming or self._thread.submit(self._launch, slot)
        slot.coming = None
        child = coming.result()
        try:
            if not self.closed:
                self.ready, _ = child.start(slot.share.threads, environment)
        except Exception:
            self.end(child)
            raise
        if self.closed:
            self.end(child)
            raise ObjectInterrupted("the worker was stopped")
        return child

    def _launch(self, slot: Slot) -> Child:
        """Start a process for `slot`, which is not waited for. Runs in the starter's thread.

        Raises: ObjectInterrupted; BlenderMissing and NodeUnusable, see `Fences.of`.
        """
        if self.closed:  # since it was asked for: its home may be gone, and would be made again
            raise ObjectInterrupted("the worker was stopped")
        home = self._home / f"child-{next(self._numbers)}"
        fence = self._fences.of(slot.device, home)
        child = Child(
            self._runtime, slot.device, home, self._limits, self.memory_limit, fence, self._log,
            cores.still(slot.share.cores),
        )  # fmt: skip
        with self._lock:
            self._alive.add(child)
        if self.closed:  # since `close` looked at who is alive
            self.end(child)
        return child
