"""What one child may do: an immutable value, sent to `worker.supervisor.launch` as JSON."""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple


class Fence(NamedTuple):  # which takes a child less time to import than a dataclass
    """The files, sockets and limits of one child. Paths are absolute, with links resolved.

    A path gives its rights to itself and to all that is below it; one that does not exist gives
    none. Only what is granted is allowed.
    """

    read: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Folders whose entries may be listed, but not read."""
    execute: tuple[str, ...] = ()
    """Files that may be executed, or folders of them."""
    write: tuple[str, ...] = ()
    """Folders in which files may be read, created, changed and removed."""
    update: tuple[str, ...] = ()
    """Files that exist and may be read and written."""
    devices: tuple[str, ...] = ()
    """Device files that may be read, written and controlled (ioctl)."""
    unix_sockets: bool = False
    """Whether sockets of AF_UNIX may be made; none may be connected."""
    starts_others: bool = False
    """Whether it may fork and execute what `execute` names: the program is a script."""
    file_bytes: int = 16 << 30
    """Largest file that it may write."""
    descriptors: int = 16384
    """Most open files. The descriptor that is executed has a larger number; see `enter`."""

    def reads(self, path: str) -> bool:
        """Whether the file or folder at `path`, links resolved, may be read."""
        return any(_below(path, granted) for granted in (*self.read, *self.write))

    def lists(self, folder: str) -> bool:
        """Whether the entries of `folder`, links resolved, may be listed."""
        return self.reads(folder) or any(_below(folder, granted) for granted in self.names)

    def to_json(self) -> bytes:
        """Inverse of `from_json`."""
        return json.dumps(self._asdict()).encode(errors="surrogateescape")

    @classmethod
    def from_json(cls, text: bytes) -> Fence:
        """The value of `to_json`, which is trusted."""
        fields: dict[str, Any] = json.loads(text)
        given: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}
        return cls(**given)


def _below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
