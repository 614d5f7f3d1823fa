"""A zip is written through a sink: its bytes are those of zipfile's own way."""

import io
import random
import zipfile
from pathlib import Path

import pytest

from worker.codecs import zip_sink
from worker.codecs.zip_entry import entry
from worker.codecs.zip_sink import ZipSink

MEMBERS = {"a.png": b"\x89" * 5000, "ö/b.json": b"{}", "empty": b"", "c": bytes(range(256)) * 40}


def written(file, members):
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            archive.writestr(entry(name), data)


@pytest.mark.parametrize("most", [0, 40, 3000, 1 << 20])
@pytest.mark.parametrize("members", [MEMBERS, {}])
def test_bytes_are_those_of_zipfile(most, members, monkeypatch, tmp_path):
    monkeypatch.setattr(zip_sink, "MOST", most)
    plain = io.BytesIO()
    written(plain, members)
    path = tmp_path / "through.zip"
    with path.open("wb") as file, ZipSink(file) as sink:
        written(sink, members)
    assert path.read_bytes() == plain.getvalue()


@pytest.mark.parametrize("most", [0, 1, 7, 64])
def test_it_is_written_and_sought_as_a_file(most, monkeypatch, tmp_path):
    monkeypatch.setattr(zip_sink, "MOST", most)
    rng = random.Random(most)
    plain = io.BytesIO()
    path = tmp_path / "file"
    with path.open("wb") as file, ZipSink(file) as sink:
        for _ in range(500):
            data = rng.randbytes(rng.randrange(20))
            at = rng.randrange(len(plain.getvalue()) + 1) if rng.random() < 0.5 else plain.tell()
            for each in (plain, sink):
                each.seek(at)
                assert each.write(data) == len(data)
            assert sink.tell() == plain.tell()
    assert path.read_bytes() == plain.getvalue()


def test_a_full_disk_is_an_error_not_a_shorter_zip():
    with (
        pytest.raises(OSError, match="No space"),
        Path("/dev/full").open("wb") as full,
        ZipSink(full) as sink,
    ):
        written(sink, MEMBERS)
