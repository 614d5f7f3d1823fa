"""Side files: what a model names beside it, however it writes it, and never elsewhere."""

import time

import pytest

from worker.core.errors import TooLarge
from worker.sources import side_files

CASES = {
    "m.obj": (b"v 0 0 0\nmtllib a.mtl\n  mtllib my wood.mtl\r\n", {"a.mtl", "my wood.mtl"}),
    "m.mtl": (
        (b'map_Kd t/w.png\nmap_Bump -bm 0.5 -s 1 1 -imfchan r my n.png\nKd 1 1 1\nbump "q.png"\n'
        rb"norm sub\n.png"),
        {"t/w.png", "my n.png", "q.png", "sub/n.png"},
    ),
    "m.gltf": (
        rb'"buffers":[{"uri":"m.bin"},{"uri":"data:;,AA"}],"images":[{"uri" : "t\/a%20b.png"}]',
        {"m.bin", "t/a b.png"},
    ),
    "m.dae": (
        b"<init_from>a&amp;b.png</init_from><init_from>\n <ref>c.png</ref></init_from>",
        {"a&b.png", "c.png"},
    ),
    "m.fbx": (
        (b"\x10RelativeFilenameS\x0a\x00\x00\x00t\\wood.pngE#\x01\x00"
        b'\x10RelativeFilenameS\x0d\x00\x00\x00..\\..\\up.jpeg\x00 RelativeFilename: "b.tga"'),
        {"t/wood.png", "wood.png", "up.jpeg", "b.tga"},
    ),
    "m.usda": (b"asset inputs:file = @./t/a.png@\n", {"t/a.png"}),
    "m.stl": (b"mtllib a.mtl", set()),
    "empty.obj": (b"", set()),
}  # fmt: skip
HOSTILE = [
    "../x.mtl",
    "/etc/passwd",
    "C:/x.mtl",
    "a/../../x.mtl",
    "\\\\host\\x.mtl",
    "s3://b/x.mtl",
    "x\0",
]


@pytest.mark.parametrize("name", CASES)
def test_what_a_format_names(tmp_path, name):
    body, expected = CASES[name]
    (tmp_path / name).write_bytes(body)
    found = set(side_files.named(tmp_path / name))
    # What is spelt in several ways may be found in several.
    assert expected <= found
    assert all(not one.startswith("/") and ".." not in one.split("/") for one in found)
    assert expected or not found


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_leads_elsewhere_is_left_out(tmp_path, name):
    (tmp_path / "m.obj").write_text(f"mtllib {name}\n")
    assert list(side_files.named(tmp_path / "m.obj")) == []


def test_files_are_brought_that_files_name(tmp_path):
    there = {"t/a.mtl": b"map_Kd b.png\nmap_Kd c.png\n", "t/b.png": b"b"}
    asked = []

    def get(name, path):
        asked.append(name)
        if name in there:
            path.write_bytes(there[name])
        return name in there

    (tmp_path / "m.obj").write_text("mtllib t/a.mtl\nmtllib m.obj\nmtllib t/a.mtl\n")
    side_files.bring(tmp_path, "m.obj", get)
    assert asked == ["t/a.mtl", "t/b.png", "t/c.png"]


def test_a_name_that_fits_no_file_is_not_there(tmp_path):
    def get(_, path):
        path.write_bytes(b"x")
        return True

    (tmp_path / "m.obj").write_text(f"mtllib a\nmtllib a/b\nmtllib {'x' * 300}\nmtllib c\n")
    side_files.bring(tmp_path, "m.obj", get)
    assert {path.name for path in tmp_path.iterdir()} == {"m.obj", "a", "c"}


@pytest.mark.parametrize("folder", ["", "../"])
def test_a_model_may_name_only_so_many(tmp_path, folder):
    lines = "".join(f"mtllib {folder}{number}\n" for number in range(side_files.MOST + 1))
    (tmp_path / "m.obj").write_text(lines)
    with pytest.raises(TooLarge, match="500"):
        side_files.bring(tmp_path, "m.obj", lambda *_: False)


@pytest.mark.parametrize(
    ("name", "piece"),
    [
        ("m.obj", b"mtllib " + b" " * 99), ("m.mtl", b"map_Kd -s 1 1"), ("m.gltf", b'"uri":"\\'),
        ("m.dae", b"<init_from>" + b" " * 999), ("m.dae", b"<init_from>" + b" " * 1100),
        ("m.fbx", b"RelativeFilenameSaa\0\0aa"),
        ("m.usda", b"@..@a"),
    ],
)  # fmt: skip
def test_no_file_takes_long_to_look_through(tmp_path, name, piece):
    (tmp_path / name).write_bytes(piece * (8_000_000 // len(piece)))
    begin = time.thread_time()  # of the processor, of which a busy machine takes no more
    for _ in side_files.named(tmp_path / name):
        pass
    assert time.thread_time() - begin < 30


def test_what_lies_across_two_stretches_is_found_once(tmp_path):
    line = b"mtllib wood.mtl\n"
    for shift in range(0, 40, 3):
        path = tmp_path / f"{shift}.obj"
        path.write_bytes(b"#" * ((1 << 20) - shift) + b"\n" + line + b"v 0 0 0\n" * 4)
        assert sorted(set(side_files.named(path))) == ["wood.mtl"]
