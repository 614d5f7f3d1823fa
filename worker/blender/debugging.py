"""What is left of an object that is debugged: the names of its files, and its scene as a .blend.

Nothing here may change what is rendered: what is added or packed for a .blend is taken back.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence

import bpy

from worker.blender import context, references
from worker.blender.faults import ObjectFault
from worker.blender.importing.file_data import FILE_DATA
from worker.blender.importing.paths import Root
from worker.blender.views.placement import Placement
from worker.blender.views.scene import aim, distance
from worker.contract.camera_layouts import Viewpoint
from worker.contract.protocol import DEBUG, NAMED_FILES, SAVED, RenderObject

SCENE = "scene"
FILES = "//files/"
"""Where a saved scene looks for the object's files that cannot be packed: in a folder beside it."""
PACKED_SOURCES = frozenset({"FILE", "TILED"})
RANK = {"imported": 0, "failed": 1, "ready": 2}
"""Of `protocol.STATES`: a scene is not replaced by one of a lower rank."""
UDIM = "<UDIM>"
LINE_BUFFERED = 1
"""_IOLBF of C's stdio.h, in glibc."""


def begin(request: RenderObject) -> None:
    """Let a crash lose no line of the log, and print where Python was."""
    if not request.debug:
        return
    libc = ctypes.CDLL(None)
    libc.setvbuf(ctypes.c_void_p.in_dll(libc, "stdout"), None, LINE_BUFFERED, 0)
    faulthandler.enable()  # Blender's own handler, if it has one, follows


def note_files(request: RenderObject, root: Root, suffix: str) -> None:
    """Before the import: note the files that the model names, as far as they exist."""
    if not request.debug:
        return
    found = [root.model]
    with contextlib.suppress(ObjectFault, OSError, ValueError):  # the import says what is wrong
        for reference in references.walk(root.model, suffix):
            elsewhere = root.find(reference.name)
            found += [*reference.paths, *([elsewhere] if elsewhere else [])]
    _note(request, found)


def _loaded() -> Iterator[str]:
    """The paths of the files that Blender's data names."""
    for kind in ("images", *FILE_DATA):
        for block in getattr(bpy.data, kind):
            path = bpy.path.abspath(block.filepath, library=block.library)
            tiles = block.tiles if UDIM in path else ()
            yield from (path.replace(UDIM, str(tile.number)) for tile in tiles)
            yield path


def _note(request: RenderObject, paths: List[str]) -> None:
    with (_folder(request) / NAMED_FILES).open("a") as file:
        for path in dict.fromkeys(paths):
            with contextlib.suppress(ValueError):
                if os.path.isfile(path):  # noqa: PTH113 - takes any name
                    file.write(json.dumps(os.path.realpath(path)) + "\n")


def save(request: RenderObject, state: str, name: str = SCENE) -> None:
    """Save the scene, with its images packed, and note the files that it names.

    `state` is one of `protocol.STATES`. A scene that was "ready" is not replaced by one that
    "failed". An error is printed and goes no further.
    """
    if not request.debug or (state == "failed" and not len(bpy.data.objects)):
        return
    _note(request, list(_loaded()))
    path = _folder(request) / f"{name}{SAVED}"
    about = path.with_suffix(".txt")
    if about.exists() and RANK[about.read_text()] > RANK[state]:
        return
    unfinished = path.with_name(f"unfinished-{path.name}")
    _forget_folders()
    try:
        with _packed(), _beside(request):
            bpy.ops.wm.save_as_mainfile(
                filepath=str(unfinished), copy=True, relative_remap=False, check_existing=False
            )
    except (RuntimeError, OSError) as error:
        print(f"the scene cannot be saved: {error}")  # noqa: T201 - Blender's log is kept
        return
    unfinished.replace(path)
    about.write_text(state)


