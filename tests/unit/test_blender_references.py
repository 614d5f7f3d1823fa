"""Reading what a model names, of bytes made to break the reader; real models are in integration."""

import contextlib
import struct
import zipfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.blender import references
from worker.blender.faults import ObjectFault
from worker.blender.references import crate, lz4

LEADS_OUT = '#usda 1.0\ndef "A" (references = @/secret.usda@) {}\n'


def crate_of(packed, size, version=(0, 8, 0)):
    """A crate with only its strings: `packed`, which say that they are `size` bytes unpacked."""
    head = struct.pack("<QQ", 1, size)
    head += struct.pack("<Q", len(packed)) if version >= crate.COMPRESSED_SINCE else b""
    section = head + packed
    boot = struct.pack("<8s8Bq64x", crate.MAGIC, *version, 0, 0, 0, 0, 0, 88 + len(section))
    table = struct.pack("<Q16sqq", 1, b"TOKENS", 88, len(section))
    return memoryview(boot + section + table)


def test_strings_of_a_crate_are_read_packed_in_chunks_or_as_they_are():
    block = bytes([3 << 4]) + b"ab\0"
    chunk = struct.pack("<i", len(block)) + block
    assert crate.tokens(crate_of(b"\0" + block, 3)) == [b"ab", b""]
    assert crate.tokens(crate_of(b"\2" + chunk + chunk, 6)) == [b"ab", b""]
    assert crate.tokens(crate_of(b"a\0b\0", 4, (0, 3, 0))) == [b"a", b"b", b""]


def test_a_match_may_overlap_itself():
    block = memoryview(
        bytes([(2 << 4) | 3]) + b"ab" + struct.pack("<H", 2) + bytes([1 << 4]) + b"!"
    )
    assert lz4.decompress(block, 100) == b"abababab" + b"a!"


def test_a_bomb_is_not_unpacked():
    bomb = bytes([(1 << 4) | 15]) + b"a" + struct.pack("<H", 1) + b"\xff" * 100_000 + b"\0\0"
    with pytest.raises(ValueError, match="differs from the declared size"):
        crate.tokens(crate_of(b"\0" + bomb, 1000))
    with pytest.raises(ValueError, match="more than"):
        crate.tokens(crate_of(b"\0" + bomb, 1 << 60))


@given(st.binary(max_size=200), st.integers(0, 2**64 - 1))
def test_any_bytes_are_strings_or_refused(packed, size):
    for content in (crate_of(packed, size), memoryview(crate.MAGIC + packed)):
        with contextlib.suppress(ValueError):
            crate.tokens(content)


def named(path, suffix):
    return [reference.name for reference in references.walk(str(path), suffix)]


def test_a_package_is_read_from_head_to_head(tmp_path):
    model = tmp_path / "x.usdz"
    with zipfile.ZipFile(model, "w") as package:
        package.writestr("a.usda", LEADS_OUT)
        package.writestr("b.usda", LEADS_OUT.replace("/secret", "/other"))
    content = model.read_bytes()
    model.write_bytes(content[: content.index(b"PK\1\2")])  # the directory may say nothing of it
    assert named(model, "usdz") == ["/secret.usda", "/other.usda"]


def test_packages_nested_without_end_are_refused(tmp_path):
    model = tmp_path / "x.usdz"
    model.write_text(LEADS_OUT)
    for _ in range(20):
        content = model.read_bytes()
        with zipfile.ZipFile(model, "w") as package:
            package.writestr("a.usdz", content)
    with pytest.raises(ObjectFault, match="nested"):
        named(model, "usdz")


def test_layers_that_lead_to_each_other_are_read_once_and_not_without_end(tmp_path, monkeypatch):
    monkeypatch.setattr(references, "MAX_FILES", 100)
    for name, other in (("a", "b"), ("b", "a")):
        (tmp_path / f"{name}.usda").write_text(LEADS_OUT.replace("/secret", f"./{other}"))
    assert named(tmp_path / "a.usda", "usda") == ["./b.usda", "./a.usda"]
    for number in range(references.MAX_FILES + 1):
        (tmp_path / f"{number}.usda").write_text(LEADS_OUT.replace("/secret", f"{number + 1}"))
    with pytest.raises(ObjectFault, match="refers to more than"):
        named(tmp_path / "0.usda", "usda")


def test_a_line_of_libraries_without_end_is_refused(tmp_path):
    model = tmp_path / "x.obj"
    model.write_text("mtllib " + "a" * 100_000 + "\nv 0 0 0\n")
    with pytest.raises(ObjectFault, match="its mtllib line has more than"):
        named(model, "obj")
    model.write_text("mtllib a.mtl\n" + "v 0 0 0 \\\n" * 20_000)  # only the last of lines goes on
    assert named(model, "obj") == ["x.mtl", "a.mtl"]


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "x.usda").write_text(LEADS_OUT.replace("/secret.usda", "./old.usdc"))
    (tmp_path / "old.usdc").write_bytes(crate.MAGIC + b"cut")
    with pytest.raises(ObjectFault, match=r"old\.usdc: it cannot be read: truncated crate"):
        named(tmp_path / "x.usda", "usda")


def test_a_computed_name_is_told_from_a_word_in_backticks(tmp_path):
    model = tmp_path / "x.usda"
    for name in ('`"${X}.usd"`', "`${X}`", "`if(${X}, 'a', 'b')`", "` 'a.usd'`"):
        model.write_text(LEADS_OUT.replace("/secret.usda", name))
        with pytest.raises(ObjectFault, match="computes"):
            named(model, "usda")
    model.write_text(LEADS_OUT.replace("/secret.usda", "`a` and `b`"))
    assert named(model, "usda") == []


def test_an_attribute_that_speaks_of_a_skeleton_is_none(tmp_path):
    model = tmp_path / "x.dae"
    part = '<node name="skeleton arm">a.dae</node>'
    model.write_text(f"<COLLADA>{part}<skeleton>b.dae#x</skeleton>{part}</COLLADA>")
    assert named(model, "dae") == ["b.dae#x"]
