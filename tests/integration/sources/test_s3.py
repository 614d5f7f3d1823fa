"""The S3 source against a real server (moto's)."""

import io
import zipfile

import pytest
from moto.server import ThreadedMotoServer

from tests.integration.sources.references import at
from tests.integration.sources.servers import Web, body, cut_off, in_turn, respond, status
from tests.tools.faultproxy import first_times, proxy
from worker.core import s3
from worker.core.errors import (
    Download,
    ImportFailed,
    Missing,
    Modified,
    Refused,
    TooLarge,
    Unsupported,
)
from worker.core.s3 import S3Options
from worker.index.list_rules import ListRules

DATA = b"solid model " * 100


@pytest.fixture(scope="module")
def options():
    # In this process, whose environment tells it how much of a listing to give at once.
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    yield S3Options(
        endpoint_url=f"http://{host}:{port}", region="us-east-1", addressing_style="path"
    )
    server.stop()


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def bucket(options):
    client = s3.client(options)
    client.create_bucket(Bucket="models")
    yield lambda key, data: client.put_object(Bucket="models", Key=key, Body=data)
    while found := client.list_objects_v2(Bucket="models").get("Contents"):
        for entry in found:
            client.delete_object(Bucket="models", Key=entry["Key"])
    client.delete_bucket(Bucket="models")


def test_a_key_is_downloaded_checked_and_released(bucket, options, make_fetcher, leftovers):
    bucket("a b/50% #1?.stl", DATA)
    fetcher = make_fetcher(s3=options)
    got = fetcher.fetch(at("s3://models/a b/50% #1?.stl", DATA))
    assert got.path.read_bytes() == DATA
    fetcher.release(got)
    assert leftovers() == []


def test_other_bytes_are_modified(bucket, options, make_fetcher):
    bucket("m.stl", DATA)
    with pytest.raises(Modified):
        make_fetcher(s3=options).fetch(at("s3://models/m.stl", b"other"))


@pytest.mark.parametrize(
    "uri", ["s3://models/no.stl", "s3://nobucket/m.stl", "s3://models", "s3:///m.stl"]
)
def test_what_is_not_there_is_missing(bucket, options, make_fetcher, leftovers, uri):
    with pytest.raises(Missing):
        make_fetcher(s3=options).fetch(at(uri))
    assert leftovers() == []


def test_a_large_key_is_too_large_and_a_text_unsupported(bucket, options, make_fetcher):
    bucket("m.stl", b"x" * 2000)
    bucket("m.txt", b"x")
    with pytest.raises(TooLarge, match="2,000"):
        make_fetcher(s3=options, max_bytes=1000).fetch(at("s3://models/m.stl"))
    with pytest.raises(Unsupported):
        make_fetcher(s3=options).fetch(at("s3://models/m.txt"))


def test_a_root_brings_the_side_files(bucket, options, make_fetcher, leftovers):
    for key in ("c/m.obj", "c/m.mtl", "c/t/w.png", "c2/x.obj", "c/"):
        bucket(key, b"" if key.endswith("/") else key.encode())
    fetcher = make_fetcher(s3=options)
    got = fetcher.fetch(at("s3://models/c/m.obj", b"c/m.obj", root="s3://models/c"))
    below = {p.relative_to(got.root).as_posix() for p in got.root.rglob("*") if p.is_file()}
    assert (got.model, below) == ("m.obj", {"m.obj", "m.mtl", "t/w.png"})
    fetcher.release(got)
    assert leftovers() == []
    with pytest.raises(Missing):
        fetcher.fetch(at("s3://models/c/n.obj", root="s3://models/c"))
    with pytest.raises(TooLarge):
        make_fetcher(s3=options, max_bytes=10).fetch(
            at("s3://models/c/m.obj", root="s3://models/c")
        )


def test_without_a_root_comes_what_the_model_names(bucket, options, make_fetcher, leftovers):
    obj = b"mtllib m.mtl\nmtllib ../up.mtl\nmtllib gone.mtl\nv 0 0 0\n"
    bucket("c/a/m.obj", obj)
    bucket("c/a/m.mtl", b"newmtl x\nmap_Kd t/w 1.png\n")
    for key in ("c/a/t/w 1.png", "c/a/other.png", "c/up.mtl"):
        bucket(key, b"x")
    fetcher = make_fetcher(s3=options)
    got = fetcher.fetch(at("s3://models/c/a/m.obj", obj))
    below = {p.relative_to(got.root).as_posix() for p in got.root.rglob("*") if p.is_file()}
    assert (got.model, below) == ("m.obj", {"m.obj", "m.mtl", "t/w 1.png"})
    fetcher.release(got)
    assert leftovers() == []
    with pytest.raises(TooLarge):
        make_fetcher(s3=options, max_bytes=len(obj) + 5).fetch(at("s3://models/c/a/m.obj"))


