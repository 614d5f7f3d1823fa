"""ZeroNVS's reader of re10k scenes: three channels, float16 depth, inverse K, camera-to-world."""

import numpy as np

from tests.readers.seen import Folder, Seen, pinhole


def read(archive, uid):
    folder = Folder(archive, uid)
    count = sum(name.endswith("_depth.png") for name in folder.names())
    return [view(folder, f"{i:03d}") for i in range(count)]


def view(folder, name):
    image = folder.image(f"{name}.png")
    assert (image.dtype, image.shape[2]) == (np.uint8, 3)
    assert image.shape[0] == image.shape[1]
    stored = folder.image(f"{name}_depth.png")
    assert (stored.dtype, stored.shape) == (np.uint16, image.shape[:2])
    depth = stored.view(np.float16).astype(np.float32)
    camera = folder.json(f"{name}_metadata.json")
    k = np.linalg.inv(camera["intrinsics"])
    np.testing.assert_allclose(k[0, 0], k[1, 1])
    opencv = np.array(camera["extrinsics"]) @ np.diag([1, -1, -1, 1])
    return Seen(
        image=image / 255,
        mask=depth > 0,
        project=pinhole(np.linalg.inv(opencv), k),
        depth=np.where(depth > 0, depth, np.inf),
        extras={"place": opencv[:3, 3], "forward": opencv[:3, 2]},
    )
