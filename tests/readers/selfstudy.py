"""What the study's own `preprocess_data.py -p -b B -r R` makes of imgs_*.h5, by its arithmetic.

Source: princeton-vl/selfstudy-render, preprocess_data.py. It makes one table of B times the rows of
the first file, and writes the rows of file number i from i times *their* number on.
"""

import io

import h5py
import numpy as np
from PIL import Image

MEAN, STD = (98.12, 89.92, 84.36), (43.95, 42.66, 44.05)


def preprocessed(folder, count, size):
    """The table, by column, of `count` files; pictures (N,3,size,size) float16. Raises: OSError."""
    table = {}
    for number in range(count):
        with h5py.File(folder / f"imgs_{number:02d}.h5") as file:
            part = {name: file[name][:] for name in file if "png" not in name}
            pictures = np.stack([resized(each, size) for each in file["png_images"]])
            targets = np.stack([resized(each, size) for each in file["png_targets"]])
        part["data"] = ((pictures - MEAN) / STD).transpose(0, 3, 1, 2).astype(np.float16)
        part["targets"] = targets.transpose(0, 3, 1, 2)
        rows = len(pictures)
        for name, column in part.items():
            if name not in table:
                table[name] = np.zeros((count * rows, *column.shape[1:]), column.dtype)
            table[name][number * rows : (number + 1) * rows] = column
    return table


def resized(data, size):
    """A PNG's bytes as a picture (size,size,3)."""
    picture = Image.open(io.BytesIO(data.tobytes()))
    return np.asarray(picture.resize((size, size), Image.Resampling.BICUBIC))
