"""Loads a preset by name or file, applies `--set`, and checks the recipe."""

from __future__ import annotations

import dataclasses
import json
import tomllib
from collections.abc import Sequence
from contextlib import suppress
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final

from worker.contract import camera_layouts
from worker.contract import recipe as recipes
from worker.contract.camera_checks import LISTS
from worker.contract.engines import CYCLES
from worker.contract.escaping import escaped
from worker.contract.recipe import Recipe
from worker.contract.schema import RecipeError, nearest
from worker.core.errors import PresetInvalid
from worker.core.sha256 import sha256_of
from worker.presets import engine_rules, environment, rules
from worker.presets import overrides as settings

SUFFIX: Final = ".toml"
EXTENDS: Final = "extends"
PROSE: Final = ("summary", "follows")
"""Keys that describe a preset and do not affect the output."""
VIEWS: Final = "views"
ENGINE: Final = "engine"
COUNTED: Final = {"layout", "baseline", *(name for names in LISTS.values() for name in names)}
"""Keys of a camera on which the number of listed views depends."""
ALONE: Final = "default"
"""What a file that extends nothing is seeded with."""


def names() -> list[str]:
    """The sorted names of the packaged presets."""
    return sorted(
        entry.name.removesuffix(SUFFIX)
        for entry in resources.files("worker.presets").iterdir()
        if entry.name.endswith(SUFFIX)
    )


def load(name_or_file: str, overrides: Sequence[str] = ()) -> Recipe:
    """Load the recipe of a preset and apply each override (``KEY=VALUE``) in order.

    A preset is a packaged name (see `names`) or the path of a TOML file. With
    ``extends = "NAME or FILE"`` (relative to the file), a file needs only the keys that differ.
    A file without `name` is named after itself, and without `seed_name` it is seeded like what it
    extends: renaming it moves no camera. Paths in a file are relative to the file, paths in
    `overrides` to the working directory.

    Raises: PresetInvalid, with a message of one line: the key, where it is, and what is allowed.
    """
    table = _read(name_or_file, base=Path(), seen=())
    layer: dict[str, Any] = {}
    for override in overrides:
        one = settings.parse(override)
        _checked(one, f"--set {override}")
        layer = settings.merge(layer, one)
    recipe, problems = _with(table, layer, f"preset {name_or_file}")
    if problems:
        guilty = _guilty(table, overrides, problems)
        where = f"preset {name_or_file}"
        if guilty:
            where += f" with {' '.join(f'--set {override}' for override in guilty)}"
        raise PresetInvalid(" ".join(f"{where}: {'; '.join(problems)}".splitlines()))
    return dataclasses.replace(
        recipe, overrides=_changed(layer, _checked(table, name_or_file), recipe)
    )


def _with(table: dict[str, Any], layer: dict[str, Any], where: str) -> tuple[Recipe, list[str]]:
    """The recipe of a preset's table with a layer of overrides, and what contradicts in it.

    Raises: PresetInvalid.
    """
    recipe = _checked(_over(table, environment.rooted(layer, Path())), where)
    if VIEWS not in _over(table, layer):
        recipe = dataclasses.replace(recipe, views=_listed(recipe))
    return recipe, list(rules.of(recipe))


def _guilty(table: dict[str, Any], overrides: Sequence[str], problems: Sequence[str]) -> list[str]:
    """The overrides without which these problems would be others; none if the preset has them."""
    guilty = list(overrides)
    for override in overrides:
        fewer = [each for each in guilty if each is not override]
        layer: dict[str, Any] = {}
        for each in fewer:
            layer = settings.merge(layer, settings.parse(each))
        with suppress(PresetInvalid):  # then it is another problem
            if _with(table, layer, "")[1] == problems:
                guilty = fewer
    return guilty


