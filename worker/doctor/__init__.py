"""What a run will need, looked at one by one before it: `render-worker doctor` and `warm`."""

from worker.doctor.check import Check, Health
from worker.doctor.examination import Examination, examine

__all__ = ["Check", "Examination", "Health", "examine"]
