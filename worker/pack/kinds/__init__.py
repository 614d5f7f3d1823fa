"""Image kinds: a recipe's `images` name them. One file for each quantity; add it to the table."""

from __future__ import annotations

from typing import Final

from worker.pack.kinds import colour, depth, index, mask, material, normal, position
from worker.pack.kinds.base import ImageKind

IMAGE_KINDS: Final[dict[str, ImageKind]] = {
    kind.name: kind
    for module in (colour, depth, normal, material, mask, index, position)
    for kind in module.IMAGE_KINDS
}

__all__ = ["IMAGE_KINDS", "ImageKind"]
