"""The objaverse package's downloaders, reached through a real https proxy on loopback."""

import gzip
import json

import pytest

from tests.integration.sources.references import at
from tests.integration.sources.servers import (
    HttpsProxy,
    body,
    cut_off,
    drip,
    endless,
    in_turn,
    listening,
    redirect,
    status,
)
from tests.integration.sources.test_leading import rules
from worker.core.errors import Download, Missing, Modified, Refused, TooLarge

UID = "0123456789abcdef0123456789abcdef"
OTHER = "f" * 32
GLB = b"glTF\2\0\0\0" + b"x" * 500
STL = b"solid thing" * 40
SKETCHFAB = f"https://sketchfab.com/3d-models/{UID}"
THING = "https://www.thingiverse.com/thing:42/files?fileId=77"
SMITHSONIAN = "https://3d.example.org/content/document/some-id/model.glb"


@pytest.fixture
def proxy(tmp_path, monkeypatch):
    folder = tmp_path / "certificates"
    folder.mkdir()
    with HttpsProxy(folder) as server:
        for name in ("https_proxy", "HTTPS_PROXY"):
            monkeypatch.setenv(name, server.url)
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            monkeypatch.setenv(name, str(server.authority))
        yield server


def objaverse_1(proxy, glb):
    """Serve what the package asks for, wherever it asks: its map of uids and one model."""
    paths = {UID: f"glbs/000-001/{UID}.glb"}
    routes = {"object-paths.json.gz": body(gzip.compress(json.dumps(paths).encode())), "glb": glb}

    class Anywhere(dict):
        def get(self, path, default=None):
            return next((route for end, route in routes.items() if path.endswith(end)), default)

    proxy.routes = Anywhere()


def test_objaverse_1_comes_by_its_uid_and_the_map_comes_once(proxy, make_fetcher, leftovers):
    objaverse_1(proxy, body(GLB))
    fetcher = make_fetcher()
    for _ in range(2):
        got = fetcher.fetch(at(SKETCHFAB, GLB))
        assert (got.model, got.path.read_bytes()) == (f"{UID}.glb", GLB)
        assert [p.name for p in got.root.iterdir()] == [f"{UID}.glb"]
        fetcher.release(got)
    assert leftovers() == []
    assert [path.endswith(".gz") for path in proxy.asked] == [True, False, False]


def test_a_uid_that_objaverse_does_not_know_is_missing(proxy, make_fetcher):
    objaverse_1(proxy, body(GLB))
    with pytest.raises(Missing):
        make_fetcher().fetch(at(f"https://sketchfab.com/3d-models/{OTHER}"))


def test_a_model_that_is_gone_is_missing(proxy, make_fetcher):
    objaverse_1(proxy, status(404))
    with pytest.raises(Missing, match="404"):
        make_fetcher().fetch(at(SKETCHFAB))


def test_other_bytes_are_modified(proxy, make_fetcher, leftovers):
    objaverse_1(proxy, body(GLB))
    with pytest.raises(Modified):
        make_fetcher().fetch(at(SKETCHFAB, b"other"))
    assert leftovers() == []


@pytest.mark.parametrize("fault", [status(503), cut_off(GLB)])
def test_a_passing_failure_is_tried_again(proxy, make_fetcher, fault):
    objaverse_1(proxy, in_turn(fault, body(GLB)))
    assert make_fetcher().fetch(at(SKETCHFAB, GLB)).size == len(GLB)


def test_a_network_error_is_a_download_error(nobody, make_fetcher, monkeypatch):
    monkeypatch.setenv("https_proxy", f"http://{nobody}")
    with pytest.raises(Download, match="refused"):
        make_fetcher(attempts=1).fetch(at(SKETCHFAB))


def test_a_slow_server_ends_at_the_deadline(proxy, make_fetcher, leftovers):
    objaverse_1(proxy, drip)
    with pytest.raises(Download, match="time limit"):
        make_fetcher(timeout_s=2).fetch(at(SKETCHFAB))
    assert leftovers() == []


