"""A pandas DataFrame of objects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from render_worker.errors import need
from render_worker.rendered import RenderedObject

if TYPE_CHECKING:
    import pandas as pd  # type: ignore[import-untyped, unused-ignore]


def dataframe(objects: Iterable[RenderedObject], *, metadata: bool) -> pd.DataFrame:
    """One row per object; see `Objects.to_dataframe`. Raises: MissingLibrary."""
    pandas = need("pandas", "to_dataframe()", "pandas")
    made: pd.DataFrame = pandas.DataFrame([_row(each, metadata) for each in objects])
    return made.set_index("uid") if len(made) else made


def _row(each: RenderedObject, metadata: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"uid": each.uid}
    if each.outcome is not None:
        row |= {name: value for name, value in each.outcome.facts.items() if name != "log_tail"}
    if metadata:
        about = {name: value for name, value in each.metadata.items() if name != "render_worker"}
        row |= about
        row |= {"preset": each.preset, "license": each.license, "source": each.source}
    return row | {"file_identifier": each.identifier}
