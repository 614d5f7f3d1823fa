"""A run over an index with records that no list would hold: each costs its own object."""

from __future__ import annotations

import json

from tests.command_line import run_worker
from tests.e2e import crash
from tests.unit.test_bad_records import BAD, index_of
from worker.core import keys
from worker.ledger import read_ledger
from worker.stores import open_store


def test_bad_records_fail_alone(tmp_path):
    """Also the records that have no identifier of their own, once each in all runs."""
    index = tmp_path / "index"
    crash.cubes(index, 2)
    cubes = [b'{"fileIdentifier":"cube-%03d.obj"}' % number for number in range(2)]
    bad = {line: identifier for line, identifier, _ in BAD.values()}
    own = {identifier for identifier in bad.values() if identifier is not None}
    nameless = sum(identifier is None for identifier in bad.values())
    index_of(index, cubes[0], *bad, cubes[1])
    output, summary = tmp_path / "out", tmp_path / "summary.json"
    arguments = ("run", index, "--output", output, "--max-failure-rate", 1, *crash.TINY)
    done = run_worker(*arguments, "--summary", summary)
    failed = len(own) + nameless  # the first of each identifier is kept
    told = json.loads(summary.read_bytes())
    assert (told["rendered"], told["failed"], told["codes"]) == (2, failed, {"record": failed})
    outcomes = read_ledger(open_store(str(output)), keys.shard_name(0))
    lines = [line for line in outcomes.values() if line.outcome == "failed"]
    assert {line.file_identifier for line in lines if ":" not in line.file_identifier[:8]} == {
        identifier for identifier in own if ":" not in identifier[:8]
    }
    for line in lines:
        assert line.message
        assert line.message.startswith("shards/000000.jsonl:")
        assert "build the index again" in line.message
        assert "\n" not in line.message
        assert str(tmp_path) not in f"{line.message}{line.log_tail}"
    assert "Traceback" not in done.stderr

    run_worker(*arguments, "--summary", summary)
    assert json.loads(summary.read_bytes())["settled_earlier"] == failed + 2
    counted = json.loads(run_worker("status", "--output", output, "--json").stdout)
    assert counted["codes"] == {"record": failed}
    listed = run_worker("status", "--output", output, "--failures", "record", "--json").stdout
    assert len(listed.splitlines()) == failed
    catalogue = run_worker("export", "parquet", "--input", output, "--to", tmp_path / "set")
    assert "Traceback" not in catalogue.stderr


def test_one_bad_record_can_be_debugged_no_further(tmp_path):
    line = b'{"fileIdentifier":"bad.obj","metadata":{"x":1e999}}'
    index = index_of(tmp_path / "index", line)
    done = run_worker("debug", index, "--to", tmp_path / "to", check=78)
    assert "shards/000000.jsonl:1: a number is too large" in done.stderr
