"""Every kind of list, read as one shard, and every way it can be wrong."""

from __future__ import annotations

import gzip
import json
import os

import pytest
from structlog.testing import capture_logs

from worker.core import keys
from worker.core.errors import ExitStatus, IndexInvalid, Missing, UsageError
from worker.core.s3 import S3Options
from worker.index import builder, listings
from worker.index.reader import open_index
from worker.index.record import ObjectRef
from worker.sources.base import FetchLimits
from worker.sources.fetcher import Fetcher

S3 = S3Options()
SHA = "ab" * 32
UIDS = ("0" * 32, "1f" * 16)
BLOB = "https://github.com/o/r/blob/" + "c" * 40 + "/models/a b.obj"


def read(path):
    index = open_index(str(path), S3)
    assert len(index.shards) == 1
    refs = index.read(index.shards[0])
    assert index.objects == index.shards[0].objects == len(refs)
    return refs


def written(folder, name, text):
    path = folder / name
    body = text if isinstance(text, bytes) else text.encode()
    path.write_bytes(gzip.compress(body) if name.endswith(".gz") else body)
    return path


XL = [
    {"fileIdentifier": BLOB, "source": "github", "sha256": SHA, "license": "MIT",
     "fileType": "obj", "metadata": {"stars": 3}},
    {"fileIdentifier": "https://www.thingiverse.com/thing:1/files?fileId=2", "sha256": SHA.upper(),
     "source": "thingiverse", "license": None, "metadata": "{}", "unknown": [1]},
    {"fileIdentifier": "https://x.test/b.glb", "path": "sub/b.glb"},
]  # fmt: skip


def check_xl(refs, folder):
    assert [ref.file_identifier for ref in refs] == [record["fileIdentifier"] for record in XL]
    assert refs[0].location == BLOB
    assert (refs[0].source, refs[0].license, refs[0].file_type) == ("github", "MIT", "obj")
    assert refs[0].metadata == {"stars": 3}
    assert refs[1].sha256 == SHA
    assert refs[1].license is None
    assert refs[1].metadata == "{}"
    assert refs[2].location == str(folder / "sub/b.glb")
    assert refs[2].sha256 is None


@pytest.mark.parametrize("name", ["xl.json", "xl.json.gz", "XL.JSON"])
def test_json_records(tmp_path, name):
    check_xl(read(written(tmp_path, name, json.dumps(XL, indent=1))), tmp_path)


@pytest.mark.parametrize("name", ["xl.jsonl", "xl.jsonl.gz", "xl.ndjson"])
def test_json_lines(tmp_path, name):
    text = "\ufeff" + "\r\n\r\n".join(json.dumps(record) for record in XL)
    check_xl(read(written(tmp_path, name, text)), tmp_path)


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz"])
def test_table_with_a_header(tmp_path, name):
    comma = "\t" if ".tsv" in name else ","
    rows = [
        ["n", "path", "url", "sha256", "file_type", "fileIdentifier"],
        ["1", "a.glb", "", SHA, "", "mine"],
        ["2", '"b,\t""c"".obj"', "", "", "", ""],
        [],
        ["3", "", "https://x.test/d?f=1", "", "ply", ""],
    ]
    refs = read(written(tmp_path, name, "\n".join(comma.join(row) for row in rows)))
    assert [ref.file_identifier for ref in refs] == ["mine", 'b,\t"c".obj', "https://x.test/d?f=1"]
    assert [ref.location for ref in refs] == [
        str(tmp_path / "a.glb"), str(tmp_path / 'b,\t"c".obj'), "https://x.test/d?f=1",
    ]  # fmt: skip
    assert [ref.sha256 for ref in refs] == [SHA, None, None]
    assert [ref.file_type for ref in refs] == [None, None, "ply"]


def test_table_of_one_column_without_a_header(tmp_path):
    refs = read(written(tmp_path, "t.csv", f"a/b.glb\nhttps://x.test/c.glb\n{UIDS[1]}\n"))
    assert [ref.location for ref in refs] == [
        str(tmp_path / "a/b.glb"), "https://x.test/c.glb",
        f"https://sketchfab.com/3d-models/{UIDS[1]}",
    ]  # fmt: skip


