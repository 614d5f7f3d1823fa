"""The output: reachable, writable, with writes that create only; and this machine's clock."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from email.utils import parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from worker.core import keys, s3
from worker.core.errors import StoreError
from worker.core.s3 import S3Options
from worker.doctor.check import Check, Health
from worker.stores import Store, open_store

SKEW_REFUSED_S = 900.0
"""S3 refuses requests signed with a clock that is off by more (RequestTimeTooSkewed)."""
SKEW_WARNED_S = 60.0


def check_output(uri: str, options: S3Options) -> Iterator[Check]:
    """The store at `uri` and the clock beside it. Raises: UsageError for a malformed URI."""
    store = open_store(uri, options)
    begin = time.monotonic()
    try:
        store.check()
    except StoreError as error:
        yield Check(name="store", health=Health.FAIL, found=str(error), facts={"uri": store.uri})
    else:
        yield _store(store, time.monotonic() - begin)
    yield _clock(store, options)


def _store(store: Store, took: float) -> Check:
    found = f"{store.uri}: listed and written in {took:.2f} s, "
    facts = {"uri": store.uri, "creates_once": store.creates_once, "check_s": round(took, 3)}
    if store.creates_once:
        return Check(name="store", health=Health.OK, found=found + "creates once", facts=facts)
    return Check(
        name="store",
        health=Health.WARN,
        found=found + "no create-only writes",
        advice="the worker asks before each write instead; two that meet on one object write "
        "the same bytes",
        facts=facts,
    )


def _clock(store: Store, options: S3Options) -> Check:
    asked = STORE_CLOCKS[urlsplit(store.uri).scheme == "s3"]
    try:
        skew = asked(store, options)
    except (StoreError, OSError, ValueError) as error:
        return Check(
            name="clock", health=Health.WARN, found=f"not compared: {error}", facts={"skew_s": None}
        )
    if skew is None:
        return Check(
            name="clock",
            health=Health.WARN,
            found="not compared: the store's answers carry no date",
            facts={"skew_s": None},
        )
    return judged(*skew)


def judged(skew: float, unsure: float = 0.0) -> Check:
    """What it means that this clock is `skew` seconds ahead of the store's, or `unsure` more."""
    off = abs(skew)
    health = Health.OK
    if off >= SKEW_WARNED_S:
        health = Health.FAIL if off >= SKEW_REFUSED_S else Health.WARN
    way = "ahead of" if skew > 0 else "behind"
    near = f"within {max(2, math.ceil(unsure))} s of the store's"
    return Check(
        name="clock",
        health=health,
        found=near if off < 2 else f"{off:.0f} s {way} the store's",  # noqa: PLR2004 - whole seconds
        advice=""
        if health is Health.OK
        else "set this machine's clock (chrony, NTP): S3 "
        "refuses requests that are 15 minutes off, and the ledger's times mislead",
        facts={"skew_s": round(skew, 1)},
    )


def ahead(begin: float, first: float, last: float, end: float) -> tuple[float, float]:
    """Seconds that this clock is surely ahead of another, and how many more it may be.

    The other said a time from `first` to `last` when this one was between `begin` and `end`. A busy
    store can take its time to answer: what lies between is no error of a clock.
    """
    return max(begin - last, 0.0) + min(end - first, 0.0), (end - begin) + (last - first)


def _s3_skew(store: Store, options: S3Options) -> tuple[float, float] | None:
    """See `ahead`: this clock and the server's, by the Date of any answer, also a refusal."""
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _ = s3.parse(store.uri)
    begin = time.time()
    try:
        answer = s3.client(options, hasty=True).head_bucket(Bucket=bucket)
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
    except ClientError as error:
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
    except BotoCoreError as error:
        raise StoreError(f"the store does not answer ({type(error).__name__})") from error
    if "date" not in headers:
        return None
    date = parsedate_to_datetime(headers["date"]).timestamp()  # without its fraction of a second
    return ahead(begin, date, date + 1, time.time())


def _folder_skew(store: Store, _: S3Options) -> tuple[float, float] | None:
    """See `ahead`: this clock and the file server's, by the time of a file just written."""
    path = Path(store.uri) / keys.probe(uuid4().hex)
    begin = time.time()
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    try:
        os.write(descriptor, b"probe")
        os.fsync(descriptor)
        written = os.fstat(descriptor).st_mtime
        return ahead(begin, written, written, time.time())
    finally:
        os.close(descriptor)
        path.unlink()


STORE_CLOCKS: dict[bool, Callable[[Store, S3Options], tuple[float, float] | None]] = {
    True: _s3_skew,
    False: _folder_skew,
}
