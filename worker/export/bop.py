"""The export kind `bop`: synthetic scenes in the layout of BOP, the benchmark of object poses.

    train/<scene_id>/scene_camera.json    by image: cam_K, depth_scale, cam_R_w2c, cam_t_w2c
    train/<scene_id>/scene_gt.json        by image, of each object: obj_id, cam_R_m2c, cam_t_m2c
    train/<scene_id>/scene_gt_info.json   by image, of each object: boxes, pixels, visib_fract
    train/<scene_id>/rgb/<im_id>.png      8-bit sRGB
    train/<scene_id>/depth/<im_id>.png    planar Z, 16-bit; times depth_scale in mm; 0 is none
    train/<scene_id>/mask/<im_id>_<gt_id>.png         255 on the object, also where it is hidden
    train/<scene_id>/mask_visib/<im_id>_<gt_id>.png   255 where it is seen
    models/obj_<obj_id>.ply               in mm, Z up, centred; with what object it is in a .json
    models/models_info.json               diameter and bounding box of each; see `object_lists`
    camera.json                           the camera of all images

A scene is a zip. Matrices are 3x3 by rows, in OpenCV's camera axes; K has the first pixel's centre
at (0, 0). Format: thodan/bop_toolkit, docs/bop_datasets_format.md and scripts/calc_gt_info.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import camera_conventions, json_file, mesh_ply, png
from worker.codecs.mesh_ply import PlyMesh
from worker.contract.linear import product
from worker.contract.scene_keys import BASE_SCALE
from worker.core import keys, scene_set_keys
from worker.core.errors import Unsupported
from worker.export import object_files
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.layouts.base import Files
from worker.export.samples import about, models, read
from worker.export.samples.about import AboutSamples, SceneCamera, ShownObject
from worker.export.samples.models import MM, TO_Y_UP
from worker.export.samples.read import Sample
from worker.export.silhouettes import Canvas, silhouette
from worker.export.zips import RenderZip
from worker.pack.views import BOUND, RIGID

DEPTH_SCALE: Final = 0.1
"""mm in one step of a depth image."""
FARTHEST: Final = 65535
ROUNDING: Final = 1e-6
"""By which an object's scale may differ from that of the others."""
COMMENTS: Final = ("a model of a BOP data set, in mm, Z up",)
NOWHERE: Final = [-1, -1, -1, -1]
"""The box of an object that is not visible."""
IMAGES: Final = frozenset({"rgb", "depth", "mask", "mask_visib"})


class BopScene(msgspec.Struct, frozen=True):
    """One zip: its scene's number, its identifier, what its metadata says, how many images."""

    scene_id: int
    identifier: str
    zip: RenderZip
    about: AboutSamples
    camera: SceneCamera
    images: int


class Model(msgspec.Struct, frozen=True):
    """The model of object `uid`."""

    uid: str
    mesh: PlyMesh


class Posed(msgspec.Struct, frozen=True):
    """An object in a sample: its pose in the camera, in mm, and its model."""

    obj_id: int
    rotation: NDArray[np.float64]
    translation: NDArray[np.float64]
    model: PlyMesh


