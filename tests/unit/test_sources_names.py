"""Names from outside: what passes is plain, relative and short; the rest is refused."""

from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.core.errors import ImportFailed, Missing, Unsupported
from worker.index.record import ObjectRef
from worker.sources.names import check_format, inside, safe_member, url_name

pieces = st.sampled_from(["..", ".", "", "a", "C:", "\\", "/", "b.obj", "\0", "é", "x" * 300])
hostile = st.lists(pieces, max_size=12).map("/".join) | st.text(max_size=60)


@given(hostile)
def test_a_safe_member_stays_in_its_folder(name):
    try:
        safe = safe_member(name)
    except ImportFailed:
        return
    parts = PurePosixPath(safe).parts
    assert parts
    assert not {"..", "/", ""} & set(parts)
    assert "\\" not in safe
    assert Path("/base/of", safe).is_relative_to("/base/of")
    assert safe_member(safe) == safe


@given(st.text(max_size=40))
def test_a_name_with_dots_up_is_always_refused(text):
    with pytest.raises(ImportFailed):
        safe_member(f"{text}/../x")


@pytest.mark.parametrize(
    "name",
    ["/etc/passwd", "\\\\host\\share", "a/../../b", "C:\\x.obj", "a/data:/x", "", ".", "a\nb",
     "a\x7f", "x" * 256, "a/" * 65 + "b", "\udcff.obj"],
)  # fmt: skip
def test_unsafe_names_are_refused(name):
    with pytest.raises(ImportFailed, match="unsafe file name"):
        safe_member(name)


def test_backslashes_separate_folders():
    assert safe_member("textures\\wood.png") == "textures/wood.png"
    assert safe_member("./a//b.obj") == "a/b.obj"


@given(st.text(max_size=80))
def test_a_url_gives_a_plain_file_name(tail):
    name = url_name(f"https://host/{tail}")
    assert name
    assert name not in {".", ".."}
    assert "/" not in name
    assert "\0" not in name
    assert len(name.encode()) <= 255


def test_a_url_keeps_what_a_person_would_call_the_file():
    assert url_name("https://host/a/My%20Chair.GLB?version=2#top") == "My Chair.GLB"
    assert url_name("https://host/") == "model"


def test_the_format_comes_from_the_index_or_the_name():
    assert check_format(ObjectRef(file_identifier="x"), "Chair.GLB") == "Chair.GLB"
    assert check_format(ObjectRef(file_identifier="x", file_type="glb"), "3") == "3.glb"
    assert check_format(ObjectRef(file_identifier="x", file_type=".OBJ"), "a.bin") == "a.bin.obj"
    with pytest.raises(Unsupported, match="known: abc, blend, dae"):
        check_format(ObjectRef(file_identifier="x"), "notes.txt")


def test_a_model_must_lie_in_its_root(tmp_path):
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "sub" / "a.obj").write_text("v")
    (tmp_path / "secret.obj").write_text("s")
    (root / "out.obj").symlink_to(tmp_path / "secret.obj")
    (root / "in.obj").symlink_to(root / "sub" / "a.obj")
    (root / "loop.obj").symlink_to(root / "loop.obj")
    (root / "up").symlink_to(tmp_path)
    assert inside(root, root / "sub" / "a.obj") == (root, "sub/a.obj")
    assert inside(root, root / "in.obj") == (root, "in.obj")
    for path in ("out.obj", "up/secret.obj", "../secret.obj"):
        with pytest.raises(Missing, match="is outside its folder"):
            inside(root, root / path)
    for path in ("loop.obj", "no.obj", "a\0b.obj", "sub"):
        with pytest.raises(Missing):
            inside(root, root / path)


def test_names_as_long_and_as_deep_as_may_be():
    deep = "/".join("a" * 64)
    assert safe_member(deep) == deep
    with pytest.raises(ImportFailed, match="too deep"):
        safe_member(f"{deep}/a")
    part = "x" * 255
    assert safe_member(part) == part
    # A path has 1024 bytes, each part's separator counted.
    longest = f"{part}/{part}/{part}/{part}"
    assert safe_member(longest) == longest
    for longer in (
        f"{longest}/x",
        "/".join(["x" * 203] * 5 + ["x" * 4]),
        "/".join(["é" * 102] * 5),
    ):
        with pytest.raises(ImportFailed, match="too long"):
            safe_member(longer)


def test_a_urls_long_name_is_cut_and_keeps_its_ending():
    assert url_name(f"https://host/{'n' * 100}.glb?q=1") == f"{'n' * 40}.glb"
