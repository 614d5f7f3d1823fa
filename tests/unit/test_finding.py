"""Files that a model names, found in folders of every kind; nothing is read outside the root."""

from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.blender.importing import finding
from worker.blender.importing.finding import FileIndex, may_be_same, spellings
from worker.blender.importing.naming import NAMINGS


def laid_out(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    return FileIndex(str(root), str(root / "model.obj"))


def found(index, root, name, folder="."):
    path = index.find(name, os.path.normpath(root / folder))
    return path and os.path.relpath(path, root)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("maps/skin.png", "maps/skin.png"),
        ("maps\\skin.png", "maps/skin.png"),
        (".\\maps\\skin.png", "maps/skin.png"),
        ("MAPS/Skin.PNG", "maps/skin.png"),
        ("C:\\art\\maps\\skin.png", "maps/skin.png"),
        ("file:///C:/art/skin.png", "maps/skin.png"),
        ("file://server/art/skin.png", "maps/skin.png"),
        ("\\\\server\\art\\skin.png", "maps/skin.png"),
        ("/home/me/skin.png", "maps/skin.png"),
        ("maps/ski%6E.png", "maps/skin.png"),
        ("50%25.png", "50%.png"),
        ("50%.png", "50%.png"),
        ("../../../skin.png", "maps/skin.png"),
        ("skin.jpg", None),
        ("", None),
        ("..", None),
        ("maps", None),
        ("/", None),
    ],
)
def test_spellings(tmp_path, name, wanted):
    index = laid_out(tmp_path, "maps/skin.png", "50%.png")
    assert found(index, tmp_path, name) == wanted


def test_a_name_as_it_is_written_comes_before_any_reading_of_it(tmp_path):
    index = laid_out(tmp_path, "a%20b.png", "a b.png", "A B.png", "c\\d.png", "c/d.png")
    assert found(index, tmp_path, "a%20b.png") == "a%20b.png"
    assert found(index, tmp_path, "A B.png") == "A B.png"
    assert found(index, tmp_path, "c\\d.png") == "c\\d.png"


def test_the_nearest_folder_counts_and_in_it_there_must_be_one(tmp_path):
    index = laid_out(
        tmp_path, "one/model/a.obj", "one/textures/t.png", "two/textures/t.png",
        "two/x/u.png", "two/y/u.png", "three/x/v.png", "three/y/V.png",
    )  # fmt: skip
    assert found(index, tmp_path, "t.png", "one/model") == "one/textures/t.png"
    (tmp_path / "one/model/a.obj").unlink()  # whose folder `one` would be
    index = FileIndex(str(tmp_path), str(tmp_path / "model.obj"))
    assert found(index, tmp_path, "t.png") is None
    assert found(index, tmp_path, "u.png", "two") is None
    assert found(index, tmp_path, "old/y/u.png", "two") == "two/y/u.png"
    assert found(index, tmp_path, "v.png", "three") is None


def test_nothing_outside_the_root_is_found(tmp_path):
    outside, root = tmp_path / "outside", tmp_path / "root"
    laid_out(outside, "secret.png")
    index = laid_out(root, "model.obj")
    (root / "link.png").symlink_to(outside / "secret.png")
    (root / "folder").symlink_to(outside)
    for name in (
        "../outside/secret.png", str(outside / "secret.png"), "link.png", "folder/secret.png",
        "secret.png", "C:\\link.png", "LINK.PNG", "..\\outside\\secret.png",
        "%2e%2e/outside/secret.png",
    ):  # fmt: skip
        assert index.find(name, str(root)) is None, name


@given(st.text(max_size=60))
def test_any_name_finds_a_file_of_the_root_or_none(tmp_path_factory, name):
    root = tmp_path_factory.getbasetemp() / "any"
    index = laid_out(root, "maps/skin.png", "ein bild.png")
    try:
        path = index.find(name, str(root))
    except ValueError:  # a NUL or a lone surrogate, which callers expect
        return
    assert path is None or os.path.realpath(path).startswith(f"{root}/")


def test_names_that_no_file_can_have_raise_nothing_else(tmp_path):
    index = laid_out(tmp_path, "a.png")
    for name in ("a\0b.png", "\ud800.png", "x" * 5000, "/".join("ab" * 600)):
        try:
            assert index.find(name, str(tmp_path)) is None
        except ValueError:
            continue


def test_a_folder_of_too_many_files_is_taken_as_written(tmp_path, monkeypatch):
    monkeypatch.setattr(finding, "MOST_FILES", 10)
    laid_out(tmp_path, *(f"many/{n}.png" for n in range(11)))
    index = laid_out(tmp_path, "few/t.png", "few/model/a.obj")
    assert found(index, tmp_path, "many/3.png") == "many/3.png"
    assert found(index, tmp_path, "MANY/3.PNG") is None
    assert found(index, tmp_path, "T.PNG", "few/model") == "few/t.png"


def test_the_last_spelling_has_neither_scheme_nor_backslash():
    assert spellings("file:///C:\\a%20b\\c.png")[-1] == "C:/a b/c.png"
    assert spellings("plain.png") == ("plain.png",)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("C:\\art\\Skin.PNG", "skin.png", True),
        ("maps/my%20skin.png", "a/maps/my skin.png", True),
        ("../skin.png", "skin.png", True),
        ("a/skin.png", "b/skin.png", False),
        ("skin.png", "otherskin.png", False),
        ("", "skin.png", False),
    ],
)
def test_two_names_of_one_file(one, other, same):
    assert may_be_same(one, other) == may_be_same(other, one) == same


@pytest.mark.parametrize("suffix", sorted(NAMINGS))
@given(data=st.binary(max_size=400))
def test_text_without_a_new_name_stays_or_stays_itself(suffix, data):
    rewrite = NAMINGS[suffix].rewrite
    once = rewrite(data, lambda _: None)
    assert rewrite(once, lambda _: None) == once


SURFACE = (
    b'<image id="i"><init_from>a&amp;b.png</init_from></image>'
    b'<surface type="2D"><init_from>i</init_from></surface>'
)


@pytest.mark.parametrize(
    ("suffix", "text", "names"),
    [
        ("obj", b"mtllib a b.mtl\r\nv 0 0 0\n", ["a b.mtl"]),
        ("mtl", b'newmtl m\nmap_Kd -s 1 1 1 "x y.png" \nbump -bm 2 n.png\n', ["x y.png", "n.png"]),
        ("mtl", b"newmtl m\nmap_Ka a.png\n", ["a.png"]),
        ("gltf", b'{"images":[{"uri":"a.png"},{"uri":"data:,x"}],"buffers":[{"uri":"b.bin"}]}',
         ["b.bin", "a.png"]),
        ("dae", SURFACE, ["a&b.png"]),
        ("dae", b'<image id="t.png"><init_from>t.png</init_from></image>', ["t.png"]),
        ("dae", b"<image><init_from><ref>r.png</ref></init_from></image>", ["r.png"]),
        ("usda", b"subLayers = [@a.usda@, @b.usd@]", ["a.usda", "b.usd"]),
    ],
)  # fmt: skip
def test_names_in_texts(suffix, text, names):
    told = []

    def rename(name):
        told.append(name)

    NAMINGS[suffix].rewrite(text, rename)
    assert told == names
    again = []
    new = NAMINGS[suffix].rewrite(text, lambda name: f"new {name}")
    NAMINGS[suffix].rewrite(new, again.append)
    assert len(again) == len(names)
    assert all("new" in name for name in again)
