"""Names that a terminal or a page would obey: shown as text, wherever they come out."""

import json
import unicodedata

import pyarrow.parquet
import pytest
import structlog

from tests.command_line import SMALL, run_worker
from tests.fuzz.seeds import BY_HAND
from worker.contract.escaping import printable, printable_json
from worker.core import keys
from worker.core import logging as logs

ODD = [
    "\u202e", "\u2066", "\u200f", "\ufeff", "\u2028", "\u2029", "\x85", "\t", "\x1b[2J", "\x07",
    "\x9b31m", "\U000e0041", "\x7f", "\x1b]0;title\x07", "\r",
]  # fmt: skip
OBEYED = {"Cc", "Cf", "Zl", "Zp", "Cs"}
"""Unicode's categories of what is not shown."""


def obeyed(text, but="\n"):
    return {char for char in text if unicodedata.category(char) in OBEYED and char not in but}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An output of models with odd names, half of them broken, and what the run has said."""
    base = tmp_path_factory.mktemp("names")
    for number, odd in enumerate(ODD):
        for ending in ("whole", "broken"):
            text = BY_HAND["cube.off"] if ending == "whole" else f"OFF\n3 {odd}x 1\n{odd}\n"
            path = base / "in" / f"{number} a{odd}b {ending}.off"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, newline="")
    done = run_worker(
        "run", base / "in", "--output", base / "out", "--device", "cpu", *SMALL,
        "--max-failure-rate", "1",
    )  # fmt: skip
    return base / "out", done


def test_the_log_of_a_run_has_a_line_for_each_event(made):
    _, done = made
    assert not obeyed(done.stderr + done.stdout)
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events.count("rendered") == events.count("failed") == len(ODD)


def test_a_line_of_the_ledger_is_one_to_every_reader(made):
    out, _ = made
    (part,) = out.glob("ledger/*/*.jsonl")
    text = part.read_text()
    assert not obeyed(text)
    names = {json.loads(line)["file_identifier"] for line in text.splitlines()}
    assert names == {path.name for path in (out.parent / "in").iterdir()}


def test_the_status_and_the_failures(made):
    out, _ = made
    shown = run_worker("status", "--output", out).stdout
    assert not obeyed(shown)
    listed = run_worker("status", "--output", out, "--failures", "all").stdout
    assert not obeyed(listed, but="\n\t")
    assert {line.count("\t") for line in listed.splitlines()} == {4}
    assert len(listed.splitlines()) == len(ODD)
    as_json = run_worker("status", "--output", out, "--failures", "all", "--json").stdout
    assert not obeyed(as_json)
    assert len({json.loads(line)["name"] for line in as_json.splitlines()}) == len(ODD)


def test_the_pages_of_the_gallery(made, tmp_path):
    out, _ = made
    done = run_worker("gallery", "--output", out, "--to", tmp_path / "site")
    assert not obeyed(done.stdout + done.stderr)
    pages = [path for path in tmp_path.rglob("*") if path.suffix in {".html", ".js", ".json"}]
    own = [path for path in pages if "assets" not in path.parts]
    assert len(own) > len(ODD)
    for path in own:
        assert not obeyed(path.read_text(), but="\n\t"), path
    assert all(path.name.isascii() for path in tmp_path.rglob("*"))


def test_the_table_of_the_objects_has_the_names_themselves(made, tmp_path):
    out, _ = made
    done = run_worker("export", "parquet", "--input", out, "--to", tmp_path / "to")
    assert not obeyed(done.stdout + done.stderr)
    (table,) = tmp_path.glob("to/*.parquet")
    names = set(pyarrow.parquet.read_table(table)["file_identifier"].to_pylist())
    assert names == {path.name for path in (out.parent / "in").iterdir()}


def test_what_is_wrong_with_a_command_is_said_in_one_line(made, tmp_path):
    out, _ = made
    list_ = tmp_path / "l.jsonl"
    list_.write_text(
        '{"fileIdentifier": "a\\u202e.glb", "\\u001b[2Jsource": 3, "sha256": "\u202e"}\n'
    )
    commands = [
        ("run", list_, "--output", tmp_path / "o\u202e\x1b[2J", "--set", "views=\u202e"),
        ("run", list_, "--output", tmp_path / "o", "--device", "cpu", *SMALL),
        ("run", tmp_path / "none\u202e\x1b[2J\u2028.jsonl", "--output", tmp_path / "o"),
        ("run", out.parent / "in", "--output", tmp_path / "o", "--only", "\u202enone\x1b[2J"),
        ("debug", out.parent / "in", "--only", "*", "--to", tmp_path / "debug"),
        ("status", "--output", tmp_path / "\u202e\x1b[2J"),
    ]
    for command in commands:
        done = run_worker(*command, check=None)
        assert not obeyed(done.stdout + done.stderr), command


def test_a_log_on_a_terminal(capsys):
    logs.configure(json=False)
    structlog.get_logger().warning("a", object="b\u202e\x1b[2Jc\u2028", several=["\x1b[2J\u202e"])
    structlog.reset_defaults()
    said = capsys.readouterr().err
    assert "\u202e" not in said
    assert "\x1b[2J" not in said
    assert said.count("\n") == len(said.splitlines()) == 1
    assert "b\\u202e\\x1b[2Jc\\u2028" in said


def test_a_traceback_on_a_terminal(capsys):
    """Its message is escaped, and no value of a variable, which may be secret, is shown."""

    def fail(key):
        raise ValueError(f"b\u202e\x1b[2Jc{len(key)}")

    logs.configure(json=False)
    key = "s3cr3t"
    try:
        fail(key)
    except ValueError:
        structlog.get_logger().exception("a bug")
    structlog.reset_defaults()
    said = capsys.readouterr().err
    assert "ValueError: b\\u202e\\x1b[2Jc6" in said
    assert "Traceback" in said
    assert key not in said
    assert "\u202e" not in said


@pytest.mark.parametrize("odd", ODD)
def test_what_is_escaped_can_be_told_apart_and_json_says_the_same(odd):
    text = f"é 日本\u00a0{odd}x"
    assert not obeyed(printable(text))
    assert printable(text).startswith("é 日本\u00a0\\")
    line = printable_json(json.dumps(text, ensure_ascii=False))
    assert not obeyed(line)
    assert json.loads(line) == text


def test_uids_are_plain_whatever_the_name():
    assert all(keys.uid_of(odd).replace("-", "").isalnum() for odd in ODD)
