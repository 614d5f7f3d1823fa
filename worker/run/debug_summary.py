"""README.txt of a debugged object: what happened, where, and what each file beside it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from worker.contract.protocol import Phase
from worker.contract.recipe import Recipe
from worker.core import keys
from worker.core.errors import WorkerError, one_line
from worker.index.record import ObjectRef
from worker.ledger import Author, Outcome
from worker.run.debug_folder import DebugFolder

SAVED_WHEN: Final = {
    "imported": "as it was imported; Blender did not come to set up cameras and lights",
    "ready": "ready to render: a camera for each view, lights, materials, settings",
    "failed": "as it was when the object failed",
    None: "as it was saved",
}
"""By `protocol.STATES`; None if the child did not say."""
GOT: Final = (keys.DEBUG_FILES, keys.DEBUG_LOG, keys.DEBUG_RAW)
"""What there is of every object that Blender came to render."""
OPEN: Final = (
    "A scene may hold scripts of the model's author. Open it with them disabled:\n"
    "  blender --disable-autoexec scene.blend"
)
STEPS: Final = {
    "fetch": "its files could not be brought here; nothing came to Blender",
    "render": f"{keys.DEBUG_LOG} has all that Blender printed",
    "pack": f"Blender rendered it; its raw passes in {keys.DEBUG_RAW}/ could not become a zip",
}
"""What a failure in a step means."""
PHASES: Final = {
    "import": "its import",
    "scene": "its scene: measuring, colours, cameras, lights",
    "view": "view",
}
"""What Blender was about, by `protocol.Phase`."""
FILES: Final = {
    keys.DEBUG_OUTCOME: "the outcome as a ledger line, with the end of Blender's log",
    keys.DEBUG_HISTORY: "its lines in the ledger of the output, oldest first",
    keys.DEBUG_LOG: "all that Blender printed, of each attempt",
    keys.DEBUG_FILES: "the model and the files it names, as fetched",
    keys.DEBUG_STAGED: "files whose names for other files were corrected before the import",
    keys.DEBUG_RAW: "what Blender wrote: for each view one EXR with each raw pass as a layer",
    keys.DEBUG_RECORD: "a list of this one object, for `render-worker run`",
    keys.DEBUG_RECIPE: "the recipe, for --preset",
    keys.DEBUG_SCRIPT: "renders it again from these files: sh render.sh [OUTPUT]",
}


class Debugged(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a debugged object."""

    ref: ObjectRef
    index: str
    recipe: Recipe
    author: Author
    history: Sequence[Outcome]
    """Its lines in the ledger of an output."""
    phase: Phase | None
    """The last phase that Blender began."""
    outcome: Outcome | None
    """None if something else than the object ended it."""
    error: WorkerError | None


def summary(folder: DebugFolder, about: Debugged) -> str:
    """The text. The folder has everything else by now."""
    author = about.author
    lines = [
        one_line(about.ref.file_identifier),
        f"uid {about.ref.uid}",
        f"index {one_line(about.index)}",
        f"preset {about.recipe.name}",
        f"Blender {author.blender or 'not started'}, device {author.device or 'none'}",
        "",
        *(_ended(about.error) if about.outcome is None else _happened(about.outcome, about.phase)),
        *_before(about.history),
        *_compared(about),
        "",
        *_files(folder, about.ref.uid),
    ]
    return "\n".join(lines) + "\n"


def _ended(error: WorkerError | None) -> list[str]:
    return [f"Ended by what is not the object's fault: {one_line(str(error))}"]


def _happened(outcome: Outcome, phase: Phase | None) -> list[str]:
    times = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in outcome.seconds.items())
    took = [f"Took: {times}."] if times else []
    if outcome.outcome != "failed":
        return [f"Rendered: {outcome.views} view{'s' * (outcome.views != 1)}.", *took]
    where = outcome.step or "none"
    if outcome.step == "render" and phase is not None:
        view = f" {phase.view:03d}" if phase.view >= 0 else ""
        where += f", in {PHASES.get(phase.phase, 'an unknown phase')}{view}"
    return [
        f"Failed with '{outcome.code}': {outcome.message}",
        f"Where: step {where}: {STEPS.get(outcome.step or '', 'outside the steps')}.",
        *took,
    ]


def _compared(about: Debugged) -> list[str]:
    """Whether a zip has the bytes of the one that the output has."""
    published = [line.sha256 for line in about.history if line.sha256 is not None]
    made = about.outcome and about.outcome.sha256
    if not published or made is None:
        return []
    same = "the same bytes as" if published[-1] == made else "other bytes than"
    return ["", f"The zip has {same} the one in the output."]


def _before(history: Sequence[Outcome]) -> list[str]:
    if not history:
        return []
    return ["", "In the ledger of the output:", *map(_line, history)]


def _line(line: Outcome) -> str:
    text = f"  {line.time}  attempt {line.attempt}: {line.code or line.outcome}"
    return f"{text} in step {line.step}: {line.message}" if line.message else text


def _files(folder: DebugFolder, uid: str) -> list[str]:
    said = {keys.debug_zip(uid): "the zip, as a run publishes it", **FILES}
    rows = [(name, text) for name, text in said.items() if (folder.path / name).exists()]
    rows += [(name, f"the scene {SAVED_WHEN[state]}") for name, state in folder.scenes.items()]
    wide = max((len(name) for name, _ in rows), default=0)
    lines = ["Here:", *(f"  {name:<{wide}}  {text}" for name, text in rows)]
    missing = [name for name in GOT if not (folder.path / name).exists()]
    missing += [] if folder.scenes else ["a scene"]
    if missing:
        lines += [f"Not here, since it did not get so far: {', '.join(missing)}."]
    return [*lines, *(["", OPEN] if folder.scenes else [])]
