"""The contact sheet: rows, tiles and captions; what cannot be read has a row that says so."""

import io
import json
import zipfile

import numpy as np
import pytest
from PIL import Image

from tests.raw_views import rendered_object
from worker import presets
from worker.core import keys
from worker.core.errors import OutputMismatch, UsageError
from worker.manifests import OutputManifest
from worker.pack.pack import pack
from worker.report import contact_sheet as sheets
from worker.report.contact_sheet import CARD, PAGE, TILE, contact_sheet, read_row
from worker.stores.folder import FolderStore

RECIPE = presets.load("default", ["views=5", "resolution=[48,32]"])


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store")


@pytest.fixture
def sheet(tmp_path):
    return tmp_path / "sheet.png"


def publish(store, tmp_path, name):
    """Pack an object of that name into the store; its uid."""
    raw = rendered_object(tmp_path / "raw" / name, RECIPE, f"https://example.org/{name}?v=1")
    packed = pack(raw, RECIPE, tmp_path)
    store.create(keys.render_zip(packed.ref.uid), packed.path)
    return packed.ref.uid


def pixels(path):
    with Image.open(path, formats=("PNG",)) as image:
        return np.asarray(image.convert("RGB"))


def zip_of(uid, members):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, data in members.items():
            zipped.writestr(keys.member(uid, name), data)
    return buffer.getvalue()


def row_of(store, uid):
    return read_row(store, uid, 4, 64)


def row_of_views(store, *views, identifier="a.glb"):
    """The row of an object whose zip holds these files as its views."""
    uid = keys.uid_of(identifier)
    document = json.dumps({"file_identifier": identifier}).encode()
    files = {f"{number:03d}.png": view for number, view in enumerate(views)}
    store.create(keys.render_zip(uid), zip_of(uid, {"metadata.json": document, **files}))
    return row_of(store, uid)


def file_of(image, kind="PNG"):
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "identifier", ["https://x.test/a/b.glb?v=1#top", "a/b.glb", "http://[x/b.glb"]
)
def test_the_name_of_an_object_is_its_identifiers_last_part(store, identifier):
    row = row_of_views(store, identifier=identifier)
    assert row.title == "b.glb"
    assert row.notes[0].startswith("GLB · ")


def test_a_row_per_object_a_tile_per_view(tmp_path, store, sheet):
    uids = [publish(store, tmp_path, f"{name}.glb") for name in ("b", "a", "c")]
    assert contact_sheet(store, uids, sheet, columns=3, tile=64) == 3
    three = pixels(sheet)
    assert tuple(three[0, 0]) == PAGE
    assert contact_sheet(store, uids[:2], sheet, columns=3, tile=64) == 2
    two = pixels(sheet)
    assert contact_sheet(store, uids[:2], sheet, columns=4, tile=64) == 2
    wider = pixels(sheet)
    assert three.shape[0] - two.shape[0] == 64 + 2 * sheets.PAD + sheets.GAP
    assert wider.shape[1] - two.shape[1] == 64 + sheets.PAD
    # The ball lies in the middle of a tile of the second row, the tile's grey in its corner.
    top = sheets.MARGIN + sheets.HEADER + (64 + 2 * sheets.PAD + sheets.GAP) + sheets.PAD
    left = sheets.MARGIN + sheets.PAD + sheets.CAPTION + 64 + sheets.PAD
    tile = two[top : top + 64, left : left + 64]
    assert tuple(tile[2, 32]) == TILE
    assert tuple(tile[32, 32]) != TILE
    assert tuple(two[top + 32, left - 3]) == CARD


def test_a_tile_is_composited_by_alpha(store):
    half = np.zeros((8, 8, 4), np.uint8)
    half[:, :4] = (255, 0, 0, 128)
    (shown,) = row_of_views(store, file_of(Image.fromarray(half))).tiles
    tile = np.asarray(shown).astype(int)
    assert tile.shape == (64, 64, 3)
    assert (
        np.abs(tile[32, 4] - (np.array([255, 0, 0]) * 128 + np.array(TILE) * 127) / 255).max() < 2
    )
    assert tuple(tile[32, 60]) == TILE
    # Between the two nothing is darker than both: no fringe from the black of clear pixels.
    assert tile[:, :, 0].min() >= min(TILE[0], tile[32, 4, 0]) - 1


def test_the_whole_store_in_order_of_names_and_no_more_than_asked(tmp_path, store, sheet):
    for name in ("zebra.glb", "ant.obj", "cow.stl"):
        publish(store, tmp_path, name)
    store.create("renders/notes.txt", b"not a zip")
    OutputManifest.of(
        RECIPE, preset=presets.digest(RECIPE), index="1a" * 32, objects=3, blender="4.5"
    ).bind(store)
    assert contact_sheet(store, None, sheet, tile=64) == 3
    assert contact_sheet(store, None, sheet, tile=64, rows=2) == 2
    assert not list(tmp_path.glob(".*"))


def test_a_store_whose_job_is_not_one_is_refused(tmp_path, store, sheet):
    publish(store, tmp_path, "ant.obj")
    store.create(keys.JOB, b"{}")
    with pytest.raises(OutputMismatch, match=r"job\.json is not a job of this program"):
        contact_sheet(store, None, sheet, tile=64)
    assert not sheet.exists()


