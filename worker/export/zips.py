"""One object's zip, read: its files and metadata, and the cameras that they tell."""

from __future__ import annotations

from functools import cached_property

from worker.export import cameras
from worker.export.camera_model import Camera, Cameras
from worker.export.opened_zip import OpenedZip


class RenderZip(OpenedZip):
    """A zip opened, with its cameras; see `OpenedZip`."""

    @cached_property
    def cameras(self) -> Cameras:
        """Its cameras. Raises: Unsupported, where nothing tells them; RenderFailed."""
        return cameras.read(self)

    @property
    def views(self) -> tuple[Camera, ...]:
        """Its views, at least one. Raises: as `cameras`."""
        return self.cameras.views
