"""The Blender children of one worker: several per device, each rendering one object at a time.

A child that dies, exceeds a limit or reports an error is killed with its process group and
replaced. After a death the object is retried once in a new child. If that dies too, a canary is
rendered; only if it succeeds is the object to blame and fails.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import os
import queue
import shutil
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import structlog

from worker.contract.protocol import Failed, Phase, Ready, Rendered, RenderObject
from worker.contract.recipe import Recipe
from worker.core import cores, memory, usage
from worker.core import scratch as scratch_folders
from worker.core.errors import (
    OBJECT_ERRORS,
    BlenderMissing,
    DeviceMissing,
    NodeUnusable,
    ObjectError,
    ObjectInterrupted,
    RenderFailed,
)
from worker.sources.base import FetchedObject
from worker.supervisor import canary, deaths, devices, handover, needed, reasons
from worker.supervisor.devices import Device
from worker.supervisor.fence.fences import Fences, Surroundings, covers
from worker.supervisor.fence.mode import Sandbox
from worker.supervisor.needed import Needed
from worker.supervisor.process import Child, ChildDied
from worker.supervisor.request import request_of
from worker.supervisor.restarts import Restarts
from worker.supervisor.result import RenderedObject
from worker.supervisor.runtime import Runtime
from worker.supervisor.slot import Slot
from worker.supervisor.watchdog import Limits, Overrun, TooMuchMemory

log = structlog.get_logger(__name__)

ATTEMPTS = 2
START_ATTEMPTS = 3
CHILDREN = {"cpu": 1, "cuda": 2, "optix": 2}
"""Default number of children per device; on a GPU one child imports while the other renders."""
RECYCLE_SHARE = 0.5
"""A child that uses more than this fraction of its memory limit between objects is replaced."""


class PoolOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a pool. For `children_per_device` and `threads`, 0 means the default."""

    device: str = "auto"
    children_per_device: int = 0
    threads: int = 0
    limits: Limits = Limits()
    recycle_after: int = 200
    """Objects that a child renders before it is replaced, varied by up to 20 %."""
    sandbox: Sandbox = "auto"


