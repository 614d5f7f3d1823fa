"""Files that declare more than they hold are refused before an importer sees them."""

import struct

import pytest

from worker.blender.faults import ObjectFault
from worker.blender.importing import integrity, off_file


def ply(order, vertices, faces, data, types=("float", "uchar", "int")):
    number, length, index = types
    head = (
        f"ply\nformat {order} 1.0\nelement vertex {vertices}\nproperty {number} x\n"
        f"property {number} y\nelement face {faces}\nproperty list {length} {index} v\nend_header\n"
    )
    return head.encode() + data


WHOLE = {
    "ascii": b"0 0\n1 1\n0\n0",
    "binary_little_endian": struct.pack("<4f2B", 0, 0, 1, 1, 0, 0),
    "binary_big_endian": struct.pack(">4f2B", 0, 0, 1, 1, 0, 0),
}


@pytest.mark.parametrize("order", WHOLE)
def test_a_ply_has_at_least_what_it_declares(tmp_path, order):
    path = tmp_path / "m.ply"
    path.write_bytes(ply(order, 2, 2, WHOLE[order]))
    integrity.check(str(path), "ply")
    for vertices, faces in ((10, 2), (10**12, 2), (2**64, 2), (2, 10**12), (2, 20)):
        path.write_bytes(ply(order, vertices, faces, WHOLE[order]))
        with pytest.raises(ObjectFault, match="truncated: it declares"):
            integrity.check(str(path), "ply")


@pytest.mark.parametrize("count", ["-1", "9" * 5000, "1e3", "x", "0x10"])
def test_what_is_no_count_is_no_header(tmp_path, count):
    path = tmp_path / "m.ply"
    path.write_bytes(ply("ascii", count, 1, b"0 0\n"))
    with pytest.raises(ObjectFault, match="has no PLY header"):
        integrity.check(str(path), "ply")
    path = tmp_path / "m.off"
    path.write_text(f"OFF\n{count} 1 0\n")
    with pytest.raises(ObjectFault, match="has no line with its numbers"):
        off_file.read(str(path))


@pytest.mark.parametrize("count", ["1e999", "nan", "-inf"])
@pytest.mark.parametrize("other", ["", "4 0 1 2 2\n"])
def test_a_face_of_no_number_of_corners(tmp_path, count, other):
    path = tmp_path / "m.off"
    faces = 2 if other else 1
    path.write_text(f"OFF\n3 {faces} 0\n0 0 0\n1 0 0\n0 1 0\n{count} 0 1 2\n{other}")
    with pytest.raises(ObjectFault, match=r"face 0 declares -?(inf|nan) corners"):
        off_file.read(str(path))
