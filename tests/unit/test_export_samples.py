"""Colours and labels of preprocessed samples; the order of numbered groups."""

import dataclasses

import numpy as np
import pytest

from tests.unit.test_export_units import line, names
from worker import presets
from worker.core import keys
from worker.core.ranks import Rank
from worker.export.base import Grouping
from worker.export.samples import normal, order
from worker.export.source import Source
from worker.export.units import Groups
from worker.stores import open_store


@pytest.mark.parametrize(
    ("colour", "lab"),
    [  # published for D65: Lindbloom's calculator, to two places
        ((255, 255, 255), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0, 0)),
    ],
)
def test_lab(colour, lab):
    assert np.abs(normal.to_lab(np.uint8(colour)) - lab).max() < 0.03


def test_no_colour_is_farther_than_the_check_allows():
    cube = np.stack(np.meshgrid(*[np.arange(0, 256, 5, dtype=np.uint8)] * 3), -1).reshape(1, -1, 3)
    for lab in (False, True):
        standard = normal.picture(np.repeat(cube, 1, 0)[:, :1], 1, lab=lab)
        assert standard.dtype == np.float16
    space = normal.LAB
    values = (normal.to_lab(cube) - space.mean) / space.std
    assert 10 < np.abs(values).max() < 11


@pytest.mark.parametrize("samples", [12, 24, 120, 1200])
@pytest.mark.parametrize("offset", [0, 5, 1_000_000])
def test_ten_twelfths_are_to_train_on_one_to_validate_one_to_test(samples, offset):
    scenes = presets.load("scenes-plain").scenes
    scenes = dataclasses.replace(scenes, samples=samples, idx_offset=offset)
    part = order.part_of(range(offset, offset + samples), scenes)
    twelfth = samples // 12
    assert part.tolist() == [0] * 10 * twelfth + [1] * twelfth + [2] * twelfth


@pytest.mark.parametrize(("index", "part"), [(0, 0), (82, 0), (83, 0), (84, 1), (91, 1), (92, 2)])
def test_where_twelve_does_not_divide_the_samples_a_part_begins_at_its_twelfth(index, part):
    scenes = dataclasses.replace(presets.load("scenes-plain").scenes, samples=100, idx_offset=0)
    # 10/12 of 100 is 83.3, 11/12 is 91.7.
    assert order.part_of([index], scenes).tolist() == [part]


def test_rows_are_mixed_within_their_part_and_always_alike():
    part = np.array([2] * 50 + [0] * 300 + [1] * 50)
    rows = order.mixed(part)
    assert sorted(rows.tolist()) == list(range(400))
    assert part[rows].tolist() == [0] * 300 + [1] * 50 + [2] * 50
    assert np.array_equal(rows, order.mixed(part.copy()))
    train = rows[:300].astype(float)
    assert abs(np.corrcoef(train, np.arange(300))[0, 1]) < 0.2, "not in the samples' order"


@pytest.mark.parametrize("size", [1, 5, 128, 131])
@pytest.mark.parametrize("edge", [1, 4, 32, 128, 200])
def test_labels_are_those_of_the_nearest_centre(size, edge):
    values = np.zeros((size, size, 3), np.uint8)
    values[..., 0] = np.arange(size)[:, None]
    values[..., 1] = np.arange(size)
    small = normal.labels(values, edge)
    centres = (np.arange(edge) + 0.5) / edge
    far = np.abs((small[0, :, 0].astype(float) + 0.5) / size - centres)
    assert far.max() <= 0.5 / size + 1e-12
    assert np.array_equal(small[0], small[1].T)


def test_numbered_groups_are_in_the_order_of_their_numbers(tmp_path):
    store = open_store(str(tmp_path))
    wanted = ["a/2-3", "a/10-3", "a/10-20", "a/100-1", "b/0-0"]
    for place, identifier in enumerate(reversed(wanted)):
        name = keys.shard_name(place % 2)
        body = line(0, name, uid=keys.uid_of(identifier), file_identifier=identifier)
        store.create(keys.ledger_part(name, "w", place), body)
    groups = Groups(Source(store), Rank(0, 1), Grouping(2, 1 << 30, numbered=True), every=False)
    assert names(groups) == [keys.uid_of(identifier) for identifier in wanted]


def test_a_number_of_any_length_is_one(tmp_path):
    store = open_store(str(tmp_path))
    for place, identifier in enumerate(("9" * 10_000, "08", "1", "8" * 9_999)):
        body = line(0, "000000", uid=keys.uid_of(identifier), file_identifier=identifier)
        store.create(keys.ledger_part("000000", "w", place), body)
    groups = Groups(Source(store), Rank(0, 1), Grouping(9, 1 << 30, numbered=True), every=False)
    found = [each.file_identifier for unit in groups for each in unit.objects]
    assert [len(identifier) for identifier in found] == [1, 2, 9_999, 10_000]
