"""The pictures of an object's zip, whatever was made of it, and its name as captions show it."""

from __future__ import annotations

import itertools
from collections.abc import Collection
from pathlib import PurePosixPath
from typing import Any, Final

from worker.codecs import png, srgb
from worker.codecs.exr import ExrFile
from worker.contract.render_passes import COMBINED
from worker.core import formats, keys

PIXEL_LIMIT: Final = 1 << 26
"""Larger images are not opened, because a store may contain anything."""


def names(files: Collection[str], document: dict[str, Any]) -> list[str]:
    """Files to show: colour images of views, previews of an object image, or samples of scenes.

    files: the paths of the zip's files, relative to the object's folder.
    document: the contents of ``metadata.json``.

    Raises: TypeError, ValueError, KeyError, if the document is not that of a zip.
    """
    listed = document["samples"] if "samples" in document else ()  # noqa: SIM401 - it may be a list
    samples = [
        keys.sample_picture(int(sample["idx"]), exr=rich)
        for sample in listed
        for rich in (True, False)
    ]
    if found := [name for name in samples if name in files]:
        return found
    views = (keys.image_file(keys.view_name(number)) for number in itertools.count())
    found = list(itertools.takewhile(lambda name: name in files, views))
    omage = [keys.omage_picture(what) for what in keys.OMAGE_PICTURES]
    return found or [name for name in omage if name in files]


def as_png(data: bytes, name: str, document: dict[str, Any]) -> bytes:
    """`data` if it is a PNG; for the EXR of a sample, a PNG of its colours.

    The metadata has the size of the EXR. Raises: ValueError, TypeError, KeyError.
    """
    if not name.endswith(".exr"):
        return data
    camera = document["render_worker"]["scenes"]["camera"]
    width, height = int(camera["width"]), int(camera["height"])
    check_size(width, height)
    linear = ExrFile(data, width, height).layer(COMBINED.layer, "RGB")
    return png.encode(srgb.encode(linear))


def check_size(width: int, height: int) -> None:
    """Refuse an image of more than PIXEL_LIMIT pixels. Raises: ValueError."""
    if width * height > PIXEL_LIMIT:
        raise ValueError(f"an image of {width}x{height} is too large to show")


def title(file_identifier: str) -> tuple[str, str]:
    """File name and format of an object, for its caption; the format is "" if it is unknown."""
    path = file_identifier
    if "://" in path:  # partition, because an identifier may be a malformed URL
        path = path.partition("#")[0].partition("?")[0]
    name = PurePosixPath(path).name or file_identifier
    suffix = formats.suffix_of(name)
    return (name, suffix) if suffix in formats.MODEL_SUFFIXES else (name, "")
