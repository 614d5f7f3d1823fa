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
        project=PROJECTIONS[camera["projection"]](world_to_camera, np.array(camera["K"])),
    )


def orthographic(world_to_camera, intrinsics):
    """As `pinhole`: pixel = K [x, y, 1] in the camera's axes."""

    def project(points):
        local = points @ world_to_camera[:3, :3].T + world_to_camera[:3, 3]
        return (np.column_stack([local[:, :2], np.ones(len(local))]) @ intrinsics.T)[:, :2]

    return project


PROJECTIONS = {"perspective": pinhole, "orthographic": orthographic}
