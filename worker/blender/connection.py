"""The child's end of the socket it inherited: whole JSON lines in, whole JSON lines out."""

from __future__ import annotations

import os
import socket
import threading
from typing import Optional, Union

from worker.contract import protocol
from worker.contract.protocol import Beat, Configure, Message, RenderObject, Stop

CHUNK = 1 << 16


class Connection:
    """Buffered lines over one socket; `send` may be called from any thread."""

    def __init__(self, descriptor: int) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._buffer = bytearray()
        self._lock = threading.Lock()

    def send(self, message: Message) -> None:
        """Send one message; ends the process at once when the host is gone.

        Raises: ValueError for a message over MAX_LINE, which the host would not read.
        """
        self.send_line(protocol.encode(message))

    def send_line(self, line: bytes) -> None:
        """Send bytes as they are; see `send`."""
        if len(line) > protocol.MAX_LINE:
            raise ValueError(f"a message of {len(line)} bytes, allowed: {protocol.MAX_LINE}")
        try:
            with self._lock:
                # Blender's program leaves SIGPIPE deadly; ask for EPIPE instead.
                view = memoryview(line)
                while view:
                    view = view[self._socket.send(view, socket.MSG_NOSIGNAL) :]
        except OSError:
            os._exit(0)  # nobody is left to tell

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def receive(self) -> Optional[Union[Configure, RenderObject, Stop]]:
        """The host's next message, or None once it has closed its end."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > protocol.MAX_LINE:
                raise ValueError(f"a message of over {protocol.MAX_LINE} bytes")
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
    """Sends a Beat once a second, so that a host can tell long work from a frozen process.

    A dead host is noticed here too, in the midst of a render.
    """

    def __init__(self, connection: Connection, every_s: float = 1.0) -> None:
        super().__init__(name="heart", daemon=True)
        self._connection = connection
        self._every_s = every_s

    def run(self) -> None:
        """Beat for ever."""
        pause, count = threading.Event(), 0
        while not pause.wait(self._every_s):
            count += 1
            self._connection.send(Beat(count=count))
