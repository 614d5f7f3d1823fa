"""An S3 server of a finished output of millions of objects, whose answers take 20 ms.

    python -m bench.slow_store FOLDER SHARDS PER_SHARD SECONDS

Keys are those of the files in FOLDER, and a ledger of every other shard (`bench.far_ledger`), whose
lines are made when they are asked for. It only reads; it prints its port, and ends with its
standard input. moto would be the bottleneck of what is measured.
"""

from __future__ import annotations

import asyncio
import bisect
import hashlib
import sys
from collections import Counter
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from bench.far_ledger import FarLedger
from worker.core import keys

PAGE: Final = 1000
BUCKET: Final = "bench"


class Output:
    """The keys of an output, and their bodies."""

    def __init__(self, folder: Path, shards: int, per_shard: int) -> None:
        self._folder = folder
        self._ledger = FarLedger(per_shard)
        files = {path.relative_to(folder).as_posix(): path.stat().st_size
                 for path in folder.rglob("*") if path.is_file()}  # fmt: skip
        own = {keys.shard_of_part(key) for key in files if key.startswith(keys.LEDGER)}
        self.sizes = files
        for number in range(shards):
            if (shard := keys.shard_name(number)) not in own:
                self.sizes |= self._ledger.sizes(shard)
        self.keys = sorted(self.sizes)

    def body(self, key: str) -> bytes | None:
        """The bytes of `key`, or None."""
        if key not in self.sizes:
            return None
        path = self._folder / key
        return path.read_bytes() if path.exists() else self._ledger.body(key)

    def listing(self, query: dict[str, list[str]]) -> bytes:
        """A page of ListObjectsV2."""
        prefix = query.get("prefix", [""])[0]
        after = query.get("continuation-token", query.get("start-after", [""]))[0]
        most = int(query.get("max-keys", [str(PAGE)])[0])
        begin = max(bisect.bisect_left(self.keys, prefix), bisect.bisect_right(self.keys, after))
        end = bisect.bisect_left(self.keys, prefix + "\U0010ffff")
        found = self.keys[begin : min(begin + most, end)]
        more = begin + most < end
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><Size>{self.sizes[key]}</Size>"
            "<LastModified>2026-01-01T00:00:00.000Z</LastModified>"
            f'<ETag>"{"0" * 32}"</ETag><StorageClass>STANDARD</StorageClass></Contents>'
            for key in found
        )
        token = (
            f"<NextContinuationToken>{escape(found[-1])}</NextContinuationToken>" if more else ""
        )
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<Name>{BUCKET}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(found)}"
            f"</KeyCount><MaxKeys>{most}</MaxKeys><IsTruncated>{str(more).lower()}</IsTruncated>"
            f"{token}{rows}</ListBucketResult>"
        ).encode()


class Connection(asyncio.Protocol):
    """One client's connection; requests without a body, one after the other."""

    def __init__(self, output: Output, delay_s: float, counts: Counter[str]) -> None:
        self._output = output
        self._delay_s = delay_s
        self._counts = counts
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer after the delay, once the head is there."""
        self._read += data
        if b"\r\n\r\n" not in self._read:
            return
        method, target, _ = self._read.split(b"\r\n", 1)[0].decode().split(" ")
        self._read = b""
        asyncio.get_running_loop().call_later(self._delay_s, self._answer, method, target)

    def _answer(self, method: str, target: str) -> None:
        place = urlsplit(target)
        key = unquote(place.path).removeprefix(f"/{BUCKET}").removeprefix("/")
        query = parse_qs(place.query)
        listed = "list-type" in query
        self._counts["LIST" if listed else method] += 1
        body = self._output.listing(query) if listed else self._output.body(key)
        status = "200 OK" if body is not None else "404 Not Found"
        if body is None:
            body = b"<Error><Code>NoSuchKey</Code></Error>"
        head = (
            f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nContent-Type: application/xml\r\n"
            f"x-amz-meta-sha256: {hashlib.sha256(body).hexdigest()}\r\n\r\n"
        ).encode()
        assert isinstance(self._transport, asyncio.Transport)  # noqa: S101 - TCP
        if not self._transport.is_closing():
            self._transport.write(head if method == "HEAD" else head + body)


async def main(folder: str, shards: str, per_shard: str, delay_s: str) -> None:
    """Serve until standard input ends; then print how many requests there were."""
    output = Output(Path(folder), int(shards), int(per_shard))
    counts: Counter[str] = Counter()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: Connection(output, float(delay_s), counts), "127.0.0.1", 0, backlog=256
    )
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    while await loop.run_in_executor(None, sys.stdin.readline):
        sys.stdout.write(f"{counts['LIST']} LIST, {counts['GET']} GET, {counts['HEAD']} HEAD\n")
        sys.stdout.flush()
        counts.clear()
    server.close()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
