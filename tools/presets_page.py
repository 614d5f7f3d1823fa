"""Generates docs/presets.md from the presets: python -m tools.presets_page."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Final

from worker.contract.engines import CYCLES
from worker.contract.recipe import Cycles, Recipe
from worker.presets import loader

HEAD: Final = """\
# Presets

A preset is a named recipe: `render-worker run … --preset NAME`. Most follow a published system;
`default` uses what measures best. `render-worker presets show NAME` prints all keys of a preset
with their meaning. `--set KEY=VALUE` overrides a key, for example
`--set 'images=["colour","depth"]'`. To keep overrides, write a TOML file that starts with
`extends = "NAME"` and pass it as `--preset FILE`.

A file is named after itself (`mine.toml` is preset `mine`), or by its key `name`. Its random
cameras and lights are those of the preset it extends, whatever it is called; set `seed_name` or
`seed` for others. `metadata.json` lists what `--set` changed as `overrides`.

This page is generated from the presets (`python -m tools.presets_page > docs/presets.md`).
"""
TAIL: Final = """\
## Differences from the sources

- All presets: cameras and lights are drawn from the object's identity and the preset's `seed_name`,
  so they are the same on every worker and in every run. The sources draw them anew each time.
  Everything but objaverse-xl-eevee is rendered with Cycles, also on a GPU, where Objaverse-XL uses
  EEVEE.
- gpt4point: the script that rendered its views was never published. The scene and the files are
  those of Shap-E's renderer, on which it builds, and those that GPT4Point's reader opens.
- objaverse-xl, zero123: directions are uniform on the sphere. Their scripts normalise a point drawn
  uniformly in a cube, which favours the directions of its corners.
- objaverse-xl-eevee: Blender 3.2's settings in the words of the Blender at hand. From 4.2 on, EEVEE
  is another program, whose shading differs.
- get3d: objects are centred, as ShapeNet's already are; its script does not centre. All have the
  size of its cars and motorbikes; for the size of its chairs, use `--set subject.size=0.7`. Its
  `aabb` is always [[-0.8, -0.8, 0], [0.8, 0.8, 1]]; here it is the unit cube, which contains the
  object. Frames also have their `camera_angle_x`. At distance 1.2 a long object touches the image
  border in a few views; a larger `camera.radius` avoids that.
- trellis, trellis-cond: the pixel filter is Blackman-Harris of one pixel; theirs is a box of one
  pixel.
- nerf-synthetic: the layout, cameras and split of NeRF's scenes, for any object. Those scenes have
  individual lights, and their test views lie on a ring; here all views are drawn from above the
  horizon, unless `--set splits.test=ring`. The object fits the unit sphere, so that near 2 and far
  6 are valid.
- zeronvs: the files that its reader opens; cameras are drawn as in `default`.
- zero123plus: the input view is not among the six. Its grey and its HDRIs are not published.
- instantmesh: the image's size and the lights are not published; depth has 16 bits, theirs 8.
- openlrm: its first view is from the front; here all are drawn.
- omage: surface that the file's own UV map omits or overlaps is unwrapped, and charts whose density
  is far from the others' are scaled. The sources keep both as they are.
