"""Times in S3's answers are read as botocore reads them, only faster."""

import pytest
from botocore.utils import parse_timestamp

from worker.core.s3 import timestamp


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-01T00:00:00.000Z", "2026-01-01T00:00:00Z", "2026-01-01T02:00:00+02:00",
        "Thu, 01 Jan 2026 00:00:00 GMT", "1767225600", "20260101", 1767225600,
    ],
)  # fmt: skip
def test_a_time_is_that_of_botocore(text):
    assert timestamp(text) == parse_timestamp(text)
    assert timestamp(text).utcoffset() == parse_timestamp(text).utcoffset()


def test_what_is_no_time_is_an_error_as_before():
    with pytest.raises(ValueError, match="Invalid timestamp"):
        timestamp("Tomorrow")
