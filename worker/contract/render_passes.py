"""The render passes that each image kind is made from, and their names in the raw EXR.

Needs no bpy: the child enables passes by this table, and the host finds their channels by it. A
channel is ``<view layer>.<layer>.<component>``, the view layer "ViewLayer" (3.x and 4.x made from
an empty file) or "View Layer"; components are the same in Blender 3.4 to 5.0, and so are layers but
those that have a `renamed`.

There are two kinds of pass (measured in both by tests/integration/blender/test_kinds.py):

- DEPTH, POSITION and the indices are sampled once, by the ray through the pixel's centre. They are
  exact at edges, not blended.
- The others are averaged over the samples of the pixel filter; a sample that hits nothing counts as
  0. So they are premultiplied by the share of samples that hit a surface. That share is COVERAGE;
  divide by it (normals: scale to length 1). It is not the colour image's alpha: a pane of alpha 0.3
  covers its pixel completely.

Both use the first surface whose alpha is at least `subject.least_alpha`, opaque or not.
"""

from __future__ import annotations

import dataclasses

NOTHING_DEPTH = 1e10
"""Depth where nothing is visible, in every version of Blender."""


@dataclasses.dataclass(frozen=True)
class Pass:
    """One render pass.

    layer and components: their names in the EXR. switch: the view layer's ``use_pass_<switch>``,
    empty for a pass that materials write themselves (an AOV). background: the value of every
    component where nothing is visible. renamed: the layer since Blender 5.0, if it is another.
    """

    layer: str
    components: str
    switch: str
    background: float = 0.0
    renamed: str = ""


COMBINED = Pass("Combined", "RGBA", "combined")
"""Linear light, premultiplied by its alpha."""
DEPTH = Pass("Depth", "Z", "z", NOTHING_DEPTH)
"""Planar Z: the distance along the camera's axis, in world units; orthographic cameras too."""
NORMAL = Pass("Normal", "XYZ", "normal")
"""Shading normal in world axes, towards the camera; includes bump and normal maps."""
POSITION = Pass("Position", "XYZ", "position")
"""World position. 0 is also a position: DEPTH says whether a surface is there."""
INDEX_OBJECT = Pass("IndexOB", "X", "object_index", renamed="Object Index")
"""1, 2, … as Rendered.scene["object_names"] lists them; instances share their original's."""
INDEX_MATERIAL = Pass("IndexMA", "X", "material_index", renamed="Material Index")
"""1, 2, … as Rendered.scene["material_names"] lists them."""
ALBEDO = Pass("Albedo", "RGB", "")
"""Base colour, linear, of metals too."""
MATERIAL = Pass("Material", "RGB", "")
"""R: the material's alpha; G: metallic; B: roughness, as the shader takes them, 0 to 1."""
COVERAGE = Pass("Coverage", "X", "")
"""Share of the samples that hit a surface: divide ALBEDO and MATERIAL by it."""

AOVS = (ALBEDO, MATERIAL, COVERAGE)
MATERIAL_COMPONENTS = {"alpha": "R", "metallic": "G", "roughness": "B"}
"""The component of MATERIAL that an image kind shows."""

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
"""The passes in the raw EXR of each image kind (`recipe.IMAGES`)."""


def passes(images: tuple[str, ...]) -> tuple[Pass, ...]:
    """The passes that `images` need, each once; always COMBINED, which has the alpha."""
    wanted = {each: None for kind in images for each in PASSES_BY_IMAGE_KIND[kind]}
    return tuple({COMBINED: None, **wanted})
