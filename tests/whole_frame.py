"""worker/blender/program.py with no window: every ray of the frame is traced, needed or not."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from worker.blender.child import main
from worker.blender.views import visible_bounds

assert visible_bounds.around
visible_bounds.around = lambda *_: None
main(sys.argv[sys.argv.index("--") + 1 :])
