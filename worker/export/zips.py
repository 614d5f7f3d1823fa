"""Reads one object's zip: its files, its metadata and its cameras."""

from __future__ import annotations

from functools import cached_property

from worker.export import cameras
from worker.export.camera_model import Camera, Cameras
from worker.export.opened_zip import OpenedZip


class RenderZip(OpenedZip):
    """An `OpenedZip` with its cameras."""

    @cached_property
    def cameras(self) -> Cameras:
        """Its cameras. Raises: Unsupported, if it has none; RenderFailed."""
        return cameras.read(self)

    @property
    def views(self) -> tuple[Camera, ...]:
        """Its views, at least one. Raises: as `cameras`."""
        return self.cameras.views
