"""Lists and indexes of 10 GB, in sparse files and in packed streams: refused in little memory."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys

import pytest

from tests.command_line import ROOT
from tests.patience import HANG_S
from worker.core import keys
from worker.core.errors import IndexInvalid
from worker.index import bounded_reads, manifest
from worker.index.builder import build
from worker.index.listings.base import read_list
from worker.index.record import Shard

SIZE = 10_000_000_000
MEMORY = 1 << 30
"""Address space of the process that reads, its libraries included."""
OPEN = """
import resource, sys
from worker.core.errors import IndexInvalid
from worker.core.s3 import S3Options
from worker.index.reader import open_index
import worker.index.listings.parquet
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
try:
    index = open_index(sys.argv[1], S3Options())
    print(sum(len(index.read(shard)) for shard in index.shards))
except IndexInvalid as error:
    print(error)
"""


def opened(path):
    done = subprocess.run(
        [sys.executable, "-c", OPEN, str(path), str(MEMORY)],
        capture_output=True, text=True, check=False, cwd=ROOT, timeout=HANG_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def sparse(path, begin):
    """A file of SIZE bytes without a line's end, of which the disk holds only `begin`."""
    with path.open("wb") as file:
        file.write(begin)
        file.truncate(SIZE)
    return path


@pytest.mark.parametrize(
    ("name", "begin", "said"),
    [
        ("l.jsonl", b'{"fileIdentifier": "a.glb"}\n{"fileIdentifier": "', ":2: longer than "),
        ("l.txt", b"a.glb\nb.glb\n", ":3: longer than "),
        ("l.csv", b"path,sha256\na.glb,", ":2: longer than "),
        ("l.tsv", b"path\n", ":2: longer than "),
        ("l.json", b'[{"fileIdentifier": "', ": has more than "),
        ("l.json", b'{"fileIdentifier": "', ": has more than "),
        ("l.json", b'{"format": "render-worker-index", "x": "', ": has more than "),
        ("index.json", b'{"format": "render-worker-index"', ": has more than "),
        ("l.parquet", b"PAR1", ": not a complete Parquet file"),
    ],
)
def test_a_line_of_10_gb(tmp_path, name, begin, said):
    path = sparse(tmp_path / name, begin)
    assert opened(path).startswith(f"{path}{said}")


def test_a_line_of_10_gb_in_a_shard(tmp_path):
    line = b'{"fileIdentifier": "a.glb"}\n'
    name = keys.shard_name(0)
    digest = hashlib.sha256(line).hexdigest()
    shard = Shard(name=name, file=keys.shard_file(name), objects=1, sha256=digest)
    (tmp_path / keys.INDEX).write_bytes(manifest.encode((shard,)))
    (tmp_path / shard.file).parent.mkdir()
    (tmp_path / shard.file).write_bytes(line)
    assert opened(tmp_path) == "1"
    sparse(tmp_path / shard.file, line)
    assert opened(tmp_path).startswith(
        f"{tmp_path / shard.file}: has {SIZE:,} bytes; a file of an index has at most"
    )


@pytest.mark.parametrize(
    ("name", "first"),
    [("l.jsonl.gz", b'{"fileIdentifier": "a"}'), ("l.txt.gz", b"a.glb"), ("l.csv.gz", b"path")],
)
def test_a_line_of_10_gb_in_a_packed_list(tmp_path, name, first):
    member = gzip.compress(b" " * (16 << 20))
    with (tmp_path / name).open("wb") as file:
        file.write(gzip.compress(first + b"\nx"))
        for _ in range(SIZE // (16 << 20)):
            file.write(member)
    assert opened(tmp_path / name).startswith(f"{tmp_path / name}:2: longer than 67,108,864 bytes")


def test_a_packed_document_is_bounded_by_what_it_unpacks_to(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_reads, "LARGEST_DOCUMENT", 3 << 20)
    packed = tmp_path / "l.json.gz"
    for size in (3 << 20, (3 << 20) + 1):
        packed.write_bytes(gzip.compress(b" " * size))
        if size == 3 << 20:
            assert len(read_list(packed, "l.json.gz")) == size
        else:
            with pytest.raises(IndexInvalid, match=r"l\.json\.gz: has more than 3,145,728 bytes"):
                read_list(packed, "l.json.gz")


def test_a_long_line_that_is_not_too_long_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(bounded_reads, "LONGEST_LINE", 100)
    line = '{"fileIdentifier": "a.glb", "license": "%s"}'
    fits = line % ("x" * (99 - len(line) + 2)) + "\n"
    assert len(fits) == 100
    (tmp_path / "l.jsonl").write_text(fits)
    assert build(str(tmp_path / "l.jsonl"), str(tmp_path / "out")).objects == 1
    (tmp_path / "l.jsonl").write_text(f" {fits}")
    with pytest.raises(IndexInvalid, match=r"l\.jsonl:1: longer than 100 bytes"):
        build(str(tmp_path / "l.jsonl"), str(tmp_path / "out"))
