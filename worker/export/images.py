"""Reads a view's images as quantities: straight colour, depth in world units, world normals.

Each function reads the most exact image kind of its quantity that the zip has, and decodes it by
the description in ``metadata.json``.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from worker.codecs import png
from worker.codecs.exr import ExrFile
from worker.codecs.exr_header import NotExr
from worker.codecs.image_formats import Unreadable
from worker.contract.linear import product
from worker.core.errors import RenderFailed
from worker.export.camera_model import Camera
from worker.export.zips import RenderZip
from worker.pack.kinds import IMAGE_KINDS
from worker.pack.views import BOUND

Floats = NDArray[np.float32]
TOP: Final = 65535
DEPTH_KINDS: Final = ("depth-exr", "depth-npy", "depth", "depth-f16")
NORMAL_KINDS: Final = ("normal-exr", "normal-16", "normal")
"""Image kinds, the most exact first."""


def checked(zipped: RenderZip, view: Camera, kind: str) -> bytes:
    """An image's file, byte for byte, checked to decode as an image of this kind and size.

    Raises: RenderFailed.
    """
    data = _file(zipped, view, kind)
    try:
        IMAGE_KINDS[kind].form(zipped.recipe).check(data, view.size)
    except Unreadable as error:
        raise _bad(zipped, view, error) from error
    return data


def has(zipped: RenderZip, *kinds: str) -> bool:
    """Whether the zip has images of any of these kinds."""
    return any(kind in zipped.metadata.render_worker.images for kind in kinds)


def colour(zipped: RenderZip, view: Camera) -> NDArray[np.uint8]:
    """The colour image: (height, width, 4) 8-bit sRGB with straight alpha.

    Of an output without any, it is the albedo. Raises: Unsupported, RenderFailed.
    """
    return _straight(zipped, view, _shown(zipped))


def albedo(zipped: RenderZip, view: Camera) -> NDArray[np.uint8]:
    """Like `colour`, but prefers the albedo to the colour image."""
    return _straight(zipped, view, ("albedo", "colour"))


def picture(zipped: RenderZip, view: Camera, background: str | None = None) -> NDArray[np.uint8]:
    """Like `colour`, but (height, width, 3) if the colour images have an opaque background.

    If given, `background` is the only one accepted: "white" or "black".

    Raises: Unsupported, RenderFailed.
    """
    about = zipped.metadata.render_worker.images.get("colour", {})
    if about.get("channels") != "RGB":
        return colour(zipped, view)
    if background is not None and about.get("alpha") != f"none: on {background}":
        raise zipped.lacking(f"colour image with transparency or on {background}")
    return _png(zipped, _file(zipped, view, "colour"), view, "RGB")


def colour_kind(zipped: RenderZip) -> str:
    """The image kind that `colour` reads. Raises: Unsupported."""
    return _kind(zipped, _shown(zipped), "colour image with transparency")


def depth(zipped: RenderZip, view: Camera, kinds: Sequence[str] = DEPTH_KINDS) -> Floats:
    """Planar Z in world units: (height, width), infinite on the background.

    It is read from the first of `kinds` that the zip has.

    Raises: Unsupported, RenderFailed.
    """
    kind = _kind(zipped, kinds, "depth")
    if kind == "depth-npy":
        return _seen(_npy(zipped, _name(zipped, view, kind), view))
    data = _file(zipped, view, kind)
    if kind == "depth-exr":
        z = _exr(zipped, data, view, "Z")[..., 0]
    elif kind == "depth-f16":
        bits = _png(zipped, data, view, "I;16").astype(np.uint16)
        z = np.where(bits == 0, np.inf, bits.view(np.float16)).astype(np.float32)
    else:
        near, far = depth_range(zipped, view)
        value = _png(zipped, data, view, "I;16").astype(np.float64)
        invalid = _described(zipped, kind).get("invalid")
        z = np.where(value == invalid, np.inf, near + (far - near) * value / TOP).astype(np.float32)
    return _seen(z)


def depth_16(zipped: RenderZip, view: Camera) -> NDArray[np.uint16]:
    """The stored values of the 16-bit depth image, (height, width). Raises: as `depth`."""
    kind = _kind(zipped, ("depth",), "16-bit depth")
    return _png(zipped, _file(zipped, view, kind), view, "I;16").astype(np.uint16)


def material_alpha(zipped: RenderZip, view: Camera) -> NDArray[np.uint16]:
    """The material's opacity in 16 bits, (height, width). Raises: as `depth`."""
    kind = _kind(zipped, ("alpha",), "material alpha")
    return _png(zipped, _file(zipped, view, kind), view, "I;16").astype(np.uint16)


def mask(zipped: RenderZip, view: Camera) -> NDArray[np.bool_]:
    """Where the object is visible, (height, width): from the mask, else depth, else alpha.

    Raises: as `depth`.
    """
    if has(zipped, "mask"):
        return _png(zipped, _file(zipped, view, "mask"), view, "L") > 0
    if has(zipped, *DEPTH_KINDS):
        return np.isfinite(depth(zipped, view))
    return _straight(zipped, view, ("colour", "albedo"))[..., 3] >= 128  # noqa: PLR2004 - half covered


