"""Suspects, which were in progress when a worker was killed: which of them is to blame."""

from __future__ import annotations

from worker.core import keys
from worker.core.errors import Crash, ObjectError, OutOfMemory
from worker.ledger import Marks
from worker.run.task import Task
from worker.stores.base import Store


def verdict(task: Task, store: Store, prefix: int) -> ObjectError | None:
    """The failure of a suspect that is to blame for the deaths of workers; None for any other.

    One whose zip is in the store was rendered: the worker was killed before it recorded that.
    prefix: as in `keys.render_zip`.

    Raises: StoreError.
    """
    marks = task.marks
    if marks is None or not marks.blamed:
        return None
    if store.stat(keys.render_zip(task.ref.uid, prefix)) is not None:
        return None
    error = _failure(marks)
    error.step = "render"
    return error


def _failure(marks: Marks) -> ObjectError:
    count = marks.together + marks.alone
    what = f"the worker was killed {count} times with this object in progress, the last time alone"
    if marks.memory:
        return OutOfMemory(
            f"{what}, and the kernel killed for lack of memory: give the worker more memory, and "
            "retry with --retry memory"
        )
    return Crash(
        f"{what}: it may need more memory than the worker has, or the machine was lost each time; "
        "retry with --retry crash"
    )
