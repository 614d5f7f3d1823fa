"""S3: what a server or the network may do to a write, and what a person is told."""

import contextlib
from uuid import uuid4

import boto3
import pytest
import structlog.testing

from tests.tools.faultproxy import proxy
from worker.core.errors import StoreError, UsageError
from worker.core.s3 import S3Options
from worker.core.s3_get import NoSuchKey, QuickGet
from worker.core.sha256 import sha256_of
from worker.stores import open_store

pytestmark = pytest.mark.usefixtures("aws")


def pass_all(request):
    return "pass"


def at_first(method, verdict):
    """Judge the first request of `method` so, and pass the others."""
    left = [verdict]
    return lambda request: left.pop() if request.method == method and left else "pass"


def always(method, verdict):
    return lambda request: verdict if request.method == method else "pass"


def options(endpoint, **more):
    return S3Options(endpoint_url=endpoint, region="us-east-1", addressing_style="path", **more)


@pytest.fixture
def bucket(moto, aws):
    name = f"test-{uuid4().hex}"
    boto3.session.Session().client("s3", endpoint_url=moto, region_name="us-east-1").create_bucket(
        Bucket=name
    )
    return name


@pytest.fixture
def behind(moto, bucket):
    """A store behind a proxy with a judge: yields (proxy, store)."""
    with contextlib.ExitStack() as stack:

        def start(judge):
            server = stack.enter_context(proxy(moto, judge))
            return server, open_store(f"s3://{bucket}/output", options(server.url))

        yield start


def test_publishing_takes_two_requests(behind, tmp_path):
    server, store = behind(pass_all)
    file = tmp_path / "a.zip"
    file.write_bytes(b"zip" * 1000)
    assert store.create("renders/a.zip", file)
    assert store.stat("renders/a.zip") is not None
    assert server.seen == ["PUT", "HEAD"]


def test_a_lost_answer_to_the_write_that_won_is_a_success(behind, tmp_path):
    server, store = behind(at_first("PUT", "lose answer"))
    file = tmp_path / "a.zip"
    file.write_bytes(b"zip" * 1000)
    assert store.create("renders/a.zip", file)
    assert server.seen == ["PUT", "PUT", "HEAD"]
    assert store.read("renders/a.zip") == b"zip" * 1000


def test_a_lost_answer_to_a_write_that_lost_is_no_success(behind):
    _, first = behind(pass_all)
    first.create("job.json", b"theirs")
    server, store = behind(at_first("PUT", "lose answer"))
    assert not store.create("job.json", b"ours")
    assert server.seen == ["PUT", "PUT", "HEAD"]
    assert store.read("job.json") == b"theirs"


def test_a_conflict_of_writers_is_tried_again(behind):
    server, store = behind(at_first("PUT", (409, "ConditionalRequestConflict")))
    assert store.create("a", b"a")
    assert server.seen.count("PUT") == 2


@pytest.mark.parametrize(("status", "code"), [(501, "NotImplemented"), (400, "InvalidArgument")])
def test_a_server_that_refuses_conditions_is_asked_first(behind, status, code):
    def judge(request):
        return (
            (501 if code == "NotImplemented" else 400, code)
            if "If-None-Match" in request.headers
            else "pass"
        )

    server, store = behind(judge)
    with structlog.testing.capture_logs() as logs:
        assert store.create("a", b"a")
        del server.seen[:]
        assert not store.create("a", b"b")
        assert store.create("a", b"a")
        assert store.create("b", b"b")
        assert server.seen == ["HEAD", "HEAD", "HEAD", "PUT"], "remembered"
    assert store.read("a") == b"a"
    assert len(logs) == 1, "said once"


def test_a_server_that_ignores_conditions_is_found_out_by_check(behind):
    def judge(request):
        request.headers.pop("If-None-Match", None)
        return "pass"

    _, store = behind(judge)
    with structlog.testing.capture_logs() as logs:
        store.check()
        assert store.create("job.json", b"theirs")
        assert not store.create("job.json", b"ours")
    assert store.read("job.json") == b"theirs"
    assert [line["server"] for line in logs] == ["ignores the condition"]


def test_check_needs_no_right_to_delete(behind):
    _, store = behind(always("DELETE", (403, "AccessDenied")))
    with structlog.testing.capture_logs() as logs:
        store.check()
    assert [line["code"] for line in logs] == ["AccessDenied"]
    assert list(store.list()) == []


def test_a_body_that_breaks_off_is_read_again(behind):
    server, store = behind(at_first("GET", "cut off"))
    store.create("a", b"0123456789" * 10_000)
    assert store.read("a") == b"0123456789" * 10_000
    assert server.seen.count("GET") == 2


