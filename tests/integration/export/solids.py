"""Outputs with meshes, made without Blender: the three balls of `scenes`, and their triangles."""

import dataclasses
from pathlib import Path

import msgspec
import numpy as np
import trimesh

from tests.integration.export import scenes
from worker.contract.mesh_keys import ARRAYS
from worker.contract.recipe import Camera
from worker.core.sha256 import sha256_of


def balls() -> trimesh.Trimesh:
    """The three balls that the pictures show."""
    parts = []
    for centre, radius, _ in scenes.BALLS:
        ball = trimesh.creation.icosphere(subdivisions=4, radius=radius)
        parts.append(ball.apply_translation(centre))
    return trimesh.util.concatenate(parts)


def rendered(folder, recipe, ref, **more):
    """What a child leaves of the balls, with their mesh if the recipe asks for it."""
    made = scenes.rendered(folder, recipe, ref, **more)
    answer, mesh = made.answer, balls()
    if recipe.products:
        arrays = {
            "points": mesh.vertices,
            "triangles": mesh.faces,
            "normals": np.zeros((len(mesh.faces), 3, 3)),
            "colour": np.zeros(len(mesh.faces)),
            "colours": np.array([[0.5, 0.5, 0.5, 1]]),
        }
        for name, values in arrays.items():
            np.ascontiguousarray(values, ARRAYS[name].dtype).tofile(folder / f"{name}.raw")
        counts = {"vertices": len(mesh.vertices), "triangles": len(mesh.faces), "colours": 1,
                  "materials_of_many_colours": 0}  # fmt: skip
        answer = dataclasses.replace(
            answer,
            files={ARRAYS[name].file: f"{name}.raw" for name in arrays},
            scene={**answer.scene, "mesh": counts},
        )
    fetched = msgspec.structs.replace(made.fetched, sha256=sha_of(ref.file_identifier))
    return msgspec.structs.replace(made, answer=answer, fetched=fetched)


def sha_of(identifier: str) -> str:
    return sha256_of(identifier.encode())


RECIPE = scenes.recipe(views=7, size=48, images=("colour",), products=("mesh",))
COND = scenes.recipe(
    "cond", views=4, size=80, images=("colour",), camera=Camera(fov=(35.0, 35.0)),
)  # fmt: skip
"""Of a number and size of views that are not those of TRELLIS's presets."""


def outputs(folder: Path, cond: Path) -> None:
    """Two objects with meshes, and the same objects in a second output."""
    scenes.output(folder, RECIPE, objects=2, child=rendered)
    scenes.output(cond, COND, objects=2, child=rendered)