class Pool:
    """Starts children when they are needed; `size` threads may call `render` at the same time."""

    def __init__(
        self,
        runtime: Runtime,
        options: PoolOptions,
        home: Path,
        log: Path | None = None,
        surroundings: Surroundings = Surroundings(),  # noqa: B008 - frozen
    ) -> None:
        """`log`: a file for all that the children print; see `Child`."""
        self._fences = Fences(options.sandbox, runtime, surroundings.beside(home), os.environ)
        self._log = log
        self._runtime = runtime
        self._options = options
        self._home = home
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._alive: set[Child] = set()
        self.restarts = Restarts()
        # A child dies with the thread that started it (PR_SET_PDEATHSIG). The threads of the
        # pipeline may end earlier, so children are started in this one.
        self._starter = ThreadPoolExecutor(1, "children")
        self._slots: list[Slot] = []
        self.children_per_device = 1
        self._free: queue.LifoQueue[Slot] = queue.LifoQueue()
        self._closed = False
        self._memory_limit = 0
        self._threads = options.threads or cores.threads()
        self.ready: Ready | None = None

    @property
    def size(self) -> int:
        """The number of objects that can be rendered at the same time; 0 before `open`."""
        return len(self._slots)

    @property
    def children(self) -> list[Child]:
        """The children that live, by slot."""
        return [slot.child for slot in self._slots if slot.child is not None]

    @property
    def gpus(self) -> frozenset[str]:
        """The GPUs in use, as entries of CUDA_VISIBLE_DEVICES."""
        return frozenset(slot.device.visible for slot in self._slots if slot.device.visible)

    @property
    def device(self) -> str:
        """The kind of device in use: "cpu", "cuda" or "optix"."""
        return self._slots[0].device.kind if self._slots else ""

    def expect(self, objects: Iterable[Path]) -> None:
        """Announce the folders of objects, in order, so that children started later may read."""
        self._fences.expect(objects)

    def open(self, environment: str = "") -> Ready:
        """Choose the devices and start the first child, so that a broken node is noticed early.

        environment: path of an environment picture that the child checks by decoding it, or "".

        Raises: BlenderMissing; DeviceMissing; ConfigurationError, if the picture cannot be decoded.
        """
        if environment:
            self._fences.need([Path(environment)])
        absent: DeviceMissing | None = None
        passed_over: list[str] = []
        for chosen in devices.candidates(self._options.device, os.environ):
            try:
                self._fill(chosen)
                self._child(self._slots[0], environment)
            except DeviceMissing as error:
                log.debug("device absent", device=chosen[0].kind, reason=str(error))
                absent = error
                passed_over.append(str(error))
                continue
            break
        else:
            raise absent or DeviceMissing("no device to test")
        if passed_over and self.device == "cpu":
            log.warning(
                "GPU found but unusable; falling back to CPU",
                passed_over=passed_over,
                advice="run 'render-worker doctor', also with --sandbox off; "
                "use --device cuda to fail instead",
            )
        for slot in reversed(self._slots):
            self._free.put(slot)
        assert self.ready is not None  # noqa: S101 - `_start` has set it
        log.info(
            "blender ready",
            runtime=self._runtime.name,
            version=self.ready.blender,
            device=self.device,
            children=self.size,
            threads=self._threads or "all",
            memory_mb=self._memory_limit >> 20,
        )
        return self.ready

    def render(
        self,
        fetched: FetchedObject,
        recipe: Recipe,
        scratch: Path,
        on_phase: Callable[[Phase], None] = lambda _: None,
        *,
        debug: bool = False,
    ) -> RenderedObject:
        """Render `fetched` into the folder `scratch`. `debug`: see `protocol.RenderObject`.

        Raises: ObjectError; NodeError, if the node is unusable.
        """
        request = request_of(fetched, recipe, self.ready, self._runtime, debug=debug)
        slot = self._free.get()
        try:
            needs = needed.of(fetched, recipe)
            answer, raw = self._with_retry(slot, request, needs, scratch, on_phase)
            folders = reasons.folders_of(fetched.root, raw)
            tail = tuple(
                reasons.without_paths(line, folders)
                for line in (slot.child.log_tail if slot.child else ())
            )
            if isinstance(answer, Failed):
                if answer.can_go_on:
                    self._recycle(slot)
                else:  # its scene may hold anything; a fresh child costs about a second
                    self._replace(slot, "failed")
                if scratch_folders.is_full(scratch):
                    raise scratch_folders.full(answer.message)
                message = reasons.without_paths(reasons.explained(answer.message, tail), folders)
                raise OBJECT_ERRORS.get(answer.code, RenderFailed)(message, tail)
            if answer.uid != request.uid:
                self._replace(slot, "protocol")
                raise RenderFailed(f"Blender answered for another object ({answer.uid})", tail)
            self._recycle(slot)
            return RenderedObject(fetched=fetched, scratch=scratch, answer=answer)
        finally:
            self._free.put(slot)

    def close(self, *, now: bool = False) -> None:
        """Stop all children and remove their homes. May be called from any thread.

        With `now`, kill them; their homes stay, for what is left of the objects in progress.
        """
        self._closed = True
        with self._lock:
            children = list(self._alive)
        for child in children:
            if now:
                child.kill()
            else:
                child.stop()
                self._end(child)

    def _with_retry(
        self,
        slot: Slot,
        request: RenderObject,
        needs: Needed,
        scratch: Path,
        on_phase: Callable[[Phase], None],
    ) -> tuple[Rendered | Failed, Path]:
        """The answer, and where the child called the files "raw" that are now in `scratch`."""
        for attempt in range(1, ATTEMPTS + 1):
            child = self._child_for(slot, needs)
            handover.make(scratch)  # there is an object in progress
            handover.make(child.raw)
            asked = dataclasses.replace(request, scratch=str(child.raw))
            try:
                answer = child.render(asked, on_phase)
            except (ChildDied, Overrun, TooMuchMemory) as error:
                with contextlib.suppress(RenderFailed):  # the death is what counts
                    handover.take(child.raw, scratch)
                outcome = self._death(slot, child, error)
                self.restarts.add(outcome.code)
                if attempt == ATTEMPTS:
                    self._check_node(slot)
                    raise outcome from error
                log.warning("blender replaced, retrying the object", reason=str(outcome))
            else:
                handover.take(child.raw, scratch)
                return answer, child.raw
        raise AssertionError("unreachable")

    def _child_for(self, slot: Slot, needs: Needed) -> Child:
        """The slot's child, started anew if its fence does not let it read what it needs."""
        child = self._child(slot)
        if not covers(child.fence, needs.folders, needs.files):
            self._fences.need(needs.paths)
            self.restarts.add("fence")
            self._empty(slot)
            if (early := slot.coming) is not None:  # started before this object was known
                slot.coming = None
                self._end(early.result())
            child = self._child(slot)
        return child

    def _death(self, slot: Slot, child: Child, error: Exception) -> ObjectError:
        """Clean up after a child that died; returns the error for the object."""
        phase, tail = child.phase, child.log_tail
        # Neither is enough alone: the count includes other children, and others can send SIGKILL.
        killed = isinstance(error, ChildDied) and child.was_killed()
        out_of_memory = killed and memory.kernel_kills() > child.kernel_kills
        self._empty(slot)
        if self._closed:
            raise ObjectInterrupted("the worker was stopped") from error
        return deaths.failure(error, phase, tail, starved=out_of_memory)

    def _check_node(self, slot: Slot) -> None:
        """Render the canary after a death, to check that the node is not to blame.

        Raises: NodeUnusable, if it does not render; BlenderMissing; ObjectInterrupted.
        """
        for _ in range(ATTEMPTS):
            child = self._child(slot)
            folder = child.home / canary.UID
            try:
                answer: object = child.render(canary.request(folder))
            except (ChildDied, Overrun, TooMuchMemory) as error:
                answer = error
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            if isinstance(answer, Rendered):
                return
            self._empty(slot)
            if self._closed:
                raise ObjectInterrupted("the worker was stopped")
            self.restarts.add("canary")
        reason = answer.message if isinstance(answer, Failed) else answer
        raise NodeUnusable(
            f"Blender died on {slot.device.name}, and a plain cube does not render there either "
            f"({reason}): check this node's memory, driver and disk with 'render-worker doctor', "
            "or use another node"
        )

    def _fill(self, chosen: list[Device]) -> None:
        per_device = self._options.children_per_device or CHILDREN[chosen[0].kind]
        self.children_per_device = per_device
        self._slots = [
            Slot(device, self._options.recycle_after)
            for _ in range(per_device)
            for device in chosen
        ]
        limit = self._options.limits.memory_bytes
        self._memory_limit = limit or memory.default_limit(len(self._slots))

    def _child(self, slot: Slot, environment: str = "") -> Child:
        """The slot's child; starts one if there is none.

        Raises: ObjectInterrupted; DeviceMissing and ConfigurationError, see `open`;
        BlenderMissing, after START_ATTEMPTS attempts.
        """
        if self._closed:
            raise ObjectInterrupted("the worker was stopped")
        for attempt in range(1, START_ATTEMPTS + 1):
            if slot.child is not None:
                break
            try:
                slot.child = self._start(slot, environment)
            except BlenderMissing as error:
                if self._closed:
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

    def _start(self, slot: Slot, environment: str) -> Child:
        """The child that is coming up in the slot, or a new one, ready to render."""
        coming = slot.coming or self._starter.submit(self._launch, slot.device)
        slot.coming = None
        child = coming.result()
        try:
            if not self._closed:
                self.ready, _ = child.start(self._threads, environment)
        except Exception:
            self._end(child)
            raise
        if self._closed:
            self._end(child)
            raise ObjectInterrupted("the worker was stopped")
        return child

    def _recycle(self, slot: Slot) -> None:
        """Replace a child that has rendered enough objects or uses too much memory."""
        child = slot.child
        if child is None:
            return
        swollen = usage.of_group(child.pid).resident > RECYCLE_SHARE * self._memory_limit
        if child.objects >= slot.recycle_after or swollen:
            log.debug("child recycled", objects=child.objects, swollen=swollen)
            self._replace(slot, "grown" if swollen else "recycled")

    def _replace(self, slot: Slot, reason: str) -> None:
        """End the slot's child and start the next at once, while the next object is fetched."""
        self.restarts.add(reason)
        self._empty(slot)
        if not self._closed:
            slot.coming = self._starter.submit(self._launch, slot.device)

    def _launch(self, device: Device) -> Child:
        """Start a process on `device`, which is not waited for. Runs in the starter's thread."""
        home = self._home / f"child-{next(self._numbers)}"
        limits, memory_limit = self._options.limits, self._memory_limit
        fence = self._fences.of(device, home)
        child = Child(self._runtime, device, home, limits, memory_limit, fence, self._log)
        with self._lock:
            self._alive.add(child)
        if self._closed:  # since `close` looked at who is alive
            self._end(child)
        return child

    def _empty(self, slot: Slot) -> None:
        if slot.child is not None:
            self._end(slot.child)
            slot.child = None

    def _end(self, child: Child) -> None:
        with self._lock:
            self._alive.discard(child)
        child.kill()
        shutil.rmtree(child.home, ignore_errors=True)
