"""Image kinds, by the name that a recipe's `images` lists. Each module holds one quantity."""

from __future__ import annotations

from typing import Final

from worker.pack.kinds import colour, depth, index, mask, material, normal, position
from worker.pack.kinds.base import ImageKind, pictures

IMAGE_KINDS: Final[dict[str, ImageKind]] = {
    kind.name: kind
    for module in (colour, depth, normal, material, mask, index, position)
    for kind in module.IMAGE_KINDS
}

__all__ = ["IMAGE_KINDS", "ImageKind", "pictures"]
