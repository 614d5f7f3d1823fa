"""The command line as shells and clusters use it: real processes, before any rendering."""

from __future__ import annotations

import http.server
import json
import os
import shlex
import signal
import subprocess
import threading
from contextlib import contextmanager

import pytest

from tests.command_line import ROOT, command, environment, log_lines, run_worker
from tests.e2e import crash
from tests.patience import HANG_S
from worker import __version__
from worker.commands.table import COMMANDS
from worker.stores import open_store

HEAVY = ("boto3", "botocore", "pyarrow", "numpy", "PIL", "OpenEXR", "bpy")
WORDS = ["", *COMMANDS, "index build", "index scenes", "presets show"]


@pytest.mark.parametrize(
    ("words", "flag"), [("", "--help"), ("run", "--help"), *((words, "-h") for words in WORDS)]
)
def test_help_imports_no_heavy_library(words, flag):
    tell = (
        "import atexit, sys; atexit.register(lambda: print(*sorted(sys.modules), file=sys.stderr))"
    )
    done = run_worker(*words.split(), flag, first=tell)
    assert "Usage: render-worker" in done.stdout
    assert not set(done.stderr.split()) & set(HEAVY)
    if not words:
        assert "worker.commands.run" not in done.stderr.split()


@pytest.mark.parametrize("words", WORDS)
def test_every_command_has_an_example_that_it_understands(words, tmp_path):
    """The example's options exist: parsed, it gets as far as to look for its input."""
    shown = run_worker(*words.split(), "--help", COLUMNS="200").stdout
    examples = [line.strip() for line in shown.splitlines() if line.startswith(" render-worker ")]
    assert examples
    first = shlex.split(examples[0])[1:]  # the others may go on from it
    assert first[: len(words.split())] == words.split()
    for example in examples:
        _, *arguments = shlex.split(example)
        done = run_worker(*arguments, "--help", where=tmp_path)
        assert "Usage: render-worker" in done.stdout


def test_it_tells_its_version():
    assert run_worker("--version").stdout == f"render-worker {__version__}\n"


def test_alone_it_prints_its_help():
    done = run_worker(check=64)
    assert "omage-to-mesh" in done.stdout
    assert done.stderr.strip() in {"", "render-worker:"}


COMPLETE = r"""
eval "$(_RENDER_WORKER_COMPLETE=source_bash render-worker)"
read -r _ _ _ _ function _ <<<"$(complete -p render-worker)"
COMP_WORDS=(render-worker "$@") COMP_CWORD=$#
"$function" render-worker
printf '%s\n' "${COMPREPLY[@]}"
"""


