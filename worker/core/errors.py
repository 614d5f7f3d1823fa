"""The worker's exceptions, as one tree.

    WorkerError
    ├── UsageError           64  the command line is wrong
    ├── ConfigurationError   78  an input is wrong; a retry cannot help
    │   ├── IndexInvalid
    │   │   └── ShardBroken  65  one shard is unreadable; the other shards can be rendered
    │   ├── PresetInvalid
    │   └── OutputMismatch
    ├── NodeError            69  this node or the store is unusable; another node may work
    │   ├── StoreError ── StoreFull
    │   ├── BlenderMissing
    │   ├── DeviceMissing
    │   ├── NodeUnusable
    │   └── OutputUnwritable
    ├── Interrupted          75  asked to stop, stopped cleanly
    │   └── PipeClosed          nobody reads what it prints (the process then ends by SIGPIPE)
    └── ObjectError              one object's outcome; never ends a run
        ├── RecordInvalid                               (index)
        ├── Missing Refused Modified Download TooLarge  (fetch)
        ├── Unsupported ImportFailed Empty              (import)
        ├── Timeout Crash OutOfMemory RenderFailed      (render)
        ├── PublishFailed ObjectInterrupted             (publish, stop)
        └── InternalError            a bug; many in a row end the run with 70

Each class has three attributes: `code`, for the ledger and the logs; `retryable`, whether a later
run may succeed; and `exit_status`, of a process that the error ends.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar, Final

from worker.contract.escaping import printable


class ExitStatus(IntEnum):
    """The worker's exit statuses; the Kubernetes and Slurm scripts use the same table."""

    DONE = 0
    TOO_MANY_FAILED = 10
    USAGE = 64
    SHARD_BROKEN = 65
    UNAVAILABLE = 69
    BUG = 70
    INTERRUPTED = 75
    CONFIGURATION = 78


MOST: Final = 1000
"""Maximum length of a message that quotes another program, in characters."""
_TAIL: Final = MOST // 2
_GAP: Final = " … "


def one_line(text: str) -> str:
    """`text` as one printable line; the middle is cut out of one longer than MOST characters."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= MOST else line[: MOST - _TAIL - len(_GAP)] + _GAP + line[-_TAIL:]


class WorkerError(Exception):
    """A failure; its message says what is wrong, where, and what to do."""

    code: ClassVar[str] = "bug"
    retryable: ClassVar[bool] = False
    exit_status: ClassVar[ExitStatus] = ExitStatus.BUG


class UsageError(WorkerError):
    """An option or an environment variable is invalid."""

    code = "usage"
    exit_status = ExitStatus.USAGE


class ConfigurationError(WorkerError):
    """An input is wrong; a retry cannot help, on any node."""

    code = "configuration"
    exit_status = ExitStatus.CONFIGURATION


class IndexInvalid(ConfigurationError):
    """The index or list does not exist or cannot be parsed."""

    code = "index"


class ShardBroken(IndexInvalid):
    """A shard cannot be read, or is not the one that the index lists; other shards may be whole."""

    code = "shard"
    exit_status = ExitStatus.SHARD_BROKEN


class PresetInvalid(ConfigurationError):
    """The preset has an unknown key, an invalid value or a contradiction."""

    code = "preset"


class OutputMismatch(ConfigurationError):
    """The output already belongs to another index, preset or version."""

    code = "output_mismatch"


class NodeError(WorkerError):
    """This node, or a service it needs, is unusable; another node may work."""

    code = "node"
    retryable = True
    exit_status = ExitStatus.UNAVAILABLE


class StoreError(NodeError):
    """The store cannot be reached, read or written."""

    code = "store"


class StoreFull(StoreError):
    """The store is full; the next object would fail too."""


class BlenderMissing(NodeError):
    """Blender is missing or does not start."""

    code = "blender"


class DeviceMissing(NodeError):
    """The device named by an option does not exist on this node."""

    code = "device"


class NodeUnusable(NodeError):
    """This node cannot render a known good object."""

    code = "node_unusable"


class OutputUnwritable(NodeError):
    """Standard output or standard error cannot be written, on a full disk for example."""

    code = "output"


class Interrupted(WorkerError):
    """The worker was asked to stop and stopped cleanly."""

    code = "interrupted"
    retryable = True
    exit_status = ExitStatus.INTERRUPTED


class PipeClosed(Interrupted):
    """The program that read standard output or standard error has ended."""

    code = "pipe_closed"


class ObjectError(WorkerError):
    """One object failed; the error becomes the object's outcome, and the run continues.

    The message is passed through `one_line`, because it may quote servers, git and importers.
    """

    step: str | None = None
    """The step that raised it, set by `worker.run.step`."""

    def __init__(self, message: str, log_tail: tuple[str, ...] = ()) -> None:
        super().__init__(one_line(message))
        self.log_tail = log_tail


class RecordInvalid(ObjectError):
    """The object's record in its shard cannot be read, or is not valid."""

    code = "record"


class Missing(ObjectError):
    """The index names a location where the object does not exist."""

    code = "missing"


class Refused(ObjectError):
    """The index names a location that a list may not lead to."""

    code = "refused"


class Modified(ObjectError):
    """The object's sha256 differs from the one in the index."""

    code = "modified"


class Download(ObjectError):
    """The object could not be downloaded, for a reason that may be transient."""

    code = "download"
    retryable = True


class TooLarge(ObjectError):
    """The object, compressed or unpacked, exceeds the size limit."""

    code = "too_large"


class Unsupported(ObjectError):
    """This Blender has no importer for the object's format."""

    code = "unsupported"


class ImportFailed(ObjectError):
    """Blender could not import the object's file."""

    code = "import"


class Empty(ObjectError):
    """The imported object has no visible geometry with a finite bounding box."""

    code = "empty"


class Timeout(ObjectError):
    """The object took longer than a time limit."""

    code = "timeout"


class Crash(ObjectError):
    """Blender died on this object."""

    code = "crash"


class OutOfMemory(ObjectError):
    """Blender exceeded its memory limit on this object."""

    code = "memory"


class RenderFailed(ObjectError):
    """Blender could not render the object, or its output cannot be decoded."""

    code = "render"


class PublishFailed(ObjectError):
    """The zip could not be stored, for a reason that may be transient."""

    code = "publish"
    retryable = True


class ObjectInterrupted(ObjectError):
    """The worker stopped before this object was finished."""

    code = "interrupted"
    retryable = True


class InternalError(ObjectError):
    """An unexpected exception on this object, that is, a bug of the worker; the run continues."""

    code = "internal"
    retryable = True


OBJECT_ERRORS: dict[str, type[ObjectError]] = {
    error.code: error
    for error in (
        RecordInvalid, Missing, Refused, Modified, Download, TooLarge, Unsupported, ImportFailed,
        Empty, Timeout, Crash, OutOfMemory, RenderFailed, PublishFailed, ObjectInterrupted,
        InternalError,
    )
}  # fmt: skip
"""Every failure code that an outcome may have, and its class."""
