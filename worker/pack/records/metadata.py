"""``metadata.json``, in every zip: Objaverse-XL's keys, and one of the worker's own.

Beside the object's statistics (Objaverse-XL's scripts/rendering) there is
``render_worker``:

version, preset, recipe_digest
source, license  of the object, as the index has them
runtime    what really rendered it
made_opaque  materials that were wholly clear, as all of the object's, and are shown opaque
placement  a point of the file lies at point * scale + offset in the cameras' world
images     what is in each image kind; facts: of each view's images, what is special to them
previews   what is in each film
coverage   share of the pixels that show the object: of each view, the least and the mean
and what its product has to say, by the product's name.

No times and no host in it: on a CPU the zip is byte-identical.
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
    """The file's contents; `facts` as in `records.base.Taken`; `product` what is special to it."""
    fetched, answer = rendered.fetched, rendered.answer
    scene = dict(answer.scene)
    placement = scene.pop("placement")
    opaque = scene.pop("made_opaque", [])
    for told in product or ():
        scene.pop(told, None)  # what the child says of it is a part of that
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
