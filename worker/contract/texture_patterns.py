"""Procedural textures, used if no folder of images is given. Needs no bpy.

Each one tiles: its left edge continues at its right edge, its upper edge at its lower edge.
"""

from __future__ import annotations

import functools
from typing import Callable, Dict

import numpy as np
import numpy.typing as npt

SIZE = 256
PALETTES = 4
JOINT = 0.08
"""Half the width of a joint, as a share of a brick's height."""
Array = npt.NDArray[np.float64]


def count() -> int:
    """The number of textures."""
    return len(PATTERNS) * PALETTES


@functools.lru_cache(maxsize=64)
def texture(number: int) -> npt.NDArray[np.float32]:
    """(SIZE, SIZE, 4): display-referred sRGB in 0..1 with alpha 1; row 0 is the bottom."""
    draw = list(PATTERNS.values())[number % len(PATTERNS)]
    noise = np.random.default_rng(number)
    value = draw(noise)
    value = (value - value.min()) / max(float(np.ptp(value)), 1e-9)
    stops = noise.random((3, 3)) * 0.75 + np.linspace(0.05, 0.2, 3)[:, None]
    picture = np.ones((SIZE, SIZE, 4), np.float32)
    for channel in range(3):
        picture[..., channel] = np.interp(value, [0.0, 0.5, 1.0], stops[:, channel])
    grain = noise.normal(0.0, 0.015, (SIZE, SIZE, 1))
    # Rounded to 8 bits here, so that every version of Blender sees the same values.
    picture[..., :3] = np.round(np.clip(picture[..., :3] + grain, 0.0, 1.0) * 255.0) / 255.0
    picture.flags.writeable = False
    return picture


def _grid() -> tuple[Array, Array]:
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    return x, y


def _clouds(noise: np.random.Generator, falling: float = 1.8, stretch: int = 1) -> Array:
    """Noise whose spectrum falls with frequency; it tiles because Fourier waves do."""
    fy = np.fft.fftfreq(SIZE)[:, None] * SIZE
    fx = np.fft.fftfreq(SIZE)[None] * SIZE * stretch
    weight = 1.0 / np.maximum(np.hypot(fx, fy), 1.0) ** falling
    waves = np.fft.fft2(noise.standard_normal((SIZE, SIZE))) * weight
    field = np.fft.ifft2(waves).real
    return np.asarray(field / field.std())


def _stripes(noise: np.random.Generator) -> Array:
    x, y = _grid()
    a, b = noise.integers(1, 9, 2)
    wave = np.sin(2 * np.pi * (a * x + b * y))
    return np.asarray(np.tanh(6 * wave))


def _checks(noise: np.random.Generator) -> Array:
    x, y = _grid()
    n = int(noise.integers(2, 8)) * 2
    return np.asarray(((x * n).astype(int) + (y * n).astype(int)) % 2 + 0.2 * _clouds(noise))


def _dots(noise: np.random.Generator) -> Array:
    x, y = _grid()
    n = int(noise.integers(3, 10))
    radius = noise.uniform(0.2, 0.42)
    shift = (np.floor(y * 2 * n) % 2) * 0.5
    away = np.hypot((x * n + shift) % 1.0 - 0.5, (y * 2 * n) % 1.0 - 0.5)
    return np.asarray(np.tanh((radius - away) * 18))


def _bricks(noise: np.random.Generator) -> Array:
    x, y = _grid()
    rows = int(noise.integers(3, 7)) * 2
    row = np.floor(y * rows)
    along = (x * rows / 2 + (row % 2) * 0.5) % (rows / 2)
    joint = np.minimum(along % 1.0, 1 - along % 1.0) * 2 < JOINT
    joint |= np.minimum(y * rows % 1.0, 1 - y * rows % 1.0) < JOINT
    tint = noise.uniform(0.45, 1.0, (rows, rows))[row.astype(int), along.astype(int)]
    return np.asarray(np.where(joint, 0.0, tint + 0.05 * _clouds(noise, 1.0)))


def _rings(noise: np.random.Generator) -> Array:
    x, y = _grid()
    n = int(noise.integers(2, 5))
    away = np.hypot((x * n) % 1.0 - 0.5, (y * n) % 1.0 - 0.5)
    return np.asarray(np.sin(2 * np.pi * away * noise.integers(3, 9)))


def _marble(noise: np.random.Generator) -> Array:
    x, y = _grid()
    a, b = noise.integers(1, 4, 2)
    return np.asarray(np.abs(np.sin(np.pi * 2 * (a * x + b * y) + 1.6 * _clouds(noise))))


def _wood(noise: np.random.Generator) -> Array:
    return np.asarray(np.sin(9 * _clouds(noise, 2.2, stretch=8)) + 0.3 * _clouds(noise, 0.8, 12))


def _cells(noise: np.random.Generator) -> Array:
    """The difference of the distances to the nearest two of scattered points."""
    x, y = _grid()
    nearest = np.full((2, SIZE, SIZE), 9.0)
    for px, py in noise.random((int(noise.integers(12, 50)), 2)):
        across, up = np.abs(x - px), np.abs(y - py)
        away = np.hypot(np.minimum(across, 1 - across), np.minimum(up, 1 - up))
        nearest[1] = np.minimum(nearest[1], np.maximum(nearest[0], away))
        nearest[0] = np.minimum(nearest[0], away)
    return np.asarray(np.minimum(nearest[1] - nearest[0], 0.08))


def _weave(noise: np.random.Generator) -> Array:
    x, y = _grid()
    n = int(noise.integers(6, 20)) * 2
    over = ((x * n).astype(int) + (y * n).astype(int)) % 2 == 0
    return np.asarray(
        np.where(over, np.sin(np.pi * (x * n % 1)), 0.8 * np.sin(np.pi * (y * n % 1)))
    )


def _waves(noise: np.random.Generator) -> Array:
    x, y = _grid()
    n, m, bend = noise.integers(3, 9), noise.integers(1, 5), noise.uniform(0.2, 0.8)
    return np.asarray(np.sin(2 * np.pi * n * y + bend * 2 * np.pi * np.sin(2 * np.pi * m * x)))


def _speckles(noise: np.random.Generator) -> Array:
    return np.asarray(np.tanh(3 * _clouds(noise, 1.1)))


PATTERNS: Dict[str, Callable[[np.random.Generator], Array]] = {
    "clouds": _clouds,
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "bricks": _bricks,
    "rings": _rings,
    "marble": _marble,
    "wood": _wood,
    "cells": _cells,
    "weave": _weave,
    "waves": _waves,
    "speckles": _speckles,
}
