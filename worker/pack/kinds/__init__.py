"""Image kinds: a recipe's `images` name them. One file each; add it to the table."""

from __future__ import annotations

from typing import Final

from worker.pack.kinds import colour
from worker.pack.kinds.base import Kind

KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in (colour.KIND,)}

__all__ = ["KINDS", "Kind"]
