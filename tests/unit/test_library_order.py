"""The order of samples: all of them, once, however many ranks and workers read them."""

from __future__ import annotations

import itertools
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from render_worker.order import Begin, Order
from tests.command_line import ROOT
from tests.patience import HANG_S

COUNTS = st.integers(0, 60)
SMALL = st.integers(1, 5)
SEEDS = st.one_of(st.none(), st.integers(0, 3))


def loaded(order, begin, workers, batch):
    """The samples that a DataLoader gives out: a batch of each worker in turn."""
    shares = [
        list(batched(order.share(begin, worker, workers, batch), batch))
        for worker in range(workers)
    ]
    turns = itertools.chain.from_iterable(itertools.zip_longest(*shares, fillvalue=()))
    return list(itertools.chain.from_iterable(turns))


def batched(numbers, batch):
    numbers = iter(numbers)
    while part := list(itertools.islice(numbers, batch)):
        yield part


@given(samples=COUNTS, seed=SEEDS, epoch=st.integers(0, 3), world=SMALL, workers=SMALL, batch=SMALL)
def test_each_sample_is_read_once_by_one_worker_of_one_rank(
    samples, seed, epoch, world, workers, batch
):
    orders = [Order(samples, seed, epoch, rank, world) for rank in range(world)]
    read = [
        number
        for order in orders
        for worker in range(workers)
        for number in order.share(Begin(epoch), worker, workers, batch)
    ]
    assert sorted(read) == list(range(samples))
    counts = [len(order) for order in orders]
    assert counts == [len(order.numbers()) for order in orders]
    assert max(counts) - min(counts) <= 1


@given(samples=COUNTS, seed=SEEDS, world=SMALL, workers=SMALL, batch=SMALL, data=st.data())
def test_the_number_of_workers_changes_no_order_not_even_of_a_resumed_run(
    samples, seed, world, workers, batch, data
):
    order = Order(samples, seed, 0, world - 1, world)
    everything = order.numbers().tolist()
    position = data.draw(st.integers(0, len(order)))
    begin = order.resumed(order.state(position))
    assert loaded(order, begin, workers, batch) == everything[position:]


@given(samples=COUNTS, workers=SMALL, batch=SMALL, data=st.data())
def test_a_worker_goes_on_where_it_was(samples, workers, batch, data):
    order = Order(samples, 1, 0)
    for worker in range(workers):
        own = list(order.share(Begin(), worker, workers, batch))
        taken = data.draw(st.integers(0, len(own)))
        begin = order.resumed(order.state(0, taken))
        assert list(order.share(begin, worker, workers, batch)) == own[taken:]


def test_seed_and_epoch_make_the_order():
    def numbers(seed, epoch):
        return Order(50, seed, epoch).numbers().tolist()

    assert numbers(None, 3) == list(range(50))
    found = {tuple(numbers(seed, epoch)) for seed in range(3) for epoch in range(3)}
    assert len(found) == 9
    assert numbers(2, 1) == numbers(2, 1)


@pytest.mark.parametrize("change", [
    {"seed": 2}, {"samples": 11}, {"rank": 0}, {"world": 3}, {"position": 6}, {"position": -1},
    {"epoch": -1}, {"skip": -1}, {"other": 1},
])  # fmt: skip
def test_the_state_of_another_order_is_refused(change):
    order = Order(10, 1, 0, 1, 2)
    assert order.resumed(order.state(5)) == (0, 5, 0)
    with pytest.raises(ValueError, match="state"):
        order.resumed({**order.state(5), **change})


@pytest.mark.parametrize(("rank", "world"), [(2, 2), (-1, 2), (0, 0)])
def test_a_rank_that_there_is_not(rank, world):
    with pytest.raises(ValueError, match=f"rank {rank} of {world}"):
        Order(10, 0, 0, rank, world)


def test_the_library_needs_no_optional_library():
    """Neither at its import, nor to say which is missing."""
    program = """
import sys
for name in ("torch", "boto3", "OpenEXR", "pandas", "worker", "msgspec"):
    sys.modules[name] = None  # from here on its import raises
import render_worker
for use in ("import render_worker.torch", "render_worker.open_output('s3://bucket/prefix')"):
    try:
        exec(use)
    except render_worker.MissingLibrary as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=HANG_S,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith("torch is not installed; render_worker.torch needs it: pip install")
    assert "pip install 'render-worker[s3]'" in second
