"""Builds a sample's scene and writes it as the format that its name says."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from pathlib import Path
from typing import Callable

import bpy

from tests.sample_models import exporters, fbx
from tests.sample_models.crowds import CROWDS
from tests.sample_models.demo import DEMO
from tests.sample_models.forms import FORMS, VAST
from tests.sample_models.motion import MOTION
from tests.sample_models.proof import PROOF
from tests.sample_models.surfaces import SURFACES
from worker.blender import compat
from worker.blender.views import scene

FAMILIES: dict[str, dict[str, Callable[[], None]]] = {
    "demo": DEMO,
    "hard": {**CROWDS, **FORMS, **MOTION, **SURFACES},
    "vast": VAST,
    "proof": PROOF,
}
"""File name to what builds its scene, by family; the suffix chooses the exporter."""
BUILDERS = {name: build for family in FAMILIES.values() for name, build in family.items()}
ABSENT = "absent"
"""A picture whose name begins so is named by the sample and never written."""


def make(name: str, folder: Path) -> Path:
    """Make sample `name`, a key of BUILDERS, in `folder`, and its side files; returns the model.

    The same bytes each time; but a .blend holds memory addresses and is only the same scene.
    Raises: RuntimeError when this Blender cannot export the format.
    """
    scene.clean()
    BUILDERS[name]()
    path = folder.resolve() / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for image in bpy.data.images:
        if image.source != "GENERATED" or not image.has_data:
            continue
        absent = image.name.startswith(ABSENT)
        if path.suffix == ".blend" and not absent:
            image.pack()
            continue
        image.filepath_raw = str(path.with_name(f"{image.name}.png"))
        image.file_format = "PNG"
        if absent:
            image.source = "FILE"
        else:
            image.save()
    WRITERS.get(path.suffix, _export)(path)
    return path


def _export(path: Path) -> None:
    """What a format leaves out by default, lights for one, is asked for."""
    keyed = any(mesh.shape_keys is not None for mesh in bpy.data.meshes)
    options = {"export_lights": True, "export_cameras": True, "export_apply": not keyed}
    exporters.run_exporter(path.suffix[1:], str(path), options)


def _save_blend(path: Path) -> None:
    operators = bpy.ops.wm
    operators.save_as_mainfile(filepath=str(path), compress=False, check_existing=False)


def _export_fbx(path: Path) -> None:
    fbx.steady()
    _export(path)


WRITERS: dict[str, Callable[[Path], None]] = {".blend": _save_blend, ".fbx": _export_fbx}


def main(arguments: list[str]) -> None:
    """Make every sample of a family, or those named, in a folder; never returns."""
    status = 1
    try:
        parser = argparse.ArgumentParser(prog="tests.sample_models")
        parser.add_argument("folder", type=Path)
        parser.add_argument("names", nargs="*", metavar="name", help=", ".join(BUILDERS))
        parser.add_argument("--family", choices=FAMILIES, default="demo")
        given = parser.parse_args(arguments)
        compat.start()
        for name in given.names or FAMILIES[given.family]:
            make(name, given.folder)
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except BaseException:  # noqa: BLE001 - whatever it is, it ends here, seen
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