def test_an_endless_model_is_too_large(proxy, make_fetcher, leftovers):
    objaverse_1(proxy, endless)
    with pytest.raises(TooLarge):
        make_fetcher().fetch(at(SKETCHFAB))
    assert leftovers() == []


def test_thingiverse_and_smithsonian(proxy, make_fetcher, leftovers):
    proxy.routes["www.thingiverse.com/download:77"] = body(STL)
    proxy.routes["3d.example.org/content/document/some-id/model.glb"] = body(GLB)
    fetcher = make_fetcher()
    thing = fetcher.fetch(at(THING, STL, source="thingiverse"))
    assert (thing.path.suffix, thing.path.read_bytes()) == (".stl", STL)
    museum = fetcher.fetch(at(SMITHSONIAN, GLB, source="smithsonian"))
    assert (museum.path.suffix, museum.path.read_bytes()) == (".glb", GLB)
    fetcher.release(thing)
    fetcher.release(museum)
    assert leftovers() == []


@pytest.mark.parametrize(
    ("identifier", "source", "path"),
    [
        (THING, "thingiverse", "www.thingiverse.com/download:77"),
        (SMITHSONIAN, "smithsonian", SMITHSONIAN.removeprefix("https://")),
    ],
)
def test_an_error_page_is_not_taken_for_an_object(proxy, make_fetcher, identifier, source, path):
    proxy.routes[path] = status(500)
    with pytest.raises(Download, match="HTTP 500"):
        make_fetcher(attempts=1).fetch(at(identifier, GLB, source=source))
    proxy.routes[path] = status(410)
    with pytest.raises(Missing):
        make_fetcher(attempts=1).fetch(at(identifier, GLB, source=source))


def museum(host, port):
    return at(f"https://{host}:{port}/content/model.glb", source="smithsonian")


@pytest.fixture
def _direct(monkeypatch):
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.usefixtures("_direct")
@pytest.mark.parametrize("host", ["localhost", "[::ffff:127.0.0.1]"])
def test_the_package_leads_to_no_service_of_this_machine(make_fetcher, leftovers, host):
    refused = pytest.raises(Refused, match=r"not a global address.*--allow-hosts")
    with listening() as (port, got), refused:
        make_fetcher(rules=rules()).fetch(museum(host, port))
    assert got == []
    assert leftovers() == []


@pytest.mark.usefixtures("_direct")
@pytest.mark.parametrize("entry", ["localhost", "127.0.0.0/8"])
def test_what_is_allowed_is_reached_by_the_package(make_fetcher, entry):
    with listening() as (port, got), pytest.raises(Download):  # it hangs up
        make_fetcher(rules=rules(entry), attempts=1).fetch(museum("localhost", port))
    assert got


@pytest.mark.parametrize(
    ("scheme", "host"), [("http", "127.0.0.1"), ("https", "localhost"), ("http", "169.254.169.254")]
)
def test_nor_does_a_redirect_lead_the_package_there(proxy, make_fetcher, host, scheme):
    with listening() as (port, got):
        proxy.routes[SMITHSONIAN.removeprefix("https://")] = redirect(f"{scheme}://{host}:{port}/")
        with pytest.raises(Refused, match="not a global address"):
            make_fetcher(rules=rules()).fetch(at(SMITHSONIAN, source="smithsonian"))
    assert got == []
    assert proxy.asked == [SMITHSONIAN.removeprefix("https://")]


@pytest.mark.parametrize("host", ["localhost", "[fd00::1]"])
def test_nor_is_a_proxy_asked_for_such_a_host(proxy, make_fetcher, host):
    with pytest.raises(Refused, match="not a global address"):
        make_fetcher(rules=rules()).fetch(museum(host, 443))
    assert proxy.asked == []