def test_text(tmp_path):
    lines = ["# models", "", "a b#1.glb ", "../other/c.obj", "/abs/d.ply", "s3://b/k/e.stl",
             "https://x.test/f.glb#frag", "packed.zip!/g.fbx", "file:///abs/h%20i.glb"]  # fmt: skip
    refs = read(written(tmp_path, "models.txt", "\r\n".join(lines)))
    assert [ref.file_identifier for ref in refs] == [line.strip() for line in lines[2:]]
    assert [ref.location for ref in refs] == [
        str(tmp_path / "a b#1.glb"), str(tmp_path.parent / "other/c.obj"), "/abs/d.ply",
        "s3://b/k/e.stl", "https://x.test/f.glb#frag", str(tmp_path / "packed.zip!/g.fbx"),
        "/abs/h i.glb",
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "kind"), [("u.json", "auto"), ("u.json.gz", "objaverse"),
                                            ("u.txt", "objaverse"), ("u.txt", "auto")])  # fmt: skip
def test_objaverse_uids(tmp_path, name, kind):
    text = json.dumps(UIDS) if "json" in name else "# uids\n" + "\n".join(UIDS)
    path = written(tmp_path, name, text)
    found = [ref for _, ref in listings.find(path, str(path), kind).read(path, str(path))]
    assert [ref.file_identifier for ref in found] == [
        f"https://sketchfab.com/3d-models/{uid}" for uid in UIDS
    ]
    assert {(ref.source, ref.file_type) for ref in found} == {("sketchfab", "glb")}


@pytest.mark.parametrize("name", ["object-paths.json", "object-paths.json.gz"])
def test_objaverse_object_paths(tmp_path, name):
    paths = {uid: f"glbs/000-00{n}/{uid}.glb" for n, uid in enumerate(UIDS)}
    refs = read(written(tmp_path, name, json.dumps(paths)))
    assert [ref.location for ref in refs] == [f"https://sketchfab.com/3d-models/{u}" for u in UIDS]
    assert refs[1].metadata == {"objectPath": f"glbs/000-001/{UIDS[1]}.glb"}


def test_folder(tmp_path):
    top = tmp_path / "models"
    names = ["a/x.GLB", "a-b/y.obj", "a/deep/er/z.usdc", "packed.zip", "Ünï çode.ply", "b.blend"]
    for name in [*names, "a/x.mtl", "texture.png", ".hidden.glb", ".git/h.glb", "README"]:
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_bytes(b"")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/o.glb").write_bytes(b"")
    (top / "out.glb").symlink_to(tmp_path / "outside/o.glb")
    (top / "outdir").symlink_to(tmp_path / "outside")
    (top / "loop").symlink_to(top)
    (top / "nowhere.glb").symlink_to(top / "gone.glb")
    (top / "circle.glb").symlink_to(top / "circle.glb")
    (top / "within.glb").symlink_to(top / "a/x.GLB")
    (top / "a/up.obj").symlink_to(top / "b.blend")  # in the list, but not in its model's folder
    (top / "a/linked").symlink_to(top / "a-b")
    (top / "notes.txt").symlink_to(tmp_path / "outside/n.txt")
    os.mkfifo(top / "pipe.ply")
    with capture_logs() as logs:
        refs = read(top)
    assert [ref.file_identifier for ref in refs] == sorted([*names, "within.glb"])
    assert [ref.location for ref in refs] == [str(top / ref.file_identifier) for ref in refs]
    assert {ref.root for ref in refs} == {str(top)}
    assert [(line["log_level"], line["count"]) for line in logs] == [("warning", 8)]
    assert logs[0]["e_g"] == [
        "'a/linked' is a link to a folder", "'a/up.obj' is a link to a file outside its folder",
        "'circle.glb' is a dangling link",
    ]  # fmt: skip


def test_folder_skips_a_name_that_is_not_utf8(tmp_path):
    (tmp_path / "a.glb").write_bytes(b"")
    try:
        (tmp_path / "b\udcff.glb").write_bytes(b"")
    except OSError:
        pytest.skip("this file system takes UTF-8 names only")
    with capture_logs() as logs:
        assert [ref.file_identifier for ref in read(tmp_path)] == ["a.glb"]
    assert "not UTF-8" in str(logs)


