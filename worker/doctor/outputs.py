"""Checks that the output's store works, and compares this machine's clock with the store's."""

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
"""S3 refuses requests if the client's clock is off by more (RequestTimeTooSkewed)."""
SKEW_WARNED_S = 60.0


def check_output(uri: str, options: S3Options) -> Iterator[Check]:
    """Check the store at `uri`, then the clock. Raises: UsageError, if the URI is malformed."""
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
        return Check(
            name="store", health=Health.OK, found=found + "conditional writes", facts=facts
        )
    return Check(
        name="store",
        health=Health.WARN,
        found=found + "no conditional writes",
        advice="nothing to do: workers check before each write instead, and two that render the "
        "same object write the same bytes",
        facts=facts,
    )


def _clock(store: Store, options: S3Options) -> Check:
    measure = STORE_CLOCKS[urlsplit(store.uri).scheme == "s3"]
    try:
        skew = measure(store, options)
    except (StoreError, OSError, ValueError) as error:
        return Check(
            name="clock", health=Health.WARN, found=f"not compared: {error}", facts={"skew_s": None}
        )
    if skew is None:
        return Check(
            name="clock",
            health=Health.WARN,
            found="not compared: the store's responses have no date",
            facts={"skew_s": None},
        )
    return judged(*skew)


def judged(skew: float, unsure: float = 0.0) -> Check:
    """The result for a clock that is certainly `skew` seconds ahead of the store's.

    A negative `skew` means behind; `unsure` is the uncertainty in seconds (see `ahead`).
    """
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
        else "synchronise this machine's clock (chrony, NTP): S3 refuses requests that are 15 "
        "minutes off, and the ledger's times are wrong",
        facts={"skew_s": round(skew, 1)},
    )


def ahead(begin: float, first: float, last: float, end: float) -> tuple[float, float]:
    """Seconds by which this clock is certainly ahead of another, and the uncertainty.

    The other clock showed a time between `first` and `last` while this clock was between `begin`
    and `end`. A slow response widens that interval; it does not count as a clock error.
    """
    return max(begin - last, 0.0) + min(end - first, 0.0), (end - begin) + (last - first)


def _s3_skew(store: Store, options: S3Options) -> tuple[float, float] | None:
    """Compare with the server's clock (see `ahead`), from the Date header of any response.

    Returns None if the response has no date. Raises: StoreError, if there is no response.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    bucket, _ = s3.parse(store.uri)
    begin = time.time()
    try:
        answer = s3.client(options, hasty=True).head_bucket(Bucket=bucket)
        headers = answer["ResponseMetadata"]["HTTPHeaders"]
    except ClientError as error:
        headers = error.response["ResponseMetadata"]["HTTPHeaders"]
    except BotoCoreError as error:
        raise StoreError(f"the store does not respond ({type(error).__name__})") from error
    if "date" not in headers:
        return None
    date = parsedate_to_datetime(headers["date"]).timestamp()  # rounded down to a second
    return ahead(begin, date, date + 1, time.time())


def _folder_skew(store: Store, _: S3Options) -> tuple[float, float] | None:
    """Compare with the file server's clock (see `ahead`), from the time of a new file."""
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
