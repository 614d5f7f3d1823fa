"""The film that an export makes of views: around the object, one view a sector."""

import math

import pytest

from worker.export.camera_model import Camera
from worker.export.turntable import SECTORS, around


def view(name, azimuth, elevation):
    """A camera at these angles (degrees)."""
    a, e = math.radians(azimuth), math.radians(elevation)
    place = (math.cos(a) * math.cos(e), math.sin(a) * math.cos(e), math.sin(e))
    rows = tuple((*tuple(1.0 * (i == j) for j in range(3)), place[i]) for i in range(3))
    k = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    return Camera(name=name, camera_to_world=(*rows, (0.0, 0.0, 0.0, 1.0)), K=k, width=8, height=8,
                  projection="perspective", files={})  # fmt: skip


def shown(*views):
    return [each.name for each in around([view(*each) for each in views])]


def test_views_go_around_by_their_azimuth():
    assert shown(("c", 95, 0), ("a", -175, 0), ("d", 175, 0), ("b", 5, 0)) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_sector_the_view_at_the_usual_height_is_shown(order):
    views = [("high", 3, 70), ("usual", 4, 21), ("low", 5, -60), ("x", 95, 20), ("y", 185, 20)]
    assert shown(*views[::order]) == ["y", "usual", "x"]


def test_no_more_frames_than_sectors():
    views = [(str(number), number / 2 + 0.1, 0) for number in range(720)]
    assert len(shown(*views)) == SECTORS