def test_a_folder_leaves_out_what_the_worker_made_in_it(tmp_path):
    for name in ("a.glb", "b/c.obj", "b/ply/d.ply", "e/f.zip", "clouds/g.obj"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    before = open_index(str(tmp_path), S3)
    for folder, document, mark in (
        (".", keys.JOB, keys.JOB_FORMAT), ("b", keys.JOB, keys.JOB_FORMAT),
        ("clouds", keys.EXPORT, keys.EXPORT_FORMAT),
    ):  # fmt: skip
        (tmp_path / folder / document).write_text(json.dumps({"format": mark}))
    for key in (keys.render_zip("u"), "b/" + keys.render_zip("v"), "clouds/" + keys.cloud_ply("u"),
                "clouds/" + keys.cloud_ply_binary("u")):  # fmt: skip
        (tmp_path / key).parent.mkdir(exist_ok=True)
        (tmp_path / key).write_text("")
    assert open_index(str(tmp_path), S3).digest == before.digest
    assert before.objects == 5
    (tmp_path / "e" / keys.JOB).write_text('{"format": "another\'s"}')
    (tmp_path / "e/renders").mkdir()
    (tmp_path / "e/renders/h.zip").write_text("")
    assert open_index(str(tmp_path), S3).objects == 6


def test_the_digest_of_a_folder_is_its_listing(tmp_path):
    for top in ("one", "two"):
        (tmp_path / top).mkdir()
        (tmp_path / top / "a.glb").write_text(top)
    one, two = (open_index(str(tmp_path / top), S3).digest for top in ("one", "two"))
    assert one == two
    (tmp_path / "two/b.glb").write_text("")
    assert open_index(f"{tmp_path}/two/", S3).digest != one


def test_shapenet_tree(tmp_path):
    models = {"02691156/10155655850468db": "models/model_normalized.obj",
              "02691156/1a": "model.obj", "03001627/ff": "models/model_normalized.obj"}  # fmt: skip
    for root, model in models.items():
        (tmp_path / root / model).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / root / model).write_text("")
        (tmp_path / root / "images").mkdir()
    (tmp_path / "03001627/empty/models").mkdir(parents=True)
    (tmp_path / "taxonomy.json").write_text("[]")
    with capture_logs() as logs:
        refs = read(tmp_path)
    assert [ref.file_identifier for ref in refs] == list(models)
    assert [ref.path for ref in refs] == [str(tmp_path / r / m) for r, m in models.items()]
    assert [ref.root for ref in refs] == [str(tmp_path / root) for root in models]
    assert refs[2].metadata == {"synset": "03001627", "model": "ff"}
    assert [line["count"] for line in logs] == [1]


def test_linked_shapenet_models_are_listed_where_they_can_be_fetched(tmp_path):
    top, away = tmp_path / "top", tmp_path / "away"
    for model in ("02691156/a", "03001627/b", "03001627/c", "03001627/d", "03001627/e"):
        (away / model / "models").mkdir(parents=True)
        (away / model / "models/model_normalized.obj").write_text(f"# {model}")
    (top / "03001627/d/models").mkdir(parents=True)
    (top / "03001627/e").mkdir()
    (top / "02691156").symlink_to(away / "02691156")
    (top / "03001627/b").symlink_to(away / "03001627/b")
    mesh = "models/model_normalized.obj"
    (top / "03001627/d" / mesh).symlink_to(away / "03001627/d" / mesh)
    (top / "03001627/e/models").symlink_to(away / "03001627/e/models")
    with capture_logs() as logs:
        refs = read(top)
    assert [ref.file_identifier for ref in refs] == ["02691156/a", "03001627/b"]
    assert [line["count"] for line in logs] == [2]
    fetcher = Fetcher(tmp_path / "scratch", limits=FetchLimits(attempts=1))
    for ref in refs:
        assert fetcher.fetch(ref).path.read_text() == f"# {ref.file_identifier}"
    for name in "de":
        model = f"03001627/{name}"
        left = ObjectRef(
            file_identifier=model, path=f"{top / model / mesh}", root=f"{top / model}"
        )  # fmt: skip
        with pytest.raises(Missing):
            fetcher.fetch(left)


