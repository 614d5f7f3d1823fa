"""Status: counted from the ledger alone."""

import io
import itertools

import msgspec
import pytest
from rich.console import Console

from worker.core import keys
from worker.index.record import ObjectRef
from worker.ledger import Outcome
from worker.report.failures import failures
from worker.report.status import status_of, to_dict
from worker.report.status_page import render
from worker.report.watch import PAUSE_S, watch
from worker.stores import open_store


@pytest.fixture
def store(tmp_path):
    return open_store(str(tmp_path))


def outcome(number, kind="rendered", at="2026-01-01T00:00:00.000Z", **more):
    ref = ObjectRef(file_identifier=f"object-{number}")
    return Outcome(
        uid=ref.uid, file_identifier=ref.file_identifier, shard="", outcome=kind, time=at, **more
    )


def write(store, shard, outcomes, writer="w", sequence=0):
    body = b"".join(msgspec.json.encode(each) + b"\n" for each in outcomes)
    store.create(keys.ledger_part(shard, writer, sequence), body)


def failure(number, code, message, at="2026-01-01T00:00:00.000Z"):
    return outcome(number, "failed", at, code=code, message=message)


def text(status, width=120):
    console = Console(width=width, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    console.print(render(status))
    return console.export_text()


def test_nothing_yet(store):
    status = status_of(store, {"000000": 5})
    assert (status.done, status.left, status.total) == (0, 5, 5)
    assert status.per_hour is None
    assert status.hours_left is None
    assert "0 of 5 objects done" in text(status)
    assert "no ledger yet" in text(status_of(store))


def test_new_objects_are_counted_once_and_never_as_the_index_s(store):
    write(store, "000000", [outcome(1), outcome(2, "new"), outcome(8, "new"), outcome(9, "new")])
    write(store, "000001", [outcome(2), outcome(1, "new"), outcome(8, "new"), outcome(9, "new")])
    write(store, "000001", [outcome(7, listed=False)], sequence=1)
    status = status_of(store, {"000000": 1, "000001": 1})
    assert status.outcomes == {"rendered": 3, "new": 2, "failed": 0}
    assert (status.done, status.left) == (2, 0)
    assert [(shard.done, shard.total) for shard in status.shards] == [(1, 1), (1, 1)]


def test_counts_by_outcome_code_and_shard(store):
    write(store, "000000", [
        outcome(1), outcome(2), failure(3, "crash", "died"), outcome(4, "new"),
        failure(5, "download", "503"), failure(6, "download", "503"),
    ])  # fmt: skip
    write(store, "000000", [outcome(5, at="2026-01-01T00:10:00.000Z")], sequence=1)
    write(store, "000000", [failure(1, "crash", "died", "2026-01-01T00:11:00.000Z")], writer="x")
    write(store, "000001", [outcome(7)])
    status = status_of(store, {"000000": 6, "000001": 1, "000002": 3})
    assert status.outcomes == {"rendered": 4, "new": 1, "failed": 2}
    assert status.codes == {"crash": 1, "download": 1}
    assert status.retryable == 1
    assert [(s.name, s.done, s.total) for s in status.shards] == [
        ("000000", 4, 6), ("000001", 1, 1), ("000002", 0, 3),
    ]  # fmt: skip
    assert (status.done, status.total, status.left) == (5, 10, 5)
    assert status.last == "2026-01-01T00:11:00.000Z"
    shown = text(status)
    assert "5 of 10 objects done" in shown
    assert "1 failed and will be retried" in shown
    assert "000002" in shown
    assert "000001" not in shown, "a shard that is done is not listed"


def test_what_is_missing_and_what_cannot_be_decoded_are_counted_apart(store):
    lacking = [{"missing": 2}, {"missing": 1, "undecodable": 1}, {"undecodable": 3}, {}, {}]
    lines = [msgspec.structs.replace(outcome(n), **each) for n, each in enumerate(lacking)]
    write(store, "000000", lines[:3])
    write(store, "000001", lines[3:])
    status = status_of(store)
    assert (status.incomplete, status.undecodable) == (2, 2)
    assert "2 rendered with missing files; 2 rendered without files that cannot be" in text(status)


def test_without_an_index_nothing_is_guessed(store):
    write(store, "000000", [outcome(1)])
    status = status_of(store)
    assert (status.done, status.total, status.left, status.hours_left) == (1, None, None, None)
    assert "left" not in text(status)


A_MINUTE = {"render": 60.0}


def at(minute, hour=0, day=1):
    return f"2026-01-{day:02d}T{hour:02d}:{minute:02d}:30.000Z"


def test_the_rate_is_that_of_the_last_stretch_of_work(store):
    write(store, "000000", [outcome(n, at=at(n % 60), seconds=A_MINUTE) for n in range(600)])
    write(store, "000001", [
        outcome(n, at=at(n % 30, 9, day=3), seconds=A_MINUTE) for n in range(1000, 1060)
    ])  # fmt: skip
    status = status_of(store, {"000000": 600, "000001": 300})
    assert status.per_hour == pytest.approx(60 / (30 / 60))
    assert status.hours_left == pytest.approx(240 / 120)
    assert "about 2.0 h" in text(status)


def test_the_rate_looks_back_an_hour_at_most(store):
    slow = [outcome(n, at=at(n % 60, 1)) for n in range(60)]
    fast = [outcome(n, at=at(n % 60, 2), seconds=A_MINUTE) for n in range(100, 700)]
    write(store, "000000", slow + fast)
    assert status_of(store).per_hour == pytest.approx(600)


def test_the_rate_of_a_few_seconds_is_that_of_these_seconds(store):
    times = [f"2026-01-01T00:00:{58 + n // 2}.{n % 2 * 500:03d}Z" for n in range(4)]
    lines = [outcome(n, at=time, seconds={"render": 0.5}) for n, time in enumerate(times)]
    write(store, "000000", [*lines, outcome(9, at="2026-01-01T00:01:00.000Z")])
    status = status_of(store, {"000000": 15})
    assert status.per_hour == pytest.approx(5 / 2.5 * 3600)  # not 5 in two minutes
    assert "7,200 per hour; 10 left, about 5 s" in text(status)


def test_one_object_without_a_duration_has_no_rate(store):
    write(store, "000000", [outcome(1)])
    assert status_of(store, {"000000": 1}).per_hour is None


@pytest.mark.parametrize(
    ("shards", "said"), [(1, "the shard is done"), (2, "all 2 shards are done")]
)
def test_one_shard_and_several(store, shards, said):
    for number in range(shards):
        write(store, f"{number:06d}", [outcome(number)])
    shown = text(status_of(store, dict.fromkeys([f"{number:06d}" for number in range(shards)], 1)))
    assert said in shown
    assert ("1 of 1 object done" in shown) is (shards == 1)


def test_failures_of_one_kind_are_one_line(store):
    write(store, "000000", [
        *[failure(n, "import", f"/scratch/{n}/a b.glb: bad chunk at {n * 7}") for n in range(9)],
        failure(50, "crash", "died of signal 11"),
        failure(51, "crash", "died of signal 6"),
        failure(52, "missing", "[red]https://host/x[/red] \x1b]0;title\x07 is gone\nsecond line"),
    ])  # fmt: skip
    status = status_of(store)
    assert [(f.code, f.count) for f in status.failures] == [
        ("import", 9), ("crash", 2), ("missing", 1),
    ]  # fmt: skip
    first = status.failures[0]
    assert first.uid == ObjectRef(file_identifier="object-0").uid
    assert first.message == "/scratch/0/a b.glb: bad chunk at 0"
    shown = text(status)
    assert "[red]https://host/x[/red]" in shown, "a message is no markup"
    assert "\x1b]0" not in shown
    assert "\x07" not in shown


def test_a_narrow_page_cuts_nothing_off(store):
    write(store, "000000", [failure(1, "missing", "/data/" + "x" * 70 + "/a.glb is gone")])
    shown = "".join(text(status_of(store), 40).translate({ord("│"): " "}).split())
    for part in (ObjectRef(file_identifier="object-1").uid[-6:], "gone", "x/a.glb"[-4:]):
        assert part in shown
    assert "…" not in shown


def test_new_objects_that_were_rendered_hide_no_open_ones(store):
    write(store, "000000", [outcome(n) for n in range(5)])
    assert status_of(store, {"000000": 2, "000001": 2}).left == 2


def test_objects_beside_the_index_are_none_of_its_total(store):
    write(store, "000000", [
        outcome(1), outcome(2, listed=False), outcome(3, "new"), failure(4, "crash", "died"),
    ])  # fmt: skip
    write(store, "000000", [outcome(3)], writer="later")
    for totals, objects in ((None, 4), ({"000000": 4}, None)):
        status = status_of(store, totals, objects)
        assert (status.done, status.beside, status.left, status.total) == (2, 2, 2, 4)
        assert "2 of 4 objects done; 2 rendered but not in the index; " in text(status)
    assert status.outcomes == {"rendered": 3, "new": 0, "failed": 1}


def test_the_status_is_plain_json(store):
    write(store, "000000", [outcome(1), failure(2, "crash", "died")])
    plain = to_dict(status_of(store, {"000000": 2}))
    assert msgspec.json.decode(msgspec.json.encode(plain)) == plain
    assert plain["outcomes"]["rendered"] == 1
    assert plain["shards"] == [{"name": "000000", "done": 2, "total": 2}]


def seen(number, **more):
    made = {"coverage_min": 0.5, "blank_views": 0, "border_views": 0, "missing_textures": 0}
    return outcome(number, **(made | more))


def test_the_objects_to_look_at_have_names(store):
    lines = [
        seen(
            n, coverage_min=0.9 - n / 100, seconds={"fetch": 1.0, "render": float(n)}, device="cpu"
        )
        for n in range(30)
    ]
    write(store, "000000", lines[::2])
    write(store, "000001", [*lines[1::2], failure(99, "crash", "died")])
    status = status_of(store)
    assert [each.name for each in status.least_seen] == [f"object-{n}" for n in range(29, 19, -1)]
    assert status.least_seen[0].value == pytest.approx(0.61)
    assert [each.name for each in status.slowest] == [f"object-{n}" for n in range(29, 19, -1)]
    assert status.slowest[0].value == 30.0
    assert status.slowest[0].shard == "000001"
    assert status.slowest[0].uid == ObjectRef(file_identifier="object-29").uid
    assert status.failures[0].name == "object-99"
    shown = text(status)
    for part in ("least coverage", "object-29", "61.0%", "30.0 s", status.slowest[0].uid):
        assert part in shown


def test_blank_cropped_and_incomplete_objects_are_counted(store):
    write(store, "000000", [
        seen(1), seen(2, blank_views=1, coverage_min=0.0), seen(3, border_views=12),
        seen(4, missing=3, missing_textures=2), seen(5, missing=7), outcome(6),
    ])  # fmt: skip
    status = status_of(store)
    assert (status.blank, status.cropped) == (1, 1)
    assert (status.incomplete, status.missing_textures) == (2, 1)
    assert [(each.name, each.value) for each in status.most_missing] == [
        ("object-5", 7), ("object-4", 3),
    ]  # fmt: skip
    shown = text(status, 200)
    assert "2 rendered with missing files" in shown
    assert "1 with a view that shows nothing; 1 touching the border of a view" in shown


def test_a_later_outcome_replaces_what_was_notable(store):
    write(store, "000000", [seen(1, coverage_min=0.01, border_views=3)])
    write(store, "000000", [seen(1, at="2026-02-01T00:00:00.000Z")], sequence=1)
    status = status_of(store)
    assert [each.value for each in status.least_seen] == [0.5]
    assert status.cropped == 0


def test_near_duplicates_are_found_across_shards(store):
    write(store, "000000", [seen(1, phash="00000000000000ff"), seen(2, phash="ffff0000ffff0000")])
    write(store, "000001", [
        seen(3, phash="000000000000000f"), seen(4), seen(5, phash="not hex"),
        seen(6, phash="f" * 40), failure(7, "crash", "x"),
    ])  # fmt: skip
    found = status_of(store).duplicates
    assert (found.groups, found.objects) == (1, 2)
    assert [each.name for each in found.largest[0].first] == ["object-1", "object-3"]
    assert [each.shard for each in found.largest[0].first] == ["000000", "000001"]
    assert "Near-duplicates: 2 objects in 1 group" in text(status_of(store))


def test_hours_of_gpus_so_far_and_to_go(store):
    shared = {"device": "optix", "children_per_device": 2}
    write(store, "000000", [
        seen(1, seconds={"fetch": 9e9, "render": 3600.0}, **shared),
        outcome(2, "failed", code="download", message="503", seconds={"render": 1800.0}, **shared),
    ])  # fmt: skip
    write(store, "000000", [seen(2, at="2026-02-01T00:00:00.000Z",
                                 seconds={"render": 1800.0}, **shared)], sequence=1)  # fmt: skip
    status = status_of(store, {"000000": 6})
    assert status.device_hours == {"optix": 1.0}  # failed attempts cost, too
    assert status.device_hours_left == pytest.approx(2.0)
    assert "1.0 GPU-hours so far, about 2.0 to go" in text(status)
    status = msgspec.structs.replace(status, device_hours_left=0.0042)
    assert "so far, about 0.004 to go" in text(status)


def test_the_page_hides_no_escapes_of_hostile_names(store):
    ref = ObjectRef(file_identifier="a/[red]\x1b]0;x\x07.glb")
    hostile = Outcome(
        uid=ref.uid, file_identifier=ref.file_identifier, shard="", outcome="rendered",
        time="2026-01-01T00:00:00.000Z", coverage_min=0.1,
    )  # fmt: skip
    write(store, "000000", [hostile])
    shown = text(status_of(store))
    assert "[red]" in shown
    assert "\x1b]0" not in shown


def test_watching_ends_when_nothing_is_left(store):
    write(store, "000000", [seen(1)])
    pauses = []

    def sleep(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:
            write(store, "000000", [seen(2)], sequence=1)

    console = Console(width=120, record=True, file=io.StringIO())
    last = watch(lambda: status_of(store, {"000000": 2}), console, sleep=sleep)
    assert last.all_done
    assert pauses[0] == PAUSE_S
    assert "2 of 2 objects done" in console.export_text()


def test_a_long_page_is_drawn_in_place_and_printed_in_full_at_the_end(store):
    write(store, "000000", [failure(n, "import", "abcdefgh"[n] * 9) for n in range(8)])
    file = io.StringIO()
    console = Console(width=120, height=12, force_terminal=True, file=file)
    lengths = []

    def sleep(_):
        lengths.append(file.getvalue().count("\n"))
        if len(lengths) == 7:
            raise KeyboardInterrupt

    watch(lambda: status_of(store, {"000000": 9}), console, sleep=sleep)
    drawn = [after - before for before, after in itertools.pairwise(lengths) if after != before]
    assert drawn
    assert max(drawn) < 12
    assert "hhhhhhhhh" in file.getvalue()


def test_control_c_ends_watching_with_the_last_status(store):
    def sleep(_):
        raise KeyboardInterrupt

    console = Console(width=120, record=True, file=io.StringIO())
    assert not watch(lambda: status_of(store, {"000000": 2}), console, sleep=sleep).all_done
    assert "0 of 2 objects done" in console.export_text()


@pytest.mark.parametrize("code", ["import", "all"])
def test_failed_objects_one_by_one(store, code):
    write(store, "000000", [failure(1, "import", "bad"), failure(2, "crash", "died"), outcome(3)])
    write(store, "000000", [failure(4, "import", "worse"), outcome(1)], sequence=1)
    write(store, "000001", [failure(5, "import", "no mesh"), outcome(6, "new")])
    found = list(failures(store, code))
    names = {each.name: (each.code, each.message, each.shard) for each in found}
    wanted = {
        "object-4": ("import", "worse", "000000"),
        "object-5": ("import", "no mesh", "000001"),
    }
    if code == "all":
        wanted["object-2"] = ("crash", "died", "000000")
    assert names == wanted
    assert len(found) == len(wanted)