def normal(zipped: RenderZip, view: Camera, kinds: Sequence[str] = NORMAL_KINDS) -> Floats:
    """Unit normals in world axes, (height, width, 3); (0, 0, 0) where there is none.

    They are read from the first of `kinds` that the zip has.

    Raises: as `depth`.
    """
    kind = _kind(zipped, kinds, "normals")
    data = _file(zipped, view, kind)
    if kind == "normal-exr":
        n = _exr(zipped, data, view, "XYZ")
    else:
        value = _deep(zipped, data, view) if kind == "normal-16" else _png(
            zipped, data, view, "RGB"
        )  # fmt: skip
        top = TOP if kind == "normal-16" else 255
        n = (value.astype(np.float32) / top * 2 - 1) * value.any(axis=-1, keepdims=True)
    if str(_described(zipped, kind).get("space", "")).startswith("camera"):
        rotation = np.asarray(view.camera_to_world, np.float32)[:3, :3]
        n = product(n, rotation.T)
    length = np.linalg.norm(n, axis=-1, keepdims=True)
    return np.divide(n, length, out=np.zeros_like(n), where=length > 0.5)  # noqa: PLR2004


def stored(zipped: RenderZip, view: Camera, kind: str, mode: str) -> NDArray[Any]:
    """The values of a PNG as they are stored; `mode` is Pillow's. Raises: RenderFailed."""
    return _png(zipped, _file(zipped, view, kind), view, mode)


def stored_exr(zipped: RenderZip, view: Camera, kind: str, names: str) -> Floats:
    """The channels `names` of an EXR, (height, width, channels). Raises: RenderFailed."""
    return _exr(zipped, _file(zipped, view, kind), view, names)


def _shown(zipped: RenderZip) -> tuple[str, ...]:
    """The kind that stands for colours. An opaque colour image is not replaced by an unlit one."""
    return ("colour",) if has(zipped, "colour") else ("albedo",)


def _straight(zipped: RenderZip, view: Camera, kinds: tuple[str, ...]) -> NDArray[np.uint8]:
    kind = _kind(zipped, kinds, "colour image with transparency")
    return _png(zipped, _file(zipped, view, kind), view, "RGBA")


def _kind(zipped: RenderZip, kinds: Sequence[str], what: str) -> str:
    described = zipped.metadata.render_worker.images
    for kind in kinds:
        if kind in described and described[kind].get("channels") != "RGB":
            return kind
    raise zipped.lacking(f"{what} ({' or '.join(kinds)})")


def _described(zipped: RenderZip, kind: str) -> dict[str, Any]:
    return zipped.metadata.render_worker.images[kind]


def _seen(z: Floats) -> Floats:
    return np.where((z > 0) & np.isfinite(z), z, np.float32(np.inf))


def _name(zipped: RenderZip, view: Camera, kind: str) -> str:
    name = view.files.get(kind)
    if name is None:
        raise zipped.damaged(f"has no {kind} image of view {view.name} in its cameras")
    return name


def _file(zipped: RenderZip, view: Camera, kind: str) -> bytes:
    return zipped.read(_name(zipped, view, kind))


def depth_range(zipped: RenderZip, view: Camera) -> tuple[float, float]:
    """The depths that 0 and 65535 stand for in a view's 16-bit image. Raises: RenderFailed."""
    try:
        facts = view.facts.get("depth") or {}
        if "near" in facts:
            near, far = float(facts["near"]), float(facts["far"])
        else:
            near, far = map(float, _described(zipped, "depth")["range"])
        if not 0 <= near < far < BOUND:
            raise ValueError(f"{near} to {far}")  # noqa: TRY301 - joins the others
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise zipped.damaged(f"has no valid depth range for view {view.name}") from error
    return near, far


def _png(zipped: RenderZip, data: bytes, view: Camera, mode: str) -> NDArray[Any]:
    try:
        return png.decode(data, view.size, mode)
    except png.NotPng as error:
        raise _bad(zipped, view, error) from error


def _deep(zipped: RenderZip, data: bytes, view: Camera) -> NDArray[np.uint16]:
    """Decode 16-bit RGB as `worker.codecs.png` writes it: unfiltered, in one IDAT chunk.

    Pillow would reduce it to 8 bits.
    """
    _png(zipped, data, view, "RGB;16")  # checksums, size
    try:
        start = data.index(b"IDAT") + 4
        (length,) = struct.unpack(">I", data[start - 8 : start - 4])
        size = view.height * (1 + 6 * view.width)
        inflated = zlib.decompressobj().decompress(data[start : start + length], size)
        rows = np.frombuffer(inflated, np.uint8).reshape(view.height, 1 + 6 * view.width)
    except (ValueError, zlib.error, struct.error) as error:
        raise _bad(zipped, view, error) from error
    if rows[:, 0].any():
        raise _bad(zipped, view, ValueError("its rows are filtered"))
    deep = np.ascontiguousarray(rows[:, 1:]).view(">u2").reshape(view.height, view.width, 3)
    return deep.astype(np.uint16)


def _exr(zipped: RenderZip, data: bytes, view: Camera, names: str) -> Floats:
    try:
        return ExrFile(data, *view.size).channels(names)
    except NotExr as error:
        raise _bad(zipped, view, f"an EXR that {error}") from error


def _npy(zipped: RenderZip, name: str, view: Camera) -> Floats:
    array = zipped.array(name)
    if array.shape != (view.height, view.width) or array.dtype.kind != "f":
        raise _bad(zipped, view, ValueError(f"{array.dtype} of shape {array.shape}"))
    z: Floats = array.astype(np.float32)
    return z


def _bad(zipped: RenderZip, view: Camera, error: Exception | str) -> RenderFailed:
    return zipped.damaged(f"has an image of view {view.name} that does not decode: {error}")
