"""Harm done to an output's zips: whole zips still, but not what the worker wrote."""

import json
import zipfile

from worker.core import keys


def identifier(number):
    return f"https://example.org/{number}.glb"


def zip_of(out, number):
    return out / keys.render_zip(keys.uid_of(identifier(number)))


def unchecked(out):
    """Take the zips' digests and sizes out of a ledger."""
    for part in out.glob("ledger/*/*.jsonl"):
        loose = [
            json.dumps({k: v for k, v in json.loads(line).items() if k not in ("sha256", "size")})
            for line in part.read_text().splitlines()
        ]
        part.write_text("\n".join(loose) + "\n")


def rewrite(path, change):
    """Another content under a name that a zip may have; `change` takes members by name."""
    with zipfile.ZipFile(path) as archive:
        members = {
            info.filename.partition("/")[2]: archive.read(info) for info in archive.infolist()
        }
    change(members)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in members.items():
            archive.writestr(f"{path.stem}/{name}", data)


def in_json(members, name, change):
    """Another document in a JSON file."""
    document = json.loads(members[name])
    change(document)
    members[name] = json.dumps(document).encode()


def in_metadata(change):
    return lambda members: in_json(members, "metadata.json", change)


def in_cameras(change):
    return lambda members: in_json(members, "cameras.json", change)


def in_views(**values):
    """Of every camera."""
    return in_cameras(lambda document: [view.update(values) for view in document["views"]])


def in_a_view(**values):
    return in_cameras(lambda document: document["views"][1].update(values))


def in_file(name, change):
    """Other bytes in a file."""
    return lambda members: members.update({name: change(members[name])})
