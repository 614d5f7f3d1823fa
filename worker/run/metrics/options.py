"""Options of metrics: where a run serves them, and which file it writes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final, Self

import msgspec

from worker.core.errors import UsageError

HERE: Final = "127.0.0.1"
MOST_PORT: Final = 65_535
RANK: Final = "{rank}"
"""In the file's name: the rank, where ranks that share a node are given one name for all."""


class Address(msgspec.Struct, frozen=True):
    """Where to listen; port 0 lets the system choose a free one."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Self:
        """From "9400", "0.0.0.0:9400" or "[::]:9400". Raises: UsageError."""
        parts = re.fullmatch(r"(?:([^\[\]:]+|\[[^\[\]]+\]):)?([0-9]{1,5})", text.strip())
        if parts is None or int(parts[2]) > MOST_PORT:
            raise UsageError(
                f"--metrics-port: '{text}' is neither a port from 0 to {MOST_PORT} nor HOST:PORT; "
                "such as 9400, or 0.0.0.0:9400 to be reached from other machines"
            )
        return cls((parts[1] or HERE).strip("[]"), int(parts[2]))


class MetricsOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`address`: to serve from; `file`: to write. Both None: no metrics."""

    address: Address | None = None
    file: Path | None = None

    @property
    def wanted(self) -> bool:
        """Whether anybody asked for metrics."""
        return self.address is not None or self.file is not None

    def file_of(self, rank: int) -> Path | None:
        """The file of this rank."""
        return None if self.file is None else Path(str(self.file).replace(RANK, str(rank)))
