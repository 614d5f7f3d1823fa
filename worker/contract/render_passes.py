"""Which render passes an image kind is made from, and what they are called in the raw EXR.

Free of bpy: the child switches the passes on by it, the host finds the channels by it. A channel
is ``<view layer>.<layer>.<component>``, the view layer "ViewLayer" (3.x and 4.x made from an
empty file) or "View Layer"; layers and components are the same in Blender 3.4 and 4.5.

Two kinds of pass, measured in both (tests/integration/blender/test_kinds.py):

- DEPTH, POSITION and the indices are taken once, by the ray through the pixel's centre. Whole and
  exact at edges.
- The others are the mean over the samples of the pixel filter, in which a sample that sees nothing
  counts as 0: the value premultiplied by the share of samples that see a surface. That share is
  COVERAGE; divide by it (normals: scale to length 1). It is not the colour image's alpha: a pane of
  alpha 0.3 covers its pixel wholly.

Both take the first surface whose alpha is at least `subject.least_alpha`, solid or not.
"""

from __future__ import annotations

import dataclasses

NOTHING_DEPTH = 1e10
"""Depth where nothing is seen, in every Blender."""


@dataclasses.dataclass(frozen=True)
class Pass:
    """One render pass.

    layer and components: as the EXR calls them. switch: the view layer's ``use_pass_<switch>``,
    empty for a pass that materials write themselves (an AOV). background: every component's value
    where nothing is seen.
    """

    layer: str
    components: str
    switch: str
    background: float = 0.0


COMBINED = Pass("Combined", "RGBA", "combined")
"""Linear light, premultiplied by its alpha."""
DEPTH = Pass("Depth", "Z", "z", NOTHING_DEPTH)
"""Planar Z: the distance along the camera's axis, in world units; orthographic cameras too."""
NORMAL = Pass("Normal", "XYZ", "normal")
"""Shading normal in world axes, on the side that is seen; bump and normal maps count."""
POSITION = Pass("Position", "XYZ", "position")
"""World position. 0 is also a place: ask DEPTH whether something is there."""
INDEX_OBJECT = Pass("IndexOB", "X", "object_index")
"""1, 2, … as Rendered.scene["object_names"] lists them; instances share their original's."""
INDEX_MATERIAL = Pass("IndexMA", "X", "material_index")
"""1, 2, … as Rendered.scene["material_names"] lists them."""
ALBEDO = Pass("Albedo", "RGB", "")
"""Base colour, linear, of metals too."""
MATERIAL = Pass("Material", "RGB", "")
"""R: the material's alpha; G: metallic; B: roughness, as the shader takes them, 0 to 1."""
COVERAGE = Pass("Coverage", "X", "")
"""Share of the samples that see a surface: what to divide ALBEDO and MATERIAL by."""

AOVS = (ALBEDO, MATERIAL, COVERAGE)
MATERIAL_COMPONENTS = {"alpha": "R", "metallic": "G", "roughness": "B"}
"""Which component of MATERIAL an image kind is."""

_SEEN = (COMBINED, DEPTH)
_SURFACE = (*_SEEN, MATERIAL, COVERAGE)
PASSES_BY_IMAGE_KIND: dict[str, tuple[Pass, ...]] = {
    "colour": (COMBINED,),
    "colour-exr": (COMBINED,),
    "depth": _SEEN,
    "depth-exr": _SEEN,
    "depth-npy": _SEEN,
    "depth-f16": _SEEN,
    "normal": (*_SEEN, NORMAL),
    "normal-16": (*_SEEN, NORMAL),
    "normal-exr": (*_SEEN, NORMAL),
    "albedo": (*_SEEN, ALBEDO, COVERAGE),
    "alpha": _SURFACE,
    "metallic": _SURFACE,
    "roughness": _SURFACE,
    "mask": _SEEN,
    "index-object": (*_SEEN, INDEX_OBJECT),
    "index-material": (*_SEEN, INDEX_MATERIAL),
    "position-exr": (*_SEEN, POSITION),
}
"""Image kind (`recipe.IMAGES`) to the passes that are in its raw EXR."""


def passes(images: tuple[str, ...]) -> tuple[Pass, ...]:
    """The passes that all of `images` need, each once; COMBINED always, it has the alpha."""
    wanted = {each: None for kind in images for each in PASSES_BY_IMAGE_KIND[kind]}
    return tuple({COMBINED: None, **wanted})
