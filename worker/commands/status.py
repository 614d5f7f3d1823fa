"""`render-worker status`: the progress of a run or an export."""

from __future__ import annotations

from typing import Annotated

import typer

from worker.commands.command import Command, application
from worker.commands.options import AsJson, option, with_s3
from worker.core.s3 import S3Options

EXAMPLES = """Examples:

  render-worker status --output renders/ --index models/
  render-worker status --output clouds/ --input renders/ --json
"""

app = application()


@app.command(cls=Command, epilog=EXAMPLES)
@with_s3
def status_command(
    output: Annotated[str, option("--output", "Output of a run, or a data set.", metavar="URI")],
    index: Annotated[
        str | None,
        option("--index", "Index of the run, to count by shard.", metavar="URI"),
    ] = None,
    source: Annotated[
        str | None,
        option(
            "--input",
            "Output that the data set is made from, to estimate what is left.",
            metavar="URI",
        ),
    ] = None,
    as_json: AsJson = False,
    *,
    s3: S3Options,
) -> None:
    """Count the outcomes of a run or an export, and estimate what is left."""
    import json

    from rich.console import Console

    from worker.report import status
    from worker.report.output import status_at

    found = status_at(output, s3, index=index, source=source)
    if as_json:
        typer.echo(json.dumps(status.to_dict(found), indent=2))
    else:
        Console().print(status.render(found))
