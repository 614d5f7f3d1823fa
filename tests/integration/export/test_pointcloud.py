"""Point clouds: on the surface, in the right colour, in files that other readers open."""

import functools
import io
import json
import zipfile

import numpy as np
import pytest
import trimesh
from PIL import Image

from tests.integration.export import scenes
from tests.readers import gpt4point as reader
from worker.contract.recipe import Camera, Depth
from worker.core import keys
from worker.core.errors import ConfigurationError, Empty
from worker.export.base import NotAsWritten
from worker.export.pointcloud import PointCloud

SMALL = {"points": 2048, "candidates": 8192}


def clouds(folder):
    return {path.stem: np.load(path) for path in sorted(folder.glob("npz/*.npz"))}


def test_points_are_among_those_that_gpt4points_own_reader_lifts(export, gpt4point):
    to = export("pointcloud", gpt4point, options=SMALL)
    for uid, cloud in clouds(to).items():
        with zipfile.ZipFile(gpt4point / keys.render_zip(uid)) as archive:
            document = json.loads(archive.read(f"{uid}/cameras.json"))
            lifted = [lift(archive, uid, view) for view in document["views"]]
        xyz, rgb = (np.concatenate(part) for part in zip(*lifted, strict=True))
        colours = np.stack([cloud[name] for name in "RGB"], -1)
        for point, colour in zip(cloud["coords"][::20], colours[::20], strict=True):
            gap = np.abs(xyz - point).max(axis=1)
            assert gap.min() < 1e-6
            assert np.allclose(colour, rgb[gap.argmin()] / 255, atol=1e-6)


def lift(archive, uid, view):
    """By the reader that reads GPT4Point's own files, of the same camera."""

    def image(kind):
        return np.asarray(Image.open(io.BytesIO(archive.read(f"{uid}/{view['files'][kind]}"))))

    pose, k = np.array(view["camera_to_world"]), view["K"]
    stored, rgba = image("depth"), image("albedo")
    fov = 2 * np.arctan(view["width"] / 2 / k[0][0])
    seen = reader.Seen(
        image=rgba / 255, mask=None, project=None,
        depth=np.where(stored == 65535, np.inf, 5.0 * (stored / 65536)),
        extras={"camera": {"x_fov": fov, "y_fov": fov, "origin": pose[:3, 3].tolist()},
                "axes": np.array([pose[:3, 0], -pose[:3, 1], -pose[:3, 2]])},
    )  # fmt: skip
    keep = np.isfinite(seen.depth) & (rgba[..., 3] == 255)
    return reader.lift(seen), rgba[keep][:, :3]


@pytest.mark.parametrize(("layout", "bound"), [("exact", 1e-3), ("gpt4point", 5e-3)])
def test_points_lie_on_the_surface(export, gpt4point, layout, bound):
    # By GPT4Point's rays a cloud is W / (W - 1) too large: 1 % at 96 pixels, 0.2 % at 512.
    to = export("pointcloud", gpt4point, options=SMALL | {"layout": layout})
    for cloud in clouds(to).values():
        xyz = cloud["coords"].astype(float)
        assert xyz.shape == (2048, 3)
        assert np.quantile(scenes.to_surface(xyz), 0.99) < bound
        # All around, not only what one view shows.
        assert (np.sign(xyz - xyz.mean(axis=0)) + 1).dot([4, 2, 1]).astype(int).max() == 14
        normal_to = np.array([nearest_normal(point) for point in xyz[:200]])
        assert (np.einsum("ij,ij->i", normal_to, cloud["normals"][:200]) > 0.95).mean() > 0.97
        assert cloud["A"].min() == 1
        assert cloud["MatAlpha"] == pytest.approx(65535 / 65536)


def nearest_normal(point):
    gaps = [(abs(np.linalg.norm(point - c) - r), (point - c) / r) for c, r, _ in scenes.BALLS]
    return min(gaps, key=lambda gap: gap[0])[1]


def test_the_three_files_agree_for_another_reader(export, gpt4point):
    to = export("pointcloud", gpt4point, options=SMALL)
    for uid, cloud in clouds(to).items():
        colours = np.rint(np.stack([cloud[name] for name in "RGB"], -1) * 255)
        for folder in ("ply", "ply_binary"):
            mesh = trimesh.load(to / folder / f"{uid}.ply")
            assert np.array_equal(mesh.vertices.astype(np.float32), cloud["coords"])
            assert np.array_equal(mesh.colors[:, :3], colours)
        head = (to / f"ply/{uid}.ply").read_text().split("end_header")[0].splitlines()
        assert head == [
            "ply", "format ascii 1.0", "element vertex 2048",
            "property float x", "property float y", "property float z",
            "property uchar red", "property uchar green", "property uchar blue",
        ]  # fmt: skip


def spoil_npz(path, change):
    arrays = dict(np.load(path))
    change(arrays)
    np.savez(path, **arrays)


