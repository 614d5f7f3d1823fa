"""From a real Blender to a zip: what the images show is what the cameras beside them say."""

import io
import itertools
import json
import zipfile

import msgspec
import numpy as np
import pytest
from PIL import Image

from worker import presets
from worker.codecs import camera_conventions, srgb
from worker.contract.protocol import Rendered
from worker.contract.recipe import IMAGES
from worker.contract.render_passes import COMBINED
from worker.core.errors import RenderFailed
from worker.index.record import ObjectRef
from worker.pack.pack import pack
from worker.pack.raw import RawView
from worker.sources.base import FetchedObject
from worker.supervisor.result import RenderedObject

BOX = np.array([1.0, 0.6, 0.3])
"""Sides along Blender's axes: an STL is not turned when it is imported."""
SMALL = ["views=3", "resolution=[96,64]", "samples=4", "cycles.denoise=false"]
QUICK = {name: presets.load(name, SMALL) for name in ("default", "objaverse-xl")}
KINDS = [kind for kind in IMAGES if kind != "depth-f16"]  # it has the name of depth
EVERYTHING = presets.load(
    "default",
    [*SMALL, "depth.far=6", f"images={KINDS}", 'previews=["turntable-gif", "turntable-webp"]'],
)
KEYS = {
    "animation_count", "armature_count", "edge_count", "file_identifier", "file_size",
    "found_files", "lamp_count", "linked_files", "material_count", "mesh_count", "metadata",
    "missing_files", "missing_textures", "object_count", "poly_count", "random_color", "save_uid",
    "scene_size", "sha256", "shape_key_count", "undecodable_files", "vert_count", "render_worker",
}  # fmt: skip


def box_stl():
    """An ASCII STL of the box, away from the origin and of another scale."""
    lines = ["solid box"]
    for axis, side in itertools.product(range(3), (-0.5, 0.5)):
        corners = []
        for one, two in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
            corner = np.insert([one, two], axis, side)
            corners.append("vertex {} {} {}".format(*(corner * BOX * 3 + [5, 6, 7])))
        for triple in ((0, 1, 2), (0, 2, 3)):
            rows = [corners[i] for i in triple]
            lines += ["facet normal 0 0 0", "outer loop", *rows, "endloop", "endfacet"]
    return "\n".join([*lines, "endsolid box", ""])


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "box.stl"
    path.write_text(box_stl())
    return path


def rendered_by(child, model, recipe, scratch):
    ref = ObjectRef(file_identifier=model.name)
    message = child.render(model, scratch, recipe)
    assert message.pop("type") == "Rendered", message
    fetched = FetchedObject(
        ref=ref, root=model.parent, model=model.name, sha256="0" * 64, size=model.stat().st_size
    )
    answer = msgspec.convert(message, Rendered)
    return RenderedObject(fetched=fetched, scratch=scratch, answer=answer)


def open_members(packed):
    with zipfile.ZipFile(packed.path) as zipped:
        return {name.partition("/")[2]: zipped.read(name) for name in zipped.namelist()}


def outline(alpha):
    """Left, top, right, bottom edge of what is covered, in pixels."""
    rows, columns = np.nonzero(alpha > 127)
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.mark.parametrize("recipe", QUICK.values(), ids=QUICK)
def test_images_cameras_and_metadata_agree(tmp_path, child, model, recipe):
    rendered = rendered_by(child, model, recipe, tmp_path / "raw")
    members = open_members(pack(rendered, recipe, tmp_path))
    document = json.loads(members["metadata.json"])
    assert document.keys() == KEYS
    assert document["poly_count"] == 12
    assert str(tmp_path) not in members["metadata.json"].decode()
    corners = np.array(list(itertools.product((-0.5, 0.5), repeat=3))) * BOX
    for view in rendered.answer.views:
        if "npy-3x4" in recipe.records:
            matrix = np.load(io.BytesIO(members[f"{view.name}.npy"])) * [[1], [-1], [-1]]
        else:
            entry = json.loads(members["cameras.json"])["views"][int(view.name)]
            matrix = camera_conventions.world_to_camera_opencv(entry["camera_to_world"])[:3]
        points = np.array(view.intrinsics) @ matrix @ np.c_[corners, np.ones(8)].T
        u, v = points[:2] / points[2]
        image = np.asarray(Image.open(io.BytesIO(members[f"{view.name}.png"])))
        assert image.shape == (64, 96, 4)
        expected = np.clip((u.min(), v.min(), u.max(), v.max()), 0, (96, 64, 96, 64))
        np.testing.assert_allclose(outline(image[..., 3]), expected, atol=1.5)


def test_the_image_is_the_linear_pass_through_the_standards_curve(tmp_path, child, model):
    recipe = QUICK["default"]
    rendered = rendered_by(child, model, recipe, tmp_path / "raw")
    members = open_members(pack(rendered, recipe, tmp_path))
    image = np.asarray(Image.open(io.BytesIO(members["000.png"]))).astype(int)
    linear = RawView(rendered.answer.views[0], tmp_path / "raw").layer(COMBINED).copy()
    linear[..., :3] *= 2**recipe.colour.exposure
    opaque = (linear[..., 3] == 1) & (linear[..., :3].max(-1) <= 1)
    assert opaque.sum() > 100
    back = srgb.decode(image[opaque][:, :3] / 255)
    np.testing.assert_allclose(back, linear[opaque][:, :3], atol=0.005)


@pytest.mark.parametrize(
    "recipe", [*QUICK.values(), EVERYTHING], ids=[*QUICK, "every kind of image"]
)
def test_rendered_twice_the_zip_is_byte_identical(tmp_path, child, model, recipe):
    digests = set()
    for turn in ("one", "two"):
        raw = tmp_path / turn / "raw"
        rendered = rendered_by(child, model, recipe, raw)
        digests.add(pack(rendered, recipe, raw.parent, threads=1 + len(digests)).sha256)
    assert len(digests) == 1


def test_a_view_cut_off_on_disk_fails_the_object(tmp_path, child, model):
    recipe = QUICK["objaverse-xl"]
    rendered = rendered_by(child, model, recipe, tmp_path / "raw")
    display = tmp_path / "raw" / rendered.answer.views[1].files["display"]
    display.write_bytes(display.read_bytes()[:-600])  # Blender 4.5 writes 521 bytes after pixels
    with pytest.raises(RenderFailed, match=display.name):
        pack(rendered, recipe, tmp_path)
    assert not list(tmp_path.glob("*.zip"))
