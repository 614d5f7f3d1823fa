"""Run inside Blender by make_leading.py: pictures, a film, a sound, a lamp and a font outside."""

import shutil
import wave
from pathlib import Path

import bpy


def media(outside):
    """blue.png, blue_0001.png, film.avi, tone.wav, lamp.ies and a font."""
    blue = bpy.data.images.new("blue", 8, 8)
    blue.pixels = [0.0, 0.0, 1.0, 1.0] * 64
    for name in ("blue.png", "blue_0001.png"):
        blue.filepath_raw, blue.file_format = str(outside / name), "PNG"
        blue.save()
    with wave.open(str(outside / "tone.wav"), "wb") as tone:
        tone.setparams((1, 2, 8000, 0, "NONE", ""))
        tone.writeframes(b"\0\1" * 800)
    (outside / "lamp.ies").write_text(
        "IESNA:LM-63-2002\nTILT=NONE\n1 1000 1 2 1 1 1 0 0 0\n1 1 1\n0 90\n0\n900 900\n"
    )
    fonts = Path(bpy.utils.system_resource("DATAFILES", path="fonts"))
    font = min(fonts.iterdir())
    shutil.copy(font, outside / f"font{font.suffix}")
    _film(outside)


def _film(outside):
    """A film of a blue background."""
    scene = bpy.context.scene
    world = scene.world = bpy.data.worlds.new("blue")
    world.color = (0.0, 0.0, 1.0)
    bpy.ops.object.camera_add()
    scene.camera, scene.render.engine = bpy.context.object, "CYCLES"
    scene.cycles.samples, scene.cycles.use_denoising = 1, False
    scene.frame_start, scene.frame_end = 1, 2
    scene.render.resolution_x, scene.render.resolution_y = 32, 32
    scene.render.image_settings.file_format = "FFMPEG"
    scene.render.ffmpeg.format, scene.render.ffmpeg.codec = "AVI", "MPEG4"
    scene.render.filepath = str(outside / "film.avi")
    scene.render.use_file_extension = False
    bpy.ops.render.render(animation=True)
