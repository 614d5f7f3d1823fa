"""Prints the table of docs/systems.md: python -m tools.omage_table SAMPLES (a folder of them).

Run it by hand; it takes a quarter of an hour. Solids of trimesh and the samples are made object
images, these are made meshes again, and both are compared: the Chamfer distance, and whether the
mesh is closed once vertices at one position are merged.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import trimesh
from numpy.typing import NDArray
from trimesh import creation

from tools.doc_pictures import render
from worker import presets
from worker.core import logging
from worker.omage import Omage, npz_files
from worker.omage.mesh import mesh_of
from worker.supervisor import runtime
from worker.supervisor.pool import Pool, PoolOptions

Array = NDArray[Any]
nearest_on: Final[Callable[[Array, Array], Array]] = trimesh.triangles.closest_point
SAMPLES: Final = (
    "crate.obj", "gear.stl", "knot.ply", "monkey.fbx", "mushroom.gltf", "pawn.glb", "rocket.glb",
)  # fmt: skip
FILES: Final = {1024: "omage_tensor.npz", 64: "omage_tensor_64.npz"}
POINTS: Final = 300
"""Points drawn on each of two surfaces, of which distances to the other are measured."""
NEAR: Final = 0.02
"""How far a triangle is looked for first, in longest sides."""
Y_UP: Final = (".glb", ".gltf", ".obj", ".fbx")
FROM_Y_UP: Final = np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])


def _vase() -> Any:
    outside = [(0, 0), (0.5, 0), (0.7, 0.4), (0.3, 1.0), (0.45, 1.3)]
    inside = [(0.35, 1.3), (0.2, 1.0), (0, 0.9)]
    return creation.revolve(np.array(outside + inside), sections=40)


def _bent(mesh: Any) -> Any:
    """The mesh, every vertex moved a little, by waves."""
    points = np.asarray(mesh.vertices)
    return trimesh.Trimesh(points * (1 + 0.12 * np.sin(5 * points[:, [1, 2, 0]])), mesh.faces)


SOLIDS: Final[dict[str, Callable[[], Any]]] = {
    "box": creation.box,
    "box-flat": lambda: creation.box((2.0, 1.0, 0.1)),
    "box-long": lambda: creation.box((0.2, 0.3, 3.0)),
    "tetrahedron": lambda: trimesh.Trimesh(
        [[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]],
        [[0, 1, 2], [0, 3, 1], [0, 2, 3], [1, 3, 2]],
    ),
    "icosahedron": creation.icosahedron,
    "icosphere": lambda: creation.icosphere(subdivisions=3),
    "uv-sphere": lambda: creation.uv_sphere(count=[24, 24]),
    "ellipsoid": lambda: creation.icosphere(subdivisions=3).apply_scale((1.0, 0.6, 0.3)),
    "cylinder": lambda: creation.cylinder(0.5, 1.0),
    "cylinder-long": lambda: creation.cylinder(0.1, 2.0),
    "cylinder-flat": lambda: creation.cylinder(1.0, 0.1),
    "prism-3": lambda: creation.cylinder(0.5, 1.0, sections=3),
    "prism-6": lambda: creation.cylinder(0.5, 1.0, sections=6),
    "capsule": lambda: creation.capsule(1.0, 0.4),
    "capsule-long": lambda: creation.capsule(3.0, 0.2),
    "cone": lambda: creation.cone(0.6, 1.0),
    "cone-sharp": lambda: creation.cone(0.2, 1.5),
    "pyramid": lambda: creation.cone(0.7, 1.0, sections=4),
    "torus": lambda: creation.torus(1.0, 0.35),
    "torus-thin": lambda: creation.torus(1.0, 0.12),
    "annulus": lambda: creation.annulus(0.3, 0.6, 0.5),
    "vase": _vase,
    "wavy": lambda: _bent(creation.icosphere(subdivisions=4)),
}
"""Solids that are closed, by name."""


def drawn(triangles: Array, count: int, seed: int) -> Array:
    """`count` points (count,3), uniform on the surface of `triangles` (T,3,3)."""
    random = np.random.default_rng(seed)
    a, b, c = triangles.transpose(1, 0, 2)
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    chosen = random.choice(len(triangles), count, p=area / area.sum())
    u, v = np.sort(random.random((2, count, 1)), axis=0)
    points: Array = a[chosen] * u + b[chosen] * (v - u) + c[chosen] * (1 - v)
    return points


def farness(points: Array, triangles: Array) -> float:
    """Mean distance from `points` (N,3) to the surface of `triangles` (T,3,3), exact.

    A triangle is as near as its centre, give or take its radius; of all whose least distance is
    under the smallest of the largest distances, the nearest point is computed. Only triangles of
    about the point's x are looked at, unless none of them is near.
    """
    triangles = triangles[np.argsort(triangles[..., 0].sum(axis=1))]
    centres = triangles.mean(axis=1)
    radius = np.linalg.norm(triangles - centres[:, None], axis=2).max(axis=1)
    total = 0.0
    for point in points:
        for within in (NEAR, np.inf):
            ends = point[0] + np.array([-1, 1]) * (within + radius.max())
            part = slice(*np.searchsorted(centres[:, 0], ends))
            far = np.linalg.norm(centres[part] - point, axis=1)
            if len(far) and (gap := _least(point, triangles[part], far, radius[part])) <= within:
                total += gap
                break
    return total / len(points)


def _least(point: Array, triangles: Array, far: Array, radius: Array) -> float:
    """The distance to the nearest of `triangles`, whose centres are `far` away."""
    which = np.flatnonzero(far - radius <= (far + radius).min())
    closest = nearest_on(triangles[which], np.tile(point, (len(which), 1)))
    return float(np.linalg.norm(closest - point, axis=1).min())


def chamfer(one: Array, two: Array) -> float:
    """The mean of both mean distances between the surfaces of triangles (T,3,3)."""
    there = farness(drawn(one, POINTS, 1), two)
    return (there + farness(drawn(two, POINTS, 2), one)) / 2


def decoded(omage: Omage) -> Any:
    """The image's mesh as its readers make it, vertices at one position merged, lengths in sides.

    Triangles that have lost a side to the merging are gone.
    """
    mesh = mesh_of(omage)
    made = trimesh.Trimesh(mesh.points / 1.9999, mesh.triangles, process=False)
    made.merge_vertices(digits_vertex=6)
    made.update_faces(nondegenerate(made.faces))
    return made


def nondegenerate(faces: Array) -> Array:
    """(T,): the faces (T,3) of three different vertices."""
    different: Array = (faces != np.roll(faces, -1, axis=1)).all(axis=1)
    return different


def original(path: Path) -> Any:
    """The file's mesh by trimesh, Z up, centred, its longest side 1; welded."""
    mesh: Any = trimesh.load(path, force="mesh", process=False)
    points = np.asarray(mesh.vertices) @ (FROM_Y_UP if path.suffix in Y_UP else np.eye(3))
    low, high = points.min(axis=0), points.max(axis=0)
    points = (points - (low + high) / 2) / (high - low).max()
    made = trimesh.Trimesh(points, mesh.faces, process=False)
    made.merge_vertices(merge_tex=True, merge_norm=True, digits_vertex=6)
    made.update_faces(nondegenerate(made.faces))
    return made


