"""A zip is written through a sink: its bytes are those of zipfile's own way."""

import io
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
            if isinstance(file, ZipSink):
                file.flush_full()


@pytest.mark.parametrize("most", [0, 3000, 1 << 20])
@pytest.mark.parametrize("members", [MEMBERS, {}])
def test_bytes_are_those_of_zipfile(most, members, monkeypatch, tmp_path):
    monkeypatch.setattr(zip_sink, "MOST", most)
    plain = io.BytesIO()
    written(plain, members)
    path = tmp_path / "through.zip"
    with path.open("wb") as file, ZipSink(file) as sink:
        written(sink, members)
    assert path.read_bytes() == plain.getvalue()


def test_what_was_passed_on_is_not_held_and_stays(tmp_path):
    path = tmp_path / "file"
    with path.open("wb") as file, ZipSink(file) as sink:
        sink.write(b"x" * (zip_sink.MOST + 1))
        sink.flush_full()
        assert sink.tell() == zip_sink.MOST + 1
        with pytest.raises(ValueError, match="was passed on"):
            sink.seek(0)
        sink.write(b"abc")
        sink.seek(zip_sink.MOST + 2)
        sink.write(b"B")
    assert path.read_bytes()[-4:] == b"xaBc"


def test_a_full_disk_is_an_error_not_a_shorter_zip():
    with (
        pytest.raises(OSError, match="No space"),
        Path("/dev/full").open("wb") as full,
        ZipSink(full) as sink,
    ):
        written(sink, MEMBERS)
