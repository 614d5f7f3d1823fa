"""Documents of ours with bytes in them that are no JSON: each says so in a line, none is a bug."""

import msgspec
import pytest
import structlog.testing

from worker import presets
from worker.core import keys
from worker.core.errors import ConfigurationError, IndexInvalid, OutputMismatch, PresetInvalid
from worker.core.s3 import S3Options
from worker.index.reader import open_index
from worker.index.record import ObjectRef
from worker.ledger import Outcome, read_ledger
from worker.manifests import ExportManifest, OutputManifest
from worker.stores import open_store
from worker.supervisor.process import ChildDied, decode

DEEP = 100_000
BAD = {
    "a byte of no UTF-8": (b'{"format": "\xff"}', "not UTF-8"),
    "a byte of no UTF-8 further on": (b'{"recipe": {"a": "\xff"}}', "not UTF-8|missing"),
    "lists in lists": (b"[" * DEEP, "got `array`|nested too deeply"),
    "objects in objects": (b'{"format":' * DEEP, "got `object`|nested too deeply"),
    "a deep field": (b'{"recipe":' + b'{"a":' * DEEP, "nested too deeply"),
    "nothing": (b"", "truncated"),
}  # fmt: skip
bad = pytest.mark.parametrize(("body", "why"), BAD.values(), ids=BAD)


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path / "output"))


def one_line(error):
    assert "\n" not in str(error.value)
    assert isinstance(error.value, ConfigurationError)


@bad
def test_a_job(store, body, why):
    store.create(keys.JOB, body)
    with pytest.raises(
        OutputMismatch, match=f"job.json is not a job of this program: .*({why})"
    ) as e:
        OutputManifest.read(store)
    one_line(e)


@bad
def test_a_data_sets_manifest(store, body, why):
    store.create(keys.EXPORT, body)
    with pytest.raises(OutputMismatch, match=f"is not an export of this program: .*({why})") as e:
        ExportManifest.read(store)
    one_line(e)


@pytest.mark.parametrize(
    ("field", "why"),
    [(b'"objects": "\xff"', "not UTF-8|not `?int"), (b'"shards": [{"name": "\xff"}]', "not UTF-8"),
     (b'"shards": ' + b"[" * DEEP, "not a list of records"),
     (b'"version": 99', "index has version 99")],
)  # fmt: skip
def test_an_index(tmp_path, field, why):
    head = b'{"format": "render-worker-index", "objects": 1, "version": 1, "shards": [], '
    path = tmp_path / keys.INDEX
    path.write_bytes(head + field + b"}")
    with pytest.raises(IndexInvalid, match=f"index.json.*({why})") as e:
        open_index(str(path), S3Options())
    one_line(e)


@bad
def test_a_line_of_the_ledger(store, body, why):
    ref = ObjectRef(file_identifier="a")
    good = Outcome(uid=ref.uid, file_identifier="a", shard="000000", outcome="rendered", time="1")
    lines = [msgspec.json.encode(good), body or b"{", b""]
    store.create(keys.ledger_part("000000", "w", 1), b"\n".join(lines))
    with structlog.testing.capture_logs() as logs:
        assert read_ledger(store, "000000") == {ref.uid: good}
    assert [each["line"] for each in logs] == [2]


@bad
def test_a_childs_message(body, why):
    with pytest.raises(ChildDied, match="violates the protocol"):
        decode(body)
    with pytest.raises(ChildDied, match="violates the protocol"):
        decode(b'{"type": "Rendered", "scene": ' + body)


@pytest.mark.parametrize(
    "text", [b"views = " + b"9" * 5000, b"\xff", b"views = " + b"[" * DEEP, b"views = 1\0"]
)
def test_a_preset(tmp_path, text):
    path = tmp_path / "p.toml"
    path.write_bytes(text)
    with pytest.raises(PresetInvalid, match=r"p\.toml is not TOML") as e:
        presets.load(str(path))
    one_line(e)


@pytest.mark.parametrize("text", ["9" * 5000, "9" * 20])
def test_a_setting(text):
    with pytest.raises(PresetInvalid) as e:
        presets.load("default", [f"views={text}"])
    one_line(e)
