"""Lists and indexes read over HTTP and S3, from real servers, good and bad."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import time

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.tools.faultproxy import proxy
from worker.core import keys
from worker.core.destinations import AllowedHosts
from worker.core.errors import IndexInvalid, OutputMismatch, RecordInvalid, StoreError
from worker.core.s3 import S3Options
from worker.index import manifest
from worker.index.builder import build
from worker.index.list_rules import ListRules
from worker.index.reader import open_index
from worker.index.record import BadRecord, Shard
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher

NO_S3 = S3Options()
LIST = b"# models\na b/c#1.glb\nhttps://x.test/d.glb\npacked.zip!/e f.obj\n"


def locations(index):
    return [ref.location for shard in index.shards for ref in index.read(shard)]


def test_a_list_over_http_resolves_its_paths_beside_itself(site):
    site.files["/lists/models.txt"] = LIST
    index = open_index(f"{site.url}/lists/models.txt?signature=secret", NO_S3)
    assert locations(index) == [
        f"{site.url}/lists/a%20b/c%231.glb",
        "https://x.test/d.glb",
        f"{site.url}/lists/packed.zip!/e f.obj",
    ]
    assert site.asked == ["/lists/models.txt?signature=secret"]


def test_a_packed_list_over_http(site):
    site.files["/l.jsonl.gz"] = gzip.compress(b'{"fileIdentifier": "a.glb"}')
    assert locations(open_index(f"{site.url}/l.jsonl.gz", NO_S3)) == [f"{site.url}/a.glb"]


@pytest.mark.parametrize("line", ["/etc/passwd", "file:///etc/passwd", "../../secret.glb"])
def test_a_list_over_http_names_no_file_of_this_machine(site, line):
    site.files["/m.txt"] = f"a.glb\n{line}\n".encode()
    with pytest.raises(IndexInvalid, match=r"/m\.txt:2: field path: "):
        open_index(f"{site.url}/m.txt", NO_S3)


RECORD = {"fileIdentifier": "/etc/secret.obj", "source": "github"}


def as_parquet():
    out = io.BytesIO()
    pq.write_table(pa.table({name: [value] for name, value in RECORD.items()}), out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("l.json", json.dumps([RECORD]).encode()),
        ("l.jsonl", json.dumps(RECORD).encode()),
        ("l.csv", b"fileIdentifier,source\n/etc/secret.obj,github\n"),
        ("l.parquet", as_parquet()),
    ],
)
def test_a_source_lets_no_list_over_http_name_a_file_of_this_machine(site, name, body):
    site.files[f"/{name}"] = body
    with pytest.raises(
        IndexInvalid, match=r"field path: .* is a local path, which only a local list"
    ):
        open_index(f"{site.url}/{name}", NO_S3)


def test_nor_an_index_over_http(site, tmp_path):
    (tmp_path / "secret.obj").write_text("v 0 0 0\n")
    line = json.dumps(RECORD | {"fileIdentifier": f"{tmp_path}/secret.obj"}).encode() + b"\n"
    name = keys.shard_name(0)
    digest = hashlib.sha256(line).hexdigest()
    shard = Shard(name=name, file=keys.shard_file(name), objects=1, sha256=digest)
    site.files["/index.json"] = manifest.encode((shard,))
    site.files[f"/{shard.file}"] = line
    index = open_index(f"{site.url}/", NO_S3)
    (bad,) = index.read(index.shards[0])
    assert isinstance(bad, BadRecord)
    fetcher = Fetcher(tmp_path / "fetched", limits=FetchLimits())
    fetcher.plan([bad])
    with pytest.raises(
        RecordInvalid,
        match=r"000000\.jsonl:1: field path: .* is a local path, which only a local list",
    ):
        fetcher.fetch(bad)
    assert not [path for path in (tmp_path / "fetched").rglob("*") if path.is_file()]
    assert site.asked == ["/index.json", f"/{shard.file}"]


def test_what_is_not_there_says_so_without_the_signature(site):
    with pytest.raises(IndexInvalid) as caught:
        open_index(f"{site.url}/gone.json?signature=secret", NO_S3)
    assert str(caught.value) == f"{site.url}/gone.json: HTTP 404"


def test_a_server_that_refuses_is_no_invalid_index(site):
    site.files["/m.txt"] = lambda handler: handler.send_error(403)
    with pytest.raises(StoreError, match="HTTP 403"):
        open_index(f"{site.url}/m.txt", NO_S3)
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "url", ["http://[::1/m.txt", "https://[bad]/m.txt", "http://h:port/m.txt", "http://[::1/m.glb"]
)
def test_what_is_no_url_is_an_invalid_index(url):
    scheme, _, rest = url.partition("://")
    with pytest.raises(IndexInvalid, match="not a valid URL") as caught:
        open_index(f"{scheme}://user:word@{rest}?signature=secret", NO_S3)
    assert str(caught.value).startswith(f"{url}: ")
    assert not {"word", "secret"} & set(re.findall("[a-z]+", str(caught.value)))


def test_a_redirect_to_what_is_no_url_is_an_invalid_index(site):
    def lead_astray(handler):
        handler.send_response(302)
        handler.send_header("Location", "http://[::1")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.files["/m.txt"] = lead_astray
    with pytest.raises(
        IndexInvalid, match=r"m\.txt: not a valid URL, or redirects to an invalid one"
    ):
        open_index(f"{site.url}/m.txt", NO_S3)


def test_nobody_answers(nobody):
    with pytest.raises(StoreError, match=rf"{re.escape(nobody)}/m\.txt: .*refused"):
        open_index(f"http://{nobody}/m.txt", NO_S3)


def test_a_passing_fault_and_a_cut_off_answer_are_tried_again(site):
    def busy(handler):
        site.files["/m.txt"] = cut_off
        handler.send_error(503)

    def cut_off(handler):
        site.files["/m.txt"] = LIST
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(LIST)))
        handler.end_headers()
        handler.wfile.write(LIST[:20])

    site.files["/m.txt"] = busy
    assert len(locations(open_index(f"{site.url}/m.txt", NO_S3))) == 3
    assert len(site.asked) == 3


def test_an_empty_list_over_http_is_no_failed_download(site):
    site.files["/m.txt"] = b""
    with pytest.raises(IndexInvalid, match=r"m\.txt: contains no objects"):
        open_index(f"{site.url}/m.txt", NO_S3)
    assert len(site.asked) == 1


def test_a_list_comes_through_the_proxy_that_objects_come_through(site, monkeypatch):
    monkeypatch.setenv("http_proxy", site.url)
    monkeypatch.setenv("no_proxy", "")
    site.files["http://lists.invalid/m.txt"] = LIST
    assert len(locations(open_index("http://lists.invalid/m.txt", NO_S3))) == 3


def test_an_index_over_http_reads_its_shards_when_asked(site, tmp_path):
    (tmp_path / "models.txt").write_text("one.glb\ntwo.glb\nthree.glb\n")
    build(str(tmp_path / "models.txt"), str(tmp_path), shard_size=2)
    for path in tmp_path.rglob("*.json*"):
        site.files[f"/set/{path.relative_to(tmp_path)}"] = path.read_bytes()
    index = open_index(f"{site.url}/set/", NO_S3)
    assert site.asked == ["/set/index.json"]
    assert [ref.location for ref in index.read(index.shards[1])] == [f"{site.url}/set/three.glb"]
    assert site.asked[1:] == ["/set/shards/000001.jsonl"]


def test_a_list_on_s3(s3, bucket):
    bucket.put_object(Key="in/models.txt", Body=LIST)
    index = open_index("s3://lists/in/models.txt", s3)
    assert locations(index) == [
        "s3://lists/in/a b/c#1.glb",
        "https://x.test/d.glb",
        "s3://lists/in/packed.zip!/e f.obj",
    ]


@pytest.mark.parametrize("uri", ["s3://lists/gone.json", "s3://no-such-bucket/gone.json"])
def test_what_is_not_on_s3_says_so(s3, bucket, uri):
    with pytest.raises(IndexInvalid, match=f"{uri}: no such object"):
        open_index(uri, s3)


def test_a_body_that_breaks_each_time_is_a_store_error(s3, bucket):
    bucket.put_object(Key="m.txt", Body=LIST)
    with proxy(
        s3.endpoint_url, lambda request: "cut off" if request.method == "GET" else "pass"
    ) as by:
        options = msgspec.structs.replace(s3, endpoint_url=by.url)
        with pytest.raises(StoreError, match=r"s3://lists/m\.txt: "):
            open_index("s3://lists/m.txt", options)
        assert by.record.judged["cut off"] > 1


def test_s3_without_credentials_says_so(s3, bucket, monkeypatch):
    from worker.core.s3 import client

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    client.cache_clear()
    try:
        with pytest.raises(StoreError, match=r"s3://lists/m\.txt: .*credentials"):
            open_index("s3://lists/m.txt", s3)
    finally:
        client.cache_clear()


def test_an_index_is_the_same_on_s3_and_in_a_folder(s3, bucket, tmp_path):
    bucket.put_object(Key="set/models.txt", Body="\n".join(f"{n}.glb" for n in range(70)).encode())
    there = build("s3://lists/set/models.txt", "s3://lists/set", shard_size=2, s3=s3)
    (tmp_path / "models.txt").write_text("\n".join(f"{n}.glb" for n in range(70)))
    here = build(str(tmp_path / "models.txt"), str(tmp_path), shard_size=2)
    assert there.uri == "s3://lists/set/index.json"
    assert (there.digest, there.shards) == (here.digest, here.shards)
    assert {entry.key.removeprefix("set/"): entry.get()["Body"].read() for entry in
            bucket.objects.filter(Prefix="set/")} == {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*") if path.is_file()
    }  # fmt: skip
    for uri in ("s3://lists/set/", there.uri):
        index = open_index(uri, s3)
        assert index.digest == there.digest
        assert locations(index)[69] == "s3://lists/set/69.glb"
    # Again, it is there already; another list would overwrite it.
    assert build("s3://lists/set/models.txt", "s3://lists/set", shard_size=2, s3=s3) == there
    with pytest.raises(OutputMismatch, match=r"set/index\.json belongs to another index"):
        build("s3://lists/set/models.txt", "s3://lists/set", shard_size=3, s3=s3)


def test_an_index_built_elsewhere_keeps_where_the_objects_are(s3, bucket, tmp_path):
    bucket.put_object(Key="in/models.txt", Body=LIST)
    build("s3://lists/in/models.txt", str(tmp_path), s3=s3)
    before = locations(open_index("s3://lists/in/models.txt", s3))
    assert locations(open_index(str(tmp_path), s3)) == before
    line = json.loads((tmp_path / "shards/000000.jsonl").read_text().splitlines()[0])
    assert line == {"fileIdentifier": "a b/c#1.glb", "url": "s3://lists/in/a b/c#1.glb"}


def redirect(where):
    def answer(handler):
        handler.send_response(302)
        handler.send_header("Location", where)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254"])
def test_the_server_that_was_typed_is_reached_but_no_redirect_nearby(site, host, nobody):
    """`nobody` holds a port of loopback: a connection would be refused by the system, not by us."""
    port = nobody.rpartition(":")[2]
    site.files["/m.txt"] = redirect(f"http://{host}:{port}/m.txt")
    site.files["/n.txt"] = redirect(f"{site.url}/l.txt")
    site.files["/l.txt"] = LIST
    with pytest.raises(IndexInvalid, match=r"/m\.txt: .*not a global address.*--allow-hosts"):
        open_index(f"{site.url}/m.txt", NO_S3)
    assert len(locations(open_index(f"{site.url}/n.txt", NO_S3))) == 3


def test_a_redirect_nearby_that_is_allowed_is_followed(site):
    site.files["/m.txt"] = redirect(f"{site.url.replace('127.0.0.1', 'localhost')}/l.txt")
    site.files["/l.txt"] = LIST
    rules = ListRules(hosts=AllowedHosts(("localhost",)))
    assert len(locations(open_index(f"{site.url}/m.txt", NO_S3, rules))) == 3


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b"x" * 65536)


def test_a_list_without_an_end_is_an_invalid_index(site):
    site.files["/m.txt"] = endless
    rules = ListRules(max_bytes=3 << 20)
    with pytest.raises(IndexInvalid, match=r"/m\.txt: has more than 3 MB; .* --max-list-mb"):
        open_index(f"{site.url}/m.txt?signature=secret", NO_S3, rules)
    assert len(site.asked) == 1


def test_so_is_a_shard(site, tmp_path):
    (tmp_path / "models.txt").write_text("one.glb\n")
    build(str(tmp_path / "models.txt"), str(tmp_path))
    site.files["/index.json"] = (tmp_path / keys.INDEX).read_bytes()
    site.files["/shards/000000.jsonl"] = endless
    index = open_index(f"{site.url}/", NO_S3, ListRules(max_bytes=3 << 20))
    with pytest.raises(IndexInvalid, match=r"000000\.jsonl: has more than 3 MB"):
        locations(index)


def test_a_list_that_does_not_end_in_time_is_a_store_error(site):
    def drip(handler):
        handler.send_response(200)
        handler.end_headers()
        while True:
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.02)

    site.files["/m.txt"] = drip
    with pytest.raises(StoreError, match=r"/m\.txt: not finished after 0\.5 s"):
        open_index(f"{site.url}/m.txt", NO_S3, ListRules(timeout_s=0.5))


def test_a_large_list_on_s3_is_an_invalid_index(s3, bucket):
    bucket.put_object(Key="m.txt", Body=b"x" * (20 << 20))  # boto3 gets it in several parts
    with pytest.raises(IndexInvalid, match=r"s3://lists/m\.txt: has more than 1 MB"):
        open_index("s3://lists/m.txt", s3, ListRules(max_bytes=1 << 20))


def test_an_index_is_not_built_of_buckets_that_a_list_over_http_chose(site, s3, bucket, tmp_path):
    site.files["/m.txt"] = b"a.glb\ns3://lists/secret.glb\n"
    out = str(tmp_path / "out")
    with pytest.raises(IndexInvalid, match=r"s3://lists/secret\.glb: .*--allow-buckets lists$"):
        build(f"{site.url}/m.txt", out, s3=s3)
    assert not list((tmp_path / "out").rglob("*.json*"))
    rules = ListRules(buckets=frozenset({"lists"}))
    assert build(f"{site.url}/m.txt", out, s3=s3, rules=rules).objects == 2


def test_an_index_on_s3_cannot_name_files_of_this_machine(s3, bucket, tmp_path):
    (tmp_path / "a.glb").write_text("")
    with pytest.raises(IndexInvalid, match=r"a\.glb is a local file.*upload"):
        build(str(tmp_path), "s3://lists/out", s3=s3)
    assert not list(bucket.objects.filter(Prefix="out/"))
