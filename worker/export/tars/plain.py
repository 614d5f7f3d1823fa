"""Layout "plain": each view is one webdataset sample.

<uid>/<view>.png          the colour image, unchanged
<uid>/<view>.<kind>.png   the other images, unchanged (also .exr, .npy), such as 000.depth.png
<uid>/<view>.json         uid, file_identifier, preset, view, camera_to_world, K, width, height,
                          projection, facts, and images: the description of each image kind
"""

from __future__ import annotations

from typing import Final

import msgspec

from worker.core import keys
from worker.export import images
from worker.export.tars.base import Choices, Members, TarLayout
from worker.export.zips import RenderZip


def members(zipped: RenderZip, _: Choices) -> Members:
    """Make one object's members. Raises: Unsupported, RenderFailed."""
    made: Members = []
    about = zipped.metadata.render_worker
    endings = keys.image_endings(zipped.recipe.images)
    for view in zipped.views:
        key = f"{zipped.uid}/{view.name}"
        for kind in view.files:
            suffix = endings[kind].rpartition(".")[2]
            infix = "" if kind == "colour" else f".{kind}"
            made.append((f"{key}{infix}.{suffix}", images.checked(zipped, view, kind)))
        camera = {
            "uid": zipped.uid,
            "file_identifier": zipped.metadata.file_identifier,
            "preset": about.preset,
            "view": view.name,
            "camera_to_world": view.camera_to_world,
            "K": view.K,
            "width": view.width,
            "height": view.height,
            "projection": view.projection,
            "facts": view.facts,
            "images": about.images,
        }
        made.append((f"{key}.json", msgspec.json.encode(camera, order="sorted")))
    return made


LAYOUT: Final = TarLayout(members=members, last=lambda _: [], endings=lambda _: frozenset({"json"}))
