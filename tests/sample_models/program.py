"""Makes the sample models inside a Blender program.

blender -b --factory-startup --python tests/sample_models/program.py -- DIR
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.sample_models.make import main

main(sys.argv[sys.argv.index("--") + 1 :])