def test_captions_say_what_it_is(tmp_path, store):
    row = row_of(store, publish(store, tmp_path, "Übung [1].GLB"))
    assert row.title == "Übung [1].GLB"
    assert row.notes == ("GLB · 5 views", "6 faces", "preset default")
    assert len(row.tiles) == 4


def test_a_title_is_written_in_the_letters_that_the_font_has(tmp_path, store):
    uid = publish(store, tmp_path, "a.glb")
    written = []
    for title in ("Übung [1].GLB猫\n·", "Ubung [1].GLB??·", "Ubung [1].GLB?·"):
        contact_sheet(store, [uid], tmp_path / "sheet.png", title=title, tile=64)
        written.append(pixels(tmp_path / "sheet.png"))
    assert np.array_equal(written[0], written[1])
    assert not np.array_equal(written[0], written[2])


def test_the_views_shown_are_spread_evenly(store):
    views = [file_of(Image.new("RGB", (8, 8), (40 * number, 0, 0))) for number in range(5)]
    row_of_views(store, *views)
    shown = read_row(store, keys.uid_of("a.glb"), 3, 64).tiles
    assert [tile.getpixel((32, 32))[0] // 40 for tile in shown] == [0, 1, 3]


def test_an_empty_store_gives_no_sheet(store, sheet):
    assert contact_sheet(store, None, sheet) == 0
    assert not sheet.exists()


UID = keys.uid_of("hostile")
GOOD = json.dumps({"file_identifier": "a.glb"}).encode()


@pytest.mark.parametrize(
    "body",
    [
        b"no zip",
        zip_of(UID, {}),
        zip_of(UID, {"metadata.json": b"{"}),
        zip_of(UID, {"metadata.json": b"[]"}),
        zip_of(UID, {"metadata.json": b"[" * 200_000}),
        zip_of(UID, {"metadata.json": b"{}"}),
        zip_of(UID, {"metadata.json": GOOD, "000.png": b"no image"}),
        zip_of(UID, {"metadata.json": GOOD, "000.png": b"\x89PNG\r\n\x1a\n"}),
    ],
)
def test_a_zip_that_cannot_be_read_has_a_row_that_says_so(store, sheet, body):
    store.create(keys.render_zip(UID), body)
    row = row_of(store, UID)
    assert (row.title, row.tiles) == (UID, ())
    assert row.notes[0] == "cannot be read"
    assert contact_sheet(store, None, sheet) == 1
    assert pixels(sheet).size


def test_what_is_too_large_is_not_opened(store, monkeypatch):
    huge = io.BytesIO()
    Image.new("1", (9000, 9000)).save(huge, "PNG")
    body = zip_of(UID, {"metadata.json": GOOD, "000.png": huge.getvalue()})
    store.create(keys.render_zip(UID), body)
    assert "9000x9000" in row_of(store, UID).notes[1]
    monkeypatch.setattr(sheets, "ZIP_LIMIT", 10)
    assert row_of(store, UID).notes == ("too large to show",)
    assert row_of(store, keys.uid_of("other")).notes == ("not in the store",)


def test_a_packed_member_is_not_unpacked(store):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(keys.member(UID, "metadata.json"), GOOD + b" " * 1_000_000)
    store.create(keys.render_zip(UID), buffer.getvalue())
    assert "too large, or compressed" in row_of(store, UID).notes[1]


def test_other_formats_are_not_decoded(store):
    row = row_of_views(store, file_of(Image.new("RGB", (8, 8)), "TIFF"))
    assert "cannot identify" in row.notes[1]


def test_a_sheet_that_cannot_be_written_is_said_in_a_line(tmp_path, store):
    publish(store, tmp_path, "a.glb")
    with pytest.raises(UsageError, match=r"nowhere/sheet\.png cannot be written: No such file"):
        contact_sheet(store, None, tmp_path / "nowhere" / "sheet.png")


def test_a_sheet_is_a_png_by_its_name_too(tmp_path, store):
    publish(store, tmp_path, "a.glb")
    with pytest.raises(UsageError, match=r"sheet\.jpg must end with \.png"):
        contact_sheet(store, None, tmp_path / "sheet.jpg")
    assert not list(tmp_path.glob("*sheet*"))


@pytest.mark.parametrize(
    "wrong",
    [{"samples": [{"idx": 0}]}, {"samples": 3}, {"samples": [{"idx": "x"}]}, {"samples": ["idx"]},
     {"samples": [{"idx": 0}], "render_worker": {"scenes": {"camera": {"width": 9, "height": 9}}}},
     {"samples": [{"idx": 0}],
      "render_worker": {"scenes": {"camera": {"width": 1 << 20, "height": 1 << 20}}}}],
)  # fmt: skip
def test_scenes_that_are_none_have_a_row_that_says_so(store, wrong):
    document = {"file_identifier": "scenes/x/0-0", **wrong}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        zipped.writestr("uid/metadata.json", json.dumps(document))
        zipped.writestr("uid/img/00000.exr", b"no EXR")

    store.create(keys.render_zip("uid"), buffer.getvalue())
    assert read_row(store, "uid", 6, 64).notes[0] == "cannot be read"
