"""A radiance field: density and colour at the corners of voxels, rendered by its volume.

Only corners with something near them have values, and only voxels with all eight corners are
looked at; both become fewer as what is empty is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

STEP = 0.75
"""Distance of samples along a ray, in voxels."""
HASTE = 6.0
"""How much faster than raw colours raw densities are learnt: they have a longer way to go."""
SHARPNESS = 60.0
"""Density, per world unit, of a raw value of 1 / `HASTE`."""
START = -6.0 / HASTE
"""Raw density at the start: next to nothing."""
NEAR = 1
"""A corner stays if one within so many voxels is seen."""
SEEN = 0.02
"""Share of a ray's colour from which on a sample counts as seen."""
PART = 8192
"""Rays looked at together where nothing is learnt."""


class Rays(NamedTuple):
    """Rays of n pixels; see `scene.rays` and `scene.crossing`."""

    starts: Tensor
    """(n,3)"""
    ways: Tensor
    """(n,3)"""
    spans: Tensor
    """(n,2)"""

    def chosen(self, which: Tensor | slice) -> Rays:
        """Some of them."""
        return Rays(self.starts[which], self.ways[which], self.spans[which])

    def parts(self, size: int) -> Iterator[Rays]:
        """All of them, `size` at a time."""
        for begin in range(0, len(self.starts), size):
            yield self.chosen(slice(begin, begin + size))


class Rendered(NamedTuple):
    """What n rays show."""

    colour: Tensor
    """(n,3), on black."""
    opacity: Tensor
    """(n,), 0 to 1."""
    depth: Tensor
    """(n,), planar; the mean of what is seen, 0 where nothing is."""

    def on(self, background: Tensor) -> Tensor:
        """The colour (n,3) before a background (3,) or (n,3)."""
        return self.colour + background * (1 - self.opacity[:, None])