@pytest.mark.parametrize("verdict", [(403, "AccessDenied"), (507, "NotNow")])
def test_a_side_file_denied_is_not_there_but_one_that_fails_is_tried_again(
    bucket, options, make_fetcher, verdict
):
    obj = b"mtllib m.mtl\n"
    bucket("m.obj", obj)
    bucket("m.mtl", b"x")
    with proxy(options.endpoint_url, first_times(verdict, 9, method="GET", part=".mtl")) as server:
        fetcher = make_fetcher(s3=faulty(server))
        if verdict[0] == 403:
            assert sorted(
                p.name for p in fetcher.fetch(at("s3://models/m.obj")).root.iterdir()
            ) == ["m.obj"]
        else:
            with pytest.raises(Download, match="507"):
                fetcher.fetch(at("s3://models/m.obj"))


def test_a_zip_is_unpacked(bucket, options, make_fetcher, leftovers):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        opened.writestr("m/m.obj", "v")
        opened.writestr("m/m.mtl", "m")
    bucket("a.zip", out.getvalue())
    fetcher = make_fetcher(s3=options)
    for uri in ("s3://models/a.zip", "s3://models/a.zip!/m/m.obj"):
        got = fetcher.fetch(at(uri, b"v"))
        assert (got.root / "m" / "m.mtl").read_text() == "m"
        fetcher.release(got)
    assert leftovers() == []


def listing_fails(requests):
    """A judge that fails requests for a listing, counted from 1, where `requests` holds them."""
    seen = []

    def judge(request):
        if request.path.rstrip("/") != "/models":
            return "pass"
        seen.append(request)
        return (507, "NotNow") if len(seen) in requests else "pass"

    return judge


def test_a_listing_that_breaks_is_gone_on_with(bucket, options, make_fetcher, monkeypatch):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for number in range(4):
        bucket(f"c/{number}.png", b"x")
    bucket("c/m.obj", DATA)
    with proxy(options.endpoint_url, listing_fails({2, 3})) as server:
        got = make_fetcher(s3=faulty(server)).fetch(
            at("s3://models/c/m.obj", DATA, root="s3://models/c")
        )
        assert sum(server.record.judged.values()) == 2
    assert sorted(path.name for path in got.root.iterdir()) == [
        "0.png", "1.png", "2.png", "3.png", "m.obj",
    ]  # fmt: skip


@pytest.mark.parametrize("first", [1, 2])
def test_a_listing_that_cannot_be_had_may_be_tried_again(
    bucket, options, make_fetcher, leftovers, monkeypatch, first
):
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")
    for name in ("a.png", "m.obj", "n.png"):
        bucket(f"c/{name}", DATA)
    with (
        proxy(options.endpoint_url, listing_fails(range(first, 100))) as server,
        pytest.raises(Download, match="HTTP 507"),
    ):
        make_fetcher(s3=faulty(server)).fetch(at("s3://models/c/m.obj", root="s3://models/c"))
    assert leftovers() == []


def faulty(web):
    return S3Options(endpoint_url=web.url, region="us-east-1", addressing_style="path")


def test_a_body_cut_off_is_tried_again(make_fetcher):
    with Web() as web:
        web.routes["/models/m.stl"] = in_turn(cut_off(DATA), body(DATA))
        got = make_fetcher(s3=faulty(web)).fetch(at("s3://models/m.stl", DATA))
        assert got.path.read_bytes() == DATA


def test_a_length_over_the_limit_is_refused_before_the_body(make_fetcher):
    with Web() as web:
        web.routes["/models/m.stl"] = lambda h: respond(h, 200, {"Content-Length": "99999999"})
        with pytest.raises(TooLarge):
            make_fetcher(s3=faulty(web)).fetch(at("s3://models/m.stl"))


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Length": "9" * 5000},
        {"Content-Length": "1", "Last-Modified": "Fri, 31 Dec 2030 23:59:59 +99999999999999"},
        {"Content-Length": "1", "x-amz-mp-parts-count": "many"},
        {"Transfer-Encoding": "chunked"},  # and the body's chunk is of -16^4000 bytes
    ],
)
def test_an_answer_that_makes_no_sense_is_a_download_error(make_fetcher, leftovers, headers):
    with Web() as web:
        web.routes["/models/m.stl"] = lambda h: respond(
            h, 200, headers, b"-" + b"f" * 4000 + b"\r\nx"
        )
        with pytest.raises(Download, match=r"s3://models/m\.stl: "):
            make_fetcher(s3=faulty(web), attempts=1).fetch(at("s3://models/m.stl"))
    assert leftovers() == []


