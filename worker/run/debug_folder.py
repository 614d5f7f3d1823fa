"""The folder of one object that is debugged: what each step of its way has left."""

from __future__ import annotations

import contextlib
import dataclasses
import shlex
import shutil
import stat
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from worker import presets
from worker.contract.protocol import DEBUG, NAMED_FILES, SAVED, STAGE, STATES
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.core.errors import Missing, OutputUnwritable, UsageError
from worker.core.json_errors import NOT_JSON
from worker.index.record import ObjectRef, Scenes
from worker.ledger import Outcome
from worker.sources.base import FetchedObject
from worker.sources.names import inside, open_inside

MOST_FILES: Final = 20_000
"""Files that are copied at most, as many as an archive may hold."""
RECIPE_FILES: Final = {
    ("lights", "environment"): keys.DEBUG_ENVIRONMENT,
    ("camera", "file"): keys.DEBUG_CAMERAS,
}
"""Settings whose value is a file, and the name of its copy without a suffix."""
SCRIPT: Final = """\
#!/bin/sh
# Renders the object again, from the files in this folder, into $1: a folder or s3://bucket/prefix.
# Without it, into the folder "again" beside this script.
set -eu
case ${{1:-}} in
    "") output=again ;;
    /* | *:/*) output=$1 ;;  # complete: a path, or a URI
    *) output=$PWD/$1 ;;
esac
cd -- "$(dirname -- "$0")"
if [ -x {python} ]; then
    export PYTHONPATH={packages}
    set -- {python} -m worker
else
    set -- render-worker  # on another machine
fi
exec "$@" run {record} --preset {recipe} --output "$output" --retry all {options}
"""


