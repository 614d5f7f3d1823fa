"""The file names of a gallery in a browser; the others are in `keys`."""

from __future__ import annotations

from typing import Final

from worker.core.keys import view_name

GALLERY: Final = "gallery"
"""Where a gallery lies in its output, unless another place is named."""
SITE_INDEX: Final = "index.html"
"""The page of a gallery."""
SITE_SET: Final = "data/set.js"
"""What a gallery says of all its objects."""
SITE_PRESET: Final = "preset.toml"
"""The recipe of a gallery's output."""


def site_asset(name: str) -> str:
    """A script or style sheet of a gallery's page."""
    return f"assets/{name}"


def site_pack(number: int) -> str:
    """What a gallery lists of the objects of pack `number` (0, 1, …)."""
    return f"data/pack-{number:05d}.js"


def site_details(number: int) -> str:
    """The rest of what a gallery says of the objects of a pack."""
    return f"data/details-{number:05d}.js"


def site_thumbnails(number: int) -> str:
    """The thumbnails of the objects of a pack."""
    return f"data/thumbnails-{number:05d}.webp"


def site_object(uid: str) -> str:
    """The views, cameras and points of an object with a page of its own."""
    return f"objects/{uid}/object.js"


def site_image(uid: str, view: int, kind: str) -> str:
    """View `view` of an object, in one image kind."""
    return f"objects/{uid}/{view_name(view)}-{kind}.webp"