def main(samples: Path) -> None:
    """Write one line per object."""
    logging.configure("warning")
    sys.stdout.write(
        "| object | source | 1024 | 64 | watertight at |\n| --- | --- | --- | --- | --- |\n"
    )
    with tempfile.TemporaryDirectory() as home:
        pool = Pool(runtime.find("bpy"), PoolOptions(device="cpu"), Path(home, "children"))
        pool.open()
        solids = [solid(name, Path(home)) for name in SOLIDS]
        for path in [*solids, *(samples / name for name in SAMPLES)]:
            sys.stdout.write(line(pool, path, Path(home, f"{path.stem}-omage")) + "\n")
            sys.stdout.flush()
        pool.close(now=True)


def solid(name: str, home: Path) -> Path:
    """Write one of SOLIDS as PLY in a folder of its own in `home`."""
    path = home / name / f"{name}.ply"
    path.parent.mkdir()
    SOLIDS[name]().export(path)
    return path


def line(pool: Pool, path: Path, home: Path) -> str:
    """The table's line of one model. What trimesh cannot read is compared with our own mesh."""
    unread = path.suffix[1:] not in trimesh.available_formats()
    settings = ['products=["mesh"]'] if unread else []
    members = render(pool, path, presets.load("omage", settings), home)
    if unread:
        path = home.with_suffix(".ply")
        path.write_bytes(members["mesh.ply"])
    source = original(path)
    distances, closed = [], []
    for size, name in FILES.items():
        made = decoded(npz_files.values(npz_files.decode(members[name])))
        distances.append(f"{chamfer(source.triangles, made.triangles):.1e}")
        closed += [str(size)] if made.is_watertight else []
    told = "closed" if source.is_watertight else "open"
    name = path.stem.removesuffix("-omage")
    return f"| {name} | {told} | {' | '.join(distances)} | {', '.join(closed)} |"


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
