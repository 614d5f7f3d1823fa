"""One rendered object: its metadata, views, object images and samples."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from render_worker import camera_records, decode, scenes
from render_worker import mesh as meshes
from render_worker import omage as omages
from render_worker.archive import METADATA, Members, damaged, document
from render_worker.camera import Camera
from render_worker.decode import Undecodable
from render_worker.errors import MissingData
from render_worker.ledger import Outcome
from render_worker.mesh import Mesh
from render_worker.omage import Omage
from render_worker.scenes import Sample
from render_worker.view import View

OMAGE: Final = re.compile(r"omage_tensor(?:_([0-9]+))?\.npz")
NUMBER: Final = "NNN"
"""Stands for the view's name in the file names of metadata.json."""


class RenderedObject:
    """A rendered object. Its zip is opened when something in it is asked for.

    Raises, in all that reads: DamagedZip, PlaceError.
    """

    def __init__(
        self,
        members: Members,
        outcome: Outcome | None = None,
        job: Mapping[str, Any] | None = None,
    ) -> None:
        self.outcome = outcome
        """How it was rendered, from the ledger; None without one."""
        self._members = members
        self._job = job or {}

    def __repr__(self) -> str:
        return f"<object {self.uid}>"

    @property
    def uid(self) -> str:
        """Its uid, ``uuid5(NAMESPACE_DNS, identifier)``."""
        return self._members.uid

    @property
    def identifier(self) -> str:
        """Its file identifier: a path in the index's folder, or a URL."""
        if self.outcome is not None:
            return self.outcome.identifier
        return str(self.metadata.get("file_identifier", ""))

    @property
    def name(self) -> str:
        """The last part of its identifier: "rocket.glb"."""
        return name_of(self.identifier)

    @property
    def files(self) -> Collection[str]:
        """The files in its zip, relative to the object's folder."""
        return self._members.names()

    def read(self, name: str) -> bytes:
        """The bytes of one of `files`."""
        return self._members.read(name)

    @cached_property
    def metadata(self) -> Mapping[str, Any]:
        """Its metadata.json: statistics, source, and how to read its images."""
        return document(self._members, METADATA)

    @property
    def preset(self) -> str:
        """Name of the preset that rendered it."""
        return str(self._about.get("preset", ""))

    @property
    def license(self) -> str | None:
        """Its licence, as the index has it."""
        return self._about.get("license")

    @property
    def source(self) -> str | None:
        """Its source, as the index has it."""
        return self._about.get("source")

    @property
    def object_names(self) -> list[str]:
        """The names that `View.object_index` counts from 1."""
        return list(self.metadata.get("object_names", ()))

    @property
    def material_names(self) -> list[str]:
        """The names that `View.material_index` counts from 1."""
        return list(self.metadata.get("material_names", ()))

    @property
    def bbox(self) -> NDArray[np.float64]:
        """(2, 3) float64: lower and upper corner of the object in the world of the cameras.

        Raises: MissingData, for scenes.
        """
        try:
            box = self.metadata["scene_size"]
            placement = self._about["placement"]
            corners = np.array([box["bbox_min"], box["bbox_max"]], np.float64)
            return corners * float(placement["scale"]) + np.array(placement["offset"], np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise MissingData(f"{self._members.where} has no placement of its object") from error

    @cached_property
    def views(self) -> Sequence[View]:
        """Its views in order; none for object images and scenes."""
        images = self._images()
        if not images:
            return ()
        told = self._about.get("facts", {})
        size = self._image_size(images)
        cameras = camera_records.read(self._members, size, self._recipe)
        names = list(cameras) or self._view_names(images)
        return tuple(
            View(
                self._members,
                name,
                {kind: str(about["files"]).replace(NUMBER, name) for kind, about in images.items()},
                cameras.get(name, Camera(size=size)),
                images,
                told.get(name, {}),
            )
            for name in names
        )

    @property
    def splits(self) -> dict[str, Sequence[View]]:
        """The views for "train", "val" and "test", if the preset splits them, else all for train.

        Needs cameras.json.
        """
        told: dict[str, int] = {}
        if camera_records.CAMERAS in self.files:
            told = document(self._members, camera_records.CAMERAS).get("splits") or {}
        found, begin = {}, 0
        for name in ("train", "val", "test"):
            count = int(told.get(name, 0)) if told else len(self.views) * (name == "train")
            found[name] = self.views[begin : begin + count]
            begin += count
        return found

    @property
    def omage_sizes(self) -> list[int]:
        """Widths in pixels of its object images, the largest first; none if it has none."""
        return sorted(self._omages(), reverse=True)

    def omage(self, size: int | None = None) -> Omage:
        """Its object image, the largest or that of `size` pixels. Raises: MissingData."""
        files = self._omages()
        if not files or (size is not None and size not in files):
            raise MissingData(
                f"{self._members.where} has no object image"
                + (f" of {size} pixels, only {sorted(files)}" if files else "; use preset omage")
            )
        file = files[max(files) if size is None else size]
        try:
            return omages.decoded(self.read(file))
        except Undecodable as error:
            raise damaged(self._members, f"has a {file} that is {error}") from error

    @property
    def mesh(self) -> Mesh:
        """Its mesh, if the preset's products have it. Raises: MissingData."""
        if meshes.FILE not in self.files:
            raise MissingData(f"{self._members.where} has no mesh; render with products = ['mesh']")
        try:
            return meshes.decoded(self.read(meshes.FILE))
        except Undecodable as error:
            raise damaged(self._members, f"has a {meshes.FILE} that is {error}") from error

    @cached_property
    def samples(self) -> Sequence[Sample]:
        """Its samples, if it is a range of synthetic scenes; none otherwise."""
        return tuple(scenes.samples(self._members, self.metadata))

    @property
    def classes(self) -> list[str]:
        """Of synthetic scenes: the names of the classes by their numbers."""
        return list(self.metadata.get("classes", ()))

    @property
    def _about(self) -> dict[str, Any]:
        about = self.metadata.get("render_worker")
        if not isinstance(about, dict):
            raise damaged(self._members, f"has a {METADATA} without render_worker")
        return about

    @property
    def _recipe(self) -> Mapping[str, Any]:
        """The recipe in job.json, if it rendered this object, else empty."""
        same = self._job.get("preset") == self._about.get("recipe_digest")
        recipe = self._job.get("recipe") if same else None
        return recipe if isinstance(recipe, dict) else {}

    def _images(self) -> dict[str, dict[str, Any]]:
        """The descriptions of the image kinds of views, by kind."""
        told = self._about.get("images", {})
        try:
            return {kind: about for kind, about in told.items() if about["files"][:3] == NUMBER}
        except (AttributeError, KeyError, TypeError) as error:
            raise damaged(self._members, f"has invalid images in its {METADATA}") from error

    def _image_size(self, images: Mapping[str, Mapping[str, Any]]) -> tuple[int, int] | None:
        """Width and height of the first PNG, from its header; None without one."""
        if camera_records.CAMERAS in self.files:
            return None  # which has them
        for about in images.values():
            ending = str(about["files"])[len(NUMBER) :]
            found = [name for name in self.files if name.endswith(ending) and "/" not in name]
            if ending.endswith(".png") and found:
                try:
                    return decode.png_size(self.read(min(found)))
                except Undecodable as error:
                    raise damaged(self._members, f"has a {min(found)} that is {error}") from error
        return None

    def _view_names(self, images: Mapping[str, Mapping[str, Any]]) -> list[str]:
        ending = re.escape(str(next(iter(images.values()))["files"])[len(NUMBER) :])
        found = (re.fullmatch(rf"([0-9]{{3,}}){ending}", name) for name in self.files)
        return sorted(match[1] for match in found if match)

    def _omages(self) -> dict[int, str]:
        """File names of its object images by width, as metadata.json has it."""
        told = self._about.get("omage", {})
        sizes = told.get("files", {}) if isinstance(told, dict) else {}
        return {
            int(sizes.get(match[0]) or match[1] or 0): match[0]
            for match in map(OMAGE.fullmatch, self.files)
            if match
        }


def name_of(identifier: str) -> str:
    """The last part of an identifier: "rocket.glb"."""
    return identifier.rstrip("/").rpartition("/")[2]
