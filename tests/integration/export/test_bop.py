"""`export bop`: poses, depth and masks agree by the arithmetic of BOP's toolkit."""

import hashlib
import io
import json
import shutil

import boto3
import numpy as np
import pytest

from tests.command_line import listing, run_worker
from tests.integration.export import posed
from tests.integration.export.scenes import outcomes
from tests.integration.scenes.known import SHAPES, unit, write_obj
from tests.readers import bop
from tests.tools.moto import s3_server
from worker import presets
from worker.contract.recipe import to_dict
from worker.core import keys
from worker.core.errors import StoreError
from worker.core.s3 import S3Options
from worker.export import object_lists
from worker.export.base import NotAsWritten
from worker.export.bop import Bop
from worker.export.run import ExportOptions, run
from worker.export.samples import models
from worker.export.silhouettes import Canvas, silhouette
from worker.stores import open_store

STEP = 0.1
"""mm in a step of depth."""
TIP = 4
"""Pixels."""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return posed.output(tmp_path_factory.mktemp("posed") / "out")


def inner(mask):
    """Pixels of a mask whose neighbours are of it too."""
    padded = np.pad(mask, 1)
    return np.logical_and.reduce(
        [padded[y : y + mask.shape[0], x : x + mask.shape[1]] for y in range(3) for x in range(3)]
    )


def consistent(root, scene_id, stray=0):
    """Check a scene by the toolkit's arithmetic; `stray` pixels of an edge may disagree.

    Returns: how many inner pixels were compared.
    """
    compared = 0
    for image in bop.scene(root, scene_id).values():
        height, width = image.depth.shape
        k, dist_image = image.k, bop.distance(image.depth, image.k)
        for each in image.objects:
            triangles = bop.model(root, each.obj_id)
            pose = (k, each.rotation, each.translation)
            assert np.linalg.det(each.rotation) == pytest.approx(1)
            large = bop.render(triangles, *pose, (width, height), 3)
            depth = large[height : 2 * height, width : 2 * width]
            dist = bop.distance(depth, k)
            estimate = bop.visible(dist_image, dist)
            assert ((depth > 0) != each.mask).sum() <= stray
            assert (estimate != each.visible).sum() <= stray
            assert not (each.visible & ~each.mask).any()
            seen = inner(each.visible)
            compared += seen.sum()
            assert image.depth[seen] == pytest.approx(
                depth[seen], abs=STEP / 2 + (0.5 if stray else 0.005)
            )
            assert each.info["px_count_all"] == pytest.approx((large > 0).sum(), abs=stray)
            assert each.info["px_count_visib"] == each.visible.sum()
            assert each.info["px_count_valid"] == (dist_image[each.mask] > 0).sum()
            assert each.info["visib_fract"] == pytest.approx(
                each.visible.sum() / max(1, each.info["px_count_all"])
            )
            if not each.visible.any():
                assert each.info["bbox_visib"] == each.info["bbox_obj"] == [-1] * 4
                continue
            assert each.info["bbox_visib"] == bop.box(each.visible)
            assert each.info["bbox_obj"] == pytest.approx(
                bop.box(large > 0, width, height), abs=min(stray, 1)
            )
            x, y, wide, tall = each.info["bbox_obj"]
            spots = bop.project(triangles.reshape(-1, 3), *pose)
            low, high = spots.min(axis=0), spots.max(axis=0)
            # A corner may be too sharp to cover the centre of the pixels at its tip.
            first, last = np.array([x, y]), np.array([x + wide, y + tall])
            slack = 0.01 + min(stray, 1)
            assert ((first >= low - slack) & (first <= low + TIP)).all()
            assert ((last <= high + slack) & (last >= high - TIP)).all()
    return compared


def test_poses_depth_and_masks_agree(export, made):
    to = export("bop", made)
    assert sorted(path.name for path in (to / "train").iterdir()) == ["000000", "000001"]
    for scene_id in (0, 1):
        assert consistent(to, scene_id) > 500
        for im_id, image in bop.scene(to, scene_id).items():
            index = posed.COUNT * scene_id + im_id
            numbers, depth = posed.layers(index)
            assert [each.obj_id for each in image.objects] == [
                posed.FIRST_NUMBER + posed.kind_of(index, number) + 1
                for number in range(posed.OBJECTS)
            ]
            for number, each in enumerate(image.objects, 1):
                assert np.array_equal(each.visible, numbers == number)
            assert image.depth[depth < 6.5] == pytest.approx(1000 * depth[depth < 6.5], abs=STEP)
            assert not image.depth[depth > 6.6].any()
            home = np.linalg.inv(image.world_to_camera)
            assert home[:3, 3] == pytest.approx(1000 * posed.PLACE)


