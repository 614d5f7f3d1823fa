"""Where a list may lead: real servers on loopback, which must not see a single connection."""

import re
import socket
import ssl
import threading

import pytest
import urllib3.util.connection

from tests.integration.sources.references import at
from tests.integration.sources.servers import Web, body, listening, redirect
from worker.core import addresses
from worker.core.destinations import AllowedHosts
from worker.core.errors import Refused, UsageError
from worker.index.list_rules import ListRules

DATA = b"solid model " * 100
LOOPBACK = [
    "127.0.0.1", "127.1", "2130706433", "0177.0.0.1", "0x7f.0.0.1", "0x7f000001", "0", "0.0.0.0",
    "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "localhost",
    "LocalHost",
]  # fmt: skip
"""Spellings of this machine."""
NEARBY = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254", "[fe80::1]",
    "[fd00:ec2::254]", "224.0.0.1", "255.255.255.255", "[ff02::1]", "198.18.0.1", "192.0.0.192",
    "168.63.129.16", "100.100.100.200", "[64:ff9b::a00:1]", "[2002:a00:1::]", "[2001:0:a00:1::]",
    "[64:ff9b:1::a00:1]", "[::ffff:10.0.0.1]", "[fec0::1]", "[2001:db8::1]",
]  # fmt: skip
"""Addresses of other machines that are not of the public internet."""


def rules(*entries):
    return ListRules(hosts=AllowedHosts.of(entries))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", LOOPBACK)
def test_a_list_leads_to_no_service_of_this_machine(make_fetcher, leftovers, host, scheme):
    refused = pytest.raises(Refused, match=r"not a global address.*--allow-hosts")
    with listening() as (port, got), refused:
        make_fetcher(rules=rules()).fetch(at(f"{scheme}://{host}:{port}/m.stl"))
    assert got == []
    assert leftovers() == []


@pytest.mark.parametrize("host", NEARBY)
def test_nor_to_a_machine_nearby(make_fetcher, host):
    with pytest.raises(Refused, match="not a global address"):
        make_fetcher(rules=rules()).fetch(at(f"http://{host}/m.stl"))


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", LOOPBACK)
def test_nor_does_a_redirect(web, make_fetcher, host, scheme):
    allowed = rules(web.url.removeprefix("http://"))
    with listening() as (port, got):
        web.routes["/m.stl"] = redirect(f"{scheme}://{host}:{port}/m.stl")
        with pytest.raises(Refused, match=re.escape(f"{web.url}/m.stl: ")):
            make_fetcher(rules=allowed).fetch(at(f"{web.url}/m.stl"))
    assert got == []
    assert web.asked == ["/m.stl"]


def test_a_refusal_is_not_tried_again_and_others_go_on(web, make_fetcher):
    web.routes["/m.stl"] = redirect("http://169.254.169.254/latest/meta-data/")
    web.routes["/n.stl"] = body(DATA)
    fetcher = make_fetcher()
    with pytest.raises(Refused, match=r"169\.254\.169\.254"):
        fetcher.fetch(at(f"{web.url}/m.stl"))
    assert fetcher.fetch(at(f"{web.url}/n.stl", DATA)).size == len(DATA)
    assert web.asked == ["/m.stl", "/n.stl"]


@pytest.mark.parametrize(
    "entry", ["127.0.0.1", "127.0.0.0/8", "127.0.0.1:{port}", "localhost", "localhost:{port}",
              "10.0.0.0/8,LOCALHOST", "::ffff:127.0.0.1"],
)  # fmt: skip
def test_what_is_allowed_is_reached(web, make_fetcher, entry):
    web.routes["/m.stl"] = body(DATA)
    port = web.server.server_port
    fetcher = make_fetcher(rules=rules(entry.format(port=port)))
    assert fetcher.fetch(at(f"http://localhost:{port}/m.stl", DATA)).size == len(DATA)


@pytest.mark.parametrize("entry", ["127.0.0.1:1", "localhost.example", "10.0.0.0/8", "host"])
def test_what_is_allowed_is_no_more_than_was_said(web, make_fetcher, entry):
    port = web.server.server_port
    with pytest.raises(Refused):
        make_fetcher(rules=rules(entry)).fetch(at(f"http://localhost:{port}/m.stl"))
    assert web.asked == []


@pytest.mark.parametrize("text", ["http://a", "a b", "a:99999", "a:b", "-", "[::1", "a/8", "*"])
def test_what_is_no_host_is_a_usage_error(text):
    with pytest.raises(UsageError, match=re.escape(f"--allow-hosts: {text!r}")):
        AllowedHosts.of((text,))


@pytest.mark.parametrize(
    "text", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "2002:808:808::"]
)
def test_public_addresses_are_global(text):
    assert addresses.is_global(addresses.parsed(text))


class Resolver:
    """Answers for names in turn, as a server of DNS that an attacker holds does."""

    def __init__(self, monkeypatch, answers):
        self.asked = []
        self._answers = {name: list(turns) for name, turns in answers.items()}
        self._real = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self)

    def __call__(self, host, port, *arguments, **more):
        if host not in self._answers:
            return self._real(host, port, *arguments, **more)
        self.asked.append(host)
        turns = self._answers[host]
        now = turns.pop(0) if len(turns) > 1 else turns[0]
        return [found for one in now for found in self._real(one, port, *arguments, **more)]


