"""The cases: each stands for a kind of input that users complained about."""

from __future__ import annotations

from tests.truth.cases.by_blender import BY_BLENDER
from tests.truth.cases.gltf import GLTF
from tests.truth.cases.layers import DAE, USD
from tests.truth.cases.obj import OBJ_NAMES, OBJ_TEXTS
from tests.truth.cases.others import OTHERS
from tests.truth.cases.pictures import PICTURES
from tests.truth.cases.points import PLY, STL
from tests.truth.cases.variants import VARIANTS

CASES = (
    *OBJ_NAMES, *OBJ_TEXTS, *GLTF, *DAE, *USD, *PLY, *STL, *OTHERS, *VARIANTS, *PICTURES,
    *BY_BLENDER,
)  # fmt: skip
