"""The object's own folder, and what lies outside it."""

from __future__ import annotations

import os.path
from pathlib import Path
from typing import Optional

from worker.blender import references
from worker.blender.faults import ObjectFault
from worker.blender.importing.finding import FileIndex
from worker.blender.references.reference import Reference


class Root:
    """The folder whose files an object may use, symlinks resolved."""

    def __init__(self, root: str, model: str, origin: str = "") -> None:
        self.path = os.path.realpath(root)
        self.model = str(Path(self.path, model))
        self._origin = origin or self.path
        """The object's own folder, where `path` is one laid out for the import."""
        self._index = FileIndex(self._origin)

    def at(self, folder: str) -> Root:
        """The same object, laid out in `folder`."""
        return Root(folder, os.path.relpath(self.model, self.path), self._origin)

    def locate(self, name: str) -> str:
        """The file that the model calls `name`, as an absolute path with links unresolved."""
        name = name.replace("\\", "/")
        return os.path.join(os.path.dirname(self.model), name)  # noqa: PTH118, PTH120 - keeps ".."

    def find(self, name: str) -> Optional[str]:
        """The file of the object that the model means by `name`; see `finding`."""
        folder = os.path.dirname(os.path.relpath(self.model, self.path))  # noqa: PTH120
        return self._index.find(name, str(Path(self._origin, folder)))

    def holds(self, path: str) -> bool:
        """Whether `path` (absolute), its links resolved, lies in the folder.

        Of "link/../file" some readers resolve the link first and some the dots: both must.
        Raises: ValueError for a NUL, or a lone surrogate, which no file system takes.
        """
        inside = tuple(folder.rstrip("/") + "/" for folder in (self.path, self._origin))
        readings = (os.path.realpath(path), os.path.realpath(os.path.normpath(path)))
        return all(reading.startswith(inside) for reading in readings)

    def name(self, path: str) -> str:
        """What to call `path` in the results: never where this machine keeps it.

        Relative to the folder; of a file elsewhere only its own name.
        """
        for folder in (self.path, self._origin):
            relative = os.path.relpath(path, folder)
            if not relative.startswith(".."):
                return relative
        return Path(path).name

    def check_model(self) -> None:
        """Refuse a model that is not there, or lies elsewhere. Raises: ObjectFault("import")."""
        if not Path(self.model).is_file():
            raise ObjectFault("import", f"no such file: {self.name(self.model)}")
        if not self.holds(self.model):
            raise ObjectFault("import", "the model is a link out of the object's own folder")

    def check(self, suffix: str) -> None:
        """Refuse a model that importers would follow out of the folder.

        Raises: ObjectFault("import").
        """
        self.check_model()
        for reference in references.walk(self.model, suffix):
            name = reference.name[:200]
            if Path(name).is_absolute() and not any(map(os.path.lexists, reference.paths)):
                continue  # a path of the author's machine, where nothing lies here
            try:
                inside = all(map(self.holds, _counted(reference)))
            except ValueError:
                raise ObjectFault("import", f"it names what no file can be: {name!r}") from None
            if not inside:
                shown = name.encode(errors="backslashreplace").decode()
                raise ObjectFault(
                    "import",
                    f"it reads a file outside the object's own folder: {shown} (give both as the "
                    "object's 'root' in a list)",
                )


def _counted(reference: Reference) -> tuple[str, ...]:
    is_certain, paths = reference.is_certain, reference.paths
    return paths if is_certain else tuple(filter(os.path.exists, paths))
