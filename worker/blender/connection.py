"""The child's end of the inherited socket: receives and sends messages as lines of JSON."""

from __future__ import annotations

import os
import socket
import threading
from typing import Optional, Union

from worker.contract import protocol
from worker.contract.protocol import Beat, Configure, Message, RenderObject, Stop

CHUNK = 1 << 16


class Connection:
    """Messages over one socket; `send` is thread-safe."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._buffer = bytearray()
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Send one message; exits the process at once if the host has closed the connection.

        Raises: ValueError for a message longer than MAX_LINE, which the host would reject.
        """
        self.send_line(protocol.encode(message))

    def send_line(self, line: bytes) -> None:
        """Send an encoded message; see `send`."""
        if len(line) > protocol.MAX_LINE:
            raise ValueError(f"a message of {len(line)} bytes; the limit is {protocol.MAX_LINE}")
        try:
            with self._lock:
                # Blender does not ignore SIGPIPE, which would kill it; ask for EPIPE instead.
                view = memoryview(line)
                while view:
                    view = view[self._socket.send(view, socket.MSG_NOSIGNAL) :]
        except OSError:
            os._exit(0)  # the host is gone, so no answer can be sent

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    def receive(self) -> Optional[Union[Configure, RenderObject, Stop]]:
        """The host's next message, or None if it has closed the connection.

        Raises: ValueError for a message longer than MAX_LINE.
        """
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > protocol.MAX_LINE:
                raise ValueError(f"a message of more than {protocol.MAX_LINE} bytes")
            try:
                data = self._socket.recv(CHUNK)
            except OSError:
                data = b""
            if not data:
                return None
            self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        return protocol.decode_from_host(line)


class Heart(threading.Thread):
    """Sends a Beat every second, so that the host can tell a long render from a hung process.

    If the host has died, the failing send also ends the child during a render.
    """

    def __init__(self, connection: Connection, every_s: float = 1.0) -> None:
        super().__init__(name="heart", daemon=True)
        self._connection = connection
        self._every_s = every_s

    def run(self) -> None:
        """Send beats until the process ends."""
        pause, count = threading.Event(), 0
        while not pause.wait(self._every_s):
            count += 1
            self._connection.send(Beat(count=count))
