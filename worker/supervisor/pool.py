"""The Blender children of one worker: several per device, each rendering one object at a time.

A child that dies, exceeds a limit or reports an error is killed with its process group and
replaced. After a death the object is retried once in a new child. If that dies too, a canary is
rendered; only if it succeeds is the object to blame and fails.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import queue
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
import structlog

from worker.contract.engines import CYCLES
from worker.contract.protocol import Failed, Phase, Ready, Rendered, RenderObject
from worker.contract.recipe import Recipe
from worker.core import memory, usage
from worker.core import scratch as scratch_folders
from worker.core.errors import (
    OBJECT_ERRORS,
    DeviceMissing,
    NodeUnusable,
    ObjectError,
    ObjectInterrupted,
    RenderFailed,
)
from worker.sources.base import FetchedObject
from worker.supervisor import canary, deaths, devices, handover, needed, reasons, shares
from worker.supervisor.devices import OF_CORES, Device
from worker.supervisor.fence.fences import Fences, Surroundings
from worker.supervisor.fence.mode import Sandbox
from worker.supervisor.needed import Needed
from worker.supervisor.process import Child, ChildDied
from worker.supervisor.request import request_of
from worker.supervisor.restarts import Restarts
from worker.supervisor.result import RenderedObject
from worker.supervisor.runtime import Runtime
from worker.supervisor.shares import Asked, Work
from worker.supervisor.slot import Slot
from worker.supervisor.starter import Starter
from worker.supervisor.watchdog import GROUPS, Limits, Overrun, TooMuchMemory

log = structlog.get_logger(__name__)

ATTEMPTS = 2
RECYCLE_SHARE = 0.5
"""A child that uses more than this fraction of its memory limit between objects is replaced."""


class PoolOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a pool. For `children_per_device` and `threads`, 0 means: see `shares`."""

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
        work: Work = Work(),  # noqa: B008 - frozen
    ) -> None:
        """`log`: a file for all that the children print; see `Child`."""
        self._fences = Fences(options.sandbox, runtime, surroundings.beside(home), os.environ)
        self._runtime = runtime
        self._options = options
        self._work = work
        self._engine = work.recipe.engine if work.recipe else CYCLES
        self._starter = Starter(runtime, options.limits, home, log, self._fences)
        self._slots: list[Slot] = []
        self.children_per_device = 1
        self._free: queue.LifoQueue[Slot] = queue.LifoQueue()

    @property
    def size(self) -> int:
        """The number of objects that can be rendered at the same time; 0 before `open`."""
        return len(self._slots)

    @property
    def ready(self) -> Ready | None:
        """What the last child said of its Blender; None before `open`."""
        return self._starter.ready

    @property
    def restarts(self) -> Restarts:
        """How often children were replaced."""
        return self._starter.restarts

    @property
    def children(self) -> list[Child]:
        """The children that live, by slot."""
        return [child for slot in self._slots if (child := slot.child) is not None]

    @property
    def gpus(self) -> frozenset[str]:
        """The GPUs in use, as entries of CUDA_VISIBLE_DEVICES."""
        return frozenset(slot.device.visible for slot in self._slots if slot.device.visible)

    @property
    def device(self) -> str:
        """The kind of device in use: see `Device`."""
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
        for chosen in devices.candidates(self._options.device, os.environ, self._engine):
            try:
                self._fill(chosen)
                self._starter.child(self._slots[0], environment)
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
        assert self.ready is not None  # noqa: S101 - the starter has set it
        log.info(
            "blender ready",
            runtime=self._runtime.name,
            version=self.ready.blender,
            device=self.device,
            children=self.size,
            threads=max(slot.share.threads for slot in self._slots) or "all",
            pinned=bool(self._slots[0].share.cores),
            memory_mb=self._starter.memory_limit >> 20,
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
            if isinstance(answer, Rendered) and answer.uid == request.uid:
                self._recycle(slot)
                return RenderedObject(fetched=fetched, scratch=scratch, answer=answer)
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
                scratch_folders.refuse_full(scratch, answer.message)
                message = reasons.without_paths(reasons.explained(answer.message, tail), folders)
                raise OBJECT_ERRORS.get(answer.code, RenderFailed)(message, tail)
            self._replace(slot, "protocol")
            raise RenderFailed(f"Blender answered for another object ({answer.uid})", tail)
        finally:
            self._free.put(slot)

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """While it lasts, one object is rendered at a time, with the cores of all children.

        No object may be in progress when it begins and when it ends.
        """
        if self.size == 1 or self.device not in OF_CORES:
            yield
            return
        slot = self._free.get()
        share = slot.share
        self._starter.empty(slot)  # cores are chosen when a child starts
        (slot.share,) = shares.of_children(self.device, 1, self._options.threads)
        self._free.put(slot)  # the last in is the first out
        try:
            yield
        finally:
            self._starter.empty(slot)
            slot.share = share

    def close(self, *, now: bool = False) -> None:
        """Stop all children and remove their homes. May be called from any thread.

        With `now`, kill them; their homes stay, for what is left of the objects in progress.
        """
        self._starter.close(now=now)

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
            child = self._starter.child_for(slot, needs)
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
                    scratch_folders.refuse_full(scratch, outcome)
                    self._check_node(slot)
                    raise outcome from error
                log.warning("blender replaced, retrying the object", reason=str(outcome))
            else:
                try:
                    handover.take(child.raw, scratch)
                except RenderFailed as error:  # such as of a file that is left with holes
                    scratch_folders.refuse_full(scratch, error)
                    raise
                return answer, child.raw
        raise AssertionError("unreachable")

    def _death(self, slot: Slot, child: Child, error: Exception) -> ObjectError:
        """Clean up after a child that died; returns the error for the object."""
        phase, tail = child.phase, child.log_tail
        # Neither is enough alone: the count includes other children, and others can send SIGKILL.
        killed = isinstance(error, ChildDied) and child.was_killed()
        out_of_memory = killed and memory.kernel_kills() > child.kernel_kills
        self._starter.empty(slot)
        if self._starter.closed:
            raise ObjectInterrupted("the worker was stopped") from error
        return deaths.failure(error, phase, tail, starved=out_of_memory)

    def _check_node(self, slot: Slot) -> None:
        """Render the canary after a death, to check that the node is not to blame.

        Raises: NodeUnusable, if it does not render; BlenderMissing; ObjectInterrupted.
        """
        for _ in range(ATTEMPTS):
            child = self._starter.child(slot)
            folder = child.home / canary.UID
            try:
                answer: object = child.render(canary.request(folder, self._engine))
            except (ChildDied, Overrun, TooMuchMemory) as error:
                answer = error
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            if isinstance(answer, Rendered):
                return
            self._starter.empty(slot)
            if self._starter.closed:
                raise ObjectInterrupted("the worker was stopped")
            self.restarts.add("canary")
        reason = answer.message if isinstance(answer, Failed) else answer
        raise NodeUnusable(
            f"Blender died on {slot.device.name}, and a plain cube does not render there either "
            f"({reason}): check this node's memory, driver and disk with 'render-worker doctor', "
            "or use another node"
        )

    def _fill(self, chosen: list[Device]) -> None:
        kind, options = chosen[0].kind, self._options
        asked = Asked(options.children_per_device, options.threads, options.limits.memory_bytes)
        self.children_per_device = shares.per_device(kind, asked, self._work)
        places = [device for _ in range(self.children_per_device) for device in chosen]
        parts = shares.of_children(kind, len(places), options.threads)
        self._slots = [
            Slot(device, share, options.recycle_after)
            for device, share in zip(places, parts, strict=True)
        ]
        self._starter.memory_limit = asked.memory_bytes or memory.default_limit(len(places))
        if kind in OF_CORES:  # on a GPU, the first child may have kernels to compile
            for slot in self._slots:
                self._starter.begin(slot)

    def _recycle(self, slot: Slot) -> None:
        """Replace a child that has rendered enough objects or uses too much memory."""
        child = slot.child
        if child is None:
            return
        most = RECYCLE_SHARE * self._starter.memory_limit
        # The recent reading may be of an object in progress.
        recent = GROUPS.of(child.pid).resident
        swollen = recent > most and usage.of_group(child.pid).resident > most
        if child.objects >= slot.recycle_after or swollen:
            log.debug("child recycled", objects=child.objects, swollen=swollen)
            self._replace(slot, "grown" if swollen else "recycled")

    def _replace(self, slot: Slot, reason: str) -> None:
        """End the slot's child and start the next at once, while the next object is fetched."""
        self.restarts.add(reason)
        self._starter.empty(slot)
        self._starter.begin(slot)
