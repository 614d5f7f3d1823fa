"""The Blender children of one worker: lent to one object at a time, replaced when they fail."""

from __future__ import annotations

import itertools
import queue
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import msgspec
import structlog

from worker.blender import recipe as recipes
from worker.blender.messages import Failed, Phase, Ready, Rendered, RenderObject
from worker.blender.recipe import Recipe
from worker.errors import (
    OBJECT_ERRORS,
    BlenderMissing,
    Crash,
    DeviceMissing,
    ObjectInterrupted,
    RenderFailed,
    Timeout,
    Unsupported,
)
from worker.render.child import Child, ChildDied, DeadlinePassed
from worker.render.result import RenderedObject
from worker.render.runtime import Runtime
from worker.sources.base import FetchedObject

log = structlog.get_logger(__name__)

AUTO_ORDER = ("optix", "cuda", "cpu")
ATTEMPTS = 2
"""A death is tried once more in a fresh child; then it is the object's outcome."""


class PoolOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How many children, on what, and how long each may take over one object."""

    device: str = "auto"
    children: int = 1
    threads: int = 0
    object_timeout_s: float = 300.0


class Pool:
    """Starts children on demand and keeps them; `render` may be called from many threads."""

    def __init__(self, runtime: Runtime, options: PoolOptions, home: Path) -> None:
        self._runtime = runtime
        self._options = options
        self._home = home
        self._numbers = itertools.count()
        self._lock = threading.Lock()
        self._alive: set[Child] = set()
        self._idle: queue.LifoQueue[Child] = queue.LifoQueue()
        self._closed = False
        self.device = ""
        self.ready: Ready | None = None

    @property
    def size(self) -> int:
        """How many objects can be rendered at once."""
        return self._options.children

    def open(self) -> Ready:
        """Start the first child, so that a broken node is found out before any object.

        Raises: BlenderMissing, DeviceMissing.
        """
        wanted = self._options.device
        candidates = AUTO_ORDER if wanted == "auto" else (wanted,)
        for device in candidates:
            self.device = device
            try:
                child = self._start()
            except DeviceMissing as error:
                log.debug("device absent", device=device, reason=str(error))
                if device == candidates[-1]:
                    raise
                continue
            self._idle.put(child)
            break
        if self.ready is None:
            raise BlenderMissing("no child started")
        log.info("blender ready", runtime=self._runtime.name, version=self.ready.blender,
                 device=self.device)  # fmt: skip
        return self.ready

    def render(
        self,
        fetched: FetchedObject,
        recipe: Recipe,
        scratch: Path,
        on_phase: Callable[[Phase], None] = lambda _: None,
    ) -> RenderedObject:
        """Render `fetched` into the folder `scratch`.

        Raises: any ObjectError; BlenderMissing when no child can be started any more.
        """
        request = self._request(fetched, recipe, scratch)
        for attempt in range(1, ATTEMPTS + 1):
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            child = self._take()
            try:
                answer = child.render(request, self._options.object_timeout_s, on_phase)
            except DeadlinePassed:
                phase, tail = child.phase, child.log_tail
                self._discard(child)
                if self._closed:
                    raise ObjectInterrupted("the worker was stopped") from None
                raise Timeout(
                    f"not finished within {self._options.object_timeout_s:g} s, "
                    f"in the phase '{phase}'",
                    tail,
                ) from None
            except ChildDied as error:
                phase, tail = child.phase, child.log_tail
                self._discard(child)
                if self._closed:
                    raise ObjectInterrupted("the worker was stopped") from None
                if attempt == ATTEMPTS:
                    raise Crash(f"Blender died in the phase '{phase}': {error}", tail) from error
                log.warning("blender died, trying once more", reason=str(error), phase=phase)
                continue
            return self._finish(child, answer, fetched, scratch)
        raise AssertionError("unreachable")

    def close(self, *, now: bool = False) -> None:
        """End every child; `now` also those that are at work. Safe to call from any thread."""
        self._closed = True
        with self._lock:
            children = list(self._alive)
            self._alive.clear()
        for child in children:
            if now:
                child.kill()
            else:
                child.stop()

    def _request(self, fetched: FetchedObject, recipe: Recipe, scratch: Path) -> RenderObject:
        format_ = (fetched.ref.file_type or fetched.path.suffix.lstrip(".")).lower()
        if self.ready is not None and format_ not in self.ready.formats:
            raise Unsupported(
                f"Blender {self.ready.blender} ({self._runtime.name}) cannot read '{format_}'; "
                f"it reads {', '.join(sorted(self.ready.formats))}"
            )
        return RenderObject(
            uid=fetched.ref.uid,
            root=str(fetched.root),
            model=fetched.model,
            format=format_,
            scratch=str(scratch),
            recipe=recipes.to_dict(recipe),
        )

    def _finish(
        self, child: Child, answer: Rendered | Failed, fetched: FetchedObject, scratch: Path
    ) -> RenderedObject:
        tail = child.log_tail
        if isinstance(answer, Failed):
            # After an error the scene may hold anything; a fresh child costs about a second.
            self._discard(child)
            raise OBJECT_ERRORS.get(answer.code, RenderFailed)(answer.message, tail)
        self._idle.put(child)
        if answer.uid != fetched.ref.uid:
            raise RenderFailed(f"Blender answered for another object ({answer.uid})", tail)
        return RenderedObject(fetched=fetched, scratch=scratch, answer=answer)

    def _take(self) -> Child:
        if self._closed:
            raise ObjectInterrupted("the worker was stopped")
        try:
            return self._idle.get_nowait()
        except queue.Empty:
            return self._start()

    def _start(self) -> Child:
        child = Child(self._runtime, self._home / f"child-{next(self._numbers)}")
        with self._lock:
            self._alive.add(child)
        try:
            self.ready, _ = child.start(self.device, self._options.threads)
        except Exception:
            self._discard(child)
            raise
        if self._closed:
            self._discard(child)
            raise ObjectInterrupted("the worker was stopped")
        return child

    def _discard(self, child: Child) -> None:
        with self._lock:
            self._alive.discard(child)
        child.kill()
