"""Objects come out of an FBX file in the same order in every process."""

from pathlib import Path

from tests.integration.blender import inside
from tests.integration.blender.driver import REPOSITORY

IMPORT = Path(__file__).with_name("import_row.py")


def test_an_fbx_files_objects_are_ordered_by_name(blender, tmp_path):
    found = [inside.found(blender, IMPORT, REPOSITORY, tmp_path) for _ in range(2)]
    assert found[0] == found[1]
    assert found[0]["names"] == [f"box {number:02}" for number in range(12)]
