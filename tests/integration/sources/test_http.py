"""The HTTP source against a real server that misbehaves in every way it can."""

import io
import re
import threading
import time
import zipfile
from email.utils import formatdate

import pytest

from tests.integration.sources.references import at
from tests.integration.sources.servers import (
    body,
    cut_off,
    drip,
    drip_headers,
    endless,
    in_turn,
    redirect,
    respond,
    silence,
    status,
)
from tests.patience import HANG_S
from worker.core import http_client
from worker.core.errors import (
    ConfigurationError,
    Download,
    ImportFailed,
    Missing,
    Modified,
    ObjectInterrupted,
    TooLarge,
    Unsupported,
)

DATA = b"solid model " * 100


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as opened:
        for name, data in files.items():
            opened.writestr(name.replace("__", "."), data)
    return out.getvalue()


def test_a_file_is_downloaded_checked_and_released(web, make_fetcher, leftovers):
    web.routes["/a/chair%20one.stl?v=1"] = body(DATA)
    fetcher = make_fetcher()
    got = fetcher.fetch(at(f"{web.url}/a/chair%20one.stl?v=1", DATA))
    assert (got.model, got.size, got.path.read_bytes()) == ("chair one.stl", len(DATA), DATA)
    assert [p.name for p in got.root.iterdir()] == ["chair one.stl"]
    fetcher.release(got)
    assert leftovers() == []


def test_the_url_of_a_record_wins_over_its_identity(web, make_fetcher):
    web.routes["/x"] = body(DATA)
    got = make_fetcher().fetch(at("chair-17", DATA, url=f"{web.url}/x", file_type="stl"))
    assert got.model == "x.stl"


def test_other_bytes_are_modified(web, make_fetcher, leftovers):
    web.routes["/m.stl"] = body(DATA + b"!")
    with pytest.raises(Modified):
        make_fetcher().fetch(at(f"{web.url}/m.stl", DATA))
    assert leftovers() == []


@pytest.mark.parametrize("code", [404, 410, 451])
def test_what_is_gone_is_missing_at_once(web, make_fetcher, leftovers, code):
    web.routes["/m.stl"] = status(code)
    with pytest.raises(Missing, match=f"HTTP {code}"):
        make_fetcher().fetch(at(f"{web.url}/m.stl"))
    assert len(web.asked) == 1
    assert leftovers() == []


@pytest.mark.parametrize("code", [408, 429, 500, 503])
def test_a_passing_error_is_tried_again(web, make_fetcher, code):
    web.routes["/m.stl"] = in_turn(status(code), body(DATA))
    assert make_fetcher().fetch(at(f"{web.url}/m.stl", DATA)).size == len(DATA)
    assert len(web.asked) == 2


def test_an_error_that_stays_ends_after_the_attempts(web, make_fetcher, leftovers):
    web.routes["/m.stl"] = status(503)
    with pytest.raises(Download, match="HTTP 503"):
        make_fetcher(attempts=2).fetch(at(f"{web.url}/m.stl"))
    assert len(web.asked) == 2
    assert leftovers() == []


def test_a_refusal_is_not_tried_again(web, make_fetcher):
    web.routes["/m.stl"] = status(403)
    with pytest.raises(Download, match="HTTP 403"):
        make_fetcher().fetch(at(f"{web.url}/m.stl"))
    assert len(web.asked) == 1


@pytest.mark.parametrize("value", [str, lambda s: formatdate(time.time() + s, usegmt=True)])
def test_retry_after_is_honoured(web, make_fetcher, value):
    asked, wait_s = time.time(), 3
    web.routes["/m.stl"] = in_turn(status(429, **{"Retry-After": value(wait_s)}), body(DATA))
    make_fetcher().fetch(at(f"{web.url}/m.stl", DATA))
    assert time.time() - asked >= wait_s - 1  # dates are of whole seconds


def test_a_wait_past_the_deadline_is_not_begun(web, make_fetcher):
    web.routes["/m.stl"] = status(503, **{"Retry-After": "3600"})
    with pytest.raises(Download, match="3600 s"):
        make_fetcher(timeout_s=3000).fetch(at(f"{web.url}/m.stl"))


def test_a_body_cut_off_is_tried_again(web, make_fetcher):
    web.routes["/m.stl"] = in_turn(cut_off(DATA), body(DATA))
    assert make_fetcher().fetch(at(f"{web.url}/m.stl", DATA)).path.read_bytes() == DATA


def test_a_body_always_cut_off_is_a_download_error(web, make_fetcher, leftovers):
    web.routes["/m.stl"] = cut_off(DATA)
    with pytest.raises(Download):
        make_fetcher(attempts=2).fetch(at(f"{web.url}/m.stl"))
    assert leftovers() == []


def test_headers_cut_off_are_no_empty_object(web, make_fetcher):
    cut = lambda h: h.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: model/stl")  # noqa: E731
    web.routes["/m.stl"] = in_turn(cut, body(DATA))
    assert make_fetcher().fetch(at(f"{web.url}/m.stl", DATA)).size == len(DATA)