@pytest.fixture
def completed(tmp_path):
    """What bash offers for the last of these words, by the script that the program prints."""
    program = tmp_path / "render-worker"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(command())} "$@"\n')
    program.chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"

    def complete(*words):
        done = subprocess.run(
            ["bash", "--norc", "-euc", COMPLETE, "bash", *words],
            env=environment(PYTHONPATH=str(ROOT), PATH=path), cwd=tmp_path, capture_output=True,
            text=True, timeout=HANG_S, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        return done.stdout.split()

    return complete


def test_bash_completes_commands_options_and_values(completed):
    assert completed("") == list(COMMANDS)
    assert completed("pre") == ["presets"]
    assert completed("index", "") == ["build", "scenes"]
    assert completed("run", "--object") == ["--object-timeout"]
    assert completed("run", "models", "--device", "") == [
        "auto",
        "cpu",
        "cuda",
        "optix",
        "software",
    ]
    assert completed("run", "models", "--preset", "objaverse-xl-") == ["objaverse-xl-eevee"]
    assert completed("export", "web") == ["webdataset"]
    assert completed("index", "build", "models", "--kind", "sh") == ["shapenet"]


UNKNOWN = {
    "misspelt": ("OUTPT", ["RENDER_WORKER_OUTPT", "did you mean RENDER_WORKER_OUTPUT?"]),
    "another prefix": ("MAX_DOWNLOAD", ["did you mean RENDER_WORKER_MAX_DOWNLOAD_MB?"]),
    "of nothing": ("QQQQ", ["RENDER_WORKER_QQQQ: unset it"]),
}


@pytest.mark.parametrize("name", UNKNOWN)
@pytest.mark.parametrize(
    "arguments",
    [("run", "models"), ("run", "models", "--output", "out"), ("presets",),
     ("presets", "show", "default"), ("index", "build", "models", "--to", "index")],
)  # fmt: skip
def test_a_variable_that_nothing_reads_is_refused(name, arguments, tmp_path):
    variable, words = UNKNOWN[name]
    variables = {f"RENDER_WORKER_{variable}": "x"}
    done = run_worker(*arguments, where=tmp_path, check=64, **variables)
    (said,) = done.stderr.splitlines()
    for word in words:
        assert word in said
    assert not list(tmp_path.iterdir())


def test_the_pod_of_a_misspelt_variable_says_so(tmp_path):
    summary = tmp_path / "termination-log"
    run_worker("run", "models", "--output", "out", check=64, where=tmp_path,
               RENDER_WORKER_SUMMARY=str(summary), RENDER_WORKER_GRAZE="1")  # fmt: skip
    assert "did you mean RENDER_WORKER_GRACE?" in json.loads(summary.read_bytes())["error"]


def test_help_is_there_for_who_misspelt_a_variable():
    run_worker("run", "--help", RENDER_WORKER_OUTPT="x")


def test_variables_of_other_commands_and_of_our_scripts_are_welcome():
    run_worker(
        "presets", RENDER_WORKER_OUTPUT="out", RENDER_WORKER_EXPORT_KIND="nerf",
        RENDER_WORKER_RANK="0", RENDER_WORKER_WORLD_SIZE="1", RENDER_WORKER_HASH="1",
        RENDER_WORKER_IMAGE="registry.example.com/render-worker:1", RENDER_WORKER_SLURM="slurm",
    )  # fmt: skip


MEANT = {
    "s3:/bucket/x": "s3://bucket/x",
    "s3:bucket/x": "s3://bucket/x",
    "s3:///bucket/x": "s3://bucket/x",
    "S3://bucket/x": "s3://bucket/x",
}
PLACES = {
    "run's output": ("run", "models", "--output"),
    "run's index": ("run", "--output", "out"),
    "run's keeper": ("run", "models", "--output", "out", "--device", "cpu", "--keep-downloads"),
    "export's input": ("export", "nerf", "--to", "out", "--input"),
    "export's target": ("export", "nerf", "--input", "out", "--to"),
    "index's source": ("index", "build", "--to", "out"),
    "index's target": ("index", "build", "models", "--to"),
    "status": ("status", "--output"),
    "gallery": ("gallery", "--output"),
    "gallery's target": ("gallery", "--output", "out", "--to"),
}


@pytest.mark.parametrize(
    ("place", "text"),
    [*((place, "s3:/bucket/x") for place in PLACES), *(("run's output", text) for text in MEANT)],
)
def test_a_misspelt_uri_is_no_folder(place, text, tmp_path):
    crash.cubes(tmp_path / "models", 1)
    done = run_worker(*PLACES[place], text, check=64, where=tmp_path)
    said = done.stderr.splitlines()[-1]
    assert f"did you mean {MEANT[text]!r}?" in said
    assert "'./" in said
    assert {path.name for path in tmp_path.iterdir()} <= {"models", "out"}
    assert not list(tmp_path.glob("out/renders"))


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("run", "http:/host/list.csv", "--output", "out"), "http://host/list.csv"),
        (("run", "file:///list.csv", "--output", "out"), "file:// is not possible here"),
        (("run", "models", "--output", "file:out"), "did you mean 'out'?"),
        (("run", "models", "--output", "file:/out"), "did you mean 'file:///out'?"),
        (("run", "models", "--output", "http://host/out"), "http:// is not possible here"),
        (("run", "models", "--output", "gs://b/out"), "gs:// is not possible here"),
        (("gallery", "--output", "out", "--sheet", "s3://b/x.png"), "s3:// is not possible here"),
    ],
)
def test_what_a_place_cannot_be_is_said(arguments, word, tmp_path):
    crash.cubes(tmp_path / "models", 1)
    assert word in run_worker(*arguments, check=64, where=tmp_path).stderr.splitlines()[-1]


def test_a_folder_with_a_uris_name_is_named_from_here(tmp_path):
    crash.cubes(tmp_path / "models", 1)
    run_worker("index", "build", "models", "--to", "./s3:index", where=tmp_path)
    assert (tmp_path / "s3:index" / "index.json").is_file()
    run_worker("index", "build", "models", "--to", "a:b", where=tmp_path)
    assert (tmp_path / "a:b" / "index.json").is_file()