def digest(recipe: Recipe) -> str:
    """sha256 of everything in a recipe that can affect the output, as canonical JSON.

    Environment pictures, cameras and textures are included by their contents, not their paths.
    """
    values = {name: value for name, value in recipes.to_dict(recipe).items() if name not in PROSE}
    if values[ENGINE] == CYCLES:  # as before there were others: outputs begun then go on
        del values[ENGINE]
    text = json.dumps(
        environment.digested(values), sort_keys=True, separators=(",", ":"), allow_nan=False
    )
    return sha256_of(text.encode())


def _changed(layer: dict[str, Any], before: Recipe, after: Recipe) -> tuple[str, ...]:
    """KEY=VALUE of each key in `layer` whose value differs, sorted; prose is left out.

    It is the same however an override is written, and has no folder of this machine.
    """
    old, new = (settings.flat(recipes.to_dict(recipe)) for recipe in (before, after))
    names = [name for name in settings.flat(layer) if name not in PROSE and old[name] != new[name]]
    kept = {text.partition("=")[0]: text for text in before.overrides}
    shown = {
        name: Path(new[name]).name if tuple(name.split(".")) in environment.PATHS else new[name]
        for name in names
    }
    kept.update({name: f"{name}={settings.to_toml(value)}" for name, value in shown.items()})
    return tuple(kept[name] for name in sorted(kept))


def _read(preset: str, base: Path, seen: tuple[str, ...]) -> dict[str, Any]:
    """The table of `preset`, merged into the presets it extends. Raises: PresetInvalid."""
    source = _find(preset, base)
    if str(source) in seen:
        chain = " extends ".join((*seen, str(source)))
        raise PresetInvalid(f"presets extend each other in a circle: {chain}")
    try:
        table = tomllib.loads(source.read_bytes().decode("utf-8"))
    except OSError as error:
        reason = error.strerror or error
        raise PresetInvalid(f"preset {source} cannot be read: {reason}") from error
    except (ValueError, RecursionError) as error:
        raise PresetInvalid(f"preset {source} is not TOML: {error}") from error
    parent = table.pop(EXTENDS, None)
    _checked(table, str(source))  # before merging, so that the message names the right file
    if preset in names():
        table.setdefault("seed_name", table["name"])
    else:
        table.setdefault("name", escaped(Path(preset).stem))
    folder = source.parent if isinstance(source, Path) else Path()
    table = environment.rooted(table, folder)
    if parent is None:
        return {"seed_name": ALONE, **table}
    if not isinstance(parent, str):
        raise PresetInvalid(
            f"{source}: 'extends' must be the name or file of a preset, not {parent!r}"
        )
    return _over(_read(parent, folder, (*seen, str(source))), table)


def _over(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Merge two layers. One that lists viewpoints, and no `views`, drops those of the layer below.

    So that `views` is then as many as are listed. One that names an engine other than Cycles drops
    the settings of Cycles below.
    """
    if over.get(ENGINE, CYCLES) != CYCLES:
        under = {name: value for name, value in under.items() if name != engine_rules.OF_CYCLES}
    merged = settings.merge(under, over)
    layout = merged.get("camera", {}).get("layout")
    if layout in LISTS and VIEWS not in over and COUNTED & over.get("camera", {}).keys():
        merged.pop(VIEWS, None)
    return merged


def _listed(recipe: Recipe) -> int:
    """The number of views that the recipe's camera lists, else the default."""
    try:
        return camera_layouts.listed(recipe.camera) or recipe.views
    except RecipeError:
        return recipe.views  # the rules say what is wrong with the file


def _find(preset: str, base: Path) -> Traversable:
    if preset in names():
        return resources.files("worker.presets").joinpath(preset + SUFFIX)
    if preset.endswith(SUFFIX) or "/" in preset:
        return base / Path(preset).expanduser()
    hint = nearest(preset, names())
    raise PresetInvalid(
        f"no preset '{preset}'{hint}; for your own preset, give the path of a .toml file"
    )


def _checked(table: dict[str, Any], where: str) -> Recipe:
    try:
        recipe = recipes.from_dict(table)
    except RecipeError as error:
        # The message must be one line, but may quote a value with line breaks.
        raise PresetInvalid(" ".join(f"{where}: {error}".splitlines())) from error
    return recipe
