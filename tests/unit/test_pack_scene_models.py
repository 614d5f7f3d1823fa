"""The meshes of scenes from a child that may be hostile, and the files written of good ones."""

import io

import numpy as np
import pytest
import trimesh

from tests.raw_views import RUNTIME
from worker.codecs.image_formats import Unreadable
from worker.contract.protocol import Rendered
from worker.contract.scene_keys import MODEL_ARRAYS, model_file
from worker.core import keys
from worker.core.errors import RenderFailed
from worker.index.record import Group, ObjectRef, Scenes, SceneSlot
from worker.pack.products import scene_models
from worker.pack.products.scene_models import ModelFact
from worker.sources.base import FetchedObject
from worker.supervisor.result import RenderedObject

POINTS = np.array([[-0.5, 0, 0], [0.5, 0, 0], [0, 0.3, 0], [0, 0, 0.2]], np.float32)
TRIANGLES = np.array([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]])
MEMBERS = tuple(ObjectRef(file_identifier=name) for name in ("a", "b", "c"))
FACTS = (ModelFact(0, 4, 4), ModelFact(2, 4, 4))


def left(folder, **arrays):
    """What a child leaves of objects 0 and 2, with other `arrays` of the second."""
    files = {}
    for number in (0, 2):
        for name, dtype in MODEL_ARRAYS.items():
            values = {"points": POINTS, "triangles": TRIANGLES} | (arrays if number else {})
            kind = model_file(number, name)
            files[kind] = f"{kind}.raw"
            np.ascontiguousarray(values[name], dtype).tofile(folder / files[kind])
    place = SceneSlot(class_idx=0, members=(0, 1, 2))
    scenes = Scenes(plan="", first=0, classes=("x",), members=MEMBERS,
                    groups=(Group(samples=1, places=(place,)),))  # fmt: skip
    ref = ObjectRef(file_identifier="scenes/x/0-0", scenes=scenes)
    return RenderedObject(
        fetched=FetchedObject(ref=ref, root=folder, model="", sha256="0" * 64, size=1),
        scratch=folder,
        answer=Rendered(ref.uid, [], {}, RUNTIME, 1.0, files),
    )


def test_each_object_has_a_file(tmp_path):
    made = list(scene_models.members(left(tmp_path), FACTS, {2, 0}))
    assert [each.name for each in made] == [keys.scene_mesh(MEMBERS[n].uid) for n in (0, 2)]
    for each in made:
        each.check(each.data)
        ply = trimesh.load(io.BytesIO(each.data), file_type="ply", process=False)
        np.testing.assert_array_equal(ply.vertices, POINTS)
        np.testing.assert_array_equal(ply.faces, TRIANGLES)
        with pytest.raises(Unreadable):
            each.check(each.data[:-1])


@pytest.mark.parametrize("shown", [{0}, {0, 1}, {0, 1, 2}, set()])
def test_objects_that_are_not_those_shown(tmp_path, shown):
    with pytest.raises(RenderFailed, match="one mesh of each object shown"):
        list(scene_models.members(left(tmp_path), FACTS, shown))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"triangles": TRIANGLES + 1}, "object 2 names points that it does not have"),
        ({"triangles": TRIANGLES - 1}, "object 2 names points that it does not have"),
        ({"points": POINTS * np.nan}, "object 2 is larger than its bounding box"),
        ({"points": POINTS + 0.1}, "object 2 is larger than its bounding box"),
        ({"points": POINTS[:3]}, "object 2: model-2-points.raw has 36 bytes, not 48"),
        ({"triangles": TRIANGLES[:3]}, "object 2: model-2-triangles.raw has 36 bytes, not 48"),
    ],
)
def test_arrays_that_are_no_mesh(tmp_path, arrays, said):
    with pytest.raises(RenderFailed, match=said):
        list(scene_models.members(left(tmp_path, **arrays), FACTS, {0, 2}))