def test_a_name_that_leads_to_loopback(make_fetcher, monkeypatch):
    Resolver(monkeypatch, {"models.example": [["127.0.0.1"]]})
    refused = pytest.raises(Refused, match=r"models\.example leads to 127\.0\.0\.1")
    with listening() as (port, got), refused:
        make_fetcher(rules=rules()).fetch(at(f"http://models.example:{port}/m.stl"))
    assert got == []


@pytest.fixture
def rebinding(monkeypatch):
    """The name rebind.example: 127.0.0.2 when it is first asked for, afterwards 127.0.0.1."""
    return Resolver(monkeypatch, {"rebind.example": [["127.0.0.2"], ["127.0.0.1"]]})


def test_a_name_is_resolved_once_and_only_what_was_checked_is_connected_to(make_fetcher, rebinding):
    with Web("127.0.0.2") as checked:
        port = checked.server.server_port
        checked.routes["/m.stl"] = body(DATA)
        fetcher = make_fetcher(rules=rules("127.0.0.2"))
        assert fetcher.fetch(at(f"http://rebind.example:{port}/m.stl", DATA)).size == len(DATA)
        assert rebinding.asked == ["rebind.example"]
        # The next connection asks again, and is checked again.
        with pytest.raises(Refused, match=r"leads to 127\.0\.0\.1"):
            fetcher.fetch(at(f"http://rebind.example:{port}/m.stl"))
    assert checked.asked == ["/m.stl"]


def test_of_several_addresses_those_that_may_be_are_tried(make_fetcher, monkeypatch):
    Resolver(monkeypatch, {"both.example": [["127.0.0.1", "127.0.0.3", "127.0.0.2"]]})
    with Web("127.0.0.2") as web:
        port = web.server.server_port
        web.routes["/m.stl"] = body(DATA)
        # Nobody listens at the first one that is allowed.
        fetcher = make_fetcher(rules=rules("127.0.0.2", "127.0.0.3"))
        assert fetcher.fetch(at(f"http://both.example:{port}/m.stl", DATA)).size == len(DATA)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_connected_socket_is_looked_at_before_a_byte_is_sent(make_fetcher, monkeypatch, scheme):
    """As if the network led elsewhere than to the address that was checked."""
    with listening() as (port, got):
        connect = socket.create_connection
        monkeypatch.setattr(
            urllib3.util.connection, "create_connection",
            lambda *_, **__: connect(("127.0.0.1", port)),
        )  # fmt: skip
        with pytest.raises(Refused, match=r"127\.0\.0\.1"):
            make_fetcher(rules=rules("127.0.0.2")).fetch(at(f"{scheme}://127.0.0.2:{port}/m.stl"))
    assert got == [b""], "connected to, and closed without a byte"


def test_of_a_tls_server_the_name_is_still_checked(make_fetcher, monkeypatch, tmp_path):
    """The address is what is connected to, but the certificate must be the name's."""
    Resolver(monkeypatch, {"tls.example": [["127.0.0.1"]]})
    seen = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.sni_callback = lambda _socket, name, _context: seen.append(name)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            made, _ = server.accept()
            with made, pytest.raises(OSError):
                context.wrap_socket(made, server_side=True)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"https://tls.example:{server.getsockname()[1]}/m.stl"
        with pytest.raises(Exception, match="SSL"):
            make_fetcher(rules=rules("tls.example"), attempts=1).fetch(at(url))
        thread.join()
    assert seen == ["tls.example"]


@pytest.fixture
def proxied(web, monkeypatch):
    """A proxy for everything; what it was asked for is in `asked`."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, web.url)
    monkeypatch.setenv("no_proxy", "")
    return web


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", [*LOOPBACK, *NEARBY, "a.localhost", "127.0.0.1.", "localhost."])
def test_a_proxy_is_asked_for_no_such_host(proxied, make_fetcher, host, scheme):
    with pytest.raises(Refused, match="not a global address"):
        make_fetcher(rules=rules(), attempts=1).fetch(at(f"{scheme}://{host}/m.stl"))
    assert proxied.asked == []


def test_nor_by_a_redirect(proxied, make_fetcher):
    proxied.routes["http://models.invalid/m.stl"] = redirect("http://169.254.169.254/m.stl")
    with pytest.raises(Refused, match=r"169\.254\.169\.254 is not a global address"):
        make_fetcher(rules=rules()).fetch(at("http://models.invalid/m.stl"))
    assert proxied.asked == ["http://models.invalid/m.stl"]


def test_a_name_that_only_the_proxy_knows_is_left_to_it(proxied, make_fetcher):
    proxied.routes["http://models.invalid/m.stl"] = body(DATA)
    got = make_fetcher(rules=rules()).fetch(at("http://models.invalid/m.stl", DATA))
    assert got.size == len(DATA)


def test_through_a_proxy_too_what_is_allowed_is_reached(proxied, make_fetcher):
    proxied.routes["http://10.0.0.1/m.stl"] = body(DATA)
    got = make_fetcher(rules=rules("10.0.0.1")).fetch(at("http://10.0.0.1/m.stl", DATA))
    assert got.size == len(DATA)


def test_the_server_of_a_list_is_the_users_own(web, make_fetcher):
    web.routes["/m.stl"] = body(DATA)
    own = ListRules().of(f"{web.url}/list.txt")
    assert make_fetcher(rules=own).fetch(at(f"{web.url}/m.stl", DATA)).size == len(DATA)
    with listening() as (port, got), pytest.raises(Refused):
        make_fetcher(rules=own).fetch(at(f"http://127.0.0.1:{port}/m.stl"))
    assert got == []
