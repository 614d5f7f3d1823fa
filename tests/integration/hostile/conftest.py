"""What the corpora share: files that Blender wrote, and the run that has seen a whole corpus."""

from __future__ import annotations

import pytest

from tests.fuzz import batch, seeds
from tests.fuzz.guard import guarding


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> dict[str, bytes]:
    """Whole files of every format, by name."""
    models = seeds.make(tmp_path_factory.mktemp("seeds"))
    return {name: data for model in models for name, data in model.files.items()}


@pytest.fixture(scope="session")
def render(tmp_path_factory):
    """Render models by what they are, in one guarded run of the worker; returns the batch.

    What is true of every corpus is asserted here: each has an outcome that says what is wrong,
    the worker has ended as it should, and nothing was read, written or connected to outside.
    """

    def run(corpus, options=batch.OPTIONS):
        with guarding(tmp_path_factory.mktemp("guarded") / "work", batch.ITS) as guard:
            names = {f"{number:03d}": what for number, what in enumerate(corpus)}
            models = {number: corpus[what] for number, what in names.items()}
            ended = batch.run(guard, models, options=options)
        assert ended.status == 0, ended.log[-4000:]
        assert not ended.missing
        assert not ended.escapes
        outcomes = {names[number]: line for number, line in ended.outcomes.items()}
        for what, line in outcomes.items():
            assert line.get("code") != "internal", (what, line)
            assert line["outcome"] == "rendered" or len(line["message"]) > 10, (what, line)
            assert str(guard.work) not in line.get("message", ""), (what, line)
        return outcomes

    return run
