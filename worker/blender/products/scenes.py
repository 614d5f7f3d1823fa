"""The product `scenes`: synthetic scenes with their ground truth.

The request's `order` assigns objects to samples. Everything else is drawn here at random, seeded
by the number of each sample.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from worker.blender import debugging, engine
from worker.blender.engine import Device
from worker.blender.faults import ObjectFault
from worker.blender.importing.paths import Root
from worker.blender.products.base import Report
from worker.blender.scenes import body as bodies
from worker.blender.scenes.body import Body, LeftModel
from worker.blender.scenes.pictures import Pictures
from worker.blender.scenes.places import floor_height, places
from worker.blender.scenes.stage import Stage
from worker.blender.views import render
from worker.contract import render_passes, scene_draws, scene_keys, scene_order
from worker.contract.protocol import Phase, Rendered, RenderObject, View
from worker.contract.recipe import MESH, Recipe
from worker.contract.rotations import matrix
from worker.contract.scene_order import Group, Part

PASSES = (
    render_passes.COMBINED,
    render_passes.DEPTH,
    render_passes.INDEX_OBJECT,
    render_passes.INDEX_MATERIAL,
)
REPLACEABLE = frozenset({"import", "unsupported", "empty", "too_large"})
"""Codes of the faults after which the next candidate replaces an object."""


def make(request: RenderObject, recipe: Recipe, device: Device, report: Report) -> Rendered:
    """Import the objects of each group, and render the group's samples. Raises: ObjectFault."""
    order = scene_order.from_dict(request.order)
    pictures = Pictures(recipe.scenes.textures)
    wanted = len(pictures) if recipe.scenes.texture else 0
    views: list[View] = []
    samples: list[dict[str, Any]] = []
    refused: dict[int, dict[str, str]] = {}
    models: dict[int, LeftModel] = {}
    runtime: dict[str, Any] = {}
    spent = 0.0
    for group in order.groups:
        shown, found = _gather(request, group, recipe, refused, report)
        report(Phase(request.uid, "scene"))
        stage = Stage(recipe.resolution, recipe.scenes.background, floor_height(recipe))
        pictures.forget()
        if MESH in recipe.products:
            for number, body in zip(shown, found):
                models.setdefault(number, bodies.leave(body, number, request.scratch))
        items = [bodies.add(body, f"object {number}") for number, body in enumerate(found)]
        classes = [part.class_idx for part in group.parts]
        for item, class_idx in zip(items, classes):
            stage.add(item, class_idx)
        start = time.monotonic()
        for _ in range(group.samples):
            idx = order.first + len(views)
            runtime = engine.configure(recipe, device, scene_draws.cycles_seed(recipe, idx))
            render.prepare(PASSES, recipe.subject.least_alpha)
            light = scene_draws.light(recipe, idx)
            stage.light(light)
            stage.dress(
                scene_draws.looks(recipe, idx, classes, wanted), pictures,
                emission=recipe.scenes.emission,
            )  # fmt: skip
            truth = _pose(recipe, idx, items, found)
            for number, each in zip(shown, truth):
                each["number"] = number
            report(Phase(request.uid, "view", len(views)))
            debugging.save(request, "ready", f"{debugging.SCENE}-{len(views):03d}")
            views.append(_shoot(stage, recipe, len(views), request.scratch))
            samples.append({"light": list(light), "objects": truth})
        spent += time.monotonic() - start
    facts = {
        "samples": samples,
        "refused": list(refused.values()),
        scene_keys.MODELS: [model.fact for _, model in sorted(models.items())],
    }
    files = {kind: name for model in models.values() for kind, name in model.files.items()}
    return Rendered(request.uid, views, facts, runtime, spent, files)


def _gather(
    request: RenderObject,
    group: Group,
    recipe: Recipe,
    refused: dict[int, dict[str, str]],
    report: Report,
) -> tuple[list[int], list[Body]]:
    """Load, for each part of the group, the first candidate that can be rendered.

    Returns: the numbers of these objects, and the objects.
    Raises: ObjectFault if no candidate of a part can be rendered.
    """
    loaded: dict[int, Body] = {}
    shown = [_first(request, part, recipe, loaded, refused, report) for part in group.parts]
    return shown, [loaded[number] for number in shown]


def _first(
    request: RenderObject,
    part: Part,
    recipe: Recipe,
    loaded: dict[int, Body],
    refused: dict[int, dict[str, Any]],
    report: Report,
) -> int:
    for model in part.candidates:
        if model.number in refused:
            continue
        if model.number not in loaded:
            report(Phase(request.uid, "import"))
            debugging.note_files(request, Root(model.root, model.model), model.format)
            try:
                loaded[model.number] = bodies.load(model, recipe, request.scratch)
            except ObjectFault as fault:
                if fault.code not in REPLACEABLE:
                    raise
                refused[model.number] = {
                    "number": model.number, "code": fault.code, "message": str(fault)
                }  # fmt: skip
                continue
        return model.number
    last = refused[part.candidates[-1].number]
    raise ObjectFault(
        last["code"],
        f"none of the {len(part.candidates)} objects drawn for one place of class "
        f"{part.class_idx} can be rendered; {part.candidates[-1].model}: {last['message']}",
    )


def _pose(recipe: Recipe, idx: int, items: list[Any], found: list[Body]) -> list[dict[str, Any]]:
    """Scale, rotate and place the objects for sample `idx`.

    Returns: for each object its bounding box, scale, Euler angles and location.
    """
    forms = [scene_draws.form(recipe, idx, number) for number in range(len(items))]
    lowest = [
        float((body.points * form.scale @ matrix(form.euler)[2]).min())
        for body, form in zip(found, forms)
    ]
    chosen = places(recipe, idx, forms, [body.box for body in found], lowest)
    truth = []
    for item, form, body, place in zip(items, forms, found, chosen):
        item.scale, item.rotation_euler, item.location = form.scale, form.euler, place
        truth.append(
            {
                "bbox": np.asarray(body.box, np.float32).astype(float).tolist(),
                "scale": list(form.scale),
                "euler": list(form.euler),
                "location": list(place),
            }
        )
    return truth


def _shoot(stage: Stage, recipe: Recipe, number: int, scratch: str) -> View:
    name = f"{number:03d}"
    kinds = ["passes"]
    if not recipe.scenes.exr and recipe.colour.view_transform != "standard":
        kinds.append("display")
    return render.take(name, stage.viewpoint, kinds, scratch)
