"""Quick reads over TLS trust whom boto3 trusts, and nobody else."""

import datetime as dt
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from worker.core.s3 import S3Options
from worker.core.s3_get import QuickGet

pytestmark = pytest.mark.usefixtures("aws")


class Answers(BaseHTTPRequestHandler):
    """Answers each GET with its path, on a connection that stays."""

    protocol_version = "HTTP/1.1"
    ports: ClassVar[set[int]] = set()

    def do_GET(self):
        self.ports.add(self.client_address[1])
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.path)))
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def tls(tmp_path):
    """URL of a server, and the file of its certificate, which it has signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    trusted, whole = tmp_path / "ca.pem", tmp_path / "server.pem"
    trusted.write_bytes(made.public_bytes(pem))
    whole.write_bytes(made.public_bytes(pem) + key.private_bytes(pem, *plain))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(whole)
    Answers.ports = set()
    with ThreadingHTTPServer(("localhost", 0), Answers) as server:
        server.daemon_threads = True
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://localhost:{server.server_port}", trusted
        server.shutdown()


def quick(url: str) -> QuickGet:
    return QuickGet(
        S3Options(endpoint_url=url, region="us-east-1", addressing_style="path"), "bucket"
    )


def test_a_trusted_server_is_read_over_one_connection(tls, monkeypatch):
    url, trusted = tls
    monkeypatch.setenv("AWS_CA_BUNDLE", str(trusted))
    got = quick(url)
    for key in ("a", "b/c d", "é"):
        found = got.get(key)
        assert found is not None
        assert found[0].startswith(b"/bucket/")
    assert len(Answers.ports) == 1


def test_an_unknown_server_is_left_to_boto(tls, monkeypatch):
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    assert quick(tls[0]).get("a") is None
    assert Answers.ports == set()
