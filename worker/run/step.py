"""What every step has in common: log context, timing and error handling; and publishing."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog
from structlog.contextvars import bound_contextvars

from worker.core import scratch
from worker.core.errors import (
    InternalError,
    ObjectError,
    PublishFailed,
    StoreError,
    StoreFull,
    WorkerError,
)
from worker.core.failpoints import Failpoint, reach
from worker.core.staged_pipeline import Dropped
from worker.sources import private_folders
from worker.stores.base import Stat, Store
from worker.supervisor import reasons

log = structlog.get_logger(__name__)

_CODE: Final = Path(__file__).parents[1]
"""The folder of the package `worker`."""


@contextmanager
def step(
    phase: str,
    seconds: dict[str, float],
    folders: Callable[[], Iterable[str]] = private_folders.of,
    **about: str,
) -> Iterator[None]:
    """Run the context as step `phase`: add its time to `seconds`, log with the fields `about`.

    An ObjectError learns its step, and loses the paths of `folders` in its message and log. A bug
    becomes an InternalError, the outcome of the object.

    Raises: InternalError; NodeError if scratch is full; WorkerErrors and Dropped of the context.
    """
    start = time.monotonic()
    with bound_contextvars(phase=phase, **about):
        try:
            yield
        except ObjectError as error:
            error.step = phase
            _hide(error, folders)
            raise
        except (WorkerError, Dropped):
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in scratch.FULL:
                raise scratch.full(error) from error
            log.exception("a bug in the worker")
            bug = InternalError(
                f"{type(error).__name__} in {place_of(error)}: {error}; "
                "a bug in the worker: report it with the traceback in the log"
            )
            bug.step = phase
            _hide(bug, folders)
            raise bug from error
    seconds[phase] = round(time.monotonic() - start, 3)


def place_of(error: BaseException) -> str:
    """Where in the worker's own code `error` was raised or passed: "worker/pack/raw.py:123"."""
    own = "the worker"
    for frame in traceback.extract_tb(error.__traceback__):
        path = Path(frame.filename)
        if path.is_relative_to(_CODE):
            own = f"{path.relative_to(_CODE.parent).as_posix()}:{frame.lineno}"
    return own


def _hide(error: ObjectError, folders: Callable[[], Iterable[str]]) -> None:
    """Name nothing by its path on this machine: the ledger keeps messages, and others read it."""
    try:
        private = frozenset(folders())
    except Exception:
        log.exception("a bug in the worker")
        private = private_folders.of()
    error.args = (reasons.without_paths(str(error), private),)
    error.log_tail = tuple(reasons.without_paths(line, private) for line in error.log_tail)


def publish(store: Store, key: str, path: Path, sha256: str) -> tuple[bool, Stat]:
    """Store a file and check the result. Returns whether it was created, and what is stored.

    Raises: PublishFailed if only this file is refused; StoreError if the store is unusable.
    """
    try:
        created = store.create(key, path)
        reach(Failpoint.CREATED)
        stat = store.stat(key)
    except StoreFull:
        raise  # the few bytes of `check` might still fit, but no object would
    except StoreError as error:
        store.check()  # raises if the store is unusable, not only for this file
        raise PublishFailed(f"{key}: {error}") from error
    if stat is None or (
        created and (stat.size != path.stat().st_size or stat.sha256 not in {None, sha256})
    ):
        raise PublishFailed(f"{key}: stored, but the store reports another size or sha256, or none")
    return created, stat
