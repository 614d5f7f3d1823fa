"""Zips that are truncated, damaged or hostile raise one error, which names the zip and the harm."""

import io
import struct
import zipfile
import zlib

import numpy as np
import OpenEXR
import pytest

from render_worker import DamagedZip, MissingLibrary, ReadError, open_output
from tests.integration.library import files

HUGE = 60_000


def png(width, height, *, deep=False, data=b""):
    """A PNG that says that it has this size."""
    head = struct.pack(">II5B", width, height, 16 if deep else 8, 2 if deep else 6, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(data)), (b"IEND", b""))
    body = b"".join(
        struct.pack(">I", len(part)) + name + part + struct.pack(">I", zlib.crc32(name + part))
        for name, part in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body


def npy(shape, dtype="<f4", data=b""):
    """An NPY that says that it has this shape."""
    head = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head + data


def saved(array, **more):
    buffer = io.BytesIO()
    np.save(buffer, array, **more)
    return buffer.getvalue()


def exr(width, height, **channels):
    buffer = io.BytesIO()
    planes = {name: np.zeros((height, width), kind) for name, kind in channels.items()}
    OpenEXR.File({"type": OpenEXR.scanlineimage}, planes).write(buffer)
    return buffer.getvalue()


def in_view(**values):
    def change(told):
        told["views"][0].update(values)
        return told

    return change


def without(*names):
    return lambda told: {key: value for key, value in told.items() if key not in names}


def about(**values):
    return lambda told: {**told, "render_worker": {**told["render_worker"], **values}}


CHANGES = {
    # what: (changes of files, what is read, what the message says)
    "a PNG of many pixels": (
        {"000.png": png(HUGE, HUGE)}, lambda v: v.colour, "an image of 60000x60000 pixels",
    ),
    "a PNG of another size": ({"000.png": png(32, 64)}, lambda v: v.colour, "32x64 pixels, not 64"),
    "no PNG": ({"000.png": b"GIF89a"}, lambda v: v.colour, "not a PNG"),
    "a PNG without pixels": ({"000.png": png(64, 64)}, lambda v: v.colour, "not a complete PNG"),
    "a PNG of another kind": (
        {"000_mask.png": "000.png"}, lambda v: v.mask, "a PNG of uint8 with 4 channels",
    ),
    "a 16-bit PNG that unpacks to more": (
        {"000_normal16.png": png(64, 64, deep=True, data=bytes(64 * 385 + 1))},
        lambda v: v.image("normal-16"), "more pixels than its size",
    ),
    "a 16-bit PNG that unpacks to less": (
        {"000_normal16.png": png(64, 64, deep=True, data=bytes(64 * 385 - 1))},
        lambda v: v.image("normal-16"), "not a complete PNG",
    ),
    "a 16-bit PNG with filters": (
        {"000_normal16.png": png(64, 64, deep=True, data=b"\1" * 64 * 385)},
        lambda v: v.image("normal-16"), "filtered rows",
    ),
    "an NPY of many numbers": (
        {"000_depth.npy": npy((HUGE, HUGE, HUGE))}, lambda v: v.image("depth-npy"),
        "not a complete NPY",
    ),
    "an NPY of objects": (
        {"000_depth.npy": saved(np.array([[{}]]), allow_pickle=True)},
        lambda v: v.image("depth-npy"), "not a complete NPY",
    ),
    "an NPY of another shape": (
        {"000_depth.npy": saved(np.zeros((64, 63), np.float32))},
        lambda v: v.image("depth-npy"), "63x64 pixels, not 64x64",
    ),
    "an NPY of text": (
        {"000_depth.npy": saved(np.full((64, 64), "a"))}, lambda v: v.image("depth-npy"), "an NPY",
    ),
    "an NPY whose header is no literal": (
        {"000_depth.npy": npy("__import__('os').system('exit 1')")},
        lambda v: v.image("depth-npy"), "not a complete NPY",
    ),
    "no EXR": ({"000_depth.exr": b"v/1\x01"}, lambda v: v.image("depth-exr"), "a complete EXR"),
    "an EXR of another size": (
        {"000_depth.exr": exr(8, 64, Z=np.float32)}, lambda v: v.image("depth-exr"), "8x64 pixels",
    ),
    "an EXR without the channel": (
        {"000_depth.exr": exr(64, 64, Y=np.float32)}, lambda v: v.image("depth-exr"),
        "without the channels Z",
    ),
    "a truncated EXR": (
        {"000_depth.exr": lambda data: data[:-200]}, lambda v: v.image("depth-exr"),
        "not a complete EXR",
    ),
    "no image": ({"000.png": None}, lambda v: v.colour, "has no 000.png"),
    "an image outside the zip": (
        {"metadata.json": about(images={"colour": {"files": "NNN/../../../etc/passwd"}})},
        lambda v: v.colour, "has no 000/../../../etc/passwd",
    ),
    "no metadata": ({"metadata.json": None}, lambda v: v, "has no metadata.json"),
    "metadata of nothing": (
        {"metadata.json": without("render_worker")}, lambda v: v, "without render_worker",
    ),
    "metadata that is a list": ({"metadata.json": b"[]"}, lambda v: v, "holds no object"),
    "deep JSON": ({"metadata.json": b"[" * 100_000}, lambda v: v, "invalid metadata.json"),
    "JSON that is no JSON": ({"cameras.json": b"{"}, lambda v: v, "invalid cameras.json"),
    "images that are a list": ({"metadata.json": about(images=[1])}, lambda v: v, "invalid images"),
    "images without files": (
        {"metadata.json": about(images={"colour": {}})}, lambda v: v, "invalid images",
    ),
    "no views": ({"cameras.json": without("views")}, lambda v: v, "invalid cameras"),
    "a pose that is not rigid": (
        {"cameras.json": in_view(camera_to_world=(2 * np.eye(4)).tolist())}, lambda v: v,
        "pose is not rigid",
    ),
    "a pose of NaN": (
        {"cameras.json": in_view(camera_to_world=[[float("nan")] * 4] * 4)}, lambda v: v,
        "not 4x4 numbers",
    ),
    "a pose of text": (
        {"cameras.json": in_view(camera_to_world="here")}, lambda v: v, "invalid cameras",
    ),
    "K of zeros": ({"cameras.json": in_view(K=[[0] * 3] * 3)}, lambda v: v, "a 3x3 pinhole"),
    "a depth image without a range": (
        {"metadata.json": about(images={"depth": {"files": "NNN_depth.png", "range": "far"}},
                                facts={})},
        lambda v: v.image("depth"),
        "without a range",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_a_changed_file(what, made, tmp_path):
    changes, read, message = CHANGES[what]
    uid = open_output(made)[0].uid
    found = files.members(made, uid)
    ready = {}
    for name, change in changes.items():
        if isinstance(change, str):
            ready[name] = found[change]
        elif callable(change) and not name.endswith(".json"):
            ready[name] = change(found[name])
        else:
            ready[name] = change
    path = files.rewritten(made, uid, tmp_path, ready)
    with pytest.raises(DamagedZip) as caught:
        read(open_output(path)[0].views[0])
    assert message in str(caught.value)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def made_by(change):
    """A zip made by `change(archive, uid, members)`."""

    def make(path, uid, members):
        with zipfile.ZipFile(path, "w") as archive:
            change(archive, uid, members)

    return make


def stored(archive, uid, members, **more):
    for name, data in members.items():
        archive.writestr(f"{uid}/{name}", data, **more)


def compressed(archive, uid, members):
    stored(archive, uid, members, compress_type=zipfile.ZIP_DEFLATED)


def plus(name, data=b""):
    def change(archive, uid, members):
        stored(archive, uid, members)
        archive.writestr(name.format(uid=uid), data)

    return change


def patched(change):
    """The bytes of an intact zip, changed."""

    def make(path, uid, members):
        made_by(stored)(path, uid, members)
        path.write_bytes(change(path.read_bytes(), uid))

    return make


def directory(at, value):
    """A number in the list's entry of the first member: `at` is its offset, of 4 bytes."""

    def change(data, _):
        start = data.index(b"PK\x01\x02")
        return data[: start + at] + struct.pack("<I", value) + data[start + at + 4 :]

    return patched(change)


ZIPS = {
    "empty": (lambda path, *_: path.write_bytes(b""), "its end is missing"),
    "text": (lambda path, *_: path.write_text("no zip " * 100), "its end is missing"),
    "truncated": (patched(lambda data, _: data[:-1]), "its end is missing"),
    "half": (patched(lambda data, _: data[: len(data) // 2]), "its end is missing"),
    "only an end": (
        lambda path, *_: path.write_bytes(b"PK\x05\x06" + bytes(18)), "one folder",
    ),
    "an end of many members": (
        patched(lambda data, _: data[:-10] + struct.pack("<LLH", 1 << 30, 0, 0)),
        "too long a list",
    ),
    "a start that is missing": (patched(lambda data, _: data[1000:]), "complete zip"),
    "compressed": (made_by(compressed), "that is compressed"),
    "no member": (made_by(lambda *_: None), "one folder"),
    "a member elsewhere": (made_by(plus("elsewhere/file")), "one folder"),
    "a member above": (made_by(plus("../{uid}/file")), "one folder"),
    "a path": (made_by(plus("{uid}/../../file")), "has a member named"),
    "an absolute path": (made_by(plus("/etc/file")), "one folder"),
    "a folder": (made_by(plus("{uid}/folder/")), "has a member named"),
    "a backslash": (made_by(plus("{uid}\\file")), "one folder"),
    "two of one name": (made_by(plus("{uid}/cameras.json")), "two members of one name"),
    "a huge member": (directory(24, 1 << 30), "that is compressed"),
    "a huge member, packed too": (
        patched(lambda data, _: (
            data[: data.index(b"PK\x01\x02") + 20] + struct.pack("<II", 1 << 30, 1 << 30)
            + data[data.index(b"PK\x01\x02") + 28 :]
        )),
        "more than 256 MB",
    ),
    "a changed byte": (
        patched(lambda data, _: data[:2000] + bytes([data[2000] ^ 1]) + data[2001:]),
        "do not match their checksum",
    ),
    "a header elsewhere": (directory(42, 7), "its header is missing"),
}  # fmt: skip


def read_all(place):
    return [found.read(name) for found in open_output(place) for name in found.files]


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("what", ZIPS)
def test_a_hostile_zip(what, made, tmp_path):
    """Opened alone, and as an object of an output without a ledger."""
    make, message = ZIPS[what]
    uid = open_output(made)[0].uid
    path = tmp_path / f"{uid}.zip"
    make(path, uid, files.members(made, uid))
    for place in (path, tmp_path):
        with pytest.raises(DamagedZip) as caught:
            read_all(place)
        assert message in str(caught.value)
        assert str(path) in str(caught.value)


def test_the_zip_of_another_object(made, tmp_path):
    first, second = (found.uid for found in open_output(made)[:2])
    (tmp_path / f"{second}.zip").write_bytes(files.zip_of(made, first).read_bytes())
    with pytest.raises(DamagedZip, match="one folder named after its object"):
        _ = open_output(tmp_path)[0].views


def test_every_error_is_a_read_error():
    assert issubclass(DamagedZip, ReadError)
    assert issubclass(MissingLibrary, ReadError)
    assert issubclass(MissingLibrary, ImportError)


def test_a_name_with_control_characters_stays_on_one_line(made, tmp_path):
    uid = open_output(made)[0].uid
    path = files.rewritten(
        made,
        uid,
        tmp_path,
        {"metadata.json": about(images={"colour": {"files": "NNNa\nb\x1b[31m"}})},
    )
    with pytest.raises(DamagedZip) as caught:
        _ = open_output(path)[0].views[0].colour
    assert str(caught.value).isprintable()
