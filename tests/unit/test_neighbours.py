"""A picture that is found by its name alone is not that of another model of the same root."""

from __future__ import annotations

import os

import pytest

from worker.blender.importing.finding import FileIndex

SHOP = ("chair/chair.obj", "table/table.obj", "table/skin.png", "table/textures/wood.png")
SKETCHFAB = ("a/source/a.fbx", "a/textures/a.png", "b/source/b.fbx", "b/textures/skin.png")
FLAT = ("chair.obj", "table.obj", "skin.png", "parts/wheel.obj", "parts/tyre.png")
FORMATS = ("obj/chair.obj", "fbx/Chair.fbx", "fbx/skin.png")
SHARED = ("props/chair/chair.obj", "props/table/table.obj", "props/textures/skin.png",
          "materials/wood.png", "props/table/skin.png")  # fmt: skip


@pytest.mark.parametrize(
    ("files", "model", "name", "found"),
    [
        # a neighbour's own folder, and one below it
        (SHOP, "chair/chair.obj", "skin.png", None),
        (SHOP, "chair/chair.obj", "C:\\art\\skin.png", None),
        (SHOP, "chair/chair.obj", "textures/wood.png", None),
        (SHOP, "table/table.obj", "skin.png", "table/skin.png"),
        (SHOP, "table/table.obj", "/home/me/wood.png", "table/textures/wood.png"),
        # a name that says whose it is
        (SHOP, "chair/chair.obj", "../table/skin.png", "table/skin.png"),
        (SHOP, "chair/chair.obj", "../TABLE/Skin.PNG", "table/skin.png"),
        (SHOP, "chair/chair.obj", "C:\\shop\\table\\skin.png", "table/skin.png"),
        (SHOP, "chair/chair.obj", "C:\\table\\textures\\wood.png", "table/textures/wood.png"),
        # folders beside the model's, that hold no model
        (SKETCHFAB, "a/source/a.fbx", "C:\\a.png", "a/textures/a.png"),
        (SKETCHFAB, "a/source/a.fbx", "C:\\skin.png", None),
        (SKETCHFAB, "a/source/a.fbx", "C:\\textures\\skin.png", None),
        (SHARED, "props/chair/chair.obj", "skin.png", "props/textures/skin.png"),
        (SHARED, "props/chair/chair.obj", "wood.png", "materials/wood.png"),
        # one folder of several models, and folders of models below and above it
        (FLAT, "chair.obj", "skin.png", "skin.png"),
        (FLAT, "chair.obj", "tyre.png", None),
        (FLAT, "parts/wheel.obj", "skin.png", None),
        (FLAT, "parts/wheel.obj", "../skin.png", "skin.png"),
        (FLAT, "parts/wheel.obj", "art/tyre.png", "parts/tyre.png"),
        # the same model in another format
        (FORMATS, "obj/chair.obj", "skin.png", "fbx/skin.png"),
        (("a/model.obj", "b/model.obj", "b/skin.png"), "a/model.obj", "skin.png", None),
        # of two that fit, the one that is no neighbour's
        ((*SHOP, "shared/skin.png"), "chair/chair.obj", "skin.png", "shared/skin.png"),
        # a library is a model itself
        (("a/a.blend", "libs/wheel.blend"), "a/a.blend", "C:/x/wheel.blend", "libs/wheel.blend"),
    ],
)
def test_whose_it_is(tmp_path, files, model, name, found):
    for each in files:
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).touch()
    index = FileIndex(str(tmp_path), str(tmp_path / model))
    path = index.find(name, str((tmp_path / model).parent))
    assert (path and os.path.relpath(path, tmp_path)) == found
    passed = {said: os.path.relpath(path, tmp_path) for said, path in index.not_taken.items()}
    assert list(passed) == ([name] if found is None else [])
    assert set(passed.values()) <= set(files)


def test_what_the_model_is_made_of_is_no_other_model(tmp_path):
    for each in ("chair.usda", "payload/geometry.usdc", "payload/skin.png"):
        (tmp_path / each).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / each).touch()
    model, layer = str(tmp_path / "chair.usda"), str(tmp_path / "payload/geometry.usdc")
    assert FileIndex(str(tmp_path), model).find("skin.png", str(tmp_path)) is None
    own = FileIndex(str(tmp_path), model, lambda: [layer])
    assert own.find("skin.png", str(tmp_path)) == str(tmp_path / "payload/skin.png")
