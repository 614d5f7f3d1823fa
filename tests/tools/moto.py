"""moto's S3 in a process of its own: its answers do not wait for what the tests' process does."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

# It ends with the process that holds the other end of its standard input. moto looks whether a key
# exists and creates it in two steps, so of two writers at once both could win, as on no real S3:
# requests with a condition are answered one at a time.
SERVE = """
import sys, threading
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import ThreadedMotoServer
answer, one_at_a_time = DomainDispatcherApplication.__call__, threading.Lock()
def decide(application, environ, start_response):
    if "HTTP_IF_NONE_MATCH" not in environ:
        return answer(application, environ, start_response)
    with one_at_a_time:
        return answer(application, environ, start_response)
DomainDispatcherApplication.__call__ = decide
server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
server.start()
print("http://{}:{}".format(*server.get_host_and_port()), flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def s3_server() -> Iterator[str]:
    """A server's URL."""
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            url = process.stdout.readline().strip()
            assert url, f"moto's server ended with {process.wait()}"
            yield url
        finally:
            process.kill()
