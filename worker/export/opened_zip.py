"""One object's zip, opened: its metadata and its files. Whatever is wrong with it has a name.

A zip may come from anyone who can write to the store: sizes are looked at before anything is
read (its own by `worker.export.source`), names lead to members of the zip only, and nothing is
unpacked to disk.
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

MEMBER_LIMIT: Final = 1 << 28
LARGEST: Final = 1 << 31
"""Bytes that a zip may have, or unpack to, to be read."""
RESTORED: Final = "'run --retry lost' renders it again"
AGAIN: Final = f"remove it, and {RESTORED}"

T = TypeVar("T")
Count = Annotated[int, msgspec.Meta(ge=0, le=(1 << 63) - 1)]


class ViewCoverage(msgspec.Struct, frozen=True):
    """How much of each view the object covers, 0 to 1."""

    views: dict[str, float] = {}


class RenderWorker(msgspec.Struct, frozen=True, kw_only=True):
    """The worker's own part of ``metadata.json``."""

    preset: str
    source: str | None = None
    license: str | None = None
    recipe_digest: str | None = None
    placement: dict[str, Any] | None = None
    images: dict[str, dict[str, Any]] = {}
    coverage: ViewCoverage = ViewCoverage()
    facts: dict[str, dict[str, dict[str, Any]]] = {}


class SceneSize(msgspec.Struct, frozen=True, kw_only=True):
    """The object's bounding box before it was normalised."""

    bbox_min: Row
    bbox_max: Row


class MissingTextures(msgspec.Struct, frozen=True):
    """Of which a zip tells more."""

    count: Count | None = None


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """What exports take from ``metadata.json``."""

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
    missing_textures: MissingTextures = MissingTextures()
    render_worker: RenderWorker


# Made here, before there are threads: two threads that are first to decode one type at the same
# time crash msgspec 0.22 (a null pointer in its half-built description of the type).
_METADATA: Final = msgspec.json.Decoder(Metadata)


class OpenedZip:
    """A zip opened: `uid`'s, of these bytes, whose sha256 must be `sha256` if that is known.

    `recipe` is the one it was made by.

    Raises: RenderFailed, when it is not a whole zip of the worker's; Modified, when it is not
    the one that the ledger tells of.
    """

    def __init__(self, uid: str, data: bytes, recipe: Recipe, sha256: str | None = None) -> None:
        self.uid = uid
        self.recipe = recipe
        self.size = len(data)
        if sha256 is not None and (found := sha256_of(data)) != sha256:
            raise Modified(
                f"{keys.render_zip(uid)} is damaged or was replaced: its sha256 is "
                f"{found[:12]}…, the ledger says {sha256[:12]}…; {AGAIN}"
            )
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except UNREADABLE as error:
            raise self.damaged(f"is not a whole zip: {error}") from error
        self._members = {info.filename: info for info in self._zip.infolist()}
        if sum(info.file_size for info in self._members.values()) > LARGEST:
            raise self.damaged(f"unpacks to more than {LARGEST >> 20} MB")
        self.metadata = self.json(keys.METADATA, _METADATA)

    def names(self) -> list[str]:
        """Its files, relative to the object's folder, in the zip's order."""
        prefix = keys.member(self.uid, "")
        return [name.removeprefix(prefix) for name in self._members if name.startswith(prefix)]

    def read(self, name: str) -> bytes:
        """One file, relative to the object's folder, its CRC checked. Raises: RenderFailed."""
        info = self._members.get(keys.member(self.uid, name))
        if info is None:
            raise self.damaged(f"has no {name}")
        if info.file_size > MEMBER_LIMIT or info.compress_type != zipfile.ZIP_STORED:
            raise self.damaged(f"has a {name} that is larger or packed otherwise than the worker's")
        try:
            return self._zip.read(info)
        except UNREADABLE as error:
            raise self.damaged(f"has a damaged {name}: {error}") from error

    def json(self, name: str, decoder: msgspec.json.Decoder[T]) -> T:
        """One JSON file. Raises: RenderFailed, also where it is not what `decoder` takes."""
        try:
            return decoder.decode(self.read(name))
        except NOT_JSON as error:
            raise self.damaged(f"has a {name} that is not the worker's: {why(error)}") from error

    def array(self, name: str) -> NDArray[Any]:
        """One NPY file's array, of any type and shape but of objects. Raises: RenderFailed."""
        stream = io.BytesIO(self.read(name))
        try:
            # Not np.load, which opens zips of arrays too.
            load = np.lib.format.read_array
            found: NDArray[Any] = load(stream, allow_pickle=False)  # type: ignore[no-untyped-call]  # NumPy's own
        except Exception as error:
            raise self.damaged(f"has a {name} that does not decode: {error}") from error
        return found

    def damaged(self, what: str) -> RenderFailed:
        """The error that says `what` is wrong with this zip."""
        return RenderFailed(f"{keys.render_zip(self.uid)} {what}; {AGAIN}")

    def lacking(self, what: str) -> Unsupported:
        """The error that says `what` another preset would have put into it."""
        return Unsupported(
            f"the zip has no {what}, which this export needs (preset "
            f"'{self.metadata.render_worker.preset}', images: "
            f"{', '.join(sorted(self.metadata.render_worker.images)) or 'none'})"
        )
