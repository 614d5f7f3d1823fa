"""A manifest on each store: the first worker's stands, whoever comes later."""

import threading

import msgspec
import pytest

from worker import __version__, presets
from worker.core import keys
from worker.core.errors import OutputMismatch
from worker.manifests import OutputManifest


def manifest(blender: str) -> OutputManifest:
    recipe = presets.load("default")
    return OutputManifest.of(
        recipe, preset=presets.digest(recipe), index="1a" * 32, objects=1, blender=blender
    )


def test_another_blender_is_refused_or_mixed_and_the_file_stays(make_store):
    manifest("4.5.15 LTS").bind(make_store())
    store = make_store()
    body = store.read(keys.JOB)
    later = manifest("3.4.1")
    with pytest.raises(OutputMismatch, match=r"Blender 4\.5\.15 LTS, but this is Blender 3\.4\.1"):
        later.bind(store)
    later.bind(store, mix_versions=True)
    manifest("4.5.9").bind(store)
    assert store.read(keys.JOB) == body
    assert msgspec.json.decode(body)["worker"] == __version__


def test_of_many_that_begin_at_once_all_are_bound_by_one(make_store):
    """Half of them of each Blender: those of one go on, those of the other are refused."""
    workers = ["4.5.15", "3.4.1"] * 4
    together = threading.Barrier(len(workers))
    ends: list[tuple[str, str]] = []

    def begin(blender: str) -> None:
        store = make_store()
        together.wait()
        try:
            manifest(blender).bind(store)
        except OutputMismatch:
            ends.append((blender, "refused"))
        else:
            ends.append((blender, "bound"))

    threads = [threading.Thread(target=begin, args=(blender,)) for blender in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = OutputManifest.read(make_store())
    assert sorted(ends) == sorted(
        (blender, "bound" if blender == found.blender else "refused") for blender in workers
    )
