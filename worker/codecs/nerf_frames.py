"""Frames of a ``transforms.json``, the file of cameras that readers of NeRF scenes share.

Which reader wants which keys beside these: `worker.pack.records.transforms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Rows = Sequence[Sequence[float]]


def frame(camera_to_world: Rows, file_path: str, **more: Any) -> dict[str, Any]:
    """One view: its image, relative to the file, and its 4x4 camera-to-world in OpenGL axes."""
    return {"file_path": file_path, "transform_matrix": camera_to_world, **more}


def pinhole(k: Rows, width: int, height: int) -> dict[str, float]:
    """K (3x3, pixels) and the image's size, as nerfstudio and instant-ngp call them."""
    return {
        "fl_x": k[0][0], "fl_y": k[1][1], "cx": k[0][2], "cy": k[1][2], "w": width, "h": height,
    }  # fmt: skip