class Field(torch.nn.Module):
    """Density and three colours, raw, in the cube of half side `reach` around the origin.

    `present` (side,side,side), z first: the corners that have values.
    """

    def __init__(self, reach: float, present: Tensor) -> None:
        super().__init__()
        self.reach = reach
        dense = torch.zeros(*present.shape, 4)
        dense[..., 0] = START
        self._take(dense, present)

    def _take(self, dense: Tensor, present: Tensor) -> None:
        """Keep the values (side,side,side,4) of the corners that are present."""
        side = len(present)
        self.present = present
        self.voxel = 2 * self.reach / (side - 1)
        self.values = torch.nn.Parameter(dense[present])
        self.row = torch.zeros(present.shape, dtype=torch.long)
        self.row[present] = torch.arange(int(present.sum()))
        whole = present[:-1] & present[1:]
        whole = whole[:, :-1] & whole[:, 1:]
        self.whole = functional.pad(whole[..., :-1] & whole[..., 1:], (0, 1) * 3)
        around = [(z * side + y) * side + x for z in (0, 1) for y in (0, 1) for x in (0, 1)]
        self.around = torch.tensor(around)
        pairs = []
        for axis in range(3):
            one, other = (present.narrow(axis, begin, side - 1) for begin in (0, 1))
            rows = [self.row.narrow(axis, begin, side - 1)[one & other] for begin in (0, 1)]
            pairs.append(torch.stack(rows))
        self.pairs = torch.cat(pairs, 1)

    def _dense(self) -> Tensor:
        dense = torch.zeros(*self.present.shape, 4)
        dense[..., 0] = START
        dense[self.present] = self.values.data
        return dense

    def grow(self, side: int) -> None:
        """Go on with `side` corners along an edge, which begin with the values between the old."""

        def finer(grid: Tensor) -> Tensor:
            grid = grid.permute(3, 0, 1, 2)[None]
            size = (side,) * 3
            grid = functional.interpolate(grid, size, mode="trilinear", align_corners=True)
            return grid[0].permute(1, 2, 3, 0)

        self._take(finer(self._dense()), finer(self.present[..., None].float())[..., 0] > 0)

    def drop_unseen(self, rays: Rays) -> None:
        """Give up corners with nothing near them that the rays see: empty, or hidden."""
        seen = torch.zeros(self.present.shape)
        for part in rays.parts(PART):
            depths, places, wanted = self._samples(part, jitter=False)
            places = places[wanted]
            with torch.no_grad():
                weights, _ = self._weights(depths, places, wanted)
            cell = self._cell(places[weights > SEEN])
            seen.view(-1)[cell] = 1
        near = functional.max_pool3d(seen[None], 2 * NEAR + 1, stride=1, padding=NEAR)[0]
        self._take(self._dense(), self.present & (near > 0))

    def render(self, rays: Rays, *, jitter: bool) -> Rendered:
        """What the rays show; `jitter` moves their samples by a random part of a step."""
        depths, places, wanted = self._samples(rays, jitter=jitter)
        weights, found = self._weights(depths, places[wanted], wanted)
        ones = torch.ones_like(weights)
        shown = torch.column_stack([torch.sigmoid(found[:, 1:]), ones, depths[wanted]])
        ray = torch.nonzero(wanted)[:, 0]
        sums = torch.zeros(len(depths), 5).index_add(0, ray, weights[:, None] * shown)
        return Rendered(sums[:, :3], sums[:, 3], sums[:, 4] / sums[:, 3].clamp_min(1e-6))

    def met(self, rays: Rays) -> tuple[Rays, Tensor]:
        """The rays that come to something, cut to where that is, and which of them they are.

        Returns: k of n rays, and a mask (n,).
        """
        spans, masks = [], []
        for part in rays.parts(PART):
            depths, _, wanted = self._samples(part, jitter=False)
            step = (depths[:, 1] - depths[:, 0])[:, None]
            first = torch.where(wanted, depths, torch.inf).amin(1, keepdim=True) - step
            last = torch.where(wanted, depths, -torch.inf).amax(1, keepdim=True) + step
            spans.append(torch.cat([first, last], 1))
            masks.append(wanted.any(1))
        mask = torch.cat(masks)
        return Rays(rays.starts, rays.ways, torch.cat(spans)).chosen(mask), mask

    def roughness(self, share: float) -> Tensor:
        """Mean squared difference (4,) of the raw values of neighbours, of a share of them."""
        count = self.pairs.shape[1]
        some = self.pairs[:, torch.randint(count, (int(share * count),))]
        one, other = (self.values.index_select(0, rows) for rows in some)
        return ((one - other) ** 2).mean(0)

    def _samples(self, rays: Rays, *, jitter: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Depths (n,m), places in voxels (n,m,3), and which are in a whole voxel (n,m)."""
        step = STEP * self.voxel / rays.ways.norm(dim=-1)
        near, far = rays.spans[:, :1], rays.spans[:, 1:]
        count = max(2, int(((far - near)[:, 0] / step).max().ceil()))
        offset = torch.rand(len(step), 1) if jitter else 0.5
        depths = near + (torch.arange(count) + offset) * step[:, None]
        start, way = (rays.starts + self.reach) / self.voxel, rays.ways / self.voxel
        places = start[:, None] + way[:, None] * depths[..., None]
        cell = self._cell(places)
        return depths, places, self.whole.view(-1)[cell] & (depths < far)

    def _weights(self, depths: Tensor, places: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Each wanted sample's share (k,) of its ray's colour, and its raw values (k,4)."""
        found = self._between(places)
        thickness = density(found[:, 0]) * (STEP * self.voxel)
        spread = torch.zeros_like(depths).masked_scatter(wanted, thickness)
        clear = torch.exp(-(torch.cumsum(spread, 1) - spread))[wanted]
        return clear * (1 - torch.exp(-thickness)), found

    def _cell(self, places: Tensor) -> Tensor:
        """Number of the voxel of places (...,3), which may be a little outside."""
        side = len(self.present)
        x, y, z = places.long().clamp_(0, side - 1).unbind(-1)
        return (z * side + y) * side + x

    def _between(self, places: Tensor) -> Tensor:
        """The raw values (n,4) at places (n,3), each between those of eight corners."""
        rows = self.row.view(-1)[self._cell(places)[:, None] + self.around]
        x, y, z = (torch.stack([1 - part, part], 1) for part in places.frac().unbind(-1))
        weights = (z[:, :, None, None] * y[:, None, :, None] * x[:, None, None, :]).reshape(-1, 8)
        return functional.embedding_bag(rows, self.values, mode="sum", per_sample_weights=weights)


def density(raw: Tensor) -> Tensor:
    """Per world unit."""
    return functional.softplus(HASTE * raw) * SHARPNESS
