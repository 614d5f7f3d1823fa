"""One view of an object: its images and its camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from render_worker import camera as cameras
from render_worker.archive import Members, damaged
from render_worker.camera import ORTHOGRAPHIC, Camera, Matrix
from render_worker.decode import Undecodable
from render_worker.errors import MissingData
from render_worker.kinds import DEPTH, KINDS, NORMAL, Floats, Told


class View:
    """One view. Images are decoded each time they are asked for, the top row first.

    Pixel (column u, row v) is centred at (u + 0.5, v + 0.5). World coordinates are right-handed
    with Z up. All properties that read raise MissingData if the zip does not hold what they need,
    DamagedZip if it is damaged, and MissingLibrary for an EXR without OpenEXR.
    """

    def __init__(
        self,
        members: Members,
        name: str,
        files: Mapping[str, str],
        camera: Camera,
        images: Mapping[str, Mapping[str, Any]],
        facts: Mapping[str, Mapping[str, Any]],
    ) -> None:
        self.name = name
        """"000"."""
        self.files = files
        """Its images' file names by kind."""
        self._members = members
        self._camera = camera
        self._images = images
        self._facts = facts

    def __repr__(self) -> str:
        return f"<view {self.name} of {self._members.uid}: {', '.join(self.files)}>"

    @property
    def uid(self) -> str:
        """The object's uid."""
        return self._members.uid

    @property
    def kinds(self) -> tuple[str, ...]:
        """The image kinds that this view has."""
        return tuple(self.files)

    # Images

    def image(self, kind: str) -> NDArray[Any]:
        """The values of one image kind, as docs/images.md describes them.

        Depths are infinite and normals (0, 0, 0) where nothing is seen, in every kind of them.
        Normals are in the axes that they are stored in; see `normals` for others.
        """
        return self._decoded(kind, KINDS[self._kind(kind)].value)

    def raw(self, kind: str) -> NDArray[Any]:
        """The numbers in one image file: uint8, uint16 or float32, (height, width[, channels])."""
        return self._decoded(kind, lambda stored, _: stored)

    def data(self, kind: str) -> bytes:
        """The bytes of one image file."""
        return self._members.read(self.files[self._kind(kind)])

    @property
    def colour(self) -> Floats:
        """(height, width, 4) float32, 0 to 1: sRGB and straight alpha.

        Alpha is 1 where the preset renders a background.
        """
        return self.image("colour")

    @property
    def linear_colour(self) -> Floats:
        """(height, width, 4) float32: linear light, Rec. 709, premultiplied alpha; `colour-exr`."""
        return self.image("colour-exr")

    @property
    def depth(self) -> Floats:
        """(height, width) float32: planar Z in world units; infinity where nothing is seen."""
        return self.image(self._first(DEPTH, "depth"))

    @property
    def normal(self) -> Floats:
        """(height, width, 3) float32: unit normals in world axes; 0 where nothing is seen."""
        return self.normals("world")

    def normals(self, axes: str = "world") -> Floats:
        """As `normal`, in `axes`: "world", "opengl" or "opencv" (the camera's)."""
        if axes not in {"world", "opengl", "opencv"}:
            raise ValueError(f"axes {axes!r}; allowed: 'world', 'opengl', 'opencv'")
        kind = self._first(NORMAL, "normals")
        n: Floats = self.image(kind)
        stored_in_camera = str(self._images[kind].get("space", "")).startswith("camera")
        if stored_in_camera == (axes == "world"):
            rotation = self.c2w_opengl[:3, :3].astype(np.float32)
            n = n @ (rotation.T if stored_in_camera else rotation)
        return n * np.array([1, -1, -1], np.float32) if axes == "opencv" else n

    @property
    def albedo(self) -> Floats:
        """(height, width, 4) float32, 0 to 1: unlit base colour in sRGB, alpha is coverage."""
        return self.image("albedo")

    @property
    def alpha(self) -> Floats:
        """(height, width) float32, 0 to 1: the material's own opacity; 0 where nothing is seen."""
        return self.image("alpha")

    @property
    def metallic(self) -> Floats:
        """(height, width) float32, 0 to 1; 0 where nothing is seen."""
        return self.image("metallic")

    @property
    def roughness(self) -> Floats:
        """(height, width) float32, 0 to 1; 0 where nothing is seen."""
        return self.image("roughness")

    @property
    def mask(self) -> NDArray[np.bool_]:
        """(height, width) bool: whether the ray through the pixel's centre hits the object."""
        return self.image("mask")

    @property
    def object_index(self) -> NDArray[np.uint16]:
        """(height, width) uint16: number from 1 in the object's `object_names`; 0 is nothing."""
        return self.image("index-object")

    @property
    def material_index(self) -> NDArray[np.uint16]:
        """(height, width) uint16: number from 1 in the object's `material_names`; 0 is nothing."""
        return self.image("index-material")

    @property
    def position(self) -> Floats:
        """(height, width, 3) float32: the visible point in the world; NaN if nothing is seen."""
        return self.image("position-exr")

    # Camera

    @property
    def width(self) -> int:
        """Width of the images in pixels."""
        return self._size[0]

    @property
    def height(self) -> int:
        """Height of the images in pixels."""
        return self._size[1]

    @property
    def projection(self) -> str:
        """The kind of camera: "perspective" or "orthographic"."""
        return self._camera.projection

    @property
    def K(self) -> Matrix:  # noqa: N802 - its name everywhere
        """(3, 3) float64, in pixels.

        p in OpenCV camera axes is at K p / p.z; of an orthographic camera, at K [p.x, p.y, 1].
        """
        return self._lacking("K") if self._camera.k is None else self._camera.k.copy()

    @property
    def fov(self) -> tuple[float, float]:
        """Horizontal and vertical field of view, in radians."""
        if self.projection == ORTHOGRAPHIC:
            raise MissingData(f"{self._members.where}: orthographic cameras have no field of view")
        return cameras.fov(self.K, self._size)

    @property
    def c2w_opengl(self) -> Matrix:
        """(4, 4) float64, camera to world; the camera has x right, y up, looks along -z."""
        return self._lacking("camera pose") if self._camera.pose is None else (
            self._camera.pose.copy()
        )  # fmt: skip

    @property
    def c2w_opencv(self) -> Matrix:
        """(4, 4) float64, camera to world; the camera has x right, y down, looks along +z."""
        return np.asarray(self.c2w_opengl @ cameras.FLIP)

    @property
    def w2c_opengl(self) -> Matrix:
        """(4, 4) float64, world to camera: the inverse of `c2w_opengl`."""
        return cameras.inverse(self.c2w_opengl)

    @property
    def w2c_opencv(self) -> Matrix:
        """(4, 4) float64, world to camera: the inverse of `c2w_opencv`."""
        return np.asarray(cameras.FLIP @ self.w2c_opengl)

    def unproject(self) -> Matrix:
        """(height, width, 3) float64: the world point at each pixel's centre, from `depth`.

        NaN where nothing is seen.
        """
        return cameras.unprojected(self.depth, self.K, self.c2w_opengl, self.projection)

    @property
    def _size(self) -> tuple[int, int]:
        return self._lacking("image size") if self._camera.size is None else self._camera.size

    def _lacking(self, what: str) -> NoReturn:
        raise MissingData(
            f"{self._members.where} does not say the {what} of view {self.name}: its preset has "
            "no record of it (add cameras to the preset's records), and it was not opened as part "
            "of an output whose job.json has it"
        )

    def _decoded(self, kind: str, value: Any) -> NDArray[Any]:
        told = Told(self._images.get(kind, {}), self._facts.get(kind, {}))
        try:
            stored = KINDS[self._kind(kind)].stored(self.data(kind), self._camera.size)
            found: NDArray[Any] = value(stored, told)
        except Undecodable as error:
            raise damaged(self._members, f"has a {self.files[kind]} that is {error}") from error
        return found

    def _kind(self, kind: str) -> str:
        if kind not in self.files or kind not in KINDS:
            raise MissingData(
                f"{self._members.where} has no {kind} images, only "
                f"{', '.join(self.files) or 'none'}"
            )
        return kind

    def _first(self, kinds: tuple[str, ...], what: str) -> str:
        for kind in kinds:
            if kind in self.files:
                return kind
        raise MissingData(
            f"{self._members.where} has no {what} ({' or '.join(kinds)}), only "
            f"{', '.join(self.files) or 'no images'}"
        )