def test_what_is_hidden_or_outside_the_image_is_told(export, made):
    images = bop.scene(export("bop", made), 0)
    hidden, cut = images[1].objects[2], images[2].objects[1]
    assert hidden.info["px_count_visib"] == 0
    assert hidden.info["visib_fract"] == 0.0
    assert hidden.mask.sum() == hidden.info["px_count_all"] > 20
    x, _, wide, _ = cut.info["bbox_obj"]
    assert x + wide >= posed.SIZE
    assert cut.info["px_count_all"] > cut.mask.sum() > 0
    assert images[2].depth.min() == 0, "a wall that 16 bits do not reach"


def test_points_of_the_world_are_where_the_render_has_them(export, made):
    """Through cam_R_w2c, model to camera is model to world: the rows of the NPY."""
    to = export("bop", made)
    for index in range(2 * posed.COUNT):
        image = bop.scene(to, index // posed.COUNT)[index % posed.COUNT]
        for each, solid in zip(image.objects, posed.world(index), strict=True):
            local = bop.model(to, each.obj_id) @ each.rotation.T + each.translation
            back = np.linalg.inv(image.world_to_camera)
            world = local @ back[:3, :3].T + back[:3, 3]
            one, other = (np.sort(p.reshape(-1, 3).round(2), axis=0) for p in (world, 1000 * solid))
            assert one == pytest.approx(other, abs=0.02)


def test_models_are_in_mm_with_z_up_and_described(export, made):
    to = export("bop", made)
    infos = json.loads((to / "models/models_info.json").read_bytes())
    assert sorted(infos) == ["6", "7", "8"]
    for kind, solid in enumerate(posed.SHAPES):
        obj_id = posed.FIRST_NUMBER + kind + 1
        points = bop.model(to, obj_id).reshape(-1, 3)
        x, y, z = solid.reshape(-1, 3).T
        wanted = 1000 * posed.SCALE * np.stack([x, -z, y], axis=1)
        assert np.unique(points.round(2), axis=0) == pytest.approx(
            np.unique(wanted.round(2), axis=0), abs=0.02
        )
        info = infos[str(obj_id)]
        for axis, name in enumerate("xyz"):
            assert info[f"min_{name}"] == pytest.approx(points[:, axis].min())
            assert info[f"size_{name}"] == pytest.approx(np.ptp(points[:, axis]))
        apart = np.linalg.norm(points[:, None] - points[None], axis=-1)
        assert info["diameter"] == pytest.approx(apart.max())
        about = json.loads((to / f"models/obj_{obj_id:06d}.json").read_bytes())
        assert about["uid"] == posed.uid_of(kind)
        assert about["class"] == ("brick", "step", "wedge")[kind]
    camera = json.loads((to / "camera.json").read_bytes())
    assert camera == {
        "fx": posed.FOCAL, "fy": pytest.approx(1.1 * posed.FOCAL), "cx": posed.SIZE / 2 - 0.5,
        "cy": posed.SIZE / 2 - 0.5, "width": posed.SIZE, "height": posed.SIZE, "depth_scale": STEP,
    }  # fmt: skip


def test_ranks_and_a_second_run_give_what_one_run_gives(export, made, tmp_path):
    alone = export("bop", made, tmp_path / "alone")
    to = tmp_path / "shared"
    for rank in (1, 0):
        export("bop", made, to, rank=rank, world_size=2)
    assert listing(to) == listing(alone)
    shutil.rmtree(to / "ledger")
    export("bop", made, to)
    assert listing(to) == listing(alone)


def test_on_s3_as_in_a_folder(export, made, tmp_path, monkeypatch):
    folder = export("bop", made)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with s3_server() as url:
        s3 = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
        s3.create_bucket(Bucket="poses")
        options = S3Options(endpoint_url=url, region="us-east-1")
        for rank in (1, 0):
            done = run(
                ExportOptions(kind="bop", input=str(made), to="s3://poses/to", s3=options,
                              scratch=tmp_path / "scratch", rank=rank, world_size=2), {},
            )  # fmt: skip
            assert done.status == 0
        target = open_store("s3://poses/to", options)
        found = {
            entry.key: hashlib.sha256(target.read(entry.key)).hexdigest()
            for entry in target.list()
            if not entry.key.startswith((keys.LEDGER, keys.BEGUN, keys.SUMMARIES))
        }
        assert found == listing(folder)


def test_zips_without_what_it_needs_are_named(export, tmp_path):
    def harm(start, files):
        if start == 0:
            del files[keys.scene_mesh(posed.uid_of(1))]
        else:
            metadata(lambda d: [each.pop("number") for each in d["samples"][0]["objects"]])(files)

    to = export("bop", posed.output(tmp_path / "out", harm), status=10)
    found = [each for _, each in sorted(outcomes(to).items())]
    assert [each["code"] for each in found] == ["render", "unsupported"]
    assert "has no models/" in found[0]["message"]
    assert "has no numbers of its objects" in found[1]["message"]


def metadata(change):
    def harm(files):
        document = json.loads(files["metadata.json"])
        change(document)
        files["metadata.json"] = json.dumps(document).encode()

    return harm


def camera(**values):
    return metadata(lambda d: d["render_worker"]["scenes"]["camera"].update(values))


def row(field, change):
    def harm(files):
        rows = np.load(io.BytesIO(files["img/00001.npy"]))
        rows[field][1] = change(rows[field][1])
        files["img/00001.npy"] = posed.synthetic.npy(rows)

    return harm


def mesh(change):
    name = keys.scene_mesh(posed.uid_of(1))

    def harm(files):
        files[name] = change(files[name])

    return harm


TWICE = metadata(lambda d: d["samples"][0]["objects"][1].update(number=posed.FIRST_NUMBER))
HARMS = {
    "no camera": (metadata(lambda d: d["render_worker"].pop("scenes")), "without the camera"),
    "of another size": (camera(width=9), "an invalid camera: view 0 is 9x72"),
    "not rigid": (camera(camera_to_world=[[9, 0, 0, 0], *np.eye(4)[1:].tolist()]), "rigid"),
    "far away": (camera(camera_to_world=[[1, 0, 0, 1e300], *np.eye(4)[1:].tolist()]), "rigid"),
    "warped": (row("scale", lambda v: v * [1, 1.1, 1]), "sample 1 are not all of one size"),
    "larger": (row("scale", lambda v: v * 1.1), "sample 1 are not all of one size"),
    "sheared": (row("rot_mat", lambda v: v + np.eye(3)), "sample 1 with a pose that is not rigid"),
    "elsewhere": (row("location", lambda v: v + 1e300), "sample 1 with a pose that is not rigid"),
    "numbered twice": (TWICE, "has two objects with the number 5"),
    "numbered wrongly": (metadata(lambda d: d["samples"][0]["objects"][0].update(number=-1)),
                         "an invalid metadata.json"),
    "cut off": (mesh(lambda data: data[:-1]), "models/"),
    "no mesh": (mesh(lambda _: b"ply\n"), "that does not decode: it is no PLY"),
}  # fmt: skip


@pytest.mark.parametrize("name", HARMS)
def test_zips_that_are_wrong_inside_are_named_and_harm_nothing_else(export, tmp_path, name):
    change, said = HARMS[name]
    out = posed.output(tmp_path / "out", lambda start, files: start or change(files))
    to = export("bop", out, status=0)
    found = [each for _, each in sorted(outcomes(to).items())]
    assert [each["outcome"] for each in found] == ["failed", "exported"]
    assert found[0]["code"] == ("unsupported" if "one size" in said else "render")
    assert said in found[0]["message"]
    assert sorted(path.name for path in (to / "train").iterdir()) == ["000001"]
    assert consistent(to, 1) > 500


@pytest.mark.parametrize(
    ("preset", "said"),
    [("scenes-multi", "needs meshes (products)"), ("scenes-bop", "needs objects of one size"),
     ("default", "needs synthetic scenes")],
)  # fmt: skip
def test_outputs_without_what_it_needs_are_refused(tmp_path, preset, said):
    settings = ["scenes.warp=0.1"] if preset == "scenes-bop" else []
    recipe = presets.load(preset, settings)
    output = tmp_path / "out"
    posed.synthetic.output(output, [0])
    job = json.loads((output / "job.json").read_bytes())
    (output / "job.json").write_text(json.dumps(job | {"recipe": to_dict(recipe)}))
    done = run_worker("export", "bop", "--input", output, "--to", tmp_path / "to", check=78)
    assert said in done.stderr
    assert not (tmp_path / "to").exists()


def test_what_does_not_read_back_is_noticed(export, made):
    to = export("bop", made)
    files = [str(path.relative_to(to)) for path in to.rglob("*")
             if path.is_file() and "ledger" not in path.parts and "000001" not in path.parts
             and path.name not in {"export.json", "models_info.json"}]  # fmt: skip
    files.remove("camera.json")
    Bop().check(to, files, 1)
    for lost in ("mask/000001_000002.png", "depth/000000.png"):
        with pytest.raises(NotAsWritten, match="not one image of each kind"):
            Bop().check(to, [name for name in files if not name.endswith(lost)], 1)
    with pytest.raises(NotAsWritten, match="not one model of each object"):
        Bop().check(to, [name for name in files if not name.endswith("8.ply")], 1)
    model = to / "models/obj_000006.ply"
    model.write_bytes(model.read_bytes()[:-1])
    with pytest.raises(NotAsWritten, match=r"obj_000006\.ply"):
        Bop().check(to, files, 1)
    (to / "models/obj_000006.json").write_text("{")
    with pytest.raises(StoreError, match="a file of models/ is invalid"):
        object_lists.write("bop", open_store(str(to)), Bop())


def test_silhouettes_are_those_of_rays_whatever_the_triangles_size():
    random = np.random.default_rng(1)
    k = np.array([[60.0, 0, 31.5], [0, 50, 23.5], [0, 0, 1]])
    for spread, count in ((0.02, 3000), (0.3, 40), (3.0, 3)):
        solid = random.normal(size=(count, 1, 3)) * 0.5 + random.normal(size=(count, 3, 3)) * spread
        solid[..., 2] += 4 + 12 * spread
        corners = np.arange(3 * count, dtype=np.int32).reshape(-1, 3)
        found = silhouette(solid.reshape(-1, 3), corners, k, Canvas(-64, -48, 192, 144))
        depth = bop.render(solid, k, np.eye(3), np.zeros(3), (64, 48), 3)
        assert (found != (depth > 0)).sum() <= 2
        assert found.any()
        assert not found.all()


def test_a_silhouette_is_cut_where_the_mesh_reaches_behind_the_camera():
    """A floor from behind the camera to far ahead covers all below a line, and nothing above."""
    k = np.array([[40.0, 0, 20], [0, 40, 20], [0, 0, 1]])
    floor = np.array([(-1e3, 1, -5), (1e3, 1, -5), (1e3, 1, 80), (-1e3, 1, 80)], float)
    found = silhouette(floor, np.array([(0, 1, 2), (0, 2, 3)], np.int32), k, Canvas(0, 0, 41, 41))
    assert found[21:].all()
    assert not found[:20].any()
    behind = floor * [1, 1, -1] - [0, 0, 90]
    assert not silhouette(behind, np.array([(0, 1, 2)], np.int32), k, Canvas(0, 0, 41, 41)).any()


def test_the_diameter_is_that_of_all_pairs():
    random = np.random.default_rng(2)
    for stretch in ((1, 1, 1), (3, 1, 0.2), (0, 0, 1)):
        points = random.normal(size=(300, 3)) * stretch
        apart = np.linalg.norm(points[:, None] - points[None], axis=-1).max()
        assert models.diameter(points) == pytest.approx(apart, rel=2e-3)
        assert models.diameter(points) <= apart * (1 + 1e-12)
    assert models.diameter(np.zeros((1, 3))) == 0.0


@pytest.mark.slow
def test_scenes_of_blender(export, tmp_path):
    """From OBJ files to BOP: by the geometry of the files, not by any mesh of the worker's."""
    listed = []
    for name, shape in SHAPES.items():
        for number in range(2):
            listed.append(f"{name}/{number}.obj")
            write_obj(tmp_path / "models" / listed[-1], shape(number))
    small = ("resolution=[96,64]", "samples=1", "scenes.samples=4", "views=2", "scenes.reuse=1",
             "scenes.objects=3", "cycles.denoise=false")  # fmt: skip
    settings = [word for key in small for word in ("--set", key)]
    run_worker("run", tmp_path / "models", "--output", tmp_path / "out", "--device", "cpu",
               "--preset", "scenes-bop", *settings)  # fmt: skip
    to = export("bop", tmp_path / "out")
    assert consistent(to, 0, stray=6) + consistent(to, 1, stray=6) > 500
    shown = {each.obj_id for scene_id in (0, 1) for image in bop.scene(to, scene_id).values()
             for each in image.objects}  # fmt: skip
    scale = 1000 * 0.4 * 0.8
    for obj_id in shown:
        name, _, number = listed[obj_id - 1].removesuffix(".obj").partition("/")
        x, y, z = unit(SHAPES[name](int(number))).reshape(-1, 3).T
        wanted = np.stack([x, -z, y], axis=1) * scale
        found = bop.model(to, obj_id).reshape(-1, 3)
        assert np.unique(found.round(1), axis=0) == pytest.approx(
            np.unique(wanted.round(1), axis=0), abs=0.2
        )
    assert {int(key) for key in json.loads((to / "models/models_info.json").read_bytes())} == shown