def test_a_connection_refused_is_a_download_error(nobody, make_fetcher):
    with pytest.raises(Download, match=rf"m\.stl: {re.escape(nobody)}: .* refused"):
        make_fetcher(attempts=1).fetch(at(f"http://{nobody}/m.stl"))


def test_a_proxy_that_does_not_answer_is_named(nobody, make_fetcher, monkeypatch):
    monkeypatch.setenv("http_proxy", f"http://{nobody}")
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(Download) as caught:
        make_fetcher(attempts=1).fetch(at("http://models.example/m.stl"))
    assert f"Unable to connect to proxy: {nobody}: " in str(caught.value)
    assert "Watched" not in str(caught.value)


@pytest.mark.parametrize("form", ["http://{}", "{}", " {} ", "http://user:word@{}"])
def test_a_proxy_may_be_named_without_its_scheme(web, make_fetcher, monkeypatch, form):
    monkeypatch.setenv("http_proxy", form.format(web.url.removeprefix("http://")))
    monkeypatch.setenv("no_proxy", "")
    web.routes["http://models.example/m.stl"] = body(DATA)
    assert make_fetcher().fetch(at("http://models.example/m.stl", DATA)).size == len(DATA)


PROXIES = ["socks5://127.0.0.1:1", "http://[bad", "ftp://x:1", "http://", "http://h:port",
           "http://user:word@[x"]  # fmt: skip


@pytest.mark.parametrize("proxy", PROXIES)
def test_what_is_no_proxy_ends_a_run_that_needs_one(
    web, make_fetcher, monkeypatch, proxy, tmp_path
):
    monkeypatch.setenv("http_proxy", proxy)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    (tmp_path / "m.stl").write_bytes(DATA)
    web.routes["/m.stl"] = body(DATA)
    fetcher = make_fetcher(attempts=1)
    for place in (str(tmp_path / "m.stl"), f"{web.url}/m.stl"):  # which need none
        assert fetcher.fetch(at(place, DATA)).size == len(DATA)
    with pytest.raises(ConfigurationError, match=r"http_proxy is .*: not an HTTP proxy") as caught:
        fetcher.fetch(at("http://models.example/m.stl"))
    assert "word" not in str(caught.value)


def test_a_length_over_the_limit_is_refused_before_the_body(web, make_fetcher):
    web.routes["/m.stl"] = lambda h: respond(h, 200, {"Content-Length": "5000000000"}, b"x")
    with pytest.raises(TooLarge, match="5,000,000,000"):
        make_fetcher().fetch(at(f"{web.url}/m.stl"))


def test_an_endless_body_is_stopped_at_the_limit(web, make_fetcher, leftovers):
    web.routes["/m.stl"] = endless
    with pytest.raises(TooLarge):
        make_fetcher().fetch(at(f"{web.url}/m.stl"))
    assert leftovers() == []


def test_a_body_shorter_than_it_is_long_is_read_to_its_length(web, make_fetcher):
    web.routes["/m.stl"] = lambda h: respond(h, 200, {"Content-Length": "10"}, DATA)
    with pytest.raises(Modified):
        make_fetcher().fetch(at(f"{web.url}/m.stl", DATA))


def test_a_slow_drip_ends_at_the_deadline(web, make_fetcher, leftovers):
    web.routes["/m.stl"] = drip
    with pytest.raises(Download, match="time limit of one download"):
        make_fetcher(timeout_s=0.6).fetch(at(f"{web.url}/m.stl"))
    assert leftovers() == []


def test_dripping_headers_end_too(web, make_fetcher, monkeypatch):
    monkeypatch.setattr(http_client, "HEADERS_S", 0.4)
    web.routes["/m.stl"] = drip_headers
    with pytest.raises(Download, match="headers within"):
        make_fetcher(attempts=1).fetch(at(f"{web.url}/m.stl"))


def test_silence_ends_at_the_deadline(web, make_fetcher, monkeypatch):
    monkeypatch.setattr(http_client, "READ_S", 2 * HANG_S)
    web.routes["/m.stl"] = silence
    with pytest.raises(Download):
        make_fetcher(timeout_s=0.5).fetch(at(f"{web.url}/m.stl"))


def test_a_stop_ends_a_download_under_way(web, make_fetcher, leftovers):
    begun = threading.Event()
    web.routes["/m.stl"] = lambda handler: (begun.set(), drip(handler))
    fetcher = make_fetcher()
    threading.Thread(target=lambda: (begun.wait(), fetcher.stop()), daemon=True).start()
    with pytest.raises(ObjectInterrupted):
        fetcher.fetch(at(f"{web.url}/m.stl"))
    assert leftovers() == []


