"""The export kind `hdf5`: synthetic scenes as HDF5, for selfstudy's trainer or any HDF5 reader.

    imgs_00.h5, imgs_01.h5, …    the images as rendered: one PNG file per row
    data_<edge>[_lab].h5         with --preprocess: resized and standardised, ready for training

Rows of imgs_*.h5 are ordered by sample index, which `idx` holds; indices may have gaps. Rows of
data_*.h5 are shuffled (`worker.export.samples.order`), and the attribute `rows` has the numbers of
training, validation and test rows. `uid` names the zip of each row. The other names, types and
shapes are those of princeton-vl/selfstudy and its reader: with one object per sample there is no
axis of objects, and without pixel labels the class is the target.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.codecs import png
from worker.core import scene_set_keys
from worker.core.errors import RenderFailed, Unsupported
from worker.export import hdf5_table
from worker.export.base import Grouping, Item
from worker.export.hdf5_table import Column, Values
from worker.export.samples import checks, normal, order
from worker.export.samples.read import FIELDS, Sample, read

WITHOUT_END: Final = 1 << 62
OBJECTS: Final = 500
"""Default number of zips per file of images: 10,000 samples at 20 per zip."""
RAW: Final = ("png_images", "png_targets")
PREPROCESSED: Final = ("data", "targets")
"""Names of the columns of images and of their labels."""

Edge = Annotated[int, msgspec.Meta(ge=1, le=4096)]
Many = Annotated[int, msgspec.Meta(ge=1)]


class Rows(msgspec.Struct, frozen=True):
    """The samples of one zip: one row per sample in every column."""

    uid: str
    values: dict[str, Values]
    part: NDArray[np.int64]
    """(n,): the part of each row, as an index into `order.PARTS`."""

    @property
    def columns(self) -> dict[str, Column]:
        """The columns of a file that takes these rows."""
        return {name: hdf5_table.column_of(values) for name, values in self.values.items()}

    @property
    def ends(self) -> tuple[int, int]:
        """The first and the last sample index."""
        indices = np.asarray(self.values["idx"])
        return int(indices[0]), int(indices[-1])


class Hdf5(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = True
    """Zips that were not rendered are reported, and files keep their numbers without them."""
    keeps_failed: ClassVar[bool] = False
    duplicates: ClassVar[bool] = False

    layout: Literal["labels", "classes"] = "labels"
    """The targets. "labels": labels of every pixel, if they were rendered, else the class.
    "classes": always the class, which selfstudy trains on with one object per sample."""
    preprocess: Edge | None = None
    """Width and height of the resized images in pixels; None keeps the images as rendered."""
    lab: bool = False
    """Whether preprocessed images are in L*a*b* instead of RGB."""
    group_objects: Many | None = None
    """Maximum number of zips per file; None is 500, or all zips if preprocessed."""

    def __post_init__(self) -> None:
        """Check the combination of options. Raises: ValueError."""
        if self.lab and self.preprocess is None:
            raise ValueError("--lab requires --preprocess")

    @property
    def grouping(self) -> Grouping | None:
        """Groups of zips, in the order of their samples."""
        usual = OBJECTS if self.preprocess is None else WITHOUT_END
        return Grouping(self.group_objects or usual, WITHOUT_END, numbered=True)

    def convert(self, item: Item) -> Rows:
        """Convert one zip's samples to rows. Raises: Missing, Unsupported, RenderFailed."""
        found, zipped = item.object, item.samples
        width, height = zipped.recipe.resolution
        if self.preprocess is not None and width != height:
            raise Unsupported(f"its images are {width}x{height}; --preprocess needs square images")
        shown = zipped.recipe.scenes.objects
        if self.layout == "classes" and zipped.recipe.product == "scenes" and shown > 1:
            raise Unsupported(
                f"its samples show {shown} objects each; --layout classes needs one object per "
                "sample, --layout labels takes any number"
            )
        indices, objects, pictures, labels = [], [], [], []
        for sample in read(zipped, found.file_identifier):
            indices.append(sample.index)
            objects.append(sample.objects)
            pictures.append(self._picture(sample))
            if sample.labels is not None and self.layout == "labels":
                labels.append(self._labels(sample.labels))
        records = np.stack(objects)
        if records.shape[1] == 1:
            records = records[:, 0]
        values: dict[str, Values] = {name: records[name] for name in FIELDS}
        values["idx"] = np.array(indices, np.int64)
        values["uid"] = np.array([found.uid.encode()] * len(indices))
        name, name_of_labels = RAW if self.preprocess is None else PREPROCESSED
        values[name] = _column(pictures)
        if labels:
            values[name_of_labels] = _column(labels)
        else:
            values["targets"] = values["class"]
        return Rows(found.uid, values, order.part_of(indices, zipped.recipe.scenes))

    def _picture(self, sample: Sample) -> Any:
        if self.preprocess is None:
            return sample.file or png.encode(sample.pixels)
        return normal.picture(sample.pixels, self.preprocess, lab=self.lab)

    def _labels(self, labels: NDArray[np.uint8]) -> Any:
        if self.preprocess is None:
            return png.encode(labels)
        return normal.labels(labels, self.preprocess)

    def write(self, unit: str, parts: Iterable[Rows], folder: Path) -> list[str]:
        """Write one file, or none if no sample is left. Raises: RenderFailed, NodeError."""
        rest = iter(parts)
        first = next(rest, None)
        if first is None:
            return []
        name = self._name(unit)
        with hdf5_table.writing(folder / name) as new:
            table = hdf5_table.Table(new, first.columns)
            if self.preprocess is not None:
                space = normal.LAB if self.lab else normal.RGB
                new.file.attrs.update(space=space.name, mean=space.mean, std=space.std)
            last, parts_of_rows = -1, []
            for rows in itertools.chain((first,), rest):
                _follow(rows, last)
                table.append(rows.values)
                parts_of_rows.append(rows.part)
                last = rows.ends[1]
            if self.preprocess is not None:
                part = np.concatenate(parts_of_rows)
                table.reorder(order.mixed(part))
                new.file.attrs[checks.ROWS] = np.bincount(part, minlength=len(order.PARTS))
        return [name]

    def check(self, folder: Path, files: list[str], count: int) -> None:
        """Check the order of the rows, the number of zips and the images. Raises: NotAsWritten."""
        (name,) = files
        with hdf5_table.reading(folder / name) as file:
            checks.rows(file, count)
            if self.preprocess is None:
                checks.in_order(file)
                checks.pictures(file)
            else:
                checks.in_parts(file)
                checks.data(file, self.preprocess)

    def _name(self, unit: str) -> str:
        if self.preprocess is None:
            return scene_set_keys.h5_pictures(int(unit))
        part = None if self.group_objects is None else int(unit)
        return scene_set_keys.h5_data(self.preprocess, part, lab=self.lab)


def _column(rows: list[Any]) -> Values:
    return rows if isinstance(rows[0], bytes) else np.stack(rows)


def _follow(rows: Rows, last: int) -> None:
    """Check that the samples follow those of the zip before. Raises: RenderFailed."""
    start, end = rows.ends
    if start <= last:
        raise RenderFailed(
            f"{rows.uid}.zip has samples {start} to {end}, but earlier zips of the "
            f"same file go up to {last}; every sample may occur only once"
        )
