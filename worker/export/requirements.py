"""What each export kind needs of a preset; refused before any object is read.

`worker.export.images` and the kinds check each zip again, because zips may be replaced.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from worker import presets
from worker.contract.recipe import DEPTH_IMAGES, MESH, Recipe, to_dict
from worker.core.errors import ConfigurationError
from worker.export import distances, splits
from worker.export.base import Export
from worker.pack.kinds import depth
from worker.presets import overrides

Options = Any
"""An export kind with its options; each requirement knows those of its kinds."""


class Need(NamedTuple):
    """One requirement: what it is in words, and whether a recipe meets it with these options."""

    what: str
    met: Callable[[Recipe, Options], bool]


def _rgba(recipe: Recipe) -> bool:
    return _colour(recipe) or "albedo" in recipe.images


def _colour(recipe: Recipe) -> bool:
    """Whether the colour image, or the albedo of an output without any, is transparent."""
    if "colour" in recipe.images:
        return recipe.colour.background == "transparent"
    return "albedo" in recipe.images


def _one_fov(recipe: Recipe) -> bool:
    low, high = recipe.camera.fov
    own = recipe.camera.layout == "file"  # its lenses are known from each zip alone
    return low == high or recipe.views == 1 or own


def _cameras(recipe: Recipe) -> bool:
    camera = recipe.camera
    one_k = camera.projection == "perspective" and camera.fov[0] == camera.fov[1]
    own = camera.layout == "file"  # it may have other lenses
    return "cameras" in recipe.records or ("npy-3x4" in recipe.records and one_k and not own)


def _on(recipe: Recipe, export: Options) -> bool:
    """Whether the colour image is transparent, or on the background that is asked for."""
    if "colour" not in recipe.images:
        return "albedo" in recipe.images
    return recipe.colour.background in ("transparent", export.background)


def _whole_depth(recipe: Recipe) -> bool:
    wanted = recipe.depth
    return "depth" in recipe.images and (wanted.mode, wanted.near, wanted.invalid) == (
        "fixed", 0.0, depth.TOP,
    )  # fmt: skip


VIEWS: Final = Need("views", lambda recipe, _: recipe.product == "views")
CAMERAS: Final = Need(
    "cameras (the record cameras; or npy-3x4, of perspective cameras with one field of view)",
    lambda recipe, _: _cameras(recipe),
)
PERSPECTIVE: Final = Need(
    "perspective cameras", lambda recipe, _: recipe.camera.projection == "perspective"
)
ONE_FOV: Final = Need("one field of view for all views", lambda recipe, _: _one_fov(recipe))
ONE_DISTANCE: Final = Need(
    "one distance of all cameras from the origin, because its readers take no other "
    "(--mixed-radii exports as it is, --layout nerfstudio takes any)",
    lambda recipe, export: export.mixed_radii or distances.one_by_recipe(recipe),
)
RGBA: Final = Need(
    "a colour or albedo image with transparency", lambda recipe, _: _rgba(recipe)
)  # fmt: skip
COLOUR: Final = Need(
    "a colour image with transparency (without colour images, albedo)",
    lambda recipe, _: _colour(recipe),
)
BACKGROUND: Final = Need("a colour image with transparency, or on the --background", _on)
DEPTH: Final = Need(
    f"depth ({', '.join(DEPTH_IMAGES)})", lambda recipe, _: bool({*DEPTH_IMAGES} & {*recipe.images})
)
DEPTH_OF_GPT4POINT: Final = Need(
    "the image depth with a fixed range, near 0 and invalid 65535 (--layout exact takes any depth)",
    lambda recipe, _: _whole_depth(recipe),
)
ALPHA: Final = Need("the image alpha", lambda recipe, _: "alpha" in recipe.images)
UNIT_CUBE: Final = Need(
    "objects in the unit cube (subject.normalise and size)",
    lambda recipe, _: recipe.subject.normalise == "unit-cube" and recipe.subject.size <= 1.0,
)
MESHES: Final = Need("meshes (products)", lambda recipe, _: MESH in recipe.products)
PAIRS: Final = Need("two views or more", lambda recipe, _: recipe.views > 1)
SPLITS: Final = Need(
    "as many views as --splits asks for",
    lambda recipe, export: export.splits is None or splits.fit(export.splits, recipe.views),
)
SQUARE_VIEWS: Final = Need(
    "square images", lambda recipe, _: recipe.resolution[0] == recipe.resolution[1]
)
UPRIGHT: Final = Need(
    "cameras that look at the origin without roll (camera.target, camera.roll)",
    lambda recipe, _: not any((*recipe.camera.target, *recipe.camera.roll)),
)
SCENES: Final = Need("synthetic scenes", lambda recipe, _: recipe.product == "scenes")
LABELS: Final = Need("a label of every pixel (scenes.exr)", lambda recipe, _: recipe.scenes.exr)
RIGID: Final = Need(
    "objects of one size (scenes.warp and scenes.scaling 0), since BOP's poses are rigid",
    lambda recipe, _: not (recipe.scenes.warp or recipe.scenes.scaling),
)
SINGLE: Final = Need(
    "one object per sample with --layout classes",
    lambda recipe, export: export.layout != "classes" or recipe.scenes.objects == 1,
)
SQUARE: Final = Need(
    "square images with --preprocess",
    lambda recipe, export: not export.preprocess or recipe.resolution[0] == recipe.resolution[1],
)
VIEWS_OF_ROWS: Final = Need(
    "views with --images", lambda recipe, export: not export.images or recipe.product == "views"
)
CAMERAS_OF_ROWS: Final = Need(
    "cameras with --images", lambda recipe, export: not export.images or _cameras(recipe)
)
OBJECT_IMAGES: Final = Need("object images", lambda recipe, _: recipe.product == "omage")

_POSED: Final = (VIEWS, CAMERAS, PERSPECTIVE)
_SCENE: Final = (*_POSED, COLOUR)
NEEDS: Final[dict[tuple[str, str | None], tuple[Need, ...]]] = {
    ("pointcloud", "gpt4point"): (*_POSED, RGBA, DEPTH_OF_GPT4POINT, ALPHA),
    ("pointcloud", "exact"): (*_POSED, RGBA, DEPTH),
    ("nerf", "blender"): (*_SCENE, ONE_FOV, ONE_DISTANCE, SPLITS),
    ("nerf", "nsvf"): (*_SCENE, ONE_FOV, SPLITS),
    ("nerf", "nerfstudio"): (*_SCENE, SPLITS),
    ("nerf", "instant-ngp"): (*_SCENE, ONE_FOV, SPLITS),
    ("nerf", "get3d"): (*_SCENE, ONE_FOV, ONE_DISTANCE),
    ("webdataset", "plain"): (VIEWS, CAMERAS),
    ("webdataset", "zeronvs"): (VIEWS, CAMERAS, PERSPECTIVE, BACKGROUND, DEPTH, PAIRS),
    ("hdf5", "labels"): (SCENES, SQUARE),
    ("hdf5", "classes"): (SCENES, SINGLE, SQUARE),
    ("coco", None): (SCENES, LABELS),
    ("bop", None): (SCENES, LABELS, MESHES, RIGID),
    ("omage", None): (OBJECT_IMAGES,),
    ("zero123", None): (*_SCENE, ONE_FOV, SQUARE_VIEWS, UPRIGHT, PAIRS),
    ("trellis", None): (*_SCENE, SQUARE_VIEWS, UNIT_CUBE, MESHES),
    ("colmap", "binary"): _SCENE,
    ("colmap", "text"): _SCENE,
    ("parquet", None): (VIEWS_OF_ROWS, CAMERAS_OF_ROWS),
}
"""Export kind and layout to what they need, in the order in which it is named."""
NEEDS_BESIDE: Final[dict[str, tuple[Need, ...]]] = {
    "trellis": (*_SCENE, SQUARE_VIEWS, UNIT_CUBE),
}
"""Export kind to what it needs of a second output; see `worker.export.paired_source`."""


SHOWN: Final = 3
"""How many suitable presets a message names."""


def check(kind: str, export: Export[Any], recipe: Recipe, beside: str | None = None) -> None:
    """Refuse an output whose preset lacks what the export needs.

    beside: the option that names this output, if it is the second one. Raises: ConfigurationError.
    """
    layout = getattr(export, "layout", None)
    needs = NEEDS_BESIDE[kind] if beside else NEEDS[kind, layout]
    lacking = [need.what for need in needs if not need.met(recipe, export)]
    if lacking:
        asked = f"export {kind}" + (f" --layout {layout}" if layout else "")
        asked += f" {beside}" if beside else ""
        raise ConfigurationError(
            f"{asked} needs {lacking[0]}, which preset '{recipe.name}' of this output does not "
            f"give; render with {_suitable(needs, export, recipe)}"
        )


def _suitable(needs: tuple[Need, ...], export: Export[Any], recipe: Recipe) -> str:
    """The packaged presets that meet all of `needs`, the most like `recipe` first, in words."""
    recipes = {name: presets.load(name) for name in presets.names()}
    fit = [
        name for name, found in recipes.items() if all(need.met(found, export) for need in needs)
    ]
    if not fit:
        return "a preset of your own"
    mine = _settings(recipe)
    fit.sort(key=lambda name: (_different(mine, _settings(recipes[name])), name))
    more = len(fit) - SHOWN
    named = ", ".join(fit[:SHOWN])
    if more <= 0:
        return f"preset {named}" if len(fit) == 1 else f"one of the presets {named}"
    return f"one of the presets {named} or {more} others (render-worker presets)"


def _settings(recipe: Recipe) -> dict[str, Any]:
    return overrides.flat(to_dict(recipe))


def _different(one: dict[str, Any], other: dict[str, Any]) -> int:
    return sum(other.get(name) != value for name, value in one.items())