def test_a_redirect_is_followed(web, make_fetcher):
    web.routes["/m.stl"] = redirect("/n.bin")
    web.routes["/n.bin"] = body(DATA)
    assert make_fetcher().fetch(at(f"{web.url}/m.stl", DATA)).model == "m.stl"


def test_a_redirect_loop_is_missing(web, make_fetcher):
    web.routes["/m.stl"] = redirect("/m.stl")
    with pytest.raises(Missing, match="redirects"):
        make_fetcher().fetch(at(f"{web.url}/m.stl"))
    assert len(web.asked) == http_client.REDIRECTS + 1


def test_a_redirect_to_a_file_reads_no_file(web, make_fetcher, tmp_path):
    secret = tmp_path / "secret.stl"
    secret.write_bytes(DATA)
    for where in (secret.as_uri(), f"file://localhost{secret}"):
        web.routes["/m.stl"] = redirect(where)
        with pytest.raises(Missing, match="not a valid URL"):
            make_fetcher().fetch(at(f"{web.url}/m.stl"))


ADDRESSES = ["http://[::1", "//[", "http://[bad]/", "http://[v1]/", "http://[::ffff:1.2.3.4.5]/",
             "http://h:99999/", "http://a..b/", "http://%00/"]  # fmt: skip


@pytest.mark.parametrize("where", ADDRESSES)
def test_a_redirect_to_no_address_is_missing(web, make_fetcher, leftovers, where):
    web.routes["/m.stl"] = redirect(where)
    with pytest.raises(Missing, match="not a valid URL"):
        make_fetcher().fetch(at(f"{web.url}/m.stl"))
    assert leftovers() == []


@pytest.mark.parametrize("digits", [300, 5000])
def test_a_length_of_many_digits_is_too_large(web, make_fetcher, digits):
    web.routes["/m.stl"] = lambda h: respond(h, 200, {"Content-Length": "9" * digits}, b"x")
    with pytest.raises(TooLarge) as caught:
        make_fetcher().fetch(at(f"{web.url}/m.stl"))
    assert len(str(caught.value)) < 100


@pytest.mark.parametrize("size", [b"-" + b"f" * 4000, b"f" * 5000, b"-5", b"zz", b"1" * 70000])
def test_a_chunk_of_no_size_is_a_download_error(web, make_fetcher, leftovers, size):
    web.routes["/m.stl"] = lambda h: respond(
        h, 200, {"Transfer-Encoding": "chunked"}, size + b"\r\nx"
    )
    with pytest.raises(Download):
        make_fetcher(attempts=1).fetch(at(f"{web.url}/m.stl"))
    assert leftovers() == []


@pytest.mark.parametrize(
    "value",
    [
        "9" * 5000,
        f"Fri, {'1' * 30} Dec 2030 23:59:59 GMT",
        "Fri, 31 Dec 2030 23:59:59 +99999999999999",
        "Mon, 01 Jan 0001 00:00:00 +2300",
    ],
)
def test_a_wait_that_is_no_time_is_a_download_error(web, make_fetcher, value):
    web.routes["/m.stl"] = status(503, **{"Retry-After": value})
    with pytest.raises(Download, match=r"HTTP 503|asks to wait"):
        make_fetcher(attempts=2).fetch(at(f"{web.url}/m.stl"))


def test_a_zip_is_unpacked_with_its_side_files(web, make_fetcher, leftovers):
    packed = zipped(m__obj=b"v", m__mtl=b"m")
    web.routes["/chair.zip"] = body(packed)
    web.routes["/download"] = body(packed)
    fetcher = make_fetcher()
    for path in ("/chair.zip", "/download", "/chair.zip!/m.obj"):
        got = fetcher.fetch(at(f"{web.url}{path}", b"v"))
        assert sorted(p.name for p in got.root.iterdir()) == ["m.mtl", "m.obj"]
        fetcher.release(got)
    assert leftovers() == []


def test_a_zip_bomb_is_too_large(web, make_fetcher, leftovers):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as opened:
        opened.writestr("m.obj", b"\0" * 50_000_000)
    web.routes["/b.zip"] = body(out.getvalue())
    with pytest.raises(TooLarge):
        make_fetcher().fetch(at(f"{web.url}/b.zip"))
    assert leftovers() == []


def test_a_page_in_place_of_a_zip_says_so(web, make_fetcher):
    web.routes["/b.zip"] = body(b"<html>")
    with pytest.raises(ImportFailed, match="not a zip"):
        make_fetcher().fetch(at(f"{web.url}/b.zip"))


def test_no_known_format_is_unsupported(web, make_fetcher, leftovers):
    web.routes["/page"] = body(b"<html>")
    with pytest.raises(Unsupported, match="fileType"):
        make_fetcher().fetch(at(f"{web.url}/page"))
    assert leftovers() == []


def test_a_malformed_url_is_missing(make_fetcher):
    for url in ("http://", "http://[::1/m.stl", "http://host:port/m.stl"):
        with pytest.raises(Missing):
            make_fetcher(attempts=1).fetch(at(url))
