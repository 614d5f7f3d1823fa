"""The watch over a child, with a clock and a use of the processor that the test sets."""

from __future__ import annotations

import pytest

from worker.render import watch
from worker.render.usage import Usage
from worker.render.watch import LOOK_EVERY_S, WORKING_SHARE, Limits, Overrun, Watch

LIMITS = Limits(view_s=100.0, silence_s=10.0)


class World:
    """Time passes, and a child uses `share` of a core, while the watch looks on."""

    def __init__(self) -> None:
        self.now = self.cpu_s = 0.0

    def pass_by(self, on: Watch, seconds: float, share: float) -> None:
        for _ in range(int(seconds / LOOK_EVERY_S)):
            self.now += LOOK_EVERY_S
            self.cpu_s += share * LOOK_EVERY_S
            on.look()


@pytest.fixture
def world(monkeypatch):
    world = World()
    monkeypatch.setattr(watch.time, "monotonic", lambda: world.now)
    monkeypatch.setattr(watch.usage, "of_group", lambda _: Usage(0, world.cpu_s))
    return world


@pytest.mark.parametrize("share", [0.0, WORKING_SHARE / 10])
def test_silent_and_idle_is_frozen(world, share):
    on = Watch(LIMITS, 1, 1, "view")
    world.pass_by(on, 9.5, share)
    with pytest.raises(Overrun, match="no sign of life for 10 s in the phase 'view'"):
        world.pass_by(on, 0.5, share)


def test_silent_and_busy_lives_until_its_deadline(world):
    on = Watch(LIMITS, 1, 1, "view")
    world.pass_by(on, 99.5, 2 * WORKING_SHARE)
    with pytest.raises(Overrun, match="over 100 s in the phase 'view'"):
        world.pass_by(on, 0.5, 2 * WORKING_SHARE)


def test_idle_lives_while_it_speaks_and_each_view_has_its_deadline(world):
    on = Watch(LIMITS, 1, 1, "view")
    for _ in range(20):
        world.pass_by(on, 9.0, 0.0)
        on.heard()
        on.enter("view")
    with pytest.raises(Overrun, match="no sign of life"):
        world.pass_by(on, 10.0, 0.0)
