"""Renders a sample of a list, as `run` would, and estimates what the whole list will take."""

from __future__ import annotations

import time
from contextlib import ExitStack

import msgspec

from worker import presets
from worker.core import keys
from worker.core.errors import ConfigurationError, ExitStatus, Interrupted
from worker.core.scratch import disk_base, scratch
from worker.index.reader import open_index
from worker.index.sample import as_list, drawn
from worker.index.scenes import arranged
from worker.ledger import Outcome, fold, read_shards
from worker.manifests import OutputManifest
from worker.report.estimate import Estimate, estimated
from worker.run.command import RunOptions, run
from worker.run.downloads import kept_downloads
from worker.stores import open_store


def estimate(options: RunOptions, sample: int, output: str | None) -> tuple[Estimate, ExitStatus]:
    """Render `sample` objects of the list of `options` to `output`, or to a temporary folder.

    Returns the estimate and the exit status of the sample's run.

    Raises: Interrupted, if it was stopped; ConfigurationError, if `output` is in use; as `run`.
    """
    if output is not None and OutputManifest.read(open_store(output, options.s3)) is not None:
        raise ConfigurationError(
            f"{output} has an output already; give the sample an --output of its own"
        )
    recipe = presets.load(options.preset, options.overrides)
    source = open_index(options.index, options.s3, options.rules)
    index = arranged(source, recipe)
    downloads = kept_downloads(options.downloads, options.s3, source, index)
    with ExitStack() as stack:
        folder = stack.enter_context(scratch(options.scratch or disk_base()))
        listed = folder / keys.SAMPLE
        chosen = list(drawn(index, sample))
        listed.write_bytes(as_list([ref for _, ref in chosen]))
        if downloads is not None:
            downloads.only_of({shard for shard, _ in chosen})
        place = output or str(folder / "output")
        begin = time.monotonic()
        # The sample is a local list, but its records are those of the list that it was drawn from.
        rules = options.rules.of(options.index)
        of_sample = msgspec.structs.replace(options, index=str(listed), output=place, rules=rules)
        done = run(of_sample, {}, downloads)
        wall_s = time.monotonic() - begin
        if done.status is ExitStatus.INTERRUPTED:
            raise Interrupted("the sample was stopped before its end; run it again")
        outcomes: dict[str, Outcome] = {}
        for _, parts in read_shards(open_store(place, options.s3), Outcome):
            fold(outcomes, (line for lines in parts for line in lines if line.listed))
        found = estimated(
            list(outcomes.values()), objects=index.objects, shards=len(index.shards),
            wall_s=wall_s, output=output,
        )  # fmt: skip
    return found, done.status
