"""Run by a Python that has PyTorch: what render_worker.torch promises, with real DataLoaders.

python -m tests.integration.library.torch_program OUTPUT
"""

from __future__ import annotations

import pickle
import sys

import numpy as np
import torch
from torch.utils.data import DataLoader

from render_worker import open_output
from render_worker.torch import MapDataset, RankSampler, StreamDataset

OF = ("colour", "depth", "mask", "K", "c2w_opencv")


def name_of(view):
    """A sample that is cheap: also shows that any function can make one."""
    return f"{view.uid}/{view.name}"


def views(output):
    return [f"{found.uid}/{view.name}" for found in output for view in found.views]


def batches(data, **more):
    return [list(batch) for batch in DataLoader(data, **more)]


def flat(parts):
    return [sample for part in parts for sample in part]


def check_tensors(output):
    """What a sample holds is what the views hold."""
    data = MapDataset(output, of=OF)
    assert len(data) == len(views(output))
    (batch,) = DataLoader(data, batch_size=len(data))
    number = 0
    for found in output:
        for view in found.views:
            assert (batch["uid"][number], batch["view"][number]) == (found.uid, view.name)
            for name in OF:
                np.testing.assert_array_equal(batch[name][number].numpy(), getattr(view, name))
            number += 1
    assert batch["colour"].dtype == torch.float32
    assert batch["mask"].dtype == torch.bool
    objects = MapDataset(output, of=("depth", "K"), unit="object")
    assert len(objects) == len(output)
    np.testing.assert_array_equal(objects[1]["depth"][2].numpy(), output[1].views[2].depth)
    assert objects[1]["K"].shape == (8, 3, 3)


def check_sharing(output):
    """Ranks and workers, forked and spawned, read everything once."""
    expected = sorted(views(output))
    for world, workers, method in ((1, 0, None), (2, 2, "fork"), (3, 2, "spawn")):
        more = {"batch_size": 3, "num_workers": workers, "multiprocessing_context": method}
        streamed, sampled = [], []
        for rank in range(world):
            stream = StreamDataset(
                output, convert=name_of, seed=3, rank=rank, world=world, batch_size=3
            )
            streamed += flat(batches(stream, **more))
            data = MapDataset(output, convert=name_of)
            sampler = RankSampler(data, seed=3, rank=rank, world=world)
            sampled += flat(batches(data, sampler=sampler, **more))
            assert len(stream) == len(sampler)
        assert sorted(streamed) == expected, (world, workers)
        assert sampled == streamed, "one order, of either kind of data set"


def check_epochs(output):
    """Each epoch has its order, also in workers that persist."""
    stream = StreamDataset(output, convert=name_of, batch_size=2)
    loader = DataLoader(stream, batch_size=2, num_workers=2, persistent_workers=True)
    found = []
    for epoch in (0, 1, 0):
        stream.set_epoch(epoch)
        found.append(flat(loader))
    assert found[0] == found[2] != found[1]
    assert sorted(found[0]) == sorted(found[1])
    plain = StreamDataset(output, convert=name_of, shuffle=False)
    assert flat(batches(plain)) == views(output)


def check_resuming(output):
    """From the middle of an epoch, with another number of workers."""
    whole = flat(batches(StreamDataset(output, convert=name_of, seed=5), batch_size=4))
    for before, after in ((0, 0), (0, 2), (2, 0), (2, 3)):
        stream = StreamDataset(output, convert=name_of, seed=5, batch_size=4)
        taken = []
        for number, batch in enumerate(DataLoader(stream, batch_size=4, num_workers=before), 1):
            taken += batch
            if number == 2:
                break
        state = stream.state_dict(len(taken))
        again = StreamDataset(output, convert=name_of, seed=5, batch_size=4)
        again.load_state_dict(pickle.loads(pickle.dumps(state)))
        rest = flat(batches(again, batch_size=4, num_workers=after))
        assert taken + rest == whole, (before, after)
        assert again.state_dict()["position"] == (8 if after else len(whole))
        again.set_epoch(1)
        assert sorted(flat(batches(again, batch_size=4, num_workers=after))) == sorted(whole)
    alone = StreamDataset(output, convert=name_of, seed=5)
    first = [sample for sample, _ in zip(alone, range(5), strict=False)]
    again = StreamDataset(output, convert=name_of, seed=5)
    again.load_state_dict(alone.state_dict())
    done = alone.state_dict()["position"]
    assert first == whole[:5]
    assert list(again) == whole[done:]
    data = MapDataset(output, convert=name_of)
    sampler = RankSampler(data, seed=5)
    sampler.load_state_dict(RankSampler(data, seed=5).state_dict(8))
    assert flat(batches(data, sampler=sampler, batch_size=4, num_workers=2)) == whole[8:]


def check_pickles(output):
    """The data sets and the objects go to other processes."""
    stream = StreamDataset(output.filter(lambda found: found.outcome.views == 8), convert=name_of)
    assert flat(batches(pickle.loads(pickle.dumps(stream)))) == flat(batches(stream))


def check_stateful(output):
    """torchdata's StatefulDataLoader, where it is installed."""
    try:
        from torchdata.stateful_dataloader import StatefulDataLoader
    except ImportError:
        return
    make = StreamDataset(output, convert=name_of, seed=5, batch_size=2)
    whole = flat(batches(make, batch_size=2, num_workers=2))
    loader = StatefulDataLoader(
        StreamDataset(output, convert=name_of, seed=5, batch_size=2), batch_size=2, num_workers=2
    )
    taken = []
    for number, batch in enumerate(loader, 1):
        taken += batch
        if number == 3:
            break
    again = StatefulDataLoader(
        StreamDataset(output, convert=name_of, seed=5, batch_size=2), batch_size=2, num_workers=2
    )
    again.load_state_dict(loader.state_dict())
    assert taken + flat(again) == whole


def main(place):
    output = open_output(place)
    for check in (
        check_tensors, check_sharing, check_epochs, check_resuming, check_pickles, check_stateful,
    ):  # fmt: skip
        check(output)
        sys.stdout.write(f"{check.__name__}\n")


if __name__ == "__main__":
    main(sys.argv[1])
