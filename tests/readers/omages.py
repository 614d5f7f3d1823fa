"""What readers of object images make of one: a mesh, by the arithmetic of the omages' own code.

A vertex for each pixel with occupancy, two triangles where four neighbours have it, nothing across
the image's ends.
"""

import numpy as np
import trimesh

DIAGONALS = (((0, 1, 2), (3, 2, 1)), ((0, 1, 3), (0, 3, 2)))
"""Either way to cut four pixels into triangles."""


def meshed(stored, diagonal=0):
    """A mesh of an image as stored, (R,R,12) uint16, in -1..1; vertices at one position merged.

    Merged are those whose stored numbers are equal, all three: a tolerance of 0. A triangle with a
    vertex twice is gone.
    """
    there = stored[..., 3] >= 32768
    full = there[:-1, :-1] & there[:-1, 1:] & there[1:, :-1] & there[1:, 1:]
    rows, columns = np.nonzero(full)
    size = len(stored)
    four = np.stack(
        [(rows + down) * size + columns + right for down in (0, 1) for right in (0, 1)], axis=1
    )
    faces = np.concatenate([four[:, list(each)] for each in DIAGONALS[diagonal]])
    used, faces = np.unique(faces, return_inverse=True)
    places, merged = np.unique(stored.reshape(-1, 12)[used, :3], axis=0, return_inverse=True)
    faces = merged.reshape(-1)[faces.reshape(-1, 3)]
    faces = faces[(faces != np.roll(faces, -1, axis=1)).all(axis=1)]
    return trimesh.Trimesh(places / 65535 * 2 - 1, faces, process=False)
