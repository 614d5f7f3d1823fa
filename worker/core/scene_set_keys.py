"""The file names of data sets of synthetic scenes; the others are in `keys`."""

from __future__ import annotations

from typing import Final


def h5_pictures(number: int) -> str:
    """Images of group `number` of samples: "imgs_00.h5", as Newell & Deng (2020) name it."""
    return f"imgs_{number:02d}.h5"


def h5_data(edge: int, number: int | None, *, lab: bool) -> str:
    """Preprocessed samples: "data_128_lab.h5", or "data_128_00.h5" for one group.

    Newell & Deng (2020) use these names.
    """
    part = "" if number is None else f"_{number:02d}"
    return f"data_{edge}{'_lab' if lab else ''}{part}.h5"


COCO_IMAGES: Final = "images/"
"""Folder of the images of a data set in COCO's layout."""


def coco_image(idx: int) -> str:
    """The image of sample `idx`, relative to COCO_IMAGES, as COCO's `file_name` has it."""
    return f"{idx:05d}.png"


def coco_instances(split: str, group: int | None) -> str:
    """COCO's annotations of a split, or of one group of it: "annotations/instances_train.json"."""
    part = "" if group is None else f"_{group:02d}"
    return f"annotations/instances_{split}{part}.json"


BOP_MODELS: Final = "models/"
"""Folder of the models of a data set in BOP's layout."""
BOP_MODELS_INFO: Final = f"{BOP_MODELS}models_info.json"
BOP_CAMERA: Final = "camera.json"
BOP_SCENE_CAMERA: Final = "scene_camera.json"
BOP_SCENE_GT: Final = "scene_gt.json"
BOP_SCENE_GT_INFO: Final = "scene_gt_info.json"
"""A file of each scene of BOP's layout, as are the two before it."""


def bop_model(obj_id: int) -> str:
    """BOP's model of an object: "models/obj_000001.ply"."""
    return f"{BOP_MODELS}obj_{obj_id:06d}.ply"


def bop_model_about(obj_id: int) -> str:
    """What a model's file does not say of it, beside it; not of BOP."""
    return f"{BOP_MODELS}obj_{obj_id:06d}.json"


def bop_scene(scene_id: int) -> str:
    """BOP's folder of a scene: "train/000000"."""
    return f"train/{scene_id:06d}"


def bop_image(kind: str, im_id: int) -> str:
    """BOP's image `im_id` of a scene; `kind` is rgb or depth."""
    return f"{kind}/{im_id:06d}.png"


def bop_mask(kind: str, im_id: int, gt_id: int) -> str:
    """BOP's mask of object `gt_id` in an image; `kind` is mask or mask_visib."""
    return f"{kind}/{im_id:06d}_{gt_id:06d}.png"
