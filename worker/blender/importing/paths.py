"""The object's own folder, and what lies outside it."""

from __future__ import annotations

import os.path
from pathlib import Path

from worker.blender import references
from worker.blender.faults import ObjectFault
from worker.blender.references.reference import Reference


class Root:
    """The folder whose files an object may use, symlinks resolved."""

    def __init__(self, root: str, model: str) -> None:
        self.path = os.path.realpath(root)
        self.model = str(Path(self.path, model))

    def locate(self, name: str) -> str:
        """The file that the model calls `name`, as an absolute path with links unresolved."""
        name = name.replace("\\", "/")
        return os.path.join(os.path.dirname(self.model), name)  # noqa: PTH118, PTH120 - keeps ".."

    def holds(self, path: str) -> bool:
        """Whether `path` (absolute), its links resolved, lies in the folder.

        Of "link/../file" some readers resolve the link first and some the dots: both must.
        Raises: ValueError for a NUL, or a lone surrogate, which no file system takes.
        """
        inside = self.path.rstrip("/") + "/"
        readings = (os.path.realpath(path), os.path.realpath(os.path.normpath(path)))
        return all(reading.startswith(inside) for reading in readings)

    def name(self, path: str) -> str:
        """What to call `path` in the results: never where this machine keeps it.

        Relative to the folder; of a file elsewhere only its own name.
        """
        relative = os.path.relpath(path, self.path)
        return Path(path).name if relative.startswith("..") else relative

    def check(self, suffix: str) -> None:
        """Refuse a model that importers would follow out of the folder.

        Raises: ObjectFault("import").
        """
        if not Path(self.model).is_file():
            raise ObjectFault("import", f"no such file: {self.name(self.model)}")
        if not self.holds(self.model):
            raise ObjectFault("import", "the model is a link out of the object's own folder")
        for reference in references.walk(self.model, suffix):
            name = reference.name[:200]
            try:
                inside = all(map(self.holds, _counted(reference)))
            except ValueError:
                raise ObjectFault("import", f"it names what no file can be: {name!r}") from None
            if not inside:
                shown = name.encode(errors="backslashreplace").decode()
                raise ObjectFault(
                    "import", f"it reads a file outside the object's own folder: {shown}"
                )


def _counted(reference: Reference) -> tuple[str, ...]:
    is_certain, paths = reference.is_certain, reference.paths
    return paths if is_certain else tuple(filter(os.path.exists, paths))
