"""`supervisor.output`, over real pipes and processes."""

import os
import subprocess
import sys

import pytest

from tests.patience import HANG_S, until
from worker.supervisor.output import LINE_LENGTH, LINES, PIPE, Output


@pytest.fixture
def pipe():
    read, write = os.pipe()
    with os.fdopen(read, "rb") as reader, os.fdopen(write, "wb", buffering=0) as writer:
        yield reader, writer


def test_the_tail_is_what_is_printed_by_now(pipe):
    reader, writer = pipe
    output = Output(reader)
    for number in range(100):  # tail() does not wait for the thread's pause
        writer.write(f"line {number}\r\nand".encode())
        assert output.tail()[-2:] == (f"{'and' if number else ''}line {number}", "and")
    writer.close()
    output.close(HANG_S)
    assert len(output.tail()) == LINES


def test_what_was_printed_before_is_forgotten(pipe):
    reader, writer = pipe
    output = Output(reader)
    writer.write(b"of the last object\nof it t")
    output.forget()
    writer.write(b"his one\n")
    assert output.tail() == ("his one",)


def test_a_long_line_is_several_and_no_byte_stops_it(pipe):
    reader, writer = pipe
    output = Output(reader)
    writer.write(b"a" * (2 * LINE_LENGTH + 1) + b"\n\n\xff\n" + b"b" * (LINE_LENGTH + 1))
    a, b = "a" * LINE_LENGTH, "b" * LINE_LENGTH
    assert output.tail() == (a, a, "a", "", "\ufffd", b, "b")


def test_all_that_a_process_prints_is_in_the_log(tmp_path):
    log, size = tmp_path / "blender.log", 3 * PIPE
    log.write_bytes(b"before\n")
    program = f"import sys; sys.stdout.write('x\\n' * {size // 2}); sys.stdout.write('end')"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        output = Output(process.stdout, log)
        process.wait(HANG_S)
        output.close(HANG_S)
    assert log.read_bytes() == b"before\n" + b"x\n" * (size // 2) + b"end"
    assert output.tail() == (*["x"] * (LINES - 1), "end")
    assert process.stdout.closed


def test_a_log_that_cannot_be_written_ends_and_the_lines_go_on(pipe, tmp_path):
    reader, writer = pipe
    output = Output(reader, tmp_path / "none" / "blender.log")
    writer.write(b"one\n")
    assert output.tail() == ("one", "blender.log ends here: No such file or directory")
    writer.write(b"two\n")
    assert output.tail()[2:] == ("two",)


def test_another_process_that_keeps_the_pipe_open_is_not_waited_for(pipe):
    reader, writer = pipe
    output = Output(reader)
    writer.write(b"killed\n")
    output.close(0.01)
    assert output.tail() == ("killed",)
    writer.close()
    until(lambda: reader.closed)
    assert output.tail() == ("killed",)
