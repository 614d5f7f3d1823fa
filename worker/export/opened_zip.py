"""Reads one object's zip: its metadata and its files. Every defect is an `ObjectError`.

Zips are untrusted, since anyone who can write to the store can replace them. Sizes are checked
before data is read (the zip's own size by `worker.export.source`), names refer only to members of
the zip, and nothing is extracted to disk.
"""

from __future__ import annotations

import io
import zipfile
from typing import Annotated, Any, ClassVar, Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from worker.contract.recipe import Recipe
from worker.core import keys
from worker.core.errors import Modified, RenderFailed, Unsupported
from worker.core.json_errors import NOT_JSON, why
from worker.core.sha256 import sha256_of
from worker.export.camera_model import Row
from worker.pack.archive import UNREADABLE
from worker.pack.statistics import ObjectStatistics

MEMBER_LIMIT: Final = 1 << 28
LARGEST: Final = 1 << 31
"""Maximum size of a zip that is read, both packed and unpacked, in bytes."""
LONGEST_NAME: Final = 200
"""Characters of a member's name that a message quotes."""
RESTORED: Final = "'run --retry lost' renders it again"
AGAIN: Final = f"delete it, then {RESTORED}"

T = TypeVar("T")
Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class ViewCoverage(msgspec.Struct, frozen=True):
    """How much of each view the object covers, 0 to 1."""

    views: dict[str, float] = {}


class ViewStatistics(msgspec.Struct, frozen=True):
    """The statistics of one view; see `worker.pack.statistics`."""

    coverage: float
    touches_border: bool
    brightness_mean: float | None = None
    brightness_std: float | None = None
    clipped: float | None = None
    black: float | None = None
    phash: str | None = None


class Statistics(msgspec.Struct, frozen=True):
    """The statistics of an object's views; zips of older versions have none."""

    views: dict[str, ViewStatistics] = {}
    object: ObjectStatistics | None = None


class RenderWorker(msgspec.Struct, frozen=True, kw_only=True):
    """The key `render_worker` of ``metadata.json``; see `worker.pack.records.metadata`."""

    preset: str
    source: str | None = None
    license: str | None = None
    recipe_digest: str | None = None
    placement: dict[str, Any] | None = None
    images: dict[str, dict[str, Any]] = {}
    coverage: ViewCoverage = ViewCoverage()
    statistics: Statistics = Statistics()
    facts: dict[str, dict[str, dict[str, Any]]] = {}


class SceneSize(msgspec.Struct, frozen=True, kw_only=True):
    """The object's bounding box in the file's coordinates, before normalisation."""

    bbox_min: Row
    bbox_max: Row


class MissingTextures(msgspec.Struct, frozen=True):
    """Missing textures, summarised; a zip's metadata has more keys than are read."""

    count: Count | None = None


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """The keys of ``metadata.json`` that exports read."""

    COUNTS: ClassVar = (
        "object_count", "mesh_count", "vert_count", "edge_count", "poly_count", "material_count",
        "animation_count", "armature_count", "shape_key_count",
    )  # fmt: skip

    file_identifier: str
    sha256: str | None = None
    file_size: Count | None = None
    metadata: dict[str, Any] | str = {}
    scene_size: SceneSize | None = None
    mesh_count: Count | None = None
    object_count: Count | None = None
    poly_count: Count | None = None
    vert_count: Count | None = None
    edge_count: Count | None = None
    material_count: Count | None = None
    animation_count: Count | None = None
    armature_count: Count | None = None
    shape_key_count: Count | None = None
    found_files: dict[str, Any] | None = None
    missing_files: tuple[Any, ...] | None = None
    undecodable_files: dict[str, Any] | None = None
    """What became of the files that the object names; None in zips of older versions."""
    missing_textures: MissingTextures = MissingTextures()
    render_worker: RenderWorker


# Created at import, before any thread starts: msgspec 0.22 crashes if two threads are the first to
# decode the same type at the same time (a null pointer in its half-built type information).
_METADATA: Final = msgspec.json.Decoder(Metadata)


