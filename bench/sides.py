"""The two sides that are compared, the worker and the baseline, timed from start to end."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from bench import machine
from bench.result import BenchError
from worker.index.record import ObjectRef
from worker.sources.base import FetchedObject

ROOT = Path(__file__).parents[1]
BASELINE = ROOT / "bench" / "blender" / "baseline.py"
FIXED = ("cycles.adaptive=false",)
"""Disables adaptive sampling, so that both sides take the same number of samples."""

PUBLISHED = ("camera.distance=drawn", "lights.rig=four-suns")
"""The cameras and lights of the published scripts and the baseline. Preset `default` brings the
object closer, so that more of its pixels are traced, and lights it otherwise."""


class Settings(msgspec.Struct, frozen=True):
    """What is rendered for each object."""

    views: int
    resolution: int
    samples: int

    def keys(self) -> list[str]:
        """The KEY=VALUE of preset `default` that make it these settings."""
        named = {"views": self.views, "resolution": self.resolution, "samples": self.samples}
        return [*(f"{key}={value}" for key, value in named.items()), *FIXED]

    def overrides(self) -> list[str]:
        """The --set options of `render-worker run` with preset `default`."""
        return set_options(self.keys())


def set_options(keys: Sequence[str]) -> list[str]:
    """The --set options for some KEY=VALUE."""
    return [f"--set={key}" for key in keys]


def make_models(folder: Path, kind: str, count: int) -> list[Path]:
    """Generate `count` models of a kind of `bench.blender.models` in the new folder `folder`."""
    folder.mkdir(parents=True)
    quietly([sys.executable, "-m", "bench.blender.models", str(folder), kind, str(count)])
    return models_in(folder)


def models_in(folder: Path) -> list[Path]:
    """The models in a folder, sorted, without their material files."""
    return sorted(path for path in folder.iterdir() if path.suffix != ".mtl")


def fetched(model: Path) -> FetchedObject:
    """A model on disk, as the worker's child takes it."""
    return FetchedObject(
        ref=ObjectRef(file_identifier=model.name),
        root=model.parent, model=model.name, sha256="0" * 64, size=model.stat().st_size,
    )  # fmt: skip


def environment() -> dict[str, str]:
    """This process's environment without variables of the worker and of schedulers."""
    dropped = ("RENDER_WORKER_", "SLURM_", "JOB_COMPLETION_INDEX")
    return {name: value for name, value in os.environ.items() if not name.startswith(dropped)}


def worker(
    models: Path,
    output: Path,
    settings: Settings | None,
    *options: str,
    device: str = "cpu",
    blender: str = "bpy",
    extra: Mapping[str, str] | None = None,
) -> float:
    """The duration in seconds of `render-worker run` on a folder of models, with start-up.

    settings: None for the preset `default` as it is. extra: additional environment variables.

    Raises: BenchError.
    """
    shutil.rmtree(output, ignore_errors=True)
    begin = time.monotonic()
    sets = settings.overrides() if settings else ()
    quietly(
        [sys.executable, "-m", "worker", "run", str(models), "--output", str(output),
         "--device", device, "--blender", blender, *sets, *options],
        extra,
    )  # fmt: skip
    took = time.monotonic() - begin
    found, wanted = len(list((output / "renders").glob("*.zip"))), len(models_in(models))
    if found != wanted:
        raise BenchError(f"the worker made {found} zips from {wanted} models")
    return took


def baseline(
    models: Path, output: Path, settings: Settings, at_once: int, blender: str = "bpy"
) -> float:
    """The duration in seconds with a Blender process per object, `at_once` at a time, and zips.

    blender: "bpy" for the wheel, or the path of a Blender program.

    Raises: BenchError.
    """
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    start = [sys.executable, str(BASELINE)]
    if blender != "bpy":
        start = [blender, "-b", "--factory-startup", "--python", str(BASELINE), "--"]
    threads = max(1, machine.cores() // at_once) if at_once > 1 else 0

    def one(number: int, model: Path) -> None:
        folder = output / model.stem
        folder.mkdir()
        quietly(
            [*start, str(model), str(folder), str(settings.views),
             str(settings.resolution), str(settings.samples), str(number), str(threads)]
        )  # fmt: skip
        images = sorted(folder.glob("*.png"))
        if len(images) != settings.views:
            raise BenchError(f"the baseline made {len(images)} of {settings.views} images")
        with zipfile.ZipFile(output / f"{model.stem}.zip", "w") as archive:
            for image in images:
                archive.write(image, image.name)
        shutil.rmtree(folder)

    begin = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        for done in [pool.submit(one, *pair) for pair in enumerate(models_in(models))]:
            done.result()
    return time.monotonic() - begin


def rounds(count: int, sides: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Run all sides in turn, `count` times, so that other load affects all of them.

    Returns the seconds of each side, by its name.
    """
    found: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(count):
        order = list(sides) if number % 2 == 0 else list(reversed(sides))
        for name in order:
            found[name].append(sides[name]())
            say(f"  round {number + 1}: {name} {found[name][-1]:.1f} s")
    return found


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """The median over the rounds of the ratio of `slow` to `fast`."""
    return statistics.median(a / b for a, b in zip(slow, fast, strict=True))


def say(line: str) -> None:
    """Print a line of progress to stderr."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def quietly(command: list[str], extra: Mapping[str, str] | None = None) -> None:
    """Run a command without showing its output. Raises: BenchError, with its last lines."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**environment(), **(extra or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-15:])
        raise BenchError(f"{' '.join(command[:4])} … ended with {done.returncode}:\n{tail}")
