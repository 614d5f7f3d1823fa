"""Makes the sample models under the bpy wheel: python -m tests.sample_models DIR."""

from __future__ import annotations

import sys

from tests.sample_models.make import main

main(sys.argv[1:])