class Bop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = False
    keeps_failed: ClassVar[bool] = False
    duplicates: ClassVar[bool] = False

    @property
    def grouping(self) -> Grouping | None:
        """None: every zip has its own files, and models that others may have too."""
        return None

    def convert(self, item: Item) -> BopScene:
        """Check one zip. Raises: Unsupported, RenderFailed."""
        zipped, identifier = item.rendered, item.object.file_identifier
        told = about.read(zipped)
        span = keys.samples_of(identifier)
        if not span:
            raise zipped.lacking("samples of scenes")
        camera = about.camera_of(zipped, told)
        if camera.K[0][1]:
            raise Unsupported("the camera has skew")
        recipe = zipped.recipe
        scene_id = (span.start - recipe.scenes.idx_offset) // recipe.views
        return BopScene(scene_id, identifier, zipped, told, camera, len(span))

    def write(self, unit: str, parts: Iterable[BopScene], folder: Path) -> list[str]:  # noqa: ARG002 - named after the scene
        """Write a scene and its models. Raises: Unsupported, RenderFailed."""
        (scene,) = parts
        return object_files.write(folder, _files(scene))

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check that images and models decode, and that each image and object has its files.

        Raises: NotAsWritten.
        """
        plys = [name for name in files if name.endswith(".ply")]
        found = object_files.read_back(folder, [name for name in files if name not in plys])
        object_files.check_meshes(folder, plys)
        named = {PurePosixPath(name).name: each for name, each in found.items()}
        truth, told = named[scene_set_keys.BOP_SCENE_GT], named[scene_set_keys.BOP_SCENE_GT_INFO]
        wanted = {
            scene_set_keys.bop_image(kind, int(im)) for im in truth for kind in ("rgb", "depth")
        } | {
            scene_set_keys.bop_mask(kind, int(im), gt)
            for im, shown in truth.items()
            for gt in range(len(shown))
            for kind in ("mask", "mask_visib")
        }
        images = {"/".join(PurePosixPath(name).parts[-2:]) for name in files
                  if PurePosixPath(name).parent.name in IMAGES}  # fmt: skip
        same = truth.keys() == told.keys() == named[scene_set_keys.BOP_SCENE_CAMERA].keys()
        if count != 1 or not same or images != wanted:
            raise NotAsWritten("there is not one image of each kind for each image and object")
        if {
            scene_set_keys.bop_model(each["obj_id"]) for shown in truth.values() for each in shown
        } != {*plys}:
            raise NotAsWritten("there is not one model of each object")


def _files(scene: BopScene) -> Files:
    """All files of a scene; the first names its folder. Raises: Unsupported, RenderFailed."""
    base = scene_set_keys.bop_scene(scene.scene_id)
    pose = camera_conventions.world_to_camera_opencv(scene.camera.camera_to_world)
    k = _intrinsics(scene.camera)
    view = {
        "cam_K": k.ravel().tolist(), "depth_scale": DEPTH_SCALE,
        "cam_R_w2c": pose[:3, :3].ravel().tolist(), "cam_t_w2c": (pose[:3, 3] * MM).tolist(),
    }  # fmt: skip
    yield (
        f"{base}/{scene_set_keys.BOP_SCENE_CAMERA}",
        json_file.json_file({str(im_id): view for im_id in range(scene.images)}),
    )
    yield scene_set_keys.BOP_CAMERA, json_file.json_file(_camera(scene.camera, k))
    truth: dict[str, Any] = {}
    told: dict[str, Any] = {}
    known: dict[int, Model] = {}
    for im_id, sample in enumerate(read.read(scene.zip, scene.identifier)):
        if sample.labels is None or sample.depth is None:
            raise scene.zip.lacking("labels of every pixel (scenes.exr)")
        shown = about.objects_of(scene.zip, scene.about, sample.index, sample.objects["class"])
        _check_rows(scene, sample)
        yield from _models(scene, shown, known)
        posed = list(_posed(scene, sample, shown, pose, known))
        depth = _depth(sample.depth)
        yield f"{base}/{scene_set_keys.bop_image('rgb', im_id)}", png.encode(sample.pixels)
        yield f"{base}/{scene_set_keys.bop_image('depth', im_id)}", png.encode(depth)
        infos = []
        for gt_id, each in enumerate(posed):
            seen = np.asarray(sample.labels[..., 0] == gt_id + 1)
            whole = _whole(each, k, seen)
            mask = _inside(whole, seen.shape)
            for kind, pixels in (("mask", mask), ("mask_visib", seen)):
                yield (
                    f"{base}/{scene_set_keys.bop_mask(kind, im_id, gt_id)}",
                    png.encode(pixels.astype(np.uint8) * np.uint8(255)),
                )
            infos.append(_info(whole, mask, seen, depth))
        truth[str(im_id)] = [
            {"obj_id": each.obj_id, "cam_R_m2c": each.rotation.ravel().tolist(),
             "cam_t_m2c": each.translation.tolist()}
            for each in posed
        ]  # fmt: skip
        told[str(im_id)] = infos
    yield f"{base}/{scene_set_keys.BOP_SCENE_GT}", json_file.json_file(truth)
    yield f"{base}/{scene_set_keys.BOP_SCENE_GT_INFO}", json_file.json_file(told)


def _intrinsics(camera: SceneCamera) -> NDArray[np.float64]:
    """K (3,3) with the first pixel's centre at (0, 0), as the BOP toolkit has it."""
    k = np.array(camera.K)
    k[:2, 2] -= 0.5
    return k


def _camera(camera: SceneCamera, k: NDArray[np.float64]) -> dict[str, Any]:
    return {
        "fx": k[0, 0], "fy": k[1, 1], "cx": k[0, 2], "cy": k[1, 2],
        "width": camera.width, "height": camera.height, "depth_scale": DEPTH_SCALE,
    }  # fmt: skip


def _scale(scene: BopScene) -> float:
    """The scale of every object, if a recipe varies none."""
    return float(np.float32(scene.zip.recipe.scenes.size * BASE_SCALE))