def test_an_object_of_another_tool_is_compared_by_its_bytes(behind, moto, bucket):
    client = boto3.session.Session().client("s3", endpoint_url=moto, region_name="us-east-1")
    client.put_object(Bucket=bucket, Key="output/job.json", Body=b"by hand")
    client.put_object(Bucket=bucket, Key="output/folder/", Body=b"")
    client.put_object(Bucket=bucket, Key="output2/beside", Body=b"")
    _, store = behind(pass_all)
    assert store.create("job.json", b"by hand")
    assert not store.create("job.json", b"by hand, another")
    assert not store.create("job.json", b"by Hand")
    assert store.stat("job.json").sha256 is None
    assert [entry.key for entry in store.list()] == ["job.json"]


def failure(store):
    with pytest.raises(StoreError) as caught:
        store.check()
    message = str(caught.value)
    assert "\n" not in message
    assert store.uri in message
    return message


def test_a_missing_bucket_is_named(moto):
    message = failure(open_store("s3://no-such-bucket-here/output", options(moto)))
    assert "the bucket does not exist" in message


def test_an_unreachable_endpoint_is_named(nobody):
    message = failure(open_store("s3://bucket/output", options(f"http://{nobody}")))
    assert f"http://{nobody}" in message
    assert "check the endpoint" in message


def test_a_server_that_hangs_up_is_told_after_few_tries(behind):
    server, store = behind(always("GET", "lose answer"))
    assert server.url in failure(store)
    assert server.seen in (["GET"] * 2, ["GET"] * 3)


def test_missing_credentials_are_named(moto, monkeypatch):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    # Options of their own: equal options share a client, and a client keeps its credentials.
    store = open_store("s3://bucket/output", options(moto, max_pool_connections=7))
    assert "AWS_ACCESS_KEY_ID" in failure(store)


@pytest.mark.parametrize(("status", "code", "advice"), [
    (403, "AccessDenied", "s3:PutObject"),
    (411, "MissingContentLength", "--s3-checksums when_required"),
    (400, "AuthorizationHeaderMalformed", "--s3-region"),
    (418, "SomethingElse", "SomethingElse"),
])  # fmt: skip
def test_a_refused_write_says_what_to_do(behind, status, code, advice):
    _, store = behind(always("PUT", (status, code)))
    assert advice in failure(store)


@pytest.mark.rgw
def test_wrong_keys_are_told_apart(rgw, monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    store = open_store("s3://bucket/output", options(rgw.http, max_pool_connections=8))
    assert "the secret key is wrong" in failure(store)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "UNKNOWN")
    store = open_store("s3://bucket/output", options(rgw.http, max_pool_connections=9))
    assert "does not know the access key" in failure(store)


@pytest.mark.rgw
def test_an_untrusted_certificate_is_named(rgw):
    store = open_store("s3://bucket/output", options(rgw.https, max_pool_connections=6))
    assert "AWS_CA_BUNDLE" in failure(store)


@pytest.mark.parametrize(
    "uri", ["gs://bucket/x", "s3://", "s3:///key", "file://host/x", "file://", ""]
)
def test_a_uri_that_names_no_store_is_a_usage_error(uri):
    with pytest.raises(UsageError):
        open_store(uri)


def test_an_unknown_scheme_names_the_known():
    with pytest.raises(UsageError, match="s3://"):
        open_store("gs://bucket/x")


def test_many_small_reads_need_no_boto_and_what_fails_is_left_to_it(moto, bucket):
    with proxy(moto) as server:
        store = open_store(f"s3://{bucket}/out", options(server.url))
        bodies = {f"ledger/a b+%&=?/é-{number}.jsonl": b"x" * number for number in range(3)}
        for key, body in bodies.items():
            assert store.create(key, body)
        quick = QuickGet(options(server.url), bucket)
        for key, body in bodies.items():
            found, headers = quick.get(f"out/{key}")
            assert found == body
            assert headers["x-amz-meta-sha256"] == sha256_of(body)
        with pytest.raises(NoSuchKey):
            quick.get("out/none")
        # A server that refuses once is not asked so again; the store reads all the same.
        server.judge = at_first("GET", (403, "AccessDenied"))
        assert quick.get(f"out/{key}") is None
        before = len(server.seen)
        assert quick.get(f"out/{key}") is None
        assert len(server.seen) == before
        server.judge = at_first("GET", "corrupt answer")
        assert store.read(key) == body
        assert store.read("none") is None


def test_a_listing_needs_no_slow_reading_of_times(moto, bucket, monkeypatch):
    store = open_store(f"s3://{bucket}/out", options(moto, max_pool_connections=7))
    assert store.create("ledger/a.jsonl", b"x")

    def slow(*_):
        raise AssertionError("botocore's own way was taken")

    monkeypatch.setattr("botocore.utils._parse_timestamp_with_tzinfo", slow)
    assert [entry.key for entry in store.list("ledger/")] == ["ledger/a.jsonl"]


def test_behind_a_proxy_all_is_left_to_boto(moto, bucket, monkeypatch):
    with proxy(moto) as server:
        monkeypatch.setenv("http_proxy", server.url)
        monkeypatch.setenv("no_proxy", "")
        assert QuickGet(options(moto), bucket).get("out/a") is None
        assert server.seen == []