- scenes: see [scenes.md](scenes.md#what-differs-from-the-study).
"""


def _adaptive(cycles: Cycles) -> str:
    """The minimum number of samples; Cycles derives it from the threshold if it is not set."""
    if not cycles.adaptive:
        return ""
    return str(cycles.adaptive_least or math.ceil(16 / cycles.adaptive_threshold**0.3))


def page() -> str:
    """The page as Markdown."""
    recipes = [loader.load(name) for name in loader.names()]
    parts = [HEAD, "## Sources\n", _sources(recipes)]
    for title, columns in TABLES.items():
        parts += [f"\n## {title}\n", _table([r for r in recipes if r.product == "views"], columns)]
    scenes = _table([r for r in recipes if r.product == "scenes"], SCENES)
    return "\n".join([*parts, "\n## Synthetic scenes\n", scenes, "", TAIL])


def _sources(recipes: list[Recipe]) -> str:
    lines = ["| preset | what it is | follows |", "| --- | --- | --- |"]
    lines += [f"| {r.name} | {r.summary} | {r.follows or '—'} |" for r in recipes]
    return "\n".join(lines)


def _table(recipes: list[Recipe], columns: dict[str, Callable[[Recipe], str]]) -> str:
    lines = [f"| preset | {' | '.join(columns)} |", f"| --- |{' --- |' * len(columns)}"]
    for recipe in recipes:
        cells = [cell(recipe) or "—" for cell in columns.values()]
        lines.append(f"| {recipe.name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _range(pair: tuple[float, float]) -> str:
    low, high = (f"{value:.4g}" for value in pair)
    return low if low == high else f"{low} to {high}"


def _fov(recipe: Recipe) -> str:
    camera = recipe.camera
    return _range(camera.fov) if camera.projection == "perspective" else camera.projection


def _distance(recipe: Recipe) -> str:
    if recipe.camera.distance == "drawn":
        return _range(recipe.camera.radius)
    return recipe.camera.distance


def _fits(recipe: Recipe) -> str:
    subject = recipe.subject
    return subject.normalise + ("" if subject.size == 1.0 else f" x {subject.size:g}")


def _bounces(cycles: Cycles) -> str:
    return (
        f"{cycles.diffuse_bounces}, {cycles.glossy_bounces}, "
        f"{cycles.transparent_bounces}, {cycles.transmission_bounces}"
    )


def _of_cycles(cell: Callable[[Cycles], str]) -> Callable[[Recipe], str]:
    """A cell that is empty for other engines."""
    return lambda recipe: cell(recipe.cycles) if recipe.engine == CYCLES else ""


def _splits(recipe: Recipe) -> str:
    parts = recipe.splits.counts(recipe.views)
    return ", ".join(map(str, parts)) if any(parts) else ""


TABLES: Final[dict[str, dict[str, Callable[[Recipe], str]]]] = {
    "Output": {
        "views": lambda r: str(r.views),
        "size": lambda r: "x".join(map(str, r.resolution)),
        "images": lambda r: ", ".join(r.images),
        "records": lambda r: ", ".join(r.records),
        "previews": lambda r: ", ".join(r.previews),
        "train, val, test views": _splits,
    },
    "Cameras and lights": {
        "layout": lambda r: r.camera.layout,
        "field of view, degrees": _fov,
        "distance": _distance,
        "object fits into": _fits,
        "lights": lambda r: r.lights.rig,
    },
    "Rendering": {
        "engine": lambda r: r.engine,
        "samples": lambda r: str(r.samples),
        "adaptive from": _of_cycles(_adaptive),
        "denoised": _of_cycles(lambda cycles: "yes" if cycles.denoise else "no"),
        "filter width": _of_cycles(lambda cycles: f"{cycles.filter_width:g}"),
        "bounces: diffuse, glossy, transparent, transmission": _of_cycles(_bounces),
        "view transform": lambda r: r.colour.view_transform,
        "exposure": lambda r: f"{r.colour.exposure:g}",
        "background": lambda r: r.colour.background,
    },
}

SCENES: Final[dict[str, Callable[[Recipe], str]]] = {
    "objects": lambda r: str(r.scenes.objects),
    "textures": lambda r: "yes" if r.scenes.texture else "no",
    "colour": lambda r: "the class's" if r.scenes.class_colours else "any",
    "viewpoint, rad": lambda r: f"{r.scenes.viewpoint:g}",
    "lighting, rad": lambda r: f"{r.scenes.lighting:g}",
    "background": lambda r: r.scenes.background,
    "an object's longest side": lambda r: f"{r.scenes.size:g} x 0.8",
    "consecutive samples of the same objects": lambda r: str(r.scenes.reuse),
}

if __name__ == "__main__":
    sys.stdout.write(page())
