"""Runs the attack list under the bpy wheel: python -m worker.blender.attacks."""

from __future__ import annotations

import sys

import bpy  # noqa: F401 - the process is then what it is when it reads a model

from worker.blender.attacks.run import main

main(sys.argv[1:])
