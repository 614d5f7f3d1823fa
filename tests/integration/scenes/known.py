"""Objects whose every vertex is known here, in the file's own axes: Y up."""

import numpy as np

from tests.proof_helpers import boxes


def brick(number):
    """Three unequal sides, far from the origin, in large units."""
    return boxes(((300, -50, 20), (100, 40 + 10 * number, 20)))


def step(number):
    """Of no symmetry but one: a low block with a high one at its end."""
    return boxes(((0, 0.1, 0), (1, 0.2, 0.5)), ((0.3, 0.4 + 0.05 * number, 0), (0.4, 0.5, 0.5)))


def wedge(number):
    """A pyramid whose tip is not above its middle."""
    base = np.array([(-1, 0, -1), (1, 0, -1), (1, 0, 1), (-1, 0, 1)], float)
    tip = np.array([0.5, 1.2 + 0.1 * number, -0.6])
    sides = [(base[i], tip, base[(i + 1) % 4]) for i in range(4)]
    floor = [(base[0], base[1], base[2]), (base[0], base[2], base[3])]
    return np.array([*sides, *floor]) * 0.01


SHAPES = {"brick": brick, "step": step, "wedge": wedge}


def write_obj(path, triangles):
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"v {x:.9g} {y:.9g} {z:.9g}" for x, y, z in triangles.reshape(-1, 3)]
    lines += [f"f {3 * i + 1} {3 * i + 2} {3 * i + 3}" for i in range(len(triangles))]
    path.write_text("\n".join(lines) + "\n")


def read_obj(path):
    """The triangles (N,3,3) of what `write_obj` wrote."""
    rows = [line.split()[1:] for line in path.read_text().splitlines() if line.startswith("v ")]
    return np.array(rows, float).reshape(-1, 3, 3)


def unit(triangles):
    """Centred by its box, the longest side 1."""
    low, high = triangles.min(axis=(0, 1)), triangles.max(axis=(0, 1))
    return (triangles - (low + high) / 2) / (high - low).max()
