"""A model out of a seed: which of its files is changed, and what is changed inside a container."""

from __future__ import annotations

import io
import json
import stat
import struct
import zipfile
from collections.abc import Sequence
from pathlib import PurePosixPath
from random import Random

from tests.fuzz.mutations import mutated
from tests.fuzz.seeds import Model

CONTAINERS = frozenset({"zip", "usdz"})
NAMES = (
    "../out.obj",
    "/abs.obj",
    "a\u202ejbo.obj",
    "a\nb.obj",
    "C:\\x.obj",
    "d/" * 60 + "x.obj",
    "",
)
ABSURD = 1 << 24
"""No model gets longer: what is long is hostile in a dull way."""


def model(number: int, seed: int, seeds: Sequence[Model], targets: tuple[str, ...]) -> Model:
    """Model `number` of the stream `seed`.

    targets: what names of files are changed to lead to.
    """
    stream = Random(f"{seed}/{number}")
    suffixes = sorted({each.suffix for each in seeds})
    suffix = suffixes[number % len(suffixes)]
    alike = [each for each in seeds if each.suffix == suffix]
    one, two = stream.choice(alike), stream.choice(alike)
    other = two.files[two.name]
    if len(one.files) > 1 and stream.random() < 0.05:
        return _linked(one, stream, targets)
    name = one.name
    if len(one.files) > 1 and stream.random() < 0.3:  # what a model names is as hostile as it is
        name = stream.choice(sorted(one.files))
    changed = _changed(name, one.files[name], stream, other, targets)
    return Model(one.name, {**one.files, name: changed[:ABSURD]})


def _linked(one: Model, stream: Random, targets: tuple[str, ...]) -> Model:
    """With a link in the place of one of the files that it names."""
    name = stream.choice(sorted(set(one.files) - {one.name}))
    files = {each: content for each, content in one.files.items() if each != name}
    return Model(one.name, files, {name: stream.choice(targets)})


def _changed(
    name: str, data: bytes, stream: Random, other: bytes, targets: tuple[str, ...]
) -> bytes:
    suffix = PurePosixPath(name).suffix[1:].lower()
    if suffix in CONTAINERS and stream.random() < 0.7:
        return _packed_again(data, stream, targets, stored=suffix == "usdz")
    if suffix == "glb" and stream.random() < 0.6:
        return _glb(data, stream, other, targets)
    return mutated(data, stream, other, targets)


def _packed_again(data: bytes, stream: Random, targets: tuple[str, ...], *, stored: bool) -> bytes:
    """A whole zip of a mutated member; or of one under an odd name, or that is a link."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    chosen = stream.choice(sorted(members))
    way = stream.random()
    made = io.BytesIO()
    with zipfile.ZipFile(
        made, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    ) as zipped:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipped.compression
            if name == chosen and way < 0.1:
                info = zipfile.ZipInfo(stream.choice(NAMES) or name)
            elif name == chosen and way < 0.2:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
                content = stream.choice(targets).encode()  # noqa: PLW2901
            elif name == chosen:
                content = mutated(content, stream, content, targets)  # noqa: PLW2901
            zipped.writestr(info, content)
    return made.getvalue()


def _glb(data: bytes, stream: Random, other: bytes, targets: tuple[str, ...]) -> bytes:
    """Its JSON or its buffer mutated, in chunks that are whole again."""
    length = struct.unpack_from("<I", data, 12)[0]
    text, buffer = data[20 : 20 + length], data[28 + length :]
    if stream.random() < 0.8:
        text = json.dumps(json.loads(text), indent=0).encode()
        text = mutated(text, stream, _json_of(other), targets)
    else:
        buffer = mutated(buffer, stream, buffer, targets)
    text += b" " * (-len(text) % 4)
    buffer += bytes(-len(buffer) % 4)
    chunks = struct.pack("<I4s", len(text), b"JSON") + text
    chunks += struct.pack("<I4s", len(buffer), b"BIN\0") + buffer
    return struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks


def _json_of(data: bytes) -> bytes:
    return data[20 : 20 + struct.unpack_from("<I", data, 12)[0]]
