"""A small radiance field: a grid of density and colour, trained by volume rendering.

It reads a NeRF-synthetic folder by that format's own rules and nothing of the worker's code, so
that what it learns proves poses, intrinsics and images: a field that does not agree with its
views cannot show what they do not.
"""

import json

import numpy as np
import torch
from PIL import Image
from torch.nn import functional

SAMPLES = 64
REACH = 0.6
"""Half the side of the cube that is learnt; the object is in the unit cube."""


def read(folder, split, *, zoom=1.0, axes=(1.0, 1.0, 1.0)):
    """Images on white (n, h, w, 3), camera-to-world (n, 4, 4), focal length in pixels.

    `zoom` and `axes` falsify the focal length and the camera's axes.
    """
    meta = json.loads((folder / f"transforms_{split}.json").read_text())
    rgba = [np.array(Image.open(folder / f"{frame['file_path']}.png")) for frame in meta["frames"]]
    rgba = torch.tensor(np.stack(rgba) / 255.0, dtype=torch.float32)
    images = rgba[..., :3] * rgba[..., 3:] + (1 - rgba[..., 3:])
    poses = torch.tensor([frame["transform_matrix"] for frame in meta["frames"]])
    poses[:, :3, :3] *= torch.tensor(axes)
    return images, poses, zoom * 0.5 * images.shape[2] / np.tan(0.5 * meta["camera_angle_x"])


def rays(poses, height, width, focal):
    """Origins and unit directions (n, h, w, 3), through pixel centres, camera looking down -z."""
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    way = torch.stack([(u - width / 2) / focal, -(v - height / 2) / focal, -torch.ones_like(u)], -1)
    way = torch.einsum("hwc,nrc->nhwr", way, poses[:, :3, :3])
    start = poses[:, None, None, :3, 3].expand(way.shape)
    return start, way / way.norm(dim=-1, keepdim=True)


class Field(torch.nn.Module):
    """Density and three colours at the corners of a cubic grid."""

    def __init__(self, side):
        super().__init__()
        self.grid = torch.nn.Parameter(torch.zeros(1, 4, side, side, side))
        self.grid.data[:, 0] = -4.0

    def grow(self, side):
        self.grid = torch.nn.Parameter(
            functional.interpolate(
                self.grid.data, (side,) * 3, mode="trilinear", align_corners=True
            )
        )

    def render(self, start, way, *, jitter):
        """Colours (n, 3) on white."""
        # Where the ray is within the cube.
        a, b = (-REACH - start) / way, (REACH - start) / way
        near = torch.minimum(a, b).amax(-1).clamp_min(0)
        far = torch.maximum(a, b).amin(-1)
        far = torch.maximum(far, near)
        offset = torch.rand(len(start), SAMPLES) if jitter else 0.5
        step = (far - near) / SAMPLES
        t = near[:, None] + (torch.arange(SAMPLES) + offset) * step[:, None]
        points = start[:, None] + way[:, None] * t[..., None]
        found = functional.grid_sample(self.grid, (points / REACH)[None, None], align_corners=True)[
            0, :, 0
        ]
        opacity = 1 - torch.exp(-functional.softplus(found[0]) * 25 * step[:, None])
        clear = torch.cumprod(torch.cat([torch.ones(len(t), 1), 1 - opacity[:, :-1] + 1e-7], 1), 1)
        weights = opacity * clear
        colour = (weights[None] * torch.sigmoid(found[1:])).sum(-1).T
        return colour + (1 - weights.sum(-1, keepdim=True))


def train(folder, *, steps=(80, 90, 100), sides=(24, 40, 64), batch=2048, seed=0, **wrong):
    """A field that has seen the training views; `wrong` as `read` takes it."""
    torch.manual_seed(seed)
    images, poses, focal = read(folder, "train", **wrong)
    start, way = rays(poses, *images.shape[1:3], focal)
    start, way, target = (part.reshape(-1, 3) for part in (start, way, images))
    hits = crosses(start, way)
    start, way, target = start[hits], way[hits], target[hits]
    field = Field(sides[0])
    for side, count in zip(sides, steps, strict=True):
        field.grow(side)
        optimiser = torch.optim.Adam(field.parameters(), lr=0.15, betas=(0.9, 0.99))
        for _ in range(count):
            chosen = torch.randint(len(start), (batch,))
            colour = field.render(start[chosen], way[chosen], jitter=True)
            loss = functional.mse_loss(colour, target[chosen])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return field


def crosses(start, way):
    a, b = (-REACH - start) / way, (REACH - start) / way
    return torch.maximum(a, b).amin(-1) > torch.minimum(a, b).amax(-1).clamp_min(0)


@torch.no_grad()
def psnr(field, folder, split="test", **wrong):
    """Mean over the views, dB; `wrong` as `read` takes it."""
    images, poses, focal = read(folder, split, **wrong)
    start, way = rays(poses, *images.shape[1:3], focal)
    found = []
    for view in range(len(images)):
        a, b = start[view].reshape(-1, 3), way[view].reshape(-1, 3)
        shown = torch.where(crosses(a, b)[:, None], field.render(a, b, jitter=False), torch.ones(1))
        error = functional.mse_loss(shown.clamp(0, 1), images[view].reshape(-1, 3))
        found.append(-10 * torch.log10(error).item())
    return float(np.mean(found))
