"""Starts the child inside a Blender program; or, asked for "samples DIR", makes the samples.

blender -b --factory-startup --disable-autoexec --python-exit-code 70 \
    --python worker/blender/program.py -- --socket-fd N
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

arguments = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
if arguments[:1] == ["samples"]:
    from worker.blender.samples import main

    main(arguments[1:])
else:
    from worker.blender.child import main

    main(arguments)
