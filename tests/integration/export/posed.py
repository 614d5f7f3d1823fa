"""Outputs of scenes with meshes, made without Blender: known solids in poses, seen by rays."""

import json

import numpy as np
from trimesh.transformations import quaternion_matrix

from tests.integration.export import synthetic
from tests.integration.scenes.known import brick, step, unit, wedge
from tests.proof_helpers import cast
from worker.codecs import mesh_ply
from worker.codecs.mesh_ply import PlyMesh
from worker.contract.protocol import View
from worker.core import keys

SIZE = 72
OBJECTS = 3
COUNT = 3
SCALE = float(np.float32(0.7 * 0.8))
SHAPES = tuple(unit(shape(0)) for shape in (brick, step, wedge))
"""Triangles (T,3,3) at unit size, Y up; the class is the place here, the number 5 more."""
FIRST_NUMBER = 5
TURN = quaternion_matrix([0.8, 0.3, -0.4, 0.2])[:3, :3]
"""Of the camera, which is no axis' own."""
PLACE = np.array([0.4, -1.2, 0.9])
FOCAL = 1.2 * SIZE
K = [[FOCAL, 0, SIZE / 2], [0, 1.1 * FOCAL, SIZE / 2], [0, 0, 1]]
KINDS = ((0, 1, 2), (2, 0, 0), (0, 1, 2))
# In the camera's axes, OpenGL's: x right, y up, -z ahead. In the second sample the third object is
# behind the first, in the third one the second leaves the image.
SPOTS = (
    ((-0.35, 0.2, -2.2), (0.4, -0.1, -2.6), (0.0, 0.1, -3.4)),
    ((0.0, 0.0, -1.1), (0.7, 0.6, -2.4), (0.0, 0.0, -5.2)),
    ((-0.2, 0.3, -2.0), (0.75, 0.1, -1.9), (-0.3, -0.4, -2.8)),
)
WALL = (5.0, 5.5, 7.0)
"""Depth of what is behind all objects, by sample; the last is more than 16 bits reach."""
SPEC = {"samples": 6, "warp": 0.0, "scaling": 0.0}


def uid_of(kind):
    return keys.uid_of(f"solid/{kind}.obj")


def pose():
    """Camera to world, OpenGL axes."""
    made = np.eye(4)
    made[:3, :3], made[:3, 3] = TURN, PLACE
    return made


def view():
    return View("", pose().tolist(), K, SIZE, SIZE, "perspective", {})


def turn_of(index, number):
    way = np.random.default_rng(100 * index + number).normal(size=4)
    return quaternion_matrix(way / np.linalg.norm(way))[:3, :3]


def kind_of(index, number):
    """Which solid is shown."""
    return KINDS[index % COUNT][number]


def rows(index):
    made = np.zeros(OBJECTS, synthetic.OBJECT)
    for number, row in enumerate(made):
        triangles = SHAPES[kind_of(index, number)]
        row["class"] = kind_of(index, number)
        row["rot_mat"] = turn_of(index, number)
        row["scale"] = SCALE
        row["location"] = TURN @ np.array(SPOTS[index % COUNT][number]) + PLACE
        row["bbox"] = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
    return made


def world(index):
    """The triangles of each object."""
    return [
        SHAPES[kind_of(index, number)] * SCALE @ row["rot_mat"].T + row["location"]
        for number, row in enumerate(rows(index))
    ]


def layers(index):
    """Object numbers and depth of a sample."""
    solids = world(index)
    depth, which = cast(np.concatenate(solids), view(), 1)
    owner = np.repeat(np.arange(1, OBJECTS + 1), [len(each) for each in solids])
    numbers = np.where(which < 0, 0, owner[which])
    return numbers, np.where(which < 0, WALL[index % COUNT], depth)


def exr(index):
    numbers, depth = layers(index)
    classes = np.array([99, *rows(index)["class"]], np.float32)
    channels = {
        f"View Layer.Combined.{c}": np.full((SIZE, SIZE), 0.1 * k + 0.05 * index, np.float32)
        for k, c in enumerate("RGB")
    }
    channels |= {
        "View Layer.IndexOB.X": numbers.astype(np.float32),
        "View Layer.IndexMA.X": classes[numbers],
        "View Layer.Depth.Z": depth.astype(np.float32),
    }
    return synthetic.write_exr(channels)


def model(kind):
    points = SHAPES[kind].reshape(-1, 3).astype(np.float32)
    used, corners = np.unique(points, axis=0, return_inverse=True)
    return mesh_ply.encode(PlyMesh(used, corners.reshape(-1, 3).astype(np.int32)))


def fill(start, files):
    """Put these samples and their metadata in place of the flat ones of `synthetic`."""
    shown = []
    for index in range(start, start + COUNT):
        files[f"img/{index:05d}.exr"] = exr(index)
        files[f"img/{index:05d}.npy"] = synthetic.npy(rows(index))
        kinds = [kind_of(index, number) for number in range(OBJECTS)]
        shown.append({"idx": index, "objects": [
            {"class": kind, "uid": uid_of(kind), "file_identifier": f"solid/{kind}.obj",
             "number": FIRST_NUMBER + kind}
            for kind in kinds
        ]})  # fmt: skip
        files |= {keys.scene_mesh(uid_of(kind)): model(kind) for kind in kinds}
    document = json.loads(files["metadata.json"])
    camera = {"camera_to_world": pose().tolist(), "K": K, "width": SIZE, "height": SIZE}
    document |= {"classes": ["brick", "step", "wedge"], "samples": shown}
    document["render_worker"]["scenes"] = {"camera": camera}
    files["metadata.json"] = json.dumps(document).encode()


def output(folder, change=None):
    """Two zips of three samples of three objects."""

    def both(start, files):
        fill(start, files)
        if change is not None:
            change(start, files)

    return synthetic.output(
        folder, [COUNT, 0], COUNT, OBJECTS, change=both, spec=SPEC, products=("mesh",), size=SIZE
    )