def test_a_body_in_chunks_needs_no_length(make_fetcher):
    with Web() as web:
        web.routes["/models/m.stl"] = lambda h: respond(
            h, 200, {"Transfer-Encoding": "chunked"}, b"5\r\nsolid\r\n0\r\n\r\n"
        )
        assert make_fetcher(s3=faulty(web)).fetch(at("s3://models/m.stl", b"solid")).size == 5


def test_a_denial_is_a_download_error_that_names_it(make_fetcher):
    with Web() as web:
        web.routes["/models/m.stl"] = status(403)
        with pytest.raises(Download, match=r"s3://models/m\.stl: HTTP 403"):
            make_fetcher(s3=faulty(web)).fetch(at("s3://models/m.stl"))
        assert len(web.asked) == 1


def test_no_credentials_is_a_download_error(nobody, make_fetcher, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    options = S3Options(endpoint_url=f"http://{nobody}", region="us-east-1")
    with pytest.raises(Download, match="credentials"):
        make_fetcher(s3=options).fetch(at("s3://models/m.stl"))


@pytest.mark.parametrize("scheme", ["http", "https", "HTTP"])
def test_a_list_over_http_names_no_bucket_of_its_own_choice(
    bucket, options, make_fetcher, leftovers, scheme
):
    bucket("m.stl", DATA)
    for allowed, named in (((), "models"), (("other", "model"), "models"), (("models",), "other")):
        rules = ListRules(buckets=frozenset(allowed)).of(f"{scheme}://lists.example/l.txt")
        fetcher = make_fetcher(s3=options, rules=rules, attempts=1)
        with pytest.raises(Refused, match=f"--allow-buckets {named}$"):
            fetcher.fetch(at(f"s3://{named}/m.stl"))
    assert leftovers() == []
    rules = ListRules(buckets=frozenset({"models"})).of(f"{scheme}://lists.example/l.txt")
    assert make_fetcher(s3=options, rules=rules).fetch(at("s3://models/m.stl", DATA)).size
    for local in ("list.txt", "s3://lists/list.txt"):
        rules = ListRules().of(local)
        assert make_fetcher(s3=options, rules=rules).fetch(at("s3://models/m.stl", DATA)).size


@pytest.mark.parametrize("key", ["../other/m.stl", "a/../../other/m.stl", "..", "./m.stl", "a/./m"])
def test_a_key_that_is_no_plain_path_is_not_asked_for(make_fetcher, leftovers, key):
    with Web() as web:
        for root in (None, "s3://models/a", "s3://models/.."):
            with pytest.raises(Refused, match="may lead out of its bucket"):
                make_fetcher(s3=faulty(web)).fetch(at(f"s3://models/{key}", root=root))
        assert web.asked == []
    assert leftovers() == []


@pytest.mark.parametrize(
    "key", ["c/../../../../secret.png", "c/a/../../up.png", "c//etc/passwd", "c/..\\..\\w.png",
            "c/C:/w.png"],
)  # fmt: skip
def test_a_listing_with_keys_that_lead_out_writes_nothing_there(
    make_fetcher, leftovers, tmp_path, key
):
    listed = (
        b'<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated>'
        b"<Contents><Key>%s</Key><Size>1</Size></Contents>"
        b"<Contents><Key>c/m.obj</Key><Size>1</Size></Contents></ListBucketResult>" % key.encode()
    )
    before = sorted(tmp_path.rglob("*"))
    with Web() as web:
        web.routes["/models?list-type=2&prefix=c%2F&encoding-type=url"] = body(listed)
        with pytest.raises((ImportFailed, Missing, Download)):
            make_fetcher(s3=faulty(web), attempts=1).fetch(
                at("s3://models/c/m.obj", root="s3://models/c")
            )
        assert len(web.asked) <= 2, "the listing, and perhaps a key below the prefix"
    assert leftovers() == []
    made = {path.name for path in {*tmp_path.rglob("*")} - {*before}}
    assert made <= {"scratch", "objects", "repositories", "objaverse"}