def spoil_normals(path):
    """Of the last point in the binary PLY: its second float triple."""
    data = bytearray(path.read_bytes())
    data[-15:-11] = np.float32(0.123).tobytes()
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("which", "spoil", "said"),
    [
        (2, spoil_normals, "ply_binary/.* differs from"),
        (0, lambda p: spoil_npz(p, lambda a: a.pop("normals")), "ply_binary/.* differs from"),
        (0, lambda p: spoil_npz(p, lambda a: a["normals"].__imul__(0.5)), "not unit vectors"),
        (0, lambda p: spoil_npz(p, lambda a: a["A"].__imul__(0.5)), "has A outside 1 to 1"),
        (0, lambda p: spoil_npz(p, lambda a: a["MatAlpha"].__imul__(np.nan)), "MatAlpha outside"),
        (0, lambda p: spoil_npz(p, lambda a: a.update(MatAlpha=a["A"][:9])), "MatAlpha of float32"),
        (0, lambda p: spoil_npz(p, lambda a: a.pop("A")), "npz has "),
        (0, lambda p: p.write_bytes(p.read_bytes()[:-9]), "npz: "),
    ],
)
def test_all_that_was_written_is_read_back(export, gpt4point, which, spoil, said):
    to = export("pointcloud", gpt4point, options=SMALL)
    uid = scenes.uids(1)[0]
    files = [keys.cloud_npz(uid), keys.cloud_ply(uid), keys.cloud_ply_binary(uid)]
    kind = PointCloud(**SMALL)
    kind.check(to, files, 1)
    spoil(to / files[which])
    with pytest.raises(NotAsWritten, match=said):
        kind.check(to, files, 1)


def test_the_same_bytes_every_time(export, gpt4point, tmp_path):
    first = export("pointcloud", gpt4point, tmp_path / "a", options=SMALL)
    second = export("pointcloud", gpt4point, tmp_path / "b", options=SMALL, workers=1)
    files = [path.relative_to(first) for path in sorted(first.glob("*/*.*"))]
    assert len(files) == 6
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in files)


def test_zips_of_another_preset_are_named(export, views, tmp_path):
    said = r"gpt4point needs the image alpha, which preset 'test' .* render with preset gpt4point"
    with pytest.raises(ConfigurationError, match=said):
        export("pointcloud", views, options=SMALL)
    assert not (tmp_path / "pointcloud").exists()
    exact = export("pointcloud", views, tmp_path / "exact", options=SMALL | {"layout": "exact"})
    assert len(clouds(exact)) == 3


def test_other_depth_encodings_give_the_same_cloud(export, tmp_path):
    found = []
    for kind in ("depth", "depth-exr", "depth-npy", "depth-f16"):
        recipe = scenes.recipe(
            views=4, images=("colour", kind, "normal"), depth=Depth(far=3.0, invalid=0)
        )
        out = scenes.output(tmp_path / kind, recipe, objects=1)
        to = export("pointcloud", out, tmp_path / f"{kind}-to",
                    options={"points": 500, "candidates": 10**6, "layout": "exact"})  # fmt: skip
        (cloud,) = clouds(to).values()
        found.append(cloud["coords"])
        assert np.quantile(scenes.to_surface(cloud["coords"].astype(float)), 0.99) < 2e-3
    assert np.abs(np.sort(found[1], 0) - np.sort(found[2], 0)).max() == 0


def test_too_few_visible_points_are_named(export, gpt4point):
    to = export("pointcloud", gpt4point, status=10, options={"points": 100_000})
    assert {outcome["code"] for outcome in scenes.outcomes(to).values()} == {"empty"}
    assert "visible points" in scenes.outcomes(to)["https://example.org/0.glb"]["message"]


def test_views_that_see_nothing_are_never_published(tmp_path, monkeypatch):
    recipe = scenes.recipe("gpt4point", views=12, size=32, images=scenes.GPT4POINT,
                           camera=Camera(fov=(0.5, 0.5)))  # fmt: skip
    monkeypatch.setattr(scenes, "BALLS", (((0.4, 0.4, 0.4), 0.02, (1, 1, 1)),))
    with pytest.raises(Empty, match="no view shows a pixel of the object"):
        scenes.output(tmp_path / "out", recipe, objects=1)


@pytest.mark.parametrize(("blank", "outcome"), [(10, "exported"), (11, "failed")])
def test_ten_views_may_see_nothing_and_no_more(export, tmp_path, monkeypatch, blank, outcome):
    recipe = scenes.recipe("gpt4point", views=2 + blank, size=64, images=scenes.GPT4POINT,
                           camera=Camera(fov=(0.5, 0.5)))  # fmt: skip
    monkeypatch.setattr(scenes, "BALLS", (((0.3, 0.3, 0.3), 0.02, (1, 1, 1)),))
    beside = [(2.0, 0.0, 0.1 * number) for number in range(blank)]
    places = np.array([*[(1.2, 1.2, 1.2)] * 2, *beside])
    child = functools.partial(scenes.rendered, places=places)
    out = scenes.output(tmp_path / "out", recipe, objects=1, child=child)
    to = export("pointcloud", out, status=0 if outcome == "exported" else 10, options=SMALL)
    (found,) = scenes.outcomes(to).values()
    assert found["outcome"] == outcome
    assert outcome == "exported" or "11 of 13 views show no opaque surface" in found["message"]


@pytest.mark.slow
def test_an_object_of_20_views_at_512_pixels(export, tmp_path):
    """Its seconds are in docs/performance.md."""
    recipe = scenes.recipe("gpt4point", views=20, size=512, images=scenes.GPT4POINT,
                           camera=Camera(fov=(39.6, 39.6)))  # fmt: skip
    out = scenes.output(tmp_path / "out", recipe, objects=1)
    to = export("pointcloud", out, workers=1)
    (cloud,) = clouds(to).values()
    assert cloud["coords"].shape == (16384, 3)
    assert (scenes.to_surface(cloud["coords"].astype(float)) < 2e-3).mean() > 0.99
