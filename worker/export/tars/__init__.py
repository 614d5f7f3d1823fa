"""WebDataset layouts: one a file; a line in the table makes it a --layout."""

from __future__ import annotations

from typing import Final

from worker.export.tars import plain, zeronvs
from worker.export.tars.base import Layout

LAYOUTS: Final[dict[str, Layout]] = {"plain": plain.LAYOUT, "zeronvs": zeronvs.LAYOUT}
