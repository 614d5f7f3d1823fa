"""Outputs to show: three balls in every image kind, failures with logs, names that mean harm."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import msgspec

from tests.integration.export import scenes
from worker import presets
from worker.contract.recipe import IMAGES, Recipe
from worker.core import keys
from worker.core.errors import Download, ImportFailed
from worker.core.ranks import Rank
from worker.core.sha256 import sha256_of
from worker.index.record import ObjectRef
from worker.ledger import LedgerWriter, Outcome
from worker.pack.pack import pack
from worker.pack.result import PackedObject
from worker.run.job import Job
from worker.stores import open_store

KINDS = tuple(kind for kind in IMAGES if kind != "depth-f16")
"""Every kind but the one that shares its file's name with another."""
HOSTILE = (
    "<script>window.harm=1</script>.glb",
    "\"><img src=x onerror='window.harm=2'>.obj",
    "\u202eblg.txet\u2066\n\t.ply",
    "__proto__",
    "${7*7}`'; window.harm=3; '</script><!--.stl",
)
SECRET = "AKIAEXAMPLE"
LINES = (
    "Error: cannot open /home/somebody/secret/models/bad.glb",
    f"GET https://user:hunter2@host.test/a/bad.glb?X-Amz-Credential={SECRET}&X-Amz-Signature=1",
)
HASHES = ("00000000000000ff", "00000000000000fe", "ffffffff00000000", "ffffffff00000001")


def shown(folder: Path, views: int = 3, size: int = 32) -> Path:
    """An output of hostile and harmless objects, one that failed twice, and one that is damaged."""
    recipe = presets.load(
        "default",
        [f"images={json.dumps(KINDS)}", f"views={views}", f"resolution={size}",
         'records=["cameras"]', "depth.mode=per-view"],
    )  # fmt: skip
    store = open_store(str(folder))
    names = [*HOSTILE, "models/plain.glb", "models/other.obj"]
    with _ledger(store, recipe, len(names) + 2) as ledger:
        for number, name in enumerate(names):
            ref = ObjectRef(
                file_identifier=name, license=("cc0", "by")[number % 2],
                metadata={"title": name, "__proto__": {"harm": 4}, "where": "/home/somebody/x/y"},
            )  # fmt: skip
            packed = pack(
                scenes.rendered(folder.parent / "raw", recipe, ref), recipe, folder.parent
            )
            body = _with_statistics(packed.path.read_bytes(), ref.uid, number)
            assert store.create(keys.render_zip(ref.uid), body)
            ledger.add(_rendered(ref, ledger, packed, body, number))
        bad = ObjectRef(file_identifier="models/bad.glb", license="by-nc")
        tail = {"attempt": 1, "seconds": {"fetch": 0.5}}
        ledger.add(Outcome.failed(bad, "000000", ledger.author,
                                  error=Download("the server said 503"), **tail))  # fmt: skip
        error = ImportFailed(f"{LINES[0]}; <b>bold</b>", log_tail=LINES)
        ledger.add(Outcome.failed(bad, "000000", ledger.author, error=error, **tail))
        lost = ObjectRef(file_identifier="models/lost.glb")
        store.create(keys.render_zip(lost.uid), b"no zip")
        ledger.add(_rendered(lost, ledger, packed, b"no zip", 0))
    return folder


def many(folder: Path, objects: int, shard: str = "000000") -> Path:
    """An output of that many objects, made fast: one view of 8 pixels each, every tenth failed."""
    recipe = scenes.recipe(views=1, size=8, images=("colour",))
    store = open_store(str(folder))
    first = pack(scenes.rendered(folder.parent / "raw", recipe, ObjectRef(file_identifier="0")),
                 recipe, folder.parent)  # fmt: skip
    body = first.path.read_bytes()
    (folder / keys.RENDERS).mkdir(parents=True, exist_ok=True)
    with _ledger(store, recipe, objects) as ledger:
        for number in range(objects):
            ref = ObjectRef(file_identifier=f"models/object {number:05d}.glb")
            if number % 10 == 9:
                error = ImportFailed("no mesh in it")
                ledger.add(Outcome.failed(ref, shard, ledger.author, error=error, seconds={},
                                          attempt=1))  # fmt: skip
                continue
            made = _with_statistics(body, ref.uid, number)
            (folder / keys.render_zip(ref.uid)).write_bytes(made)
            line = _rendered(ref, ledger, first, made, number)
            ledger.add(msgspec.structs.replace(line, shard=shard))
    return folder


def _ledger(store, recipe: Recipe, objects: int) -> LedgerWriter:
    rank = Rank(0, 1)
    job = Job(objects=objects, index_digest="1" * 64, preset_digest=presets.digest(recipe),
              recipe=recipe, rank=rank)  # fmt: skip
    job.manifest("4.5.15").bind(store)
    return LedgerWriter(store, rank, "4.5.15", "cpu")


def _rendered(ref, ledger, packed: PackedObject, body: bytes, number: int) -> Outcome:
    line = Outcome.rendered(ref, "000000", ledger.author, packed=packed,
                            seconds={"render": 1.0 + number}, attempt=1)  # fmt: skip
    return msgspec.structs.replace(
        line, sha256=sha256_of(body), size=len(body),
        coverage_min=number % 7 / 10, coverage_mean=number % 9 / 10,
    )  # fmt: skip


def _with_statistics(body: bytes, uid: str, number: int) -> bytes:
    """A zip as that of object `uid`, with the statistics that a gallery reads."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as before, zipfile.ZipFile(made, "w") as after:
        for info in before.infolist():
            name = info.filename.partition("/")[2]
            data = before.read(info)
            if name == keys.METADATA:
                document = json.loads(data)
                document["render_worker"]["statistics"] = {
                    "views": {},
                    "object": {
                        "coverage_min": number % 7 / 10, "coverage_mean": number % 9 / 10,
                        "brightness_mean": number % 11 / 10, "clipped_max": 0.25,
                        "black_max": 0.0, "blank_views": int(number == 1),
                        "border_views": number % 2, "phash": HASHES[number % len(HASHES)],
                    },
                }  # fmt: skip
                data = json.dumps(document).encode()
            after.writestr(keys.member(uid, name), data)
    return made.getvalue()
