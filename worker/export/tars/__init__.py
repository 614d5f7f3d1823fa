"""Layouts of the export kind `webdataset`. A layout in the table becomes a choice of --layout."""

from __future__ import annotations

from typing import Final

from worker.export.tars import plain, zeronvs
from worker.export.tars.base import TarLayout

TAR_LAYOUTS: Final[dict[str, TarLayout]] = {"plain": plain.LAYOUT, "zeronvs": zeronvs.LAYOUT}
