"""Every failure the worker knows, as one tree.

    WorkerError
    ├── UsageError           64  the command line is wrong
    ├── ConfigurationError   78  an input is wrong; trying again cannot help
    │   ├── IndexInvalid
    │   ├── PresetInvalid
    │   └── OutputMismatch
    ├── NodeError            69  this node or the storage is unusable; try elsewhere
    │   ├── StoreError ── StoreFull
    │   ├── BlenderMissing
    │   ├── DeviceMissing
    │   ├── NodeUnusable
    │   └── OutputUnwritable
    ├── Interrupted          75  told to stop, stopped cleanly
    │   └── PipeClosed          nobody reads what it prints (the process then ends by SIGPIPE)
    └── ObjectError              one object's outcome; never ends a run
        ├── Missing Modified Download TooLarge          (fetch)
        ├── Unsupported ImportFailed Empty              (import)
        ├── Timeout Crash OutOfMemory RenderFailed      (render)
        ├── PublishFailed ObjectInterrupted             (publish, stop)
        └── InternalError        70  a bug met on this object; the run goes on, then says so

Each class says three things a caller needs: a code for the ledger and the logs,
whether a later run may succeed, and the exit status of a process that ends on it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Final

from worker.contract.escaping import legible


class ExitStatus(IntEnum):
    """What the worker's exit status means; Kubernetes and Slurm scripts use the same table."""

    DONE = 0
    TOO_MANY_FAILED = 10
    USAGE = 64
    UNAVAILABLE = 69
    BUG = 70
    INTERRUPTED = 75
    CONFIGURATION = 78


MOST: Final = 1000
"""Characters of a message that says what others said."""
_TAIL: Final = MOST // 2
_GAP: Final = " … "


def one_line(text: str) -> str:
    """`text` as one line of at most MOST characters, its begin and its end; and no odd bytes."""
    line = legible(" ".join(text.split()))
    return line if len(line) <= MOST else line[: MOST - _TAIL - len(_GAP)] + _GAP + line[-_TAIL:]


class WorkerError(Exception):
    """A failure with a message for a person: what, where, and what to do."""

    code: ClassVar[str] = "bug"
    retryable: ClassVar[bool] = False
    exit_status: ClassVar[ExitStatus] = ExitStatus.BUG


class UsageError(WorkerError):
    """The command line or the environment asks for something impossible."""

    code = "usage"
    exit_status = ExitStatus.USAGE


class ConfigurationError(WorkerError):
    """An input is wrong; no retry, here or elsewhere, can help."""

    code = "configuration"
    exit_status = ExitStatus.CONFIGURATION


class IndexInvalid(ConfigurationError):
    """A shard index or list that does not exist or does not parse."""

    code = "index"


class PresetInvalid(ConfigurationError):
    """A preset with an unknown key or a value out of range."""

    code = "preset"


class OutputMismatch(ConfigurationError):
    """The output already belongs to another index, preset or version."""

    code = "output_mismatch"


class NodeError(WorkerError):
    """This node, or a service it needs, is unusable; another node may do."""

    code = "node"
    retryable = True
    exit_status = ExitStatus.UNAVAILABLE


class StoreError(NodeError):
    """A store that cannot be reached, read or written."""

    code = "store"


class StoreFull(StoreError):
    """A store without room: what failed for one object would fail for the next."""


class BlenderMissing(NodeError):
    """No Blender runtime, or one that does not start."""

    code = "blender"


class DeviceMissing(NodeError):
    """A device asked for by name is not there."""

    code = "device"


class NodeUnusable(NodeError):
    """Objects fail here that are known to be good."""

    code = "node_unusable"


class OutputUnwritable(NodeError):
    """Standard output or standard error cannot be written, on a full disk for example."""

    code = "output"


class Interrupted(WorkerError):
    """The worker was told to stop and did."""

    code = "interrupted"
    retryable = True
    exit_status = ExitStatus.INTERRUPTED


class PipeClosed(Interrupted):
    """The program that read standard output or standard error has ended."""

    code = "pipe_closed"


class ObjectError(WorkerError):
    """One object's failure: it becomes that object's outcome and nothing else.

    Its message is made `one_line`: servers, git and importers say as much as they like.
    """

    step: str | None = None
    """Which of the steps it left in this way, once it has (see `worker.run.step`)."""

    def __init__(self, message: str, log_tail: tuple[str, ...] = ()) -> None:
        super().__init__(one_line(message))
        self.log_tail = log_tail


class Missing(ObjectError):
    """The object's bytes are not where the index says."""

    code = "missing"


class Modified(ObjectError):
    """The object's sha256 is not the index's."""

    code = "modified"


class Download(ObjectError):
    """The object could not be brought here, for a reason that may pass."""

    code = "download"
    retryable = True


class TooLarge(ObjectError):
    """The object, or what it unpacks to, is over the size limit."""

    code = "too_large"


class Unsupported(ObjectError):
    """No importer for this format in this Blender."""

    code = "unsupported"


class ImportFailed(ObjectError):
    """Blender's importer refused the file."""

    code = "import"


class Empty(ObjectError):
    """Imported, but there is no visible geometry with a finite bounding box."""

    code = "empty"


class Timeout(ObjectError):
    """A deadline passed."""

    code = "timeout"


class Crash(ObjectError):
    """Blender died on this object."""

    code = "crash"


class OutOfMemory(ObjectError):
    """Blender grew past its memory limit on this object."""

    code = "memory"


class RenderFailed(ObjectError):
    """Blender could not render it, or what it wrote does not decode."""

    code = "render"


class PublishFailed(ObjectError):
    """The zip could not be stored, for a reason that may pass."""

    code = "publish"
    retryable = True


class ObjectInterrupted(ObjectError):
    """The worker stopped before this object was finished."""

    code = "interrupted"
    retryable = True


class InternalError(ObjectError):
    """An exception nobody foresaw, on this object: a bug of ours. The run goes on."""

    code = "internal"
    retryable = True


OBJECT_ERRORS: dict[str, type[ObjectError]] = {
    error.code: error
    for error in (
        Missing, Modified, Download, TooLarge, Unsupported, ImportFailed, Empty,
        Timeout, Crash, OutOfMemory, RenderFailed, PublishFailed, ObjectInterrupted, InternalError,
    )
}  # fmt: skip
"""The closed list of failure codes that an outcome may carry."""
