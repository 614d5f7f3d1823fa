"""Shapes of the sample objects as plain arrays: points (N,3), Z up, and faces as index lists."""

from __future__ import annotations

import colorsys
import dataclasses
import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Profile = list[tuple[float, float]]


@dataclasses.dataclass(frozen=True)
class Shape:
    """One surface. `colours`: linear RGBA per point, or None."""

    points: Array
    faces: list[list[int]]
    smooth: bool = True
    colours: Array | None = None


def arc(
    radius: float, height: float, size: float, start: float, end: float, steps: int = 12
) -> Profile:
    """Part of a circle of `size` around (radius, height), angles in degrees from the outside."""
    turns = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return [(radius + size * math.cos(turn), height + size * math.sin(turn)) for turn in turns]


def lathe(profile: Profile, segments: int = 48) -> Shape:
    """Turn a profile of (radius, height), from the bottom up, about the Z axis."""
    turns = np.arange(segments) * (2.0 * math.pi / segments)
    rings = [
        np.stack([r * np.cos(turns), r * np.sin(turns), np.full(segments, z)], axis=1)
        for r, z in profile
    ]
    faces = []
    for ring in range(len(profile) - 1):
        low, high = ring * segments, (ring + 1) * segments
        for i in range(segments):
            j = (i + 1) % segments
            faces.append([low + i, low + j, high + j, high + i])
    return Shape(np.concatenate(rings), faces)


def prism(outline: list[tuple[float, float]], depth: float) -> Shape:
    """An outline in the XY plane, counter-clockwise, drawn out to `depth` about z = 0."""
    count = len(outline)
    flat = np.array(outline)
    low = np.column_stack([flat, np.full(count, -depth / 2)])
    high = np.column_stack([flat, np.full(count, depth / 2)])
    sides = [[i, (i + 1) % count, count + (i + 1) % count, count + i] for i in range(count)]
    caps = [list(range(count))[::-1], list(range(count, 2 * count))]
    return Shape(np.concatenate([low, high]), sides + caps, smooth=False)


def gear(teeth: int = 14, outer: float = 1.0, hole: float = 0.35, depth: float = 0.35) -> Shape:
    """A spur gear with a round hole, closed."""
    root = outer * 0.78
    steps = ((0.0, root), (0.22, root), (0.36, outer), (0.64, outer), (0.78, root))
    rim = [
        (radius * math.cos(turn), radius * math.sin(turn))
        for tooth in range(teeth)
        for share, radius in steps
        for turn in [(tooth + share) * 2.0 * math.pi / teeth]
    ]
    count = len(rim)
    turns = np.arctan2([y for _, y in rim], [x for x, _ in rim])
    inner = np.stack([hole * np.cos(turns), hole * np.sin(turns)], axis=1)
    rings = [(np.array(rim), -1), (np.array(rim), 1), (inner, 1), (inner, -1)]
    points = [np.column_stack([flat, np.full(count, side * depth / 2)]) for flat, side in rings]
    faces = [
        [a * count + i, a * count + j, b * count + j, b * count + i]
        for a, b in ((0, 1), (1, 2), (2, 3), (3, 0))
        for i in range(count)
        for j in [(i + 1) % count]
    ]
    return Shape(np.concatenate(points), faces, smooth=False)


def knot(turns: int = 240, around: int = 20, thickness: float = 0.32) -> Shape:
    """A trefoil tube whose points take the colours of the rainbow along it."""
    t = np.linspace(0.0, 2.0 * math.pi, turns, endpoint=False)
    core = np.stack(
        [np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -np.sin(3 * t)], axis=1
    )
    along = np.roll(core, -1, axis=0) - np.roll(core, 1, axis=0)
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    side = np.cross(along, [0.0, 0.0, 1.0])
    side /= np.linalg.norm(side, axis=1, keepdims=True)
    over = np.cross(side, along)
    turn = np.linspace(0.0, 2.0 * math.pi, around, endpoint=False)[None, :, None]
    tube = core[:, None] + thickness * (np.cos(turn) * side[:, None] + np.sin(turn) * over[:, None])
    faces = [
        [
            a * around + i,
            a * around + (i + 1) % around,
            (a + 1) % turns * around + (i + 1) % around,
            (a + 1) % turns * around + i,
        ]
        for a in range(turns)
        for i in range(around)
    ]
    hues = [(*colorsys.hsv_to_rgb(a / turns, 0.85, 0.9), 1.0) for a in range(turns)]
    return Shape(tube.reshape(-1, 3), faces, colours=np.repeat(np.array(hues), around, axis=0))


BOARDS, GAP = 5, 0.06
FRAME, SHADOW, NAIL = 0.13, 0.02, 0.019


def planks(size: int = 192) -> Array:
    """A picture (size,size,4) of wooden boards in a frame with nails, sRGB in 0..1."""
    noise = np.random.default_rng(7)
    rows, columns = np.mgrid[0:size, 0:size] / size
    board = (rows * BOARDS).astype(int)
    tint = noise.uniform(0.8, 1.1, BOARDS + 1)[board]
    grain = np.sin(columns * 9 + np.sin(rows * 90 + board * 2.1) * 1.6 + board * 4.0)
    light = tint * (0.86 + 0.06 * grain + 0.03 * noise.standard_normal((size, size)))
    light *= np.where((rows * BOARDS) % 1.0 < GAP, 0.45, 1.0)
    edge = np.minimum.reduce([rows, columns, 1.0 - rows, 1.0 - columns])
    framed = edge < FRAME
    slat = np.where(np.abs(columns - 0.5) > np.abs(rows - 0.5), rows, columns)
    light = np.where(framed, 0.98 + 0.05 * np.sin(slat * 160), light)
    light *= np.where(~framed & (edge < FRAME + SHADOW), 0.4, 1.0)
    wood = np.where(framed[..., None], [0.62, 0.40, 0.20], [0.80, 0.57, 0.33])
    picture = np.ones((size, size, 4))
    picture[..., :3] = np.clip(wood * light[..., None], 0.0, 1.0)
    near, far = FRAME / 2, 1.0 - FRAME / 2
    for y in (near, far):
        for x in (near, 0.5, far):
            for a, b in ((x, y), (y, x)):
                picture[np.hypot(columns - a, rows - b) < NAIL, :3] = 0.25
    return picture
