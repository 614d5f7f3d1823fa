"""The result of packing one object."""

from __future__ import annotations

from pathlib import Path

import msgspec

from worker.index.record import ObjectRef
from worker.pack.statistics import ObjectStatistics


class PackedObject(msgspec.Struct, frozen=True, kw_only=True):
    """A verified zip on local disk, ready to publish."""

    ref: ObjectRef
    path: Path
    sha256: str
    size: int
    views: int
    runtime: dict[str, object]
    render_s: float
    statistics: ObjectStatistics | None = None
    missing: int = 0
    """Number of files that the model names and that do not exist."""
    undecodable: int = 0
    """Number of files that exist and that Blender cannot decode."""
    missing_textures: int = 0
    """Number of textures that do not exist or cannot be decoded."""
