"""`render-worker status`: the progress of a run or an export."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from worker.commands.command import Command, application
from worker.commands.list_options import with_rules
from worker.commands.options import AsJson, option, with_s3
from worker.core.s3 import S3Options

EXAMPLES = """Examples:

  render-worker status --output renders/ --index models/
  render-worker status --output renders/ --failures timeout
  render-worker status --output clouds/ --input renders/ --json
"""

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
@with_s3
@with_rules
def status_command(
    output: Annotated[
        str,
        option("--output", "Output of a run, a data set, or a place of downloads.", metavar="URI"),
    ],
    index: Annotated[
        str | None,
        option("--index", "Index of the run or fetch, to count by shard.", metavar="URI"),
    ] = None,
    source: Annotated[
        str | None,
        option(
            "--input",
            "Output that the data set is made from, to estimate what is left.",
            metavar="URI",
        ),
    ] = None,
    failures: Annotated[
        str | None,
        option(
            "--failures",
            "List the objects that failed with this code; all: every code.",
            metavar="CODE",
        ),
    ] = None,
    watch: Annotated[
        bool, option("--watch", "Draw the status again until all is done, or until Ctrl-C.")
    ] = False,
    as_json: AsJson = False,
    *,
    rules: Any,
    s3: S3Options,
) -> None:
    """Count the outcomes of a run or an export, and estimate what is left."""
    import json
    from functools import partial

    from rich.console import Console

    from worker.core.errors import UsageError
    from worker.report import status, status_page
    from worker.report.output import status_at

    if watch and (as_json or failures):
        raise UsageError("--watch draws on a terminal; use it without --json and --failures")
    if failures is not None:
        _list(output, failures, s3, as_json=as_json)
        return
    compute = partial(status_at, output, s3, index=index, source=source, rules=rules)
    if watch:
        from worker.report.watch import watch as watched

        watched(compute, Console())
    elif as_json:
        typer.echo(json.dumps(status.to_dict(compute()), indent=2))
    else:
        Console().print(status_page.render(compute()))


def _list(output: str, code: str, s3: S3Options, *, as_json: bool) -> None:
    """Print the failed objects, a line each: text with tabs, or JSON."""
    import msgspec

    from worker.contract.escaping import printable_json
    from worker.core.errors import one_line
    from worker.report.failures import checked, failures
    from worker.report.output import finished_store

    checked(code)
    for failed in failures(finished_store(output, s3), code):
        if as_json:
            typer.echo(printable_json(msgspec.json.encode(failed).decode()))
        else:
            fields = (failed.code, failed.name, failed.uid, failed.shard, failed.message)
            typer.echo("\t".join(map(one_line, fields)))
