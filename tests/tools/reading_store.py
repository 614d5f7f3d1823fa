"""A store in a folder that notes which keys are read."""

from __future__ import annotations

from pathlib import Path

from worker.stores.folder import FolderStore


class ReadingStore(FolderStore):
    """`reads`: the keys, in order."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.reads: list[str] = []

    def read(self, key: str, most: int | None = None) -> bytes | None:
        self.reads.append(key)
        return super().read(key, most)