class DebugFolder:
    """Writes the folder; whatever a step has not left is missing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.scenes: dict[str, str | None] = {}
        """By file, when a scene was saved: one of `protocol.STATES`; None if it is not known."""

    @classmethod
    def made(cls, path: Path) -> DebugFolder:
        """The folder `path`, created; it may exist, empty. Raises: UsageError, OutputUnwritable."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            if any(path.iterdir()):
                raise UsageError(f"--to {path}: is not empty; name another folder")
        except OSError as error:
            raise OutputUnwritable(f"--to {path}: {error.strerror}") from error
        return cls(path.absolute())

    @property
    def log(self) -> Path:
        """The file for all that Blender prints."""
        return self.path / keys.DEBUG_LOG

    @property
    def recipe(self) -> Path:
        """The file of the recipe, which `--preset` takes."""
        return self.path / keys.DEBUG_RECIPE

    def write_recipe(self, recipe: Recipe) -> None:
        """Write the recipe, with the files that it names beside it; folders stay where they are."""
        for (table, key), name in RECIPE_FILES.items():
            section = getattr(recipe, table)
            file = Path(getattr(section, key))
            if file.is_file():
                copy = name + file.suffix.lower()
                _put(file, self.path / copy)
                changed = dataclasses.replace(section, **{key: copy})
                recipe = dataclasses.replace(recipe, **{table: changed})
        self.recipe.write_text(presets.to_toml(recipe), encoding="utf-8")

    def write_record(self, ref: ObjectRef) -> None:
        """Write the list of this one object, which `run` takes."""
        (self.path / keys.DEBUG_RECORD).write_bytes(msgspec.json.encode(ref) + b"\n")

    def write_script(self, options: Iterable[str]) -> None:
        """Write the script that renders the object again with these `options`."""
        script = self.path / keys.DEBUG_SCRIPT
        script.write_text(
            SCRIPT.format(
                python=shlex.quote(sys.executable),
                packages=shlex.quote(str(Path(__file__).parents[2])),
                record=keys.DEBUG_RECORD,
                recipe=keys.DEBUG_RECIPE,
                options=shlex.join(options),
            )
        )
        script.chmod(0o755)

    def write_lines(self, name: str, outcomes: Iterable[Outcome]) -> None:
        """Write ledger lines, one per line."""
        body = b"".join(msgspec.json.encode(outcome) + b"\n" for outcome in outcomes)
        (self.path / name).write_bytes(body)

    def write_summary(self, text: str) -> None:
        """Write what happened, and what there is."""
        (self.path / keys.DEBUG_SUMMARY).write_text(text, encoding="utf-8")

    def keep_fetched(self, fetched: FetchedObject) -> ObjectRef:
        """Copy the model as it was fetched; returns its record in this folder."""
        if fetched.ref.scenes is not None:
            return self._keep_members(fetched, fetched.ref.scenes)
        return self._keep_model(fetched, keys.DEBUG_FILES)

    def keep_rendered(self, fetched: FetchedObject, scratch: Path) -> None:
        """Copy what the child left in `scratch`, which is untrusted: regular files alone."""
        if (scratch / DEBUG).is_symlink():
            return
        for root, below in _roots(fetched):
            for path in _named(scratch / DEBUG / NAMED_FILES):
                if path.is_relative_to(root):
                    self._copy(root, path, below)
        for path in sorted(scratch.glob("*")):
            if _is_plain(path):
                _put(path, self.path / keys.DEBUG_RAW / path.name)
            elif path.name.startswith(STAGE) and not path.is_symlink():
                self._keep_staged(path)
        for path in sorted((scratch / DEBUG).glob(f"*{SAVED}")):
            if _is_plain(path) and not path.name.startswith("unfinished-"):
                _put(path, self.path / path.name)
                self.scenes[path.name] = _state(path.with_suffix(".txt"))

    def _keep_members(self, fetched: FetchedObject, scenes: Scenes) -> ObjectRef:
        kept = tuple(
            self._keep_model(member, _below(number)) if isinstance(member, FetchedObject) else ref
            for number, (ref, member) in enumerate(
                zip(scenes.members, fetched.members, strict=True)
            )
        )
        return msgspec.structs.replace(
            fetched.ref, scenes=msgspec.structs.replace(scenes, members=kept)
        )

    def _keep_model(self, fetched: FetchedObject, below: str) -> ObjectRef:
        self._copy(fetched.root, fetched.path, below)
        # Without the digest, because a person may change the file and render it again.
        return msgspec.structs.replace(
            fetched.ref, path=f"{below}/{fetched.model}", root=below, url=None, sha256=None
        )

    def _keep_staged(self, folder: Path) -> None:
        """Copy the files that were rewritten; the links beside them lead to the object's own."""
        for path in sorted(folder.rglob("*")):
            if _is_plain(path):
                _put(path, self.path / keys.DEBUG_STAGED / path.relative_to(folder))

    def _copy(self, root: Path, path: Path, below: str) -> None:
        """Copy a file of the object that lies below its `root`."""
        with contextlib.suppress(Missing):
            _, relative = inside(root, path)
            target = self.path / below / relative
            with open_inside(root, path) as source:
                target.parent.mkdir(parents=True, exist_ok=True)
                with target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)


def _roots(fetched: FetchedObject) -> Iterator[tuple[Path, str]]:
    """The folder of each model of an object, and the one in the debug folder for its files."""
    if fetched.ref.scenes is None:
        yield fetched.root.resolve(), keys.DEBUG_FILES
    for number, member in enumerate(fetched.members):
        if isinstance(member, FetchedObject):
            yield member.root.resolve(), _below(number)


def _below(number: int) -> str:
    return f"{keys.DEBUG_FILES}/{keys.debug_folder(number)}"


def _named(listing: Path) -> list[Path]:
    """The paths that the child has listed. It is not trusted, so what is no path is skipped."""
    if not _is_plain(listing):
        return []
    found: dict[Path, None] = {}
    with listing.open("rb") as lines:
        for line in islice(lines, MOST_FILES):
            with contextlib.suppress(*NOT_JSON):
                found[Path(msgspec.json.decode(line, type=str))] = None
    return list(found)


def _state(about: Path) -> str | None:
    if not _is_plain(about):
        return None
    with about.open("rb") as file:
        said = file.read(20).decode(errors="replace")
    return said if said in STATES else None


def _is_plain(path: Path) -> bool:
    """Whether `path` is a regular file, and no link."""
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
