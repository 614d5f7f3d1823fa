"""What is around every step of an object's way: its log context, its clock, its bugs' end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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
from worker.stores.base import Stat, Store

log = structlog.get_logger(__name__)


@contextmanager
def step(phase: str, seconds: dict[str, float], **about: str) -> Iterator[None]:
    """Do the context's work as the step `phase` of what `about` says; add its time to `seconds`.

    A bug becomes the outcome of what is worked on, and an ObjectError is told where it was raised.

    Raises: InternalError; NodeError, when scratch is full.
    """
    start = time.monotonic()
    with bound_contextvars(phase=phase, **about):
        try:
            yield
        except ObjectError as error:
            error.step = phase
            raise
        except WorkerError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in scratch.FULL:
                raise scratch.full(error) from error
            log.exception("a bug of the worker's")
            bug = InternalError(f"{type(error).__name__} in {phase}: {error}")
            bug.step = phase
            raise bug from error
    seconds[phase] = round(time.monotonic() - start, 3)


def publish(store: Store, key: str, path: Path, sha256: str) -> tuple[bool, Stat]:
    """Store a file once, look at it again, and give `Store.create`'s answer and what stands there.

    Raises: PublishFailed, when this file is the trouble; StoreError, when the store is.
    """
    try:
        created = store.create(key, path)
        reach(Failpoint.CREATED)
        stat = store.stat(key)
    except StoreFull:
        raise  # the check's few bytes may still fit, and every object would fail
    except StoreError as error:
        store.check()  # raises when the store, not this file, is the trouble
        raise PublishFailed(f"{key}: {error}") from error
    if stat is None or (
        created and (stat.size != path.stat().st_size or stat.sha256 not in {None, sha256})
    ):
        raise PublishFailed(f"{key}: stored, but the store does not show it whole")
    return created, stat
