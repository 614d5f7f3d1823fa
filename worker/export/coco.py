"""The export kind `coco`: synthetic scenes with instance masks, in the layout of COCO.

    annotations/instances_{train,val,test}.json   images, categories, and an annotation for each
                                                  object that is visible
    images/<nnnnn>.png                            8-bit sRGB, named after the sample's number

The splits are those of the study: the last twelfth of the samples is for test, the one before for
validation, and both show other objects than the rest. Boxes are [x, y, width, height] in pixels, of
the visible part, as `area` and the run lengths in `segmentation` are. Format:
https://cocodataset.org/#format-data, read by pycocotools.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import coco_rle, png
from worker.codecs.coco_rle import NotRle
from worker.contract.scene_keys import MOST_OBJECTS
from worker.core import scene_set_keys
from worker.core.errors import RenderFailed
from worker.export import object_files
from worker.export.base import Grouping, Item, NotAsWritten
from worker.export.samples import about, order, read
from worker.export.samples.about import ShownObject
from worker.export.samples.read import Sample

WITHOUT_END: Final = 1 << 62
SPLITS: Final = ("train", "val", "test")
"""COCO's names of `order.PARTS`."""
Many = Annotated[int, msgspec.Meta(ge=1)]


class CocoImage(msgspec.Struct, frozen=True):
    """One sample: its PNG, and COCO's records of it."""

    split: str
    record: dict[str, Any]
    data: bytes
    annotations: list[dict[str, Any]]


class CocoImages(msgspec.Struct, frozen=True):
    """The samples of one zip."""

    uid: str
    classes: tuple[str, ...]
    images: list[CocoImage]


class Coco(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = True
    """Zips that were not rendered are reported, and files keep their numbers without them."""
    keeps_failed: ClassVar[bool] = False
    duplicates: ClassVar[bool] = False

    group_objects: Many | None = None
    """Maximum number of zips per file of annotations; None is all."""

    @property
    def grouping(self) -> Grouping | None:
        """Groups of zips, in the order of their samples."""
        return Grouping(self.group_objects or WITHOUT_END, WITHOUT_END, numbered=True)

    def convert(self, item: Item) -> CocoImages:
        """Convert one zip's samples. Raises: Missing, Unsupported, RenderFailed."""
        found, zipped = item.object, item.samples
        told = about.read(zipped)
        images = []
        for sample in read.read(zipped, found.file_identifier):
            if sample.labels is None:
                raise zipped.lacking("labels of every pixel (scenes.exr)")
            shown = about.objects_of(zipped, told, sample.index, sample.objects["class"])
            if int(sample.labels[..., 0].max()) > len(shown):
                raise zipped.damaged(f"has a sample {sample.index} with pixels of no object")
            (part,) = order.part_of([sample.index], zipped.recipe.scenes)
            images.append(_image(sample, SPLITS[part], shown))
        return CocoImages(found.uid, told.classes, images)

    def write(self, unit: str, parts: Iterable[CocoImages], folder: Path) -> list[str]:
        """Write images, and annotations of each split that has some.

        Raises: RenderFailed, NodeError.
        """
        listed: dict[str, list[CocoImage]] = {}
        names: list[str] = []
        classes: tuple[str, ...] | None = None
        last = -1
        for part in parts:
            if part.classes != (classes := classes or part.classes):
                raise RenderFailed(f"{part.uid}.zip has other classes than the zips before it")
            for image in part.images:
                if image.record["id"] <= last:
                    raise RenderFailed(
                        f"{part.uid}.zip has sample {image.record['id']}, but earlier zips go up "
                        f"to {last}; every sample may occur only once"
                    )
                last = image.record["id"]
                name = f"{scene_set_keys.COCO_IMAGES}{image.record['file_name']}"
                names += object_files.write(folder, [(name, image.data)])
                listed.setdefault(image.split, []).append(
                    msgspec.structs.replace(image, data=b"")
                )  # fmt: skip
        group = None if self.group_objects is None else int(unit)
        documents = [
            (scene_set_keys.coco_instances(split, group), _document(classes or (), images))
            for split, images in listed.items()
        ]
        return [*names, *object_files.write(folder, documents)]

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check that images decode and are annotated once, and that masks fit their numbers.

        Raises: NotAsWritten.
        """
        found = object_files.read_back(folder, files)
        documents = [each for name, each in found.items() if name.endswith(".json")]
        images = [image for each in documents for image in each["images"]]
        annotations = [each for document in documents for each in document["annotations"]]
        named = sorted(f"{scene_set_keys.COCO_IMAGES}{image['file_name']}" for image in images)
        if not count or named != sorted(name for name in files if not name.endswith(".json")):
            raise NotAsWritten("the annotations do not name each image once")
        ids = [each["id"] for each in annotations]
        if len({*ids}) != len(ids) or not {a["image_id"] for a in annotations} <= {
            image["id"] for image in images
        }:
            raise NotAsWritten("annotations have the same id, or that of no image")
        for each in annotations:
            _check(each)


def _image(sample: Sample, split: str, shown: tuple[ShownObject, ...]) -> CocoImage:
    height, width = sample.pixels.shape[:2]
    record = {
        "id": sample.index,
        "file_name": scene_set_keys.coco_image(sample.index),
        "width": width,
        "height": height,
    }
    annotations = []
    for number, each in enumerate(shown, 1):
        mask = np.asarray(sample.labels)[..., 0] == number
        if mask.any():
            annotations.append(_annotation(sample.index, number, each, mask))
    return CocoImage(split, record, png.encode(sample.pixels), annotations)


def _annotation(
    index: int, number: int, shown: ShownObject, mask: NDArray[np.bool_]
) -> dict[str, Any]:
    """The annotation of object `number` (1, 2, …); ids count from 1, as COCO's evaluation wants."""
    return {
        "id": index * MOST_OBJECTS + number,
        "image_id": index,
        "category_id": shown.class_idx + 1,
        "bbox": _box(mask),
        "area": int(mask.sum()),
        "iscrowd": 0,
        "segmentation": coco_rle.encode(mask),
        "uid": shown.uid,
    }


def _box(mask: NDArray[np.bool_]) -> list[int]:
    """x, y, width and height of the True pixels, of which there is at least one."""
    (top, bottom), (left, right) = (np.flatnonzero(mask.any(axis=axis))[[0, -1]] for axis in (1, 0))
    return [int(left), int(top), int(right - left + 1), int(bottom - top + 1)]


def _document(classes: tuple[str, ...], images: list[CocoImage]) -> bytes:
    return msgspec.json.encode(
        {
            "info": {"description": "synthetic scenes, visible masks"},
            "licenses": [],
            "categories": [
                {"id": number, "name": name, "supercategory": "object"}
                for number, name in enumerate(classes, 1)
            ],
            "images": [image.record for image in images],
            "annotations": [each for image in images for each in image.annotations],
        }
    )


def _check(annotation: dict[str, Any]) -> None:
    try:
        mask = coco_rle.decode(annotation["segmentation"])
    except NotRle as error:
        raise NotAsWritten(f"the mask of annotation {annotation['id']}: {error}") from error
    if int(mask.sum()) != annotation["area"] or _box(mask) != annotation["bbox"]:
        raise NotAsWritten(f"annotation {annotation['id']} has another area or box than its mask")
