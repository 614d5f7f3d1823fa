"""One object in two shards of an index that somebody else's program wrote."""

from __future__ import annotations

import hashlib
import json

from tests.command_line import log_lines, run_worker
from tests.e2e import crash


def test_one_object_in_two_shards(tmp_path):
    crash.cubes(tmp_path / "models", 3)
    shards = []
    for number in range(2):
        own = [{"fileIdentifier": "both", "path": "models/cube-000.obj"}]
        own.append({"fileIdentifier": f"own-{number}", "path": f"models/cube-00{number + 1}.obj"})
        body = b"".join(json.dumps(record).encode() + b"\n" for record in own)
        file = f"{number}.jsonl"
        (tmp_path / file).write_bytes(body)
        sha256 = hashlib.sha256(body).hexdigest()
        shards.append({"name": str(number), "file": file, "objects": 2, "sha256": sha256})
    index = {"format": "render-worker-index", "version": 1, "objects": 4, "shards": shards}
    (tmp_path / "index.json").write_text(json.dumps(index))
    done = run_worker("run", tmp_path / "index.json", "--output", tmp_path / "out", *crash.TINY)
    last = log_lines(done)[-1]
    assert (last["rendered"], last["failed"]) == (4, 0), done.stderr
    assert len(list(tmp_path.glob("out/renders/*.zip"))) == 3
