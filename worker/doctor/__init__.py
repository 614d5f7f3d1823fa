"""Checks of what a run needs, for `render-worker doctor` and `render-worker warm`."""

from worker.doctor.check import Check, Health
from worker.doctor.examination import Examination, examine

__all__ = ["Check", "Examination", "Health", "examine"]
