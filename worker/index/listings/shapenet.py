"""A ShapeNet tree: `<synset>/<model>/models/model_normalized.obj` (v2) or `…/model.obj` (v1)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import structlog

from worker.index.listings.base import Records
from worker.index.listings.folder import entries, is_folder, leads_out
from worker.index.record import ObjectRef

log = structlog.get_logger(__name__)

SYNSET: Final = re.compile(r"\d{8}")
MODEL_FILES: Final = ("models/model_normalized.obj", "model.obj")


def looks_like(path: Path) -> bool:
    """Whether all subfolders are synsets, and a mesh is found among the first models of one."""
    folders = [entry.name for entry in entries(path, str(path)) if is_folder(entry)]
    if not folders or not all(SYNSET.fullmatch(folder) for folder in folders):
        return False
    return any(
        (path / folder / model.name / layout).is_file()
        for folder in folders
        for model in entries(path / folder, str(path))[:10]
        for layout in MODEL_FILES
    )


def read(path: Path, name: str) -> Records:
    """One record per model. Its root is the model's folder, because textures are outside `models`.

    Synset and model folders may be symlinks to any folder. A mesh outside its model's folder,
    reached through a symlink, is skipped with a warning.
    """
    missing = 0
    skipped: list[str] = []
    for synset in entries(path, name):
        if not (is_folder(synset) and SYNSET.fullmatch(synset.name)):
            continue
        for model in entries(Path(synset.path), name):
            if not is_folder(model):
                continue
            root = f"{synset.name}/{model.name}"
            layout = next((file for file in MODEL_FILES if (path / root / file).is_file()), None)
            if layout is None:
                missing += 1
                continue
            if _linked(path / root, layout) and leads_out(
                path / root / layout, (path / root).resolve()
            ):
                skipped.append(f"'{root}/{layout}' is a link to a file outside its model's folder")
                continue
            yield (
                f"{name}: {root}",
                ObjectRef(
                    file_identifier=root,
                    path=f"{root}/{layout}",
                    root=root,
                    metadata={"synset": synset.name, "model": model.name},
                ),
            )
    if missing:
        log.warning("ShapeNet models without a mesh skipped", list=name, count=missing)
    if skipped:
        log.warning("models skipped", list=name, count=len(skipped), e_g=skipped[:3])


def _linked(root: Path, layout: str) -> bool:
    """Whether the mesh, or its folder below the model's folder, is a symlink."""
    mesh = root / layout
    return mesh.is_symlink() or (mesh.parent != root and mesh.parent.is_symlink())