class OpenedZip:
    """The zip of object `uid`, opened from its bytes.

    `recipe` is the recipe that rendered it, `sha256` the hex digest in the ledger, if known, and
    `prefix` that of the output's layout.

    Raises: RenderFailed, if the zip is damaged; Modified, if its digest is not `sha256`.
    """

    def __init__(
        self, uid: str, data: bytes, recipe: Recipe, sha256: str | None = None, prefix: int = 0
    ) -> None:
        self.uid = uid
        self.key = keys.render_zip(uid, prefix)
        """Where it is in the output."""
        self.recipe = recipe
        self.size = len(data)
        if sha256 is not None and (found := sha256_of(data)) != sha256:
            raise Modified(
                f"{self.key} was damaged or replaced: its sha256 is {found[:12]}…, "
                f"but the ledger has {sha256[:12]}…; {AGAIN}"
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except UNREADABLE as error:
            raise self.damaged(f"is not a complete zip: {error}") from error
        listed = self._zip.infolist()
        self._check(listed)
        self._members = {info.filename: info for info in listed}
        self.metadata = self.json(keys.METADATA, _METADATA)

    def _check(self, listed: list[zipfile.ZipInfo]) -> None:
        """Check what the zip says of its members, before any is read. Raises: RenderFailed."""
        for name in (info.filename for info in listed):
            folder, *parts = name.split("/")
            plain = name.isprintable() and "\\" not in name
            if folder != self.uid or not parts or not plain or {"", ".", ".."} & {*parts}:
                raise self.damaged(f"has a member named {name[:LONGEST_NAME]!r}")
        if len({info.filename for info in listed}) != len(listed):
            raise self.damaged("has two members of one name")
        if sum(info.file_size for info in listed) > LARGEST:
            raise self.damaged(f"unpacks to more than {LARGEST >> 20} MB")

    def names(self) -> list[str]:
        """The paths of its files, relative to the object's folder, in the zip's order."""
        prefix = keys.member(self.uid, "")
        return [name.removeprefix(prefix) for name in self._members if name.startswith(prefix)]

    def read(self, name: str) -> bytes:
        """Read one file by its path relative to the object's folder; its CRC is checked.

        Raises: RenderFailed, if it is missing or damaged.
        """
        info = self._members.get(keys.member(self.uid, name))
        if info is None:
            raise self.damaged(f"has no {name}")
        if info.file_size > MEMBER_LIMIT or info.compress_type != zipfile.ZIP_STORED:
            raise self.damaged(
                f"has a {name} that is compressed or larger than {MEMBER_LIMIT >> 20} MB"
            )
        try:
            return self._zip.read(info)
        except UNREADABLE as error:
            raise self.damaged(f"has a damaged {name}: {error}") from error

    def json(self, name: str, decoder: msgspec.json.Decoder[T]) -> T:
        """Read one JSON file. Raises: RenderFailed, also if it does not match the type."""
        try:
            return decoder.decode(self.read(name))
        except NOT_JSON as error:
            raise self.damaged(f"has an invalid {name}: {why(error)}") from error

    def array(self, name: str) -> NDArray[Any]:
        """Read one NPY file, of any shape and type except Python objects. Raises: RenderFailed."""
        stream = io.BytesIO(self.read(name))
        try:
            # np.load would also open zips of arrays.
            load = np.lib.format.read_array
            found: NDArray[Any] = load(stream, allow_pickle=False)  # type: ignore[no-untyped-call]  # NumPy's own
        except Exception as error:
            raise self.damaged(f"has a {name} that does not decode: {error}") from error
        return found

    def damaged(self, what: str) -> RenderFailed:
        """An error that says what is wrong with this zip, such as "has no views"."""
        return RenderFailed(f"{self.key} {what}; {AGAIN}")

    def lacking(self, what: str) -> Unsupported:
        """An error that says that this zip lacks `what`, which another preset would render."""
        return Unsupported(
            f"the zip has no {what}; this export needs it (preset "
            f"'{self.metadata.render_worker.preset}', images: "
            f"{', '.join(sorted(self.metadata.render_worker.images)) or 'none'})"
        )
