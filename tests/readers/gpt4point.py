"""GPT4Point's reader of views, and the points it lifts from them."""

import math

import numpy as np

from tests.readers.seen import Folder, Seen

CHANNELS = ["R", "G", "B", "A", "D", "MatAlpha"]


def read(archive, uid):
    folder = Folder(archive, uid)
    info = folder.json("info.json")
    assert info == {
        "backend": "CYCLES", "light_mode": "uniform", "fast_mode": True,
        "extract_material": True, "format_version": 6, "channels": CHANNELS, "scale": 0.5,
    }  # fmt: skip
    assert "metadata.json" in folder.names()
    count = sum(name.endswith("_depth.png") for name in folder.names())
    return [view(folder, i) for i in range(count)]


def view(folder, number):
    camera = folder.json(f"{number:05}.json")
    assert folder.json(f"{number:03}.json") == camera
    assert (camera["format_version"], camera["max_depth"]) == (6, 5.0)
    rgba = folder.image(f"{number:03}.png")
    assert (rgba.dtype, rgba.shape[2]) == (np.uint8, 4)
    stored = folder.image(f"{number:03}_depth.png")
    alpha = folder.image(f"{number:03}_MatAlpha.png")
    assert stored.dtype == alpha.dtype == np.uint16
    depth = np.where(stored == 65535, np.inf, camera["max_depth"] * (stored / 65536))
    axes = np.array([camera["x"], camera["y"], camera["z"]])
    np.testing.assert_allclose(axes @ axes.T, np.eye(3), atol=1e-6)
    height, width = stored.shape

    def project(points):
        x, y, z = axes @ (np.asarray(points) - camera["origin"]).T
        across = x / z / math.tan(camera["x_fov"] / 2)
        down = y / z / math.tan(camera["y_fov"] / 2)
        return np.stack([(across + 1) / 2 * width, (down + 1) / 2 * height], -1)

    return Seen(
        image=rgba / 255,
        mask=rgba[..., 3] > 127,
        project=project,
        depth=depth,
        extras={"camera": camera, "axes": axes, "material_alpha": alpha / 65536},
    )


def lift(seen):
    """(N, 3) world points of a view: finite depth and A >= 1 - 1e-5, rays as Point-E has them."""
    camera = seen.extras["camera"]
    height, width = seen.depth.shape
    keep = np.isfinite(seen.depth) & (seen.image[..., 3] >= 1 - 1e-5)
    rows, columns = np.nonzero(keep)
    across = (columns / (width - 1) * 2 - 1) * math.tan(camera["x_fov"] / 2)
    down = (rows / (height - 1) * 2 - 1) * math.tan(camera["y_fov"] / 2)
    rays = np.stack([across, down, np.ones(len(rows))], -1) @ seen.extras["axes"]
    return np.array(camera["origin"]) + rays * seen.depth[keep][:, None]
