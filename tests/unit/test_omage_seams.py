"""Closing object images at their seams: solids laid out without Blender, as readers mesh them."""

import numpy as np
import pytest

from tests.readers.omages import meshed
from tools.omage_table import SOLIDS
from worker.blender.omage import charts, raster, repack
from worker.blender.omage.seams import closing, follow, grid, network, outlines
from worker.contract.omage_keys import EXTENT
from worker.omage import npz_files


def laid_out(mesh, turn, size):
    """The mesh cut into charts by the axes that its faces look along, each turned in the map.

    Its points, and closing's arguments: seams and the chart at each pixel; and each pixel's
    position (R,R,3).
    """
    points = (mesh.vertices - mesh.bounds.mean(axis=0)) * EXTENT / np.ptp(mesh.bounds, axis=0).max()
    faces, normals = np.asarray(mesh.faces), mesh.face_normals
    axis = np.abs(normals).argmax(axis=1)
    side = axis * 2 + (np.take_along_axis(normals, axis[:, None], axis=1)[:, 0] > 0)
    uv = np.zeros((len(faces), 3, 2))
    for number in range(6):
        flat = points[faces[side == number]][..., [k for k in range(3) if k != number // 2]]
        c, s = np.cos(turn + number), np.sin(turn + number)
        uv[side == number] = flat @ [[c, -s], [s, c]] + [number * 5, 0]
    found = charts.find(faces, uv, mesh.area_faces)
    corners = charts.corners(faces, uv, found.of)
    low, high = np.full((2, len(found.area), 2), np.inf)
    np.minimum.at(low, np.repeat(found.of, 3), uv.reshape(-1, 2))
    np.minimum.at(high, np.repeat(found.of, 3), -uv.reshape(-1, 2))
    scale, place = repack.pack(-high - low, 0.02)
    uv = (uv - low[found.of][:, None]) * scale + place[found.of][:, None]
    cover = raster.cover(uv, found.of, len(found.area), size)
    seams = closing.seams(points, faces, corners, uv, found.of)
    return points[faces], uv, seams, cover.chart


def image_of(triangles, uv, size):
    """Positions as a bake has them: of the surface under each pixel, and a few pixels around."""
    image = np.zeros((size, size, 12), np.float32)
    for triangle, pixel in raster.covered(uv, size):
        row, column = np.divmod(pixel, size)
        at = np.stack([column, row], axis=1) / (size - 1)
        a, b, c = uv[triangle].transpose(1, 0, 2)
        weights = np.linalg.solve(
            np.stack([b - a, c - a], axis=2), (at - a)[..., None]
        )[..., 0]  # fmt: skip
        weights = np.column_stack([1 - weights.sum(axis=1), weights])
        image[row, column, :3] = ((triangles[triangle] * weights[..., None]).sum(axis=1) + 1) / 2
    for _ in range(4):
        for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
            beside = np.roll(image, step, axis)
            image = np.where(image.any(axis=-1, keepdims=True), image, beside)
    return image


@pytest.mark.parametrize("turn", [0.0, 0.4])
@pytest.mark.parametrize(
    "name", ["box", "cone-sharp", "cylinder-flat", "torus", "annulus", "icosahedron"]
)
def test_the_mesh_of_a_solid_is_closed(name, turn):
    """With either diagonal, at full size and reduced; and it has the solid's area."""
    mesh = SOLIDS[name]()
    triangles, uv, seams, chart = laid_out(mesh, turn, 256)
    full, small, facts = closing.closed(image_of(triangles, uv, 256), seams, chart, 64)
    area = mesh.area * (EXTENT / np.ptp(mesh.bounds, axis=0).max()) ** 2
    assert facts["open_edges"] == {"256": 0, "64": 0}
    assert facts["untraced_charts"] == {"256": 0, "64": 0}
    for image, within in ((full, 0.02), (small, 0.1)):
        stored = npz_files.quantised(image)
        for diagonal in (0, 1):
            made = meshed(stored, diagonal)
            assert made.is_watertight
            assert made.area == pytest.approx(area, rel=within)


def test_without_closing_it_is_open():
    triangles, uv, _, chart = laid_out(SOLIDS["torus"](), 0.0, 256)
    image = image_of(triangles, uv, 256)
    image[..., 3] = chart >= 0
    assert not meshed(npz_files.quantised(image), 0).is_watertight


def test_an_open_surface_stays_open_where_it_ends():
    """A box without its lid: its rim alone is open, at four corners exactly."""
    box = SOLIDS["box"]()
    box.update_faces(box.face_normals[:, 2] < 0.5)
    triangles, uv, seams, chart = laid_out(box, 0.2, 256)
    full, _, facts = closing.closed(image_of(triangles, uv, 256), seams, chart, 64)
    made = meshed(npz_files.quantised(full), 0)
    edges = made.edges_sorted
    ends, times = np.unique(edges, axis=0, return_counts=True)
    rim = made.vertices[np.unique(ends[times == 1])]
    assert facts["open_edges"]["256"] == (times != 2).sum() == (times == 1).sum() == len(rim)
    assert rim[:, 2] == pytest.approx(EXTENT / 2, abs=1e-4)
    assert np.abs(rim[:, :2]).max(axis=1) == pytest.approx(EXTENT / 2, abs=1e-4)
    corners = np.abs(np.abs(rim[:, :2]) - EXTENT / 2).max(axis=1) < 1e-4
    assert corners.sum() == 4


def test_loops_go_around_a_chart_and_its_hole():
    mask = np.zeros((12, 14), bool)
    mask[2:9, 3:11] = True
    mask[5, 6] = False
    outer, hole = sorted(grid.loops(mask), key=len, reverse=True)
    assert grid.turning(outer[:, ::-1]) == 6 * 7
    assert grid.turning(hole[:, ::-1]) == -4
    assert [5, 6] not in hole.tolist()


def test_cells_that_touch_at_a_corner_are_joined():
    mask = np.zeros((9, 9), bool)
    mask[1:4, 1:4] = mask[3:7, 3:7] = True
    loops = grid.loops(grid.unpinched(mask))
    assert len(loops) == 1
    assert len(np.unique(loops[0], axis=0)) == len(loops[0])


def test_pixels_follow_a_line_in_order():
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    line = 20 + 10 * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    pixels = np.roll(20 + 10.6 * np.stack([np.cos(turn), np.sin(turn)], axis=1), 70, axis=0)
    places = follow.along(pixels, line)
    assert (np.diff(places) >= 0).all()
    assert np.ptp(places) <= 2 * np.pi * 10
    wanted = np.roll(turn, 70) * 10
    off = (places - wanted + 10 * np.pi) % (2 * np.pi * 10) - 10 * np.pi
    assert np.abs(off).max() < 0.6


def test_arcs_of_a_box_are_its_edges():
    _, _, seams, _ = laid_out(SOLIDS["box"](), 0.0, 64)
    assert len(seams.outlines) == 6
    assert sorted(len(arc.vertices) for arc in seams.network.arcs) == [2] * 12
    beside = np.bincount([side.arc for sides in seams.network.sides for side in sides])
    assert beside.tolist() == [2] * 12


def test_a_seam_without_branches_has_one_node():
    ring = [[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4], [1, 0, 5], [2, 1, 5], [3, 2, 5], [0, 3, 5]]
    points = np.array([[1, 0, 0], [0, 1, 0], [-1, 0, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]], float)
    faces, chart = np.array(ring), np.repeat([0, 1], 4)
    uv = points[faces][..., :2] * [[[1, 1]]] + chart[:, None, None] * 3.0
    found = outlines.find(faces, charts.corners(faces, uv, chart), uv, chart)
    (arc,) = network.build(found, points).arcs
    assert len(arc.vertices) == 5
    assert arc.vertices[0] == arc.vertices[-1]
    assert arc.along[-1] == pytest.approx(4 * np.sqrt(2))
