"""Decompresses Zstandard files as they are read.

This uses the Python module bundled with Blender. Debian's Blender lacks the module; there the
shared library that Blender itself links to is used.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib
import io
from typing import IO, Any

MODULE, LIBRARY = "zstandard", "zstd"
PIECE = 1 << 17


class _Buffer(ctypes.Structure):
    """ZSTD_inBuffer and ZSTD_outBuffer of zstd.h, which have the same layout."""

    _fields_ = (("start", ctypes.c_void_p), ("size", ctypes.c_size_t), ("at", ctypes.c_size_t))


def unpacked(file: IO[bytes]) -> IO[bytes]:
    """The decompressed content of `file` as a stream that cannot seek.

    Raises: ImportError if neither the module nor the library exists.
    """
    try:
        module: Any = importlib.import_module(MODULE)
    except ImportError:
        return io.BufferedReader(_Reader(file, _library()), PIECE)
    stream: Any = module.ZstdDecompressor().stream_reader(file, read_across_frames=True)
    return io.BufferedReader(stream, PIECE)


def _library() -> Any:
    name = ctypes.util.find_library(LIBRARY)
    if name is None:
        raise ImportError(f"neither the module {MODULE} nor the library {LIBRARY}")
    library = ctypes.CDLL(name)
    library.ZSTD_createDStream.restype = ctypes.c_void_p
    library.ZSTD_decompressStream.restype = ctypes.c_size_t
    library.ZSTD_decompressStream.argtypes = [ctypes.c_void_p, *[ctypes.POINTER(_Buffer)] * 2]
    library.ZSTD_freeDStream.argtypes = [ctypes.c_void_p]
    library.ZSTD_isError.argtypes = [ctypes.c_size_t]
    return library


class _Reader(io.RawIOBase):
    def __init__(self, file: IO[bytes], library: Any) -> None:
        self._file, self._library = file, library
        self._stream = library.ZSTD_createDStream()
        self._piece = ctypes.create_string_buffer(PIECE)
        self._source = _Buffer(ctypes.cast(self._piece, ctypes.c_void_p), 0, 0)

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        room = (ctypes.c_char * len(target)).from_buffer(target)
        result = _Buffer(ctypes.cast(room, ctypes.c_void_p), len(target), 0)
        while result.at == 0:
            if self._source.at == self._source.size:
                data = self._file.read(PIECE)
                if not data:
                    return 0
                ctypes.memmove(self._piece, data, len(data))
                self._source.size, self._source.at = len(data), 0
            code = self._library.ZSTD_decompressStream(
                self._stream, ctypes.byref(result), ctypes.byref(self._source)
            )
            if self._library.ZSTD_isError(code):
                raise ValueError("its compression is damaged")
        return int(result.at)

    def close(self) -> None:
        if self._stream is not None:
            self._library.ZSTD_freeDStream(self._stream)
            self._stream = None
        super().close()
