"""Synthetic scenes as HDF5, for the study's trainer and anything else that reads h5py.

    imgs_00.h5, imgs_01.h5, …    the pictures as rendered: a PNG file in each row
    data_<edge>[_lab].h5         --preprocess: resized and standardised, ready to train on

Rows of pictures are in the order of the samples' indices, whose gaps `idx` shows; preprocessed ones
are mixed (`worker.export.samples.order`), and the attribute `rows` says how many are to train on,
to validate and to test. `uid` says which zip a row is from. Source of the other names, types and
shapes: princeton-vl/selfstudy and its reader: with one object a sample there is no axis
of objects, and without labels of every pixel the class is the target.
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
from worker.core import keys
from worker.core.errors import Missing, RenderFailed, Unsupported
from worker.export import hdf5_table
from worker.export.base import Grouping, Item
from worker.export.hdf5_table import Column, Values
from worker.export.samples import checks, normal, order
from worker.export.samples.read import FIELDS, Sample, read

WITHOUT_END: Final = 1 << 62
OBJECTS: Final = 500
"""Zips in a file of pictures: 10,000 samples, of 20 a zip."""
RAW: Final = ("png_images", "png_targets")
PREPROCESSED: Final = ("data", "targets")
"""Names of the columns of pictures and of their labels."""

Edge = Annotated[int, msgspec.Meta(ge=1, le=4096)]
Many = Annotated[int, msgspec.Meta(ge=1)]


class Rows(msgspec.Struct, frozen=True):
    """The samples of one zip, as rows of each column."""

    uid: str
    values: dict[str, Values]
    part: NDArray[np.int64]
    """(n,), what they are for: places in `order.PARTS`."""

    @property
    def columns(self) -> dict[str, Column]:
        """What a file has whose rows they are."""
        return {name: hdf5_table.column_of(values) for name, values in self.values.items()}

    @property
    def ends(self) -> tuple[int, int]:
        """The first index and the last."""
        indices = np.asarray(self.values["idx"])
        return int(indices[0]), int(indices[-1])


class Hdf5(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Export`; see `worker.export.base`."""

    all_outcomes: ClassVar[bool] = True
    """What was not rendered is named, and without it the files keep their numbers."""
    keeps_failed: ClassVar[bool] = False

    layout: Literal["labels", "classes"] = "labels"
    """Targets: labels of every pixel, where they were rendered; or the class, as for pictures that
    came without, which is what the study trains on with one object a sample."""
    preprocess: Edge | None = None
    """Edge of the resized pictures; None: the pictures as rendered."""
    lab: bool = False
    """Preprocessed pictures in L*a*b*, not RGB."""
    group_objects: Many | None = None
    """At most so many zips in a file; None: 500, and of a preprocessed set all."""

    def __post_init__(self) -> None:
        """Raises: ValueError, for options that do not go together."""
        if self.lab and self.preprocess is None:
            raise ValueError("--lab goes with --preprocess")

    @property
    def grouping(self) -> Grouping | None:
        """By number, in the samples' order."""
        usual = OBJECTS if self.preprocess is None else WITHOUT_END
        return Grouping(self.group_objects or usual, WITHOUT_END, numbered=True)

    def convert(self, item: Item) -> Rows:
        """One zip's samples. Raises: Missing, Unsupported, RenderFailed."""
        found, zipped = item.object, item.zip
        if zipped is None:
            why = f", {found.code}: {found.message}" if found.code else ""
            raise Missing(f"its samples were not rendered ({found.outcome}{why})")
        width, height = zipped.recipe.resolution
        if self.preprocess is not None and width != height:
            raise Unsupported(f"its pictures are of {width}x{height}, --preprocess makes squares")
        shown = zipped.recipe.scenes.objects
        if self.layout == "classes" and zipped.recipe.product == "scenes" and shown > 1:
            raise Unsupported(
                f"its samples show {shown} objects each, --layout classes takes the class of one; "
                "--layout labels takes any"
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
        """One file; none, if no sample is left. Raises: RenderFailed, NodeError."""
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
        """Rows are in order, of so many zips, and their pictures whole. Raises: NotAsWritten."""
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
            return keys.h5_pictures(int(unit))
        part = None if self.group_objects is None else int(unit)
        return keys.h5_data(self.preprocess, part, lab=self.lab)


def _column(rows: list[Any]) -> Values:
    return rows if isinstance(rows[0], bytes) else np.stack(rows)


def _follow(rows: Rows, last: int) -> None:
    """Refuse samples that another zip told of. Raises: RenderFailed."""
    start, end = rows.ends
    if start <= last:
        raise RenderFailed(
            f"{keys.render_zip(rows.uid)} has samples {start} to {end}, others that share its "
            f"file go up to {last}: of every sample there may be one"
        )