def test_a_folder_beside_synsets_makes_it_a_plain_folder(tmp_path):
    for name in ("02691156/1a/model.obj", "others/b.obj"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("")
    assert [r.file_identifier for r in read(tmp_path)] == ["02691156/1a/model.obj", "others/b.obj"]


def test_the_first_of_duplicates_stays(tmp_path):
    path = written(tmp_path, "m.csv", "fileIdentifier,path\na,1.glb\nb,2.glb\na,3.glb\na,4.glb\n")
    with capture_logs() as logs:
        refs = read(path)
    assert [ref.location for ref in refs] == [str(tmp_path / "1.glb"), str(tmp_path / "2.glb")]
    assert [(line["log_level"], line["count"]) for line in logs] == [("warning", 2)]


FINE = '{"fileIdentifier": "a.glb"}\n'
WRONG = {
    "jsonl field": ("o.jsonl", FINE * 2 + '{"path": "x"}', [":3: field fileIdentifier missing"]),
    "jsonl cut off": ("o.jsonl", FINE + '{"fileIdentifier": \n', [":2: Input data was truncated"]),
    "jsonl type": ("o.jsonl", '{"fileIdentifier": 7}', [":1: field fileIdentifier: int, not str"]),
    "jsonl array": ("o.jsonl", FINE + "\n[1]", [":3: a record must be an object, not array"]),
    "jsonl sha256": ("o.jsonl", '{"fileIdentifier": "a", "sha256": "12"}', [":1:", "64 hex"]),
    "jsonl url": ("o.jsonl", '{"fileIdentifier": "a", "url": "ftp://x/y"}', [":1:", "ftp://x/y"]),
    "jsonl path": ("o.jsonl", '{"fileIdentifier": "a", "path": "ftp://x/y"}', [":1:", "url"]),
    "jsonl root": (
        "o.jsonl", FINE + '{"fileIdentifier": "a", "path": "x/a.obj", "root": "y"}',
        [":2: field root: 'y'", "x/a.obj"],
    ),
    "jsonl blank": ("o.jsonl", '{"fileIdentifier": " "}', [":1: field fileIdentifier is empty"]),
    "jsonl null": ("o.jsonl", '{"fileIdentifier": null}', [":1: field fileIdentifier missing"]),
    "jsonl long": (
        "o.jsonl", FINE + '{"fileIdentifier": "' + "x" * 2_000_000 + '.obj"}',
        [":2: field fileIdentifier has 2,000,004 characters", "4,096"],
    ),
    "jsonl long path": (
        "o.jsonl", '{"fileIdentifier": "a", "path": "' + "x/" * 2049 + '"}',
        [":1: field path has 4,098 characters"],
    ),
    "jsonl long sha256": (
        "o.jsonl", '{"fileIdentifier": "a", "sha256": "' + "f" * 9999 + '"}', [":1: field sha256"],
    ),
    "jsonl null byte": ("o.jsonl", '{"fileIdentifier": "a\\u0000b"}', [":1:", "null character"]),
    "jsonl not utf-8": ("o.jsonl", b'{"fileIdentifier": "\xff"}', [":1: not UTF-8"]),
    "jsonl deep": ("o.jsonl", '{"metadata": ' + "[" * 100_000, [":1: nested too deeply"]),
    "json not utf-8": ("o.json", b'["\xff"]', ["o.json", "not UTF-8"]),
    "json map not utf-8": ("o.json", b'{"\xff": 1}', ["o.json", "not UTF-8"]),
    "json deep": ("o.json", "[" * 100_000, ["o.json", "nested too deeply"]),
    "json deep map": ("o.json", '{"a":' * 100_000, ["o.json"]),
    "json record": (
        "o.json", '[\n {"fileIdentifier":\n "a"},\n\n {"path": "a"}]',
        ["o.json:5: field fileIdentifier missing"],
    ),
    "json syntax": ("o.json", '[\n{"fileIdentifier": "a"}\n{', ["o.json:3:", "malformed"]),
    "json cut off": ("o.json", '[\n{"fileIdentifier": "a"},\n', ["o.json:2:", "truncated"]),
    "json record cut off": ("o.json", '[\n{"fileIdentifier": "a"},\n{', ["o.json:3:", "truncated"]),
    "json map cut off": ("o.json", '{"a":\n"b",\n\n', ["o.json:2:", "truncated"]),
    "json number": ("o.json", "7", ["o.json", "list of records"]),
    "json numbers": ("o.json", "[7]", ["o.json:1: a record must be an object, not int"]),
    "json lines": ("o.json", FINE * 2, ["o.json:2", ".jsonl"]),
    "json empty": ("o.json", " \n", ["o.json", "no object", "empty"]),
    "json no uid": ("o.json", f'["{UIDS[0]}",\n"chair"]', [":2: 'chair'", "32 hex digits"]),
    "json map": ("o.json", '{"chair": "glbs/x.glb"}', ["entry 1: 'chair'", "32 hex digits"]),
    "json other": ("o.json", '{"chair": {"a": 1}}', ["o.json", "list of records"]),
    "empty jsonl": ("o.jsonl", "", ["o.jsonl: contains no objects"]),
    "empty list": ("o.json", "[]", ["o.json: contains no objects"]),
    "empty map": ("o.json", "{}", ["o.json: contains no objects"]),
    "empty text": ("o.txt", "# nothing\n", ["o.txt: contains no objects"]),
    "empty csv": ("o.csv", "path\n", ["o.csv: contains no objects"]),
    "csv header": ("o.csv", "name,file\na,b\n", ["o.csv:1:", "name, file", "fileIdentifier"]),
    "csv columns": ("o.csv", "path,sha256\na,\nb,c,d\n", ["o.csv:3: 3 columns, but 2 expected"]),
    "csv one column": ("o.csv", "a.glb\nb,c.glb\n", ["o.csv:2: 2 columns, but 1 expected"]),
    "csv identity": ("o.csv", f"path,sha256\na,\n,{SHA}\n", ["o.csv:3: no fileIdentifier"]),
    "csv quote": ("o.csv", 'path,url\na,\n"b"c,\n', ["o.csv:3:"]),
    "csv multi-line": ("o.csv", 'path,sha256\n"a\nb",\nc,bad\n', ["o.csv:4: field sha256"]),
    "text not utf-8": ("o.txt", b"a.glb\n\xff\xfe", ["o.txt:2: not UTF-8"]),
    "not gzip": ("o.jsonl.gz", None, ["o.jsonl.gz", "gzip"]),
    "unknown suffix": ("o.dat", "a", ["o.dat", "jsonl", "csv"]),
    "a scene": ("o.max", "a", ["o.max", "unknown kind of list", "model"]),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_list_is_refused_with_its_line(tmp_path, name):
    file, text, words = WRONG[name]
    if text is None:
        (tmp_path / file).write_bytes(b"no gzip")
    else:
        written(tmp_path, file, text)
    with pytest.raises(IndexInvalid) as caught:
        open_index(str(tmp_path / file), S3)
    message = str(caught.value)
    assert caught.value.exit_status == ExitStatus.CONFIGURATION
    assert message.startswith(str(tmp_path / file))
    assert "\n" not in message
    assert len(message) < 1000
    for word in words:
        assert word in message


def test_names_as_long_as_a_path_can_be_are_read(tmp_path):
    name = "x/" * 2048
    assert read(written(tmp_path, "o.txt", name))[0].file_identifier == name


def test_gzip_cut_off(tmp_path):
    whole = gzip.compress(FINE.encode() * 10_000, compresslevel=0)
    (tmp_path / "o.jsonl.gz").write_bytes(whole[:-70_000])
    with pytest.raises(IndexInvalid, match=r"o\.jsonl\.gz:\d+: not a complete gzip"):
        open_index(str(tmp_path / "o.jsonl.gz"), S3)


def test_a_list_that_is_not_there(tmp_path):
    with pytest.raises(IndexInvalid, match=r"nowhere\.json: no such file"):
        open_index(str(tmp_path / "nowhere.json"), S3)


def test_an_empty_path_is_not_the_working_directory(tmp_path, monkeypatch):
    written(tmp_path, "m.txt", "a.glb\n")
    monkeypatch.chdir(tmp_path)
    builder.build("m.txt", ".")
    for use in (lambda: open_index("", S3), lambda: builder.build("", "other")):
        with pytest.raises(UsageError, match=r"'\.' is this folder"):
            use()


def test_a_folder_without_models(tmp_path):
    with pytest.raises(IndexInvalid, match="contains no objects"):
        open_index(str(tmp_path), S3)


def test_a_kind_that_does_not_fit(tmp_path):
    with pytest.raises(UsageError, match="'tree' is not a kind of list; known: auto, folder"):
        listings.find(tmp_path, "x", "tree")
    with pytest.raises(IndexInvalid, match=r"x: is a folder"):
        listings.find(tmp_path, "x", "csv")
    written(tmp_path, "m.txt", "a.glb\n")
    with pytest.raises(IndexInvalid, match=r"m.txt: is a file"):
        listings.find(tmp_path / "m.txt", "m.txt", "shapenet")
