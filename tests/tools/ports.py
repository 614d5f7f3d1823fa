"""Ports for servers that a test starts."""

from __future__ import annotations

import contextlib
import random
import socket

PORTS = range(16_384, 32_000)
"""Below those that the kernel gives to whoever asks for any, before the server takes its own."""


def free(count: int) -> range:
    """So many free ports in a row."""
    while True:
        first = random.choice(PORTS[:-count])
        ports = range(first, first + count)
        with contextlib.suppress(OSError), contextlib.ExitStack() as sockets:
            for port in ports:
                sockets.enter_context(socket.socket()).bind(("", port))
            return ports


def answers(port: int) -> bool:
    """Whether somebody on this machine listens there."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False
