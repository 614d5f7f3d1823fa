"""``.npz`` files whose bytes depend only on the arrays.

`numpy.savez_compressed` lets `zipfile` write the members' headers, and they differ between patch
versions of Python.
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
    """The bytes of a deflated ``.npz`` file of `arrays`, in their order.

    Raises: ValueError, for an array of Python objects.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            data = io.BytesIO()
            np.save(data, array, allow_pickle=False)
            archive.writestr(entry(f"{name}.npy"), data.getvalue(), zipfile.ZIP_DEFLATED)
    return file.getvalue()
