"""A line of stages: nothing lost, nothing doubled, bounded, and ended by the first error."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from worker.core.errors import Empty, ObjectError
from worker.core.staged_pipeline import Dropped, StagedPipeline


def run_line(items, work, *, workers=3, room=2, stages=2):
    done, failed, aborted = [], [], []
    line = StagedPipeline(on_abort=lambda: aborted.append(True))
    channel = line.feed(lambda: iter(items), room=room)
    for number in range(stages):
        channel = line.stage(
            f"s{number}",
            work,
            channel,
            workers=workers,
            room=room,
            failed=lambda item, error: failed.append((item, error.code)),
        )
    line.drain(channel, done.append)
    return done, failed, aborted


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 100), max_size=60), st.integers(1, 4), st.integers(1, 3))
def test_every_item_ends_once(items, workers, room):
    def work(item: int) -> int:
        if item % 7 == 3:
            raise Empty("odd one")
        return item

    done, failed, aborted = run_line(items, work, workers=workers, room=room)
    assert sorted(done) == sorted(item for item in items if item % 7 != 3)
    assert sorted(item for item, _ in failed) == sorted(item for item in items if item % 7 == 3)
    assert not aborted


def test_other_exceptions_end_the_line_and_are_raised():
    def work(item: int) -> int:
        if item == 5:
            raise KeyError("a bug")
        return item

    before = set(threading.enumerate())  # of which other tests' may end meanwhile
    with pytest.raises(KeyError, match="a bug"):
        run_line(range(1000), work)
    assert set(threading.enumerate()) <= before


def test_an_error_of_the_feed_ends_the_line():
    def items():
        yield 1
        raise OSError("index gone")

    line = StagedPipeline(on_abort=lambda: None)
    channel = line.feed(items, room=1)
    with pytest.raises(OSError, match="index gone"):
        line.drain(channel, lambda _: None)


def test_an_error_of_the_sink_is_raised_and_aborts():
    aborted = []
    line = StagedPipeline(on_abort=lambda: aborted.append(True))
    channel = line.feed(lambda: iter(range(100)), room=1)

    def sink(item: int) -> None:
        raise ObjectError("no")

    with pytest.raises(ObjectError):
        line.drain(channel, sink)
    assert aborted


def test_a_slow_last_step_holds_the_feed_back():
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    line = StagedPipeline(on_abort=lambda: None)
    channel = line.feed(items, room=2)
    channel = line.stage("a", lambda item: item, channel, workers=1, room=2, failed=lambda *_: None)
    ahead = []

    def sink(item: int) -> None:
        time.sleep(0.002)
        ahead.append(len(taken) - item)

    line.drain(channel, sink)
    # two in each queue, one in each hand, and the one being offered
    assert max(ahead) <= 2 + 2 + 1 + 1 + 2


def test_an_item_that_was_not_begun_has_no_result_and_is_no_failure():
    def work(item: int) -> int:
        if item > 3:
            raise Dropped
        return item

    done, failed, aborted = run_line(range(10), work)
    assert sorted(done) == [0, 1, 2, 3]
    assert (failed, aborted) == ([], [])
