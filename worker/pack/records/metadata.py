"""``metadata.json``, which every zip has: Objaverse-XL's keys and ``render_worker``.

Objaverse-XL's keys (from its scripts/rendering) identify the object and give its statistics.
``render_worker`` has:

version, preset, recipe_digest
overrides  KEY=VALUE of each key of the preset that --set changed; only if any
source, license  of the object, as the index has them
runtime    what really rendered it
made_opaque  materials that were wholly clear, as all of the object's, and are shown opaque
placement  a point of the file lies at point * scale + offset in the cameras' world
images     what is in each image kind; facts: of each view's images, what is special to them
previews   what is in each film
coverage   share of the pixels that show the object: of each view, the least and the mean
statistics see `worker.pack.statistics`: picture, the image kind measured; views, by name; object
and what its product has to say, by the product's name.

The file has no times and no host names, so that zips rendered on a CPU are reproducible byte for
byte.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from worker import __version__, presets
from worker.codecs import json_file
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.pack import preview
from worker.pack.kinds import IMAGE_KINDS
from worker.pack.records.base import Facts
from worker.supervisor.result import RenderedObject


def write(
    rendered: RenderedObject,
    facts: Facts,
    recipe: Recipe,
    product: Mapping[str, Any] | None = None,
) -> bytes:
    """The contents of ``metadata.json``.

    `facts` are those of `records.base.Taken`; `product` holds the product's own keys of
    ``render_worker``.
    """
    fetched, answer = rendered.fetched, rendered.answer
    scene = dict(answer.scene)
    placement = scene.pop("placement")
    opaque = scene.pop("made_opaque", [])
    for key in product or ():
        scene.pop(key, None)  # `product` includes the child's part under this key
    document = {
        **scene,
        "file_identifier": fetched.ref.file_identifier,
        "file_size": fetched.size,
        "metadata": {} if fetched.ref.metadata is None else fetched.ref.metadata,
        "save_uid": fetched.ref.uid,
        "sha256": fetched.sha256,
        "render_worker": {
            "version": __version__,
            "source": fetched.ref.source or None,
            "license": fetched.ref.license,
            "preset": recipe.name,
            "recipe_digest": presets.digest(recipe),
            **({"overrides": list(recipe.overrides)} if recipe.overrides else {}),
            "runtime": answer.runtime,
            "placement": placement,
            "made_opaque": opaque,
            "facts": {view: special for view, special in facts.items() if special},
            "images": {
                kind: {
                    **IMAGE_KINDS[kind].describe(recipe),
                    "files": keys.image_file("NNN", ending),
                }
                for kind, ending in keys.image_endings(_images(recipe)).items()
            },
            "previews": {kind: preview.describe(kind, recipe) for kind in _previews(recipe)},
            **(product or {}),
        },
    }
    return json_file.json_file(document)


def _images(recipe: Recipe) -> tuple[str, ...]:
    return recipe.images if recipe.product == "views" else ()


def _previews(recipe: Recipe) -> tuple[str, ...]:
    return recipe.previews if recipe.product == "views" else ()
