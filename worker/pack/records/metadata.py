"""``metadata.json``, in every zip: Objaverse-XL's keys, and one of the worker's own.

Beside the object's statistics (see formats.md in the project's notes, section 1) there is
``render_worker``: version, preset, recipe_digest, runtime (what really rendered it) and images
(what is in each image kind). No times and no host in it: on a CPU the zip is byte-identical.
"""

from __future__ import annotations

from worker import __version__, keys, presets
from worker.blender.recipe import Recipe
from worker.pack import text
from worker.pack.kinds import KINDS
from worker.render.result import RenderedObject


def write(rendered: RenderedObject, recipe: Recipe) -> bytes:
    """The file's contents."""
    fetched, answer = rendered.fetched, rendered.answer
    document = {
        **answer.scene,
        "file_identifier": fetched.ref.file_identifier,
        "file_size": fetched.size,
        "metadata": {} if fetched.ref.metadata is None else fetched.ref.metadata,
        "save_uid": fetched.ref.uid,
        "sha256": fetched.sha256,
        "render_worker": {
            "version": __version__,
            "preset": recipe.name,
            "recipe_digest": presets.digest(recipe),
            "runtime": answer.runtime,
            "images": {
                kind: {**KINDS[kind].describe(recipe), "files": keys.image_file("NNN", ending)}
                for kind, ending in keys.image_endings(recipe.images).items()
            },
        },
    }
    return text.json_file(document)
