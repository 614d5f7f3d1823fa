"""Names in encodings other than UTF-8, as old tools wrote them: they cost no object."""

import json
import os

import msgspec
import pytest
from PIL import Image

from tests.integration.blender.driver import small
from tests.integration.blender.test_hostile import (
    PURE_BLUE,
    blueness,
    is_one_colour,
    quad,
    seen,
)
from worker.contract import protocol
from worker.contract.protocol import Failed, RenderObject

NAMES = {
    "Latin-1": (b"caf\xe9.png", r"caf\xe9.png"),
    "GBK": (b"\xb2\xc4\xd6\xca.png", r"\xb2\xc4\xd6\xca.png"),
    "UTF-8": ("café ☃ 𝒳.png".encode(), "café ☃ 𝒳.png"),
}


@pytest.mark.parametrize("encoding", NAMES)
@pytest.mark.parametrize("there", [True, False], ids=["there", "absent"])
def test_a_picture_is_used_or_recorded_whatever_its_name_is_written_in(
    child, tmp_path, encoding, there
):
    written, told = NAMES[encoding]
    model = quad(tmp_path / "object", os.fsdecode(written).encode(errors="replace").decode())
    material = model.with_suffix(".mtl")
    material.write_bytes(b"newmtl paint\nKd 1 1 1\nmap_Kd " + written + b"\n")
    if there:
        Image.new("RGB", (4, 4), PURE_BLUE).save(tmp_path / "blue.png")
        (tmp_path / "blue.png").rename(model.parent / os.fsdecode(written))
    answer = child.render(model, tmp_path / "out", small(samples=16))
    assert answer["type"] == "Rendered", answer
    assert answer["scene"]["linked_files"] == [told]
    missing = answer["scene"]["missing_textures"]
    if there:
        assert missing["count"] == 0
        assert blueness(answer, tmp_path / "out") > 0.5
    else:
        assert missing["files"] == [told]
        colour = missing["file_path_to_color"][told]
        assert is_one_colour(seen(answer, tmp_path / "out"), colour)


def test_two_such_names_are_two_missing_pictures(child, tmp_path):
    model = quad(tmp_path / "object", "x.png")
    model.write_text(model.read_text().replace("f 4/4", "usemtl other\nf 4/4"))
    model.with_suffix(".mtl").write_bytes(
        b"newmtl paint\nmap_Kd caf\xe9.png\nnewmtl other\nmap_Kd caf\xe8.png\n"
    )
    answer = child.render(model, tmp_path / "out", small(views=1))
    assert answer["scene"]["missing_textures"]["files"] == [r"caf\xe8.png", r"caf\xe9.png"]


@pytest.mark.parametrize("suffix", ["obj", "stl", "ply", "glb", "gltf", "fbx"])
def test_a_folder_may_be_called_so_too(child, samples, tmp_path, suffix):
    kept = {path.suffix: path for path in sorted(samples.iterdir())}[f".{suffix}"]
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    for path in samples.glob(f"{kept.stem}*"):
        (folder / path.name).write_bytes(path.read_bytes())
    answer = child.render(folder / kept.name, tmp_path / "out", small(views=1), root=tmp_path)
    assert answer["type"] == "Rendered", answer


def test_names_of_objects_and_materials_are_text(child, tmp_path):
    model = quad(tmp_path / "object", "x.png")
    odd = model.read_bytes().replace(b"usemtl paint", b"o caf\xe9\nusemtl p\xe9nt")
    model.write_bytes(odd)
    model.with_suffix(".mtl").write_bytes(b"newmtl p\xe9nt\nKd 0 0 1\n")
    recipe = small(views=1, images=["colour", "index-object", "index-material"])
    answer = child.render(model, tmp_path / "out", recipe)
    assert answer["type"] == "Rendered", answer
    assert len(answer["scene"]["object_names"]) == len(answer["scene"]["material_names"]) == 1
    assert blueness(answer, tmp_path / "out") > 0.5


@pytest.mark.parametrize(
    ("code", "told"),
    [(0xDCE9, r"\xe9"), (0xDC7F, r"\udc7f"), (0xD800, r"\ud800"), (0xDFFF, r"\udfff")],
)
def test_a_child_sends_text_that_a_strict_reader_takes(code, told):
    line = protocol.encode(Failed("1", "import", f'a "\\{chr(code)}" 𝒳'))
    assert msgspec.json.decode(line)["message"] == f'a "\\{told}" 𝒳'


def test_a_host_sends_every_byte_of_a_path():
    odd = os.fsdecode(b"caf\xe9.obj")
    sent = RenderObject("1", "/tmp", odd, "obj", "/tmp", {})
    received = protocol.decode_from_host(protocol.encode(sent))
    assert received == sent
    assert json.loads(protocol.encode(sent))["model"] == odd
