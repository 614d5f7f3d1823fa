"""What a Blender child leaves behind for one object, made without Blender."""

import io
import math

import numpy as np
import OpenEXR
from PIL import Image

from worker.contract import render_passes
from worker.contract.protocol import Rendered, View
from worker.core import keys
from worker.index.record import ObjectRef
from worker.sources.base import FetchedObject
from worker.supervisor.result import RenderedObject

SCENE = {
    "animation_count": 0,
    "armature_count": 0,
    "edge_count": 12,
    "lamp_count": 0,
    "linked_files": [],
    "material_count": 1,
    "mesh_count": 1,
    "missing_textures": {"count": 0, "files": [], "file_path_to_color": {}},
    "object_count": 1,
    "placement": {"offset": [0.0, 0.0, 0.0], "scale": 0.5},
    "poly_count": 6,
    "random_color": None,
    "scene_size": {"bbox_max": [1.0, 1.0, 1.0], "bbox_min": [-1.0, -1.0, -1.0]},
    "shape_key_count": 0,
    "vert_count": 8,
}
RUNTIME = {"blender": "4.5.15", "device": "cpu", "denoiser": "", "lacking": []}


def look_at_origin(location):
    """4x4 camera-to-world in OpenGL axes of a camera that looks at the origin, Z up."""
    location = np.asarray(location, float)
    backward = location / np.linalg.norm(location)
    right = np.cross([0.0, 0.0, 1.0], backward)
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3] = np.column_stack([right, np.cross(backward, right), backward, location])
    return pose


def intrinsics(width, height, fov):
    focal = width / 2 / math.tan(math.radians(fov) / 2)
    return [[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]]


def _target(path):
    return path if isinstance(path, io.BytesIO) else str(path)


def write_exr(path, rgba, layer="ViewLayer", extra=(), dtype=np.float32):
    """A multilayer EXR as Blender writes it: uncompressed scanlines, a channel per component.

    path: of a file, or a BytesIO.
    """
    channels = {
        f"{layer}.Combined.{name}": np.ascontiguousarray(rgba[..., number], dtype)
        for number, name in enumerate("RGBA")
    }
    channels |= {f"{layer}.{name}": np.zeros(rgba.shape[:2], dtype) for name in extra}
    header = {"compression": OpenEXR.NO_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, channels).write(_target(path))


def write_passes(path, passes, layer="ViewLayer"):
    """The same of any passes: `channels.Pass` to (height, width, components)."""
    found = {
        f"{layer}.{each.layer}.{component}": np.ascontiguousarray(pixels[..., number], np.float32)
        for each, pixels in passes.items()
        for number, component in enumerate(each.components)
    }
    header = {"compression": OpenEXR.NO_COMPRESSION, "type": OpenEXR.scanlineimage}
    OpenEXR.File(header, found).write(_target(path))


def ball(width, height, number=0):
    """Linear premultiplied RGBA of a soft-edged, shaded ball: opaque, half and fully clear."""
    x, y = np.meshgrid(np.linspace(-1.2, 1.2, width), np.linspace(-1.2, 1.2, height))
    alpha = np.clip((1 - np.hypot(x, y)) * 8, 0, 1)
    colour = np.stack([0.6 + 0.4 * x, 0.5 - 0.4 * y, np.full_like(x, (number % 7) / 7)], -1)
    return np.concatenate([np.clip(colour, 0, 2) * alpha[..., None], alpha[..., None]], -1).astype(
        np.float32
    )


def rendered_object(folder, recipe, file_identifier="https://example.org/models/ball.glb"):
    """A RenderedObject whose raw files, of `ball`s, lie in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    width, height = recipe.resolution
    views = []
    for number in range(recipe.views):
        name = keys.view_name(number)
        files = {"passes": f"{name}.exr"}
        rgba = ball(width, height, number)
        write_exr(folder / files["passes"], rgba, extra=["Depth.Z"])
        if recipe.colour.view_transform != "standard":
            files["display"] = f"{name}-display.tga"
            pixels = np.clip(rgba * 255, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / files["display"], "TGA", compression=None)
        angle = 2 * math.pi * number / recipe.views
        location = [1.8 * math.cos(angle), 1.8 * math.sin(angle), 0.3]
        views.append(
            View(
                name=name,
                camera_to_world=look_at_origin(location).tolist(),
                intrinsics=intrinsics(width, height, recipe.camera.fov[0]),
                width=width,
                height=height,
                projection="perspective",
                files=files,
            )
        )
    ref = ObjectRef(file_identifier=file_identifier, metadata={"author": "someone"})
    return RenderedObject(
        fetched=FetchedObject(ref=ref, root=folder, model="ball.glb", sha256="ab" * 32, size=1234),
        scratch=folder,
        answer=Rendered(uid=ref.uid, views=views, scene=SCENE, runtime=RUNTIME, render_s=1.5),
    )


def write_all_passes(made, recipe):
    """Give `made` raw files with every pass of the recipe, whose numbers differ by view."""
    rng = np.random.default_rng(7)
    for number, view in enumerate(made.answer.views):
        passes = {
            each: rng.random((view.height, view.width, len(each.components)), np.float32)
            * (number + 1)
            for each in render_passes.passes(recipe.images)
            if each is not render_passes.COMBINED
        }
        passes[render_passes.COMBINED] = ball(view.width, view.height, number)
        write_passes(made.scratch / view.files["passes"], passes)
