"""Zips of an output, taken apart and put together again by the standard library."""

import json
import zipfile


def zip_of(out, uid):
    return out / "renders" / f"{uid}.zip"


def unzipped(out, uid, to):
    """The object's folder."""
    with zipfile.ZipFile(zip_of(out, uid)) as archive:
        archive.extractall(to)
    return to / uid


def members(out, uid):
    """The contents of its files, by name in its folder."""
    with zipfile.ZipFile(zip_of(out, uid)) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


def rewritten(out, uid, to, changes):
    """A zip with some files changed: JSON files by functions, others to bytes, or None: left out.

    It lies in the folder `to`.
    """
    found = members(out, uid)
    for name, change in changes.items():
        if change is None:
            del found[name]
        elif callable(change):
            found[name] = json.dumps(change(json.loads(found[name]))).encode()
        else:
            found[name] = change
    path = to / f"{uid}.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in found.items():
            archive.writestr(f"{uid}/{name}", data)
    return path
