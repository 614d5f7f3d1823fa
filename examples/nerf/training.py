"""Trains a field on the training views of a scene, and shows what it has learnt."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from examples.nerf import scene
from examples.nerf.field import PART, Field, Rays
from examples.nerf.measuring import Shown, psnr
from examples.nerf.scene import Views

DROPPED_AT = (1 / 3, 2 / 3, 1)
"""Shares of a stage after which what no ray sees is given up."""
LAST_RATE = 0.1
"""Learning rate at a stage's end, as a share of that at its start."""
SHARE = 0.3
"""Share of all neighbours that a step compares."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """How a field is trained."""

    reach: float = 1.0
    """Half side of the cube that contains the object, in world units."""
    stages: tuple[tuple[int, int], ...] = ((41, 100), (81, 300))
    """For each stage the corners along an edge of the cube, and the number of steps."""
    batch: int = 2048
    """Rays of a step."""
    rate: float = 0.15
    smooth_density: float = 4e-3
    smooth_colour: float = 3e-4
    """Factors of the squared differences of neighbours (total variation)."""
    seed: int = 0


Progress = Callable[[int, int, float], None]
"""Called with steps done, steps in all, and the PSNR (dB) of the rays of a step."""


def train(views: Views, settings: Settings, progress: Progress = lambda *_: None) -> Field:
    """A field that has learnt from these views.

    Each ray is compared before a background drawn for it, so that opacity is learnt too.
    """
    torch.manual_seed(settings.seed)
    side = settings.stages[0][0]
    field = Field(settings.reach, torch.tensor(scene.hull(views, settings.reach, side)))
    rays, mask = field.met(rays_of(views, settings.reach))
    rgba = torch.tensor(views.rgba).reshape(-1, 4)[mask]
    total, done = sum(steps for _, steps in settings.stages), 0
    for side, steps in settings.stages:
        field.grow(side)
        dropped = {round(share * steps) for share in DROPPED_AT}
        optimiser = None
        for step in range(1, steps + 1):
            optimiser = optimiser or torch.optim.Adam(field.parameters(), betas=(0.9, 0.99))
            for group in optimiser.param_groups:
                group["lr"] = settings.rate * LAST_RATE ** (step / steps)
            found = _step(field, rays, rgba, settings, optimiser)
            done += 1
            progress(done, total, found)
            if step in dropped:
                field.drop_unseen(rays)
                rays, mask = field.met(rays)
                rgba = rgba[mask]
                optimiser = None  # of values that are no more
    return field


def _step(
    field: Field, rays: Rays, rgba: Tensor, settings: Settings, optimiser: torch.optim.Optimizer
) -> float:
    """Learn from some rays. Returns: their PSNR, dB."""
    which = torch.randint(len(rgba), (settings.batch,))
    background = torch.rand(settings.batch, 3)
    colour, alpha = rgba[which, :3], rgba[which, 3:]
    shown = field.render(rays.chosen(which), jitter=True).on(background)
    error = functional.mse_loss(shown, colour * alpha + background * (1 - alpha))
    rough = field.roughness(SHARE)
    loss = error + settings.smooth_density * rough[0] + settings.smooth_colour * rough[1:].sum()
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return psnr(error.item())


def show(field: Field, views: Views, background: float = 1.0) -> Shown:
    """Render the field as these views' cameras see it; their images are not looked at."""
    behind = torch.full((3,), background)
    rays = rays_of(views, field.reach)
    with torch.no_grad():
        made = [field.render(part, jitter=False) for part in rays.parts(PART)]
    shape = views.rgba.shape[:3]
    return Shown(
        torch.cat([each.on(behind) for each in made]).clamp(0, 1).numpy().reshape(*shape, 3),
        torch.cat([each.opacity for each in made]).numpy().reshape(shape),
        torch.cat([each.depth for each in made]).numpy().reshape(shape),
    )


def rays_of(views: Views, reach: float) -> Rays:
    """The rays of all pixels, in the order of the images' pixels."""
    starts, ways = scene.rays(views)
    parts = (starts, ways, scene.crossing(starts, ways, reach))
    return Rays(*(torch.tensor(np.ascontiguousarray(part)).flatten(0, 2) for part in parts))
