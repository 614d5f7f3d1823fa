"""Real servers with real faults: a web server, and a proxy that plays any https host."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.patience import HANG_S, until


class Web:
    """A web server on loopback; `routes` maps a path to a function of its request handler."""

    def __init__(self, address="127.0.0.1"):
        self.routes = {}
        self.asked = []
        web = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = HANG_S

            def do_GET(self):
                web.asked.append(self.path)
                self.close_connection = True
                route = web.routes.get(self.path, status(404))
                with contextlib.suppress(OSError):
                    route(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer((address, 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://{address}:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def respond(handler, code, headers, *chunks):
    handler.send_response(code)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Connection", "close")
    handler.end_headers()
    for chunk in chunks:
        handler.wfile.write(chunk)


def body(data, code=200, **headers):
    """The whole of `data`, with its length."""
    return lambda h: respond(h, code, {"Content-Length": str(len(data)), **headers}, data)


def status(code, **headers):
    return body(b"<html>an error page</html>", code, **headers)


def in_turn(*routes):
    """One route after the other; the last one stays."""
    left = list(routes)

    def route(handler):
        now = left.pop(0) if len(left) > 1 else left[0]
        now(handler)

    return route


def cut_off(data):
    """Says twice the length it sends, then hangs up."""
    return lambda h: respond(h, 200, {"Content-Length": str(2 * len(data))}, data)


def endless(handler):
    """A chunked body without an end."""
    respond(handler, 200, {"Transfer-Encoding": "chunked"})
    while True:
        handler.wfile.write(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")


def drip(handler):
    """A byte now and then, never silent long enough for a read timeout."""
    respond(handler, 200, {"Content-Length": "100000"})
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def drip_headers(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def silence(_handler):
    """Not a byte, until long after the test."""
    time.sleep(2 * HANG_S)


def redirect(where):
    return lambda h: respond(h, 302, {"Location": where, "Content-Length": "0"})


@contextlib.contextmanager
def listening():
    """A port of loopback, and what each connection that was made to it has sent first."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        got = []

        def accept():
            while True:
                try:
                    made, _ = server.accept()
                except OSError:
                    return
                with made:
                    made.settimeout(HANG_S)
                    got.append(made.recv(1000))

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1], got
        # What was connected before this is accepted before it.
        with socket.create_connection(server.getsockname()) as last:
            last.sendall(b"the last")
        until(lambda: got[-1:] == [b"the last"])
        got.pop()
        server.shutdown(socket.SHUT_RDWR)


class HttpsProxy:
    """An https proxy that ends the TLS itself, under a certificate of its own authority.

    Whatever host a client asks for, `routes` answers, keyed by ``host/path``.
    """

    def __init__(self, folder: Path):
        self.routes = {}
        self.asked = []
        self.folder = folder
        self.authority = folder / "authority.pem"
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test authority")])
        self.authority.write_bytes(self._certificate("test authority", None, self._key))
        self._contexts = {}
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = HANG_S

            def do_CONNECT(self):
                host = self.path.partition(":")[0]
                self.send_response(200)
                self.end_headers()
                with contextlib.suppress(OSError):
                    inner = proxy._context(host).wrap_socket(self.connection, server_side=True)
                    Inner.host = host
                    Inner(inner, self.client_address, self.server)
                    inner.unwrap()
                self.close_connection = True

            def log_message(self, *_):
                pass

        class Inner(Handler):
            host = ""

            def do_GET(self):
                proxy.asked.append(f"{self.host}{self.path}")
                self.close_connection = True
                proxy.routes.get(f"{self.host}{self.path}", status(404))(self)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,))

    __enter__ = Web.__enter__
    __exit__ = Web.__exit__

    def _context(self, host):
        if host not in self._contexts:
            key = ec.generate_private_key(ec.SECP256R1())
            file = self.folder / f"{host}.pem"
            file.write_bytes(
                self._certificate(host, host, key)
                + key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption(),
                )
            )
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            self._contexts[host] = context
        return self._contexts[host]

    def _certificate(self, name, host, key):
        now = dt.datetime.now(dt.UTC)
        made = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
        )
        if host is not None:
            made = made.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False
            )
        return made.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