def save_views(
    request: RenderObject, viewpoints: Sequence[Viewpoint], frames: List[int], placed: Placement
) -> None:
    """Save the scene, ready to render, with a camera for each view.

    `viewpoints` are in world coordinates; `placed` maps the model's space to the world. Where each
    view has an animation frame of its own, markers bind the cameras to the frames.
    """
    if not request.debug:
        return
    scene = context.scene()
    before = scene.camera
    bind = len(set(frames)) == len(frames) > 1
    added: List[Any] = []
    # The first is aimed last: the ratio of pixels that are not square belongs to the scene.
    for number, (viewpoint, frame) in reversed(list(enumerate(zip(viewpoints, frames)))):
        name = f"view {number:03d}"
        camera: Any = bpy.data.objects.new(name, bpy.data.cameras.new(name))
        scene.collection.objects.link(camera)
        aim(camera, placed.viewpoint(viewpoint), distance(viewpoint) / placed.scale)
        added.append(camera)
        if bind:
            scene.timeline_markers.new(name, frame=frame).camera = camera
    scene.camera = added[-1]
    save(request, "ready")
    scene.camera = before
    if bind:
        scene.timeline_markers.clear()
    for camera in added:
        bpy.data.cameras.remove(camera.data)  # and its object


def _forget_folders() -> None:
    """Remove folders of this machine from the scene, and from the windows that a .blend has."""
    overwrite(context.scene().render, "filepath", "//")  # each render sets its own
    for screen in bpy.data.screens:
        for area in screen.areas:
            for space in area.spaces:
                parameters: Any = getattr(space, "params", None)
                if parameters is not None:
                    overwrite(parameters, "directory", b"//")


def overwrite(owner: Any, name: str, value: Any) -> None:
    """Set a path so that nothing else is saved behind it.

    Blender saves the field in full: behind the path may be the end of a longer one, or whatever
    its memory held before.
    """
    before = getattr(owner, name)
    longest: int = owner.bl_rna.properties[name].length_max
    filler = b"." if isinstance(before, bytes) else "."
    setattr(owner, name, filler * max(len(before), longest - 1))
    setattr(owner, name, value)


def _folder(request: RenderObject) -> Path:
    folder = Path(request.scratch, DEBUG)
    folder.mkdir(exist_ok=True)
    return folder


@contextlib.contextmanager
def _packed() -> Iterator[None]:
    """Pack images and fonts into the file, under their base names, while the context lasts."""
    done: Dict[Any, str] = {}
    try:
        for block in _packable():
            try:
                block.pack()
            except RuntimeError as error:
                print(f"{block.name} cannot be packed: {error}")  # noqa: T201 - see `save`
                continue
            done[block] = block.filepath
            _rename(block, f"//{os.path.basename(bpy.path.abspath(block.filepath))}")  # noqa: PTH119
        yield
    finally:
        for block, path in done.items():
            _rename(block, path)
            block.unpack(method="REMOVE")


def _packable() -> Iterator[Any]:
    """The images and fonts that are read from a file, and not in memory alone."""
    images: List[Any] = list(bpy.data.images)
    for image in images:
        file = image.source in PACKED_SOURCES and image.filepath and not image.packed_file
        if file and not image.is_dirty and image.library is None:
            yield image
    fonts: List[Any] = list(bpy.data.fonts)
    yield from (
        font for font in fonts
        if not font.filepath.startswith("<") and not font.packed_file and font.library is None
    )  # fmt: skip


def _rename(block: Any, path: str) -> None:
    """Change the path of a packed block; an image is not loaded again for that."""
    if hasattr(block, "filepath_raw"):
        overwrite(block, "filepath_raw", path)
        for packed in block.packed_files:
            overwrite(packed, "filepath", path)
    # A font has no such property, and its path is read only until it is packed.


@contextlib.contextmanager
def _beside(request: RenderObject) -> Iterator[None]:
    """Let data that cannot be packed name its file in FILES, while the context lasts."""
    own = os.path.realpath(request.root).rstrip("/") + "/"
    before: Dict[Any, str] = {}
    try:
        for kind in ("cache_files", "volumes", "libraries"):
            for block in getattr(bpy.data, kind):
                path = os.path.realpath(bpy.path.abspath(block.filepath))
                if path.startswith(own) and not getattr(block, "packed_file", None):
                    before[block] = block.filepath
                    overwrite(block, "filepath", FILES + path[len(own) :])
        yield
    finally:
        for block, path in before.items():
            block.filepath = path
