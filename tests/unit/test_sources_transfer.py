"""Bytes saved: as many as are allowed and not one more, whole or not at all."""

import threading

import pytest

from tests.patience import HANG_S
from worker.core.deadline import Deadline
from worker.core.errors import ObjectInterrupted, TooLarge
from worker.core.transfer import save


@pytest.fixture
def stop():
    return threading.Event()


@pytest.fixture
def deadline(stop):
    return Deadline(HANG_S, stop)


def test_as_many_bytes_as_are_allowed(tmp_path, deadline):
    assert save(iter([b"abc", b"de"]), tmp_path / "x", 5, deadline) == 5
    assert (tmp_path / "x").read_bytes() == b"abcde"


def test_one_more_and_nothing_is_left(tmp_path, deadline):
    with pytest.raises(TooLarge, match="the limit is 4"):
        save(iter([b"abc", b"de"]), tmp_path / "x", 4, deadline)
    assert not list(tmp_path.iterdir())


def test_a_stop_in_the_middle_leaves_nothing(tmp_path, deadline, stop):
    def chunks():
        yield b"abc"
        stop.set()
        yield b"de"

    with pytest.raises(ObjectInterrupted):
        save(chunks(), tmp_path / "x", 5, deadline)
    assert not list(tmp_path.iterdir())
