"""What the outcomes of a run amount to: its exit status, and what a person is told."""

import msgspec
import pytest

from worker.core.errors import ExitStatus, ShardBroken
from worker.ledger import Outcome
from worker.run.outcome_counts import BUGS_IN_A_ROW, OutcomeCounts


def outcome(kind, code=None):
    return Outcome(uid="a", file_identifier="a", shard="0", time="1", outcome=kind, code=code)


def counts(now=(), earlier=(), *, interrupted=False, broken=()):
    made = OutcomeCounts()
    for each in now:
        made.add(each)
    for each in earlier:
        made.add_earlier(each)
    made.interrupted |= interrupted
    made.broken = broken
    return made


RENDERED, FAILED = outcome("rendered"), outcome("failed", "crash")
BUG, STOPPED = outcome("failed", "internal"), outcome("failed", "interrupted")
BROKEN = (ShardBroken("a shard"), ShardBroken("another"))


@pytest.mark.parametrize(
    ("made", "status"),
    [
        (counts(), ExitStatus.DONE),
        (counts([RENDERED, FAILED]), ExitStatus.DONE),
        (counts([RENDERED, FAILED, FAILED]), ExitStatus.TOO_MANY_FAILED),
        (counts([RENDERED], [FAILED, FAILED]), ExitStatus.TOO_MANY_FAILED),
        (counts([FAILED, FAILED], [RENDERED, RENDERED]), ExitStatus.DONE),
        (counts([FAILED, outcome("new"), outcome("new")]), ExitStatus.TOO_MANY_FAILED),
        (counts([FAILED], interrupted=True), ExitStatus.INTERRUPTED),
        (counts([RENDERED, STOPPED]), ExitStatus.INTERRUPTED),
        (counts([FAILED], interrupted=True, broken=BROKEN), ExitStatus.INTERRUPTED),
        (counts([FAILED], broken=BROKEN), ExitStatus.SHARD_BROKEN),
        (counts([BUG, RENDERED, RENDERED]), ExitStatus.DONE),
        (counts([BUG, BUG, RENDERED]), ExitStatus.TOO_MANY_FAILED),
        (counts([BUG] * BUGS_IN_A_ROW), ExitStatus.BUG),
        (counts([BUG, FAILED] * BUGS_IN_A_ROW), ExitStatus.BUG),
        (counts([*[BUG] * (BUGS_IN_A_ROW - 1), *[RENDERED] * 9, BUG]), ExitStatus.TOO_MANY_FAILED),
        (counts([BUG] * BUGS_IN_A_ROW + [RENDERED] * 99), ExitStatus.BUG),
        (counts([BUG] * BUGS_IN_A_ROW, interrupted=True, broken=BROKEN), ExitStatus.BUG),
    ],
)
def test_the_exit_status_where_half_may_fail(made, status):
    assert made.exit_status(0.5) == status


def test_no_failure_is_allowed_where_none_may_fail():
    assert counts([RENDERED]).exit_status(0.0) == ExitStatus.DONE
    assert counts([RENDERED] * 1000 + [FAILED]).exit_status(0.0) == ExitStatus.TOO_MANY_FAILED


def test_the_counts_in_words():
    made = counts([RENDERED, FAILED, FAILED, outcome("failed", "import")], [RENDERED])
    assert made.sentence("out") == "1 rendered, 3 failed (2 crash, 1 import), 1 done before → out"
    assert counts([outcome("new")]).sentence("out") == "0 rendered, 1 new, not rendered → out"
    assert counts(broken=BROKEN).sentence("out") == "0 rendered, 2 broken shards → out"
    for cut in (counts(interrupted=True), counts([BUG] * BUGS_IN_A_ROW)):
        assert cut.sentence("out").startswith("stopped before the end: ")
    assert str(counts([BUG] * BUGS_IN_A_ROW).error).startswith("10 objects met a bug")
    assert "a shard (2 shards are broken" in str(counts(broken=BROKEN).error)
    assert counts([BUG], interrupted=True).error is None
    assert made.summary() == {
        "rendered": 1, "failed": 3, "interrupted": 0, "new": 0, "settled_earlier": 1,
        "missing_files": 0, "undecodable_files": 0, "broken_shards": 0,
        "codes": {"crash": 2, "import": 1},
    }  # fmt: skip


def test_what_a_stop_interrupted_did_not_fail():
    made = counts([RENDERED, STOPPED, STOPPED])
    assert made.sentence("out") == "stopped before the end: 1 rendered, 2 interrupted → out"
    assert made.failure_rate == 0
    assert (made.summary()["failed"], made.summary()["interrupted"]) == (0, 2)


def test_what_is_missing_and_what_cannot_be_decoded_are_counted_apart():
    lacking = [{"missing": 2}, {"missing": 1, "undecodable": 1}, {"undecodable": 3}, {}]
    made = counts([msgspec.structs.replace(RENDERED, **each) for each in lacking])
    assert made.sentence("out") == (
        "4 rendered, 2 of them with missing files, 2 with files that cannot be decoded → out"
    )
    assert (made.summary()["missing_files"], made.summary()["undecodable_files"]) == (2, 2)
