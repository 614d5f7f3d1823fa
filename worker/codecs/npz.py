"""``.npz`` files whose bytes depend on the arrays alone.

`numpy.savez_compressed` leaves the members' headers to `zipfile`, which writes them otherwise
from one patch version of Python to the next.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from worker.codecs.zip_entry import entry


def compressed(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A file of `arrays`, in their order, deflated. Raises: ValueError, for one of objects."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.save(data, array, allow_pickle=False)
            archive.writestr(entry(f"{name}.npy"), data.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()
