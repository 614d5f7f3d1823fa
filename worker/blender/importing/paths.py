"""Paths in the object's own folder, and checks that a model does not leave it."""

from __future__ import annotations

import contextlib
import os.path
from pathlib import Path
from typing import Iterator, Optional

from worker.blender import references
from worker.blender.faults import ObjectFault
from worker.blender.importing.finding import FileIndex
from worker.blender.references.reference import Reference


class Root:
    """The folder whose files an object may use, symlinks resolved."""

    def __init__(
        self, root: str, model: str, origin: str = "", index: Optional[FileIndex] = None
    ) -> None:
        self.path = os.path.realpath(root)
        self.model = str(Path(self.path, model))
        self._origin = origin or self.path
        """The object's own folder; differs from `path` if the object was staged in scratch."""
        own = str(Path(self._origin, os.path.relpath(self.model, self.path)))
        self.index = index or FileIndex(self._origin, own, lambda: _parts(own))
        """The object's files, searched by name."""

    def at(self, folder: str) -> Root:
        """The same object, staged in `folder`."""
        return Root(folder, os.path.relpath(self.model, self.path), self._origin, self.index)

    def locate(self, name: str) -> str:
        """The absolute path of `name`, relative to the model's folder; symlinks unresolved."""
        name = name.replace("\\", "/")
        return os.path.join(os.path.dirname(self.model), name)  # noqa: PTH118, PTH120 - keeps ".."

    def find(self, name: str) -> Optional[str]:
        """The object's file that `name` in the model refers to; see `finding`."""
        folder = os.path.dirname(os.path.relpath(self.model, self.path))  # noqa: PTH120
        return self.index.find(name, str(Path(self._origin, folder)))

    def holds(self, path: str) -> bool:
        """Whether `path` (absolute), with symlinks resolved, is inside the folder.

        In "link/../file" some readers resolve the link first and some the dots. Both results must
        be inside.
        Raises: ValueError if the path has a NUL or a lone surrogate, which file systems reject.
        """
        inside = tuple(folder.rstrip("/") + "/" for folder in (self.path, self._origin))
        readings = (os.path.realpath(path), os.path.realpath(os.path.normpath(path)))
        return all(reading.startswith(inside) for reading in readings)

    def is_own_file(self, path: str) -> bool:
        """Whether `path` (absolute) is a file inside the folder."""
        return Path(path).is_file() and self.holds(path)

    def name(self, path: str) -> str:
        """The name of `path` in the results, without paths of this machine.

        It is relative to the folder. For a file outside the folder it is the base name only.
        """
        for folder in (self.path, self._origin):
            relative = os.path.relpath(path, folder)
            if not relative.startswith(".."):
                return relative
        return Path(path).name

    def said(self, path: str) -> str:
        """A path that Blender has made absolute, as the model names it.

        It is relative to the model's folder. A path of another machine stays as it is; of one that
        leads out of the root it is the base name only.
        """
        path = path.removeprefix("//")
        folder = os.path.dirname(self.model)  # noqa: PTH120
        if not os.path.isabs(path):  # noqa: PTH117 - takes any name
            return path
        if self.holds(path):
            return os.path.relpath(self.name(path), self.name(folder))
        is_of_here = os.path.commonpath((path, folder)) != "/"
        return os.path.basename(path) if is_of_here else path  # noqa: PTH119

    def check_model(self) -> None:
        """Reject a model that is missing or outside the folder. Raises: ObjectFault("import")."""
        if not Path(self.model).is_file():
            raise ObjectFault("import", f"no such file: {self.name(self.model)}")
        if not self.holds(self.model):
            raise ObjectFault(
                "import", "the model is a link to a file outside the object's own folder"
            )

    def check(self, suffix: str) -> None:
        """Reject a model that makes importers read files outside the folder.

        Raises: ObjectFault("import").
        """
        self.check_model()
        for reference in references.walk(self.model, suffix):
            name = reference.name[:200]
            if Path(name).is_absolute() and not any(map(os.path.lexists, reference.paths)):
                continue  # an absolute path of the author's machine that does not exist here
            try:
                inside = all(map(self.holds, _counted(reference)))
            except ValueError:
                raise ObjectFault(
                    "import", f"it refers to {name!r}, which cannot be a file name"
                ) from None
            if not inside:
                shown = name.encode(errors="backslashreplace").decode()
                raise ObjectFault(
                    "import",
                    f"it refers to a file outside the object's own folder: {shown} (set "
                    "'root' in the list, or --root-depth, to a folder that holds both)",
                )


def _parts(model: str) -> Iterator[str]:
    """The files that a model is made of, as far as they can be read."""
    with contextlib.suppress(ObjectFault, OSError, ValueError):
        for reference in references.walk(model, os.path.splitext(model)[1][1:].lower()):  # noqa: PTH122
            yield from reference.paths


def _counted(reference: Reference) -> tuple[str, ...]:
    is_certain, paths = reference.is_certain, reference.paths
    return paths if is_certain else tuple(filter(os.path.exists, paths))
