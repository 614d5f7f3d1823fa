"""COCO's annotations by the description of their format: run lengths, boxes, ids."""

import json

import numpy as np
from PIL import Image


def mask_of(segmentation):
    """(height, width) of compressed run lengths, as common/maskApi.c takes them apart."""
    height, width = segmentation["size"]
    text, runs, place = segmentation["counts"].encode("ascii"), [], 0
    while place < len(text):
        value, group, more = 0, 0, True
        while more:
            c = text[place] - 48
            value |= (c & 0x1F) << 5 * group
            more = bool(c & 0x20)
            place += 1
            group += 1
            if not more and c & 0x10:
                value -= 1 << 5 * group
        if len(runs) > 2:
            value += runs[-2]
        runs.append(value)
    assert min(runs) >= 0
    assert sum(runs) == height * width
    pixels, at = np.zeros(height * width, bool), 0
    for number, run in enumerate(runs):
        pixels[at : at + run] = number % 2
        at += run
    return pixels.reshape(width, height).T


def read(root, split):
    """Category names by id, and for each image id: its record, pixels and annotations."""
    document = json.loads((root / f"annotations/instances_{split}.json").read_bytes())
    names = {each["id"]: each["name"] for each in document["categories"]}
    images = {each["id"]: (each, picture(root, each), []) for each in document["images"]}
    assert len(images) == len(document["images"])
    ids = [each["id"] for each in document["annotations"]]
    assert len({*ids}) == len(ids)
    assert min(ids) > 0  # COCO's evaluation takes 0 for no match
    for each in document["annotations"]:
        images[each["image_id"]][2].append(each)
    return names, images


def picture(root, record):
    pixels = np.asarray(Image.open(root / "images" / record["file_name"]))
    assert pixels.shape == (record["height"], record["width"], 3)
    return pixels