@pytest.mark.parametrize(
    ("setting", "status"),
    [("views", 64), ("=4", 64), ("camera..fov=4", 64), ("camera.radius=[1,", 64),
     ('images=["colour', 64), ("camera={fov=}", 64), ("viewz=4", 78), ("views=many", 78)],
)  # fmt: skip
@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_malformed_setting_is_a_wrong_command_line(setting, status, by):
    arguments = ("presets", "show", "default")
    if by == "option":
        done = run_worker(*arguments, "--set", setting, check=status)
    else:
        done = run_worker(*arguments, check=status, RENDER_WORKER_SET=setting)
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1


PRINTS = [("run", "--help"), ("--version",), ("presets",)]
BUFFERS = [{}, {"PYTHONUNBUFFERED": "1"}]


def shell(script, *arguments, **variables):
    return subprocess.run(
        ["bash", "-c", script, "bash", *command(*arguments)], cwd=ROOT, capture_output=True,
        env=environment(**variables), text=True, timeout=HANG_S, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("variables", BUFFERS)
@pytest.mark.parametrize("arguments", PRINTS)
def test_output_to_a_full_disk_is_told_in_a_line(arguments, variables):
    done = shell('"$@" >/dev/full', *arguments, **variables)
    assert done.returncode == 69
    (said,) = done.stderr.splitlines()
    assert said == "render-worker: standard output cannot be written: No space left on device"


@pytest.mark.parametrize("variables", BUFFERS)
@pytest.mark.parametrize("arguments", PRINTS)
def test_output_that_nobody_reads_ends_as_other_programs_end(arguments, variables):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        command(*arguments), stdout=write, stderr=subprocess.PIPE, cwd=ROOT, timeout=HANG_S,
        env=environment(**variables), text=True, check=False,
    )  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (-signal.SIGPIPE, "")


def test_a_message_that_cannot_be_written_leaves_the_status():
    done = shell('"$@" 2>/dev/full', "run", "models")
    assert (done.returncode, done.stdout) == (64, "")


def test_a_run_whose_log_fills_the_disk_ends_and_blames_no_object(tmp_path):
    arguments = ("run", crash.cubes(tmp_path / "models", 2), "--output", tmp_path / "out",
                 "--summary", tmp_path / "summary", *crash.TINY)  # fmt: skip
    done = shell('"$@" 2>/dev/full', *arguments)
    assert (done.returncode, done.stdout) == (69, "")
    assert (
        "standard error cannot be written"
        in json.loads((tmp_path / "summary").read_bytes())["error"]
    )
    run_worker(*arguments)
    assert len(list(tmp_path.glob("out/renders/*.zip"))) == 2


def test_a_run_whose_log_nobody_reads_any_more_ends_and_blames_no_object(tmp_path):
    arguments = ("run", crash.cubes(tmp_path / "models", 4), "--output", tmp_path / "out",
                 *crash.TINY)  # fmt: skip
    with subprocess.Popen(
        command(*arguments), cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True
    ) as worker:
        worker.stderr.readline()
        worker.stderr.close()
        assert worker.wait(HANG_S) == -signal.SIGPIPE
    outcomes = crash.folded(open_store(str(tmp_path / "out"))).values()
    assert {outcome for outcome, _, _ in outcomes} <= {"rendered"}
    run_worker(*arguments)
    assert len(list(tmp_path.glob("out/renders/*.zip"))) == 4


@contextmanager
def server(answers):
    """An HTTP server on this machine that gives each of `answers`, (status, body), in turn."""
    left = list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = left.pop(0)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}/list.txt"
        served.shutdown()


def test_a_retry_is_a_line_in_our_own_words(tmp_path):
    answers = [(503, b""), (503, b""), (200, b"https://example.com/chair.glb\n")]
    with server(answers) as url:
        done = run_worker("index", "build", f"{url}?signature=secret", "--to", tmp_path / "index")
    lines = log_lines(done)
    assert [line["event"] for line in lines] == ["trying again"] * 2
    assert [line["attempt"] for line in lines] == [2, 3]
    for line in lines:
        assert line["what"] == f"download {url}"
        assert "503" in line["why"]
        assert line["in_seconds"] >= 0
    assert "secret" not in done.stderr
    assert "stamina" not in done.stderr