def _check_rows(scene: BopScene, sample: Sample) -> None:
    """Check the poses of a sample's objects. Raises: RenderFailed; Unsupported, if sizes differ."""
    rows = sample.objects
    turned = rows["rot_mat"] @ rows["rot_mat"].transpose(0, 2, 1)
    if not (
        (np.abs(turned - np.eye(3)) < RIGID).all() and (np.abs(rows["location"]) < BOUND).all()
    ):
        raise scene.zip.damaged(f"has a sample {sample.index} with a pose that is not rigid")
    if not (np.abs(rows["scale"] / _scale(scene) - 1.0) <= ROUNDING).all():
        raise Unsupported(
            f"the objects of sample {sample.index} are not all of one size, and BOP's poses are "
            "rigid (scenes.warp, scenes.scaling)"
        )


def _obj_id(scene: BopScene, shown: ShownObject) -> int:
    if shown.number is None:
        raise scene.zip.lacking(
            "numbers of its objects, because it was rendered by an older version, or from an index "
            "of one"
        )
    return shown.number + 1


def _models(scene: BopScene, shown: tuple[ShownObject, ...], known: dict[int, Model]) -> Files:
    """The files of the models that no sample before showed; adds them to `known`, by obj_id."""
    for each in shown:
        obj_id = _obj_id(scene, each)
        if obj_id in known:
            if known[obj_id].uid != each.uid:
                raise scene.zip.damaged(f"has two objects with the number {each.number}")
            continue
        mesh = models.read(scene.zip, each.uid, _scale(scene))
        known[obj_id] = Model(each.uid, mesh)
        document = {
            "obj_id": obj_id, "file_identifier": each.file_identifier, "uid": each.uid,
            "class": scene.about.classes[each.class_idx], "info": models.info(mesh),
        }  # fmt: skip
        yield scene_set_keys.bop_model(obj_id), mesh_ply.encode(mesh, COMMENTS)
        yield scene_set_keys.bop_model_about(obj_id), json_file.json_file(document)


def _posed(
    scene: BopScene, sample: Sample, shown: tuple[ShownObject, ...], pose: NDArray[np.float64],
    known: dict[int, Model],
) -> Iterator[Posed]:  # fmt: skip
    turn = pose[:3, :3]
    for row, each in zip(sample.objects, shown, strict=True):
        rotation = product(product(turn, row["rot_mat"]), TO_Y_UP)
        place = product(row["location"], turn.T) + pose[:3, 3]
        obj_id = _obj_id(scene, each)
        yield Posed(obj_id, rotation, place * MM, known[obj_id].mesh)


def _depth(depth: NDArray[np.float32]) -> NDArray[np.uint16]:
    """16-bit depth in steps of DEPTH_SCALE mm; 0 where it is farther than they reach."""
    steps = np.rint(depth.astype(np.float64) * (MM / DEPTH_SCALE))
    return np.where(steps <= FARTHEST, steps, 0).astype(np.uint16)  # false for NaN


def _whole(posed: Posed, k: NDArray[np.float64], seen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The silhouette on a canvas three times as wide and high, with the image in the middle.

    Pixels that the render shows at an edge count, also where rounding leaves the mesh beside them.
    """
    height, width = seen.shape
    points = product(posed.model.points.astype(np.float64), posed.rotation.T) + posed.translation
    canvas = Canvas(-width, -height, 3 * width, 3 * height)
    whole = silhouette(points, posed.model.triangles, k, canvas)
    whole[height : 2 * height, width : 2 * width] |= seen
    return whole


def _inside(whole: NDArray[np.bool_], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    height, width = shape
    return whole[height : 2 * height, width : 2 * width]


def _info(
    whole: NDArray[np.bool_], mask: NDArray[np.bool_], seen: NDArray[np.bool_],
    depth: NDArray[np.uint16],
) -> dict[str, Any]:  # fmt: skip
    """What calc_gt_info.py tells of an object in an image."""
    everywhere, visible = int(whole.sum()), int(seen.sum())
    height, width = seen.shape
    return {
        "px_count_all": everywhere,
        "px_count_valid": int((mask & (depth > 0)).sum()),
        "px_count_visib": visible,
        "visib_fract": visible / everywhere if everywhere else 0.0,
        "bbox_obj": _box(whole, width, height) if visible else NOWHERE,
        "bbox_visib": _box(seen) if visible else NOWHERE,
    }


def _box(pixels: NDArray[np.bool_], left: int = 0, top: int = 0) -> list[int]:
    """x, y of the first pixel, and its distance to the last one, as calc_2d_bbox has it."""
    (y, last_y), (x, last_x) = (np.flatnonzero(pixels.any(axis=a))[[0, -1]] for a in (1, 0))
    return [int(x - left), int(y - top), int(last_x - x), int(last_y - y)]
