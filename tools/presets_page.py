"""docs/presets.md, from the presets themselves: ``python -m tools.presets_page``."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import Final

from worker.contract.recipe import Cycles, Recipe
from worker.presets import loader

HEAD: Final = """\
# Presets

A preset is a recipe with a name: `render-worker run … --preset NAME`. Each follows a published
system, named in it; `default` takes what measures best. `render-worker presets show NAME` prints
all keys of one, each with a line on it. `--set KEY=VALUE` overrides a key, a list as
in `--set 'images=["colour","depth"]'`; a TOML file of your own that begins with `extends = "NAME"`
does so for good.

This page is made from the presets (`python -m tools.presets_page > docs/presets.md`).
"""
TAIL: Final = """\
## What differs from the sources

- Cameras and lights are drawn from the object's name and the preset's: the same on any worker, at
  any time. The sources draw them anew each time.
- gpt4point: the script that made its views was never published. Scene and files are those of
  Shap-E's renderer, which it builds on, and of what GPT4Point's own reader opens.
- objaverse-xl, zero123: directions are uniform on the sphere; their scripts take a point uniform in
  a cube and norm it, which favours the ways to its corners.
- get3d: objects are centred, as ShapeNet's are already; its script does not centre. All have the
  size of its cars and motorbikes; of its chairs, 0.7, with `--set subject.size=0.7`. Its `aabb` is
  [[-0.8, -0.8, 0], [0.8, 0.8, 1]], whatever the object; here it is the unit cube, which holds it.
  Frames have their `camera_angle_x` too. At 1.2 a long object touches the border in a few views; a
  larger `camera.radius` keeps it whole.
- trellis, trellis-cond: the pixel filter is Blackman-Harris of one pixel, theirs a box of one.
- nerf-synthetic: the layout, cameras and split of NeRF's scenes, for any object. Those scenes each
  have lights of their own, and their test views go round on a ring; here all views are drawn from
  above the horizon. The object fits the unit sphere, so that near 2 and far 6 hold.
- zeronvs: what its reader of scenes takes; its cameras are drawn by the laws of `default`'s.
- omage: of surface that the file's own UV map does not show, or shows on itself, a map is made;
  charts whose density is far from the others' are scaled. The sources leave both as they are.
- scenes: [scenes.md](scenes.md#what-differs-from-the-study) says it.
- All Cycles, on a GPU too, where Objaverse-XL takes EEVEE.
"""


def _adaptive(cycles: Cycles) -> str:
    """From how many samples on; Cycles' own choice of that follows from the threshold."""
    if not cycles.adaptive:
        return "—"
    return str(cycles.adaptive_least or math.ceil(16 / cycles.adaptive_threshold**0.3))


def page() -> str:
    """The whole page as Markdown."""
    recipes = [loader.load(name) for name in loader.names()]
    parts = [HEAD, "## Who they follow\n", _sources(recipes)]
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


def _distance(recipe: Recipe) -> str:
    if recipe.camera.distance == "drawn":
        return _range(recipe.camera.radius)
    return recipe.camera.distance


def _fits(recipe: Recipe) -> str:
    subject = recipe.subject
    return subject.normalise + ("" if subject.size == 1.0 else f" x {subject.size:g}")


def _bounces(recipe: Recipe) -> str:
    cycles = recipe.cycles
    return (
        f"{cycles.diffuse_bounces}, {cycles.glossy_bounces}, "
        f"{cycles.transparent_bounces}, {cycles.transmission_bounces}"
    )


def _splits(recipe: Recipe) -> str:
    splits = recipe.splits
    parts = (splits.train, splits.val, splits.test)
    return ", ".join(map(str, parts)) if any(parts) else ""


TABLES: Final[dict[str, dict[str, Callable[[Recipe], str]]]] = {
    "What they make": {
        "views": lambda r: str(r.views),
        "size": lambda r: "x".join(map(str, r.resolution)),
        "images": lambda r: ", ".join(r.images),
        "records": lambda r: ", ".join(r.records),
        "previews": lambda r: ", ".join(r.previews),
        "train, val, test": _splits,
    },
    "Cameras and lights": {
        "layout": lambda r: r.camera.layout,
        "field of view, degrees": lambda r: _range(r.camera.fov),
        "distance": _distance,
        "object fits": _fits,
        "lights": lambda r: r.lights.rig,
    },
    "Rendering": {
        "samples": lambda r: str(r.samples),
        "adaptive from": lambda r: _adaptive(r.cycles),
        "denoised": lambda r: "yes" if r.cycles.denoise else "no",
        "filter width": lambda r: f"{r.cycles.filter_width:g}",
        "bounces: diffuse, glossy, transparent, transmission": _bounces,
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
    "before": lambda r: r.scenes.background,
    "an object's longest side": lambda r: f"{r.scenes.size:g} x 0.8",
    "samples in a row of the same objects": lambda r: str(r.scenes.reuse),
}

if __name__ == "__main__":
    sys.stdout.write(page())
