"""Reading OFF: every way of writing one, and bytes that are made to break the reader."""

import contextlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.truth import cube, off
from worker.blender.faults import ObjectFault
from worker.blender.importing import off_file

TRIANGLE = "0 0 0\n1 0 0\n0 1 0\n"
FACE = "3 0 1 2\n"


@pytest.fixture
def read(tmp_path):
    """Reads a file of these bytes, or this text."""

    def read(content):
        path = tmp_path / "x.off"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return off_file.read(str(path))

    return read


@pytest.mark.parametrize(
    "content",
    [
        off.plain(),
        off.plain("OFF"),
        off.plain(""),
        off.plain("OFF # of a program\n\n  # more\n"),
        off.plain().replace("\n", " # each line\r\n\n"),
        off.by_face(),
        off.by_vertex(),
        off.binary(),
    ],
    ids=["plain", "glued", "no keyword", "comments", "lines", "faces", "vertices", "binary"],
)
def test_a_cube_is_the_cube_in_every_way_to_write_it(read, content):
    found = read(content)
    np.testing.assert_allclose(found.points, cube.POINTS, atol=1e-7)
    assert found.sizes.tolist() == [4] * 6
    assert found.corners.tolist() == cube.QUADS.ravel().tolist()


@pytest.mark.parametrize(
    ("content", "scale"),
    [(off.by_face(), 1), (off.by_face(whole=False), 255), (off.binary(), 255)],
    ids=["whole", "parts", "binary"],
)
def test_faces_have_their_colours(read, content, scale):
    np.testing.assert_allclose(read(content).face_colours * scale, off.PARTS, atol=1e-4)


def test_vertices_have_their_colours_with_alpha_or_without(read):
    np.testing.assert_array_equal(read(off.by_vertex()).vertex_colours, cube.COLOURS)
    short = read("COFF\n1 0 0\n1 2 3 10 20 30\n")
    assert short.vertex_colours.tolist() == [[10, 20, 30]]


def test_columns_are_in_the_order_of_the_manual(read):
    found = read("STCN4OFF\n1 0 0\n2 4 6 2  0 0 1  10 20 30 255  0.5 0.25\n")
    assert found.points.tolist() == [[1, 2, 3]]
    assert found.normals.tolist() == [[0, 0, 1]]
    assert found.vertex_colours.tolist() == [[10, 20, 30]]


def test_faces_of_many_sizes_and_with_colours_or_without(read):
    found = read(f"OFF\n5 4 0\n{TRIANGLE}1 1 0\n2 2 0\n{FACE}5 0 1 4 3 2 9 8 7\n2 0 1\n3 1 3 2 5\n")
    assert found.sizes.tolist() == [3, 5, 3]
    assert found.corners.tolist() == [0, 1, 2, 0, 1, 4, 3, 2, 1, 3, 2]
    np.testing.assert_array_equal(found.face_colours, [[np.nan] * 3, [9, 8, 7], [np.nan] * 3])


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("OFF\n", "no line with its numbers"),
        ("hello\nworld\n", "no line with its numbers"),
        (f"OFF\n3 2 0\n{TRIANGLE}{FACE}", "truncated"),
        (f"OFF\n99999999999999999999 1 0\n{TRIANGLE}{FACE}", "truncated"),
        (f"OFF\n3 1 0\n{TRIANGLE}3 0 1 3\n", "does not exist"),
        (f"OFF\n3 1 0\n{TRIANGLE}3 0 1 -1\n", "does not exist"),
        (f"OFF\n3 1 0\n{TRIANGLE}3 0 1 1.5\n", "does not exist"),
        (f"OFF\n3 1 0\n{TRIANGLE}3 0 1 1e300\n", "does not exist"),
        (f"OFF\n3 1 0\n{TRIANGLE}9999999999 0 1 2\n", "9999999999 corners"),
        (f"OFF\n3 1 0\n{TRIANGLE}-1 0 1 2\n", "-1 corners"),
        (f"OFF\n3 1 0\n{TRIANGLE}inf 0 1 2\n", "inf corners"),
        (f"OFF\n3 1 0\n{TRIANGLE.replace('1 0 0', 'nan 0 0')}{FACE}", "not finite"),
        (f"OFF\n3 1 0\n{TRIANGLE.replace('1 0 0', '1e300 0 0')}{FACE}", "larger than 1e30"),
        (f"OFF\n3 1 0\n{TRIANGLE.replace('1 0 0', 'one 0 0')}{FACE}", "text where"),
        (f"COFF\n3 1 0\n{TRIANGLE}{FACE}", "3 numbers"),
        (f"4OFF\n1 0 0\n{'1 1 1 0'}\n", "not finite"),
        (f"nOFF\n3\n3 1 0\n{TRIANGLE}{FACE}", "nOFF"),
        (off.binary()[:-4], "truncated"),
        (b"OFF BINARY\n" + struct.pack(">3i", 2**31 - 1, 1, 0), "truncated"),
        (b"OFF BINARY\n" + struct.pack(">3i", -1, -1, 0) + bytes(40), "truncated"),
        (b"OFF BINARY\n" + struct.pack(">3i", 1, 1, 0) + bytes(12) + b"\xff" * 8, "count"),
    ],
)
def test_what_is_no_whole_mesh_is_refused(read, content, says):
    with pytest.raises(ObjectFault, match=says) as caught:
        read(content)
    assert caught.value.code == "import"


def test_a_file_that_is_too_large_is_not_read(tmp_path):
    path = tmp_path / "large.off"
    with path.open("wb") as file:
        file.truncate(off_file.MOST_BYTES + 1)
    with pytest.raises(ObjectFault) as caught:
        off_file.read(str(path))
    assert caught.value.code == "too_large"


@given(st.sampled_from([b"OFF\n", b"COFF BINARY\n", b"4OFF", b""]), st.binary(max_size=120))
def test_any_bytes_are_a_mesh_or_refused(tmp_path_factory, keyword, rest):
    path = tmp_path_factory.getbasetemp() / "any.off"
    path.write_bytes(keyword + rest)
    with contextlib.suppress(ObjectFault):
        found = off_file.read(str(path))
        assert found.sizes.sum() == len(found.corners)
        assert not len(found.corners) or found.corners.max() < len(found.points)
