"""The worker's own cameras.json, by what docs/images.md says of it."""

import numpy as np

from tests.readers.seen import Folder, Seen, pinhole


def read(archive, uid):
    folder = Folder(archive, uid)
    document = folder.json("cameras.json")
    assert document["version"] == 1
    return [view(folder, camera) for camera in document["views"]]


def view(folder, camera):
    image = folder.image(camera["files"]["colour"])
    world_to_camera = np.diag([1, -1, -1, 1]) @ np.linalg.inv(camera["camera_to_world"])
    return Seen(
        image=image / 255,
        mask=image[..., 3] > 127,
        project=pinhole(world_to_camera, np.array(camera["K"])),
    )
