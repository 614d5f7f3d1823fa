"""What one run counts and measures, by the names that Prometheus gets.

Each series has the labels `output` and `rank`, because node_exporter reads the files of several
workers and refuses a series that it meets twice. No label holds anything of an object, so the
number of series does not grow with the run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.samples import Sample

from worker import __version__
from worker.core.errors import OBJECT_ERRORS, ObjectInterrupted
from worker.core.ranks import Rank
from worker.index.record import ObjectRef
from worker.ledger import Outcome
from worker.run.metrics.gpus import GpuSampler
from worker.run.progress import Observer
from worker.sources.base import FetchedObject
from worker.supervisor.pool import Pool

PREFIX: Final = "render_worker_"
STEPS: Final = ("fetch", "render", "pack", "publish")
SECONDS: Final = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 60.0, 120.0, 300.0)
"""Upper bounds of the buckets of a step's seconds."""


class RunMetrics:
    """The numbers of one rank's run; `registry` gives them all. Thread-safe."""

    def __init__(self, rank: Rank, output: str) -> None:
        self._pool: Pool | None = None
        self._waiting: Callable[[], Mapping[str, int]] = dict
        self._ended = False
        self._gpus = GpuSampler()
        inner = CollectorRegistry()
        self._objects = Counter(
            f"{PREFIX}objects", "Objects that got their outcome in this run.",
            ["outcome", "code"], registry=inner,
        )  # fmt: skip
        for code in OBJECT_ERRORS:
            if code != ObjectInterrupted.code:
                self._objects.labels("failed", code)  # a rate needs the 0 before the first one
        for outcome in ("rendered", "new", "interrupted"):
            self._objects.labels(outcome, "")
        self._rank_objects = _gauge(inner, "rank_objects", "Objects of this rank.")
        self._settled = _gauge(
            inner, "rank_objects_settled", "Objects that earlier runs settled, met so far."
        )
        self._left = _gauge(
            inner, "rank_objects_left", "Objects of this rank that have no outcome yet."
        )
        self._seconds = Histogram(
            f"{PREFIX}step_seconds", "Seconds of the steps that objects passed, as in the ledger.",
            ["step"], buckets=SECONDS, registry=inner,
        )  # fmt: skip
        for step in STEPS:
            self._seconds.labels(step)
        self._model_bytes = Counter(
            f"{PREFIX}model_bytes", "Bytes of the models fetched, without their side files.",
            registry=inner,
        )  # fmt: skip
        self._zip_bytes = Counter(
            f"{PREFIX}zip_bytes", "Bytes of the zips of rendered objects.", registry=inner
        )
        self._running = _gauge(inner, "running", "1 while the run lasts, 0 at its end.")
        self._running.set(1)
        _gauge(inner, "start_time_seconds", "Start of the run, as Unix time.").set(time.time())
        self._build = Gauge(
            f"{PREFIX}build_info", "Always 1; there once Blender is ready.",
            ["version", "blender", "device"], registry=inner,
        )  # fmt: skip
        inner.register(self)
        self.registry = CollectorRegistry()
        self.registry.register(_Labelled(inner, {"output": output, "rank": str(rank.rank)}))

    def observing(self, observer: Observer, total: int) -> Observer:
        """An observer that counts, and tells `observer`. `total`: objects of this rank."""
        self._rank_objects.set(total)
        self._left.set(total)
        return _Counting(self, observer)

    def watch(self, pool: Pool, waiting: Callable[[], Mapping[str, int]]) -> None:
        """Also give numbers of the open `pool`, and of the queues: `waiting` by step."""
        self._waiting = waiting
        self._pool = pool
        self._gpus.start(pool.gpus)
        blender = pool.ready.blender if pool.ready else ""
        self._build.labels(__version__, blender, pool.device).set(1)

    def end(self) -> None:
        """The run is over: nothing waits, and no child lives."""
        self._waiting = dict
        self._gpus.end()
        self._running.set(0)
        self._ended = True

    def collect(self) -> Iterator[Metric]:
        """What is read when it is asked for."""
        queues = GaugeMetricFamily(
            f"{PREFIX}queue_objects", "Objects that wait for a step.", labels=["step"]
        )
        for step, count in self._waiting().items():
            queues.add_metric([step], count)
        yield queues
        gpus = GaugeMetricFamily(
            f"{PREFIX}gpu_busy_ratio", "Share of the last second in which a GPU computed.",
            labels=["gpu"],
        )  # fmt: skip
        for gpu, share in self._gpus.busy.items():
            gpus.add_metric([gpu], share)
        yield gpus
        pool = self._pool
        size, alive = (pool.size, len(pool.children)) if pool and not self._ended else (0, 0)
        yield GaugeMetricFamily(
            f"{PREFIX}children_wanted", "Blender processes that the run may have.", value=size
        )
        yield GaugeMetricFamily(f"{PREFIX}children", "Blender processes that live.", value=alive)
        restarts = CounterMetricFamily(
            f"{PREFIX}child_restarts", "Blender processes replaced.", labels=["reason"]
        )
        for reason, count in (pool.restarts.counts() if pool else {}).items():
            restarts.add_metric([reason], count)
        yield restarts

    def settled(self, count: int) -> None:
        """`count` objects were settled by an earlier run."""
        self._settled.inc(count)
        self._left.dec(count)

    def fetched(self, fetched: FetchedObject) -> None:
        """An object is on local disk."""
        self._model_bytes.inc(fetched.size)

    def outcome(self, outcome: Outcome) -> None:
        """An object has its outcome, and so the seconds of its steps."""
        for step, seconds in outcome.seconds.items():
            self._seconds.labels(step).observe(seconds)
        if outcome.outcome == "rendered":
            self._zip_bytes.inc(outcome.size or 0)
        if outcome.outcome != "new" and outcome.listed and not outcome.interrupted:
            self._left.dec()
        # Last, so that who reads an object's outcome also reads its other numbers.
        kind = ("interrupted", "") if outcome.interrupted else (outcome.outcome, outcome.code or "")
        self._objects.labels(*kind).inc()


class _Counting:
    """An observer that counts every event, and passes it on."""

    def __init__(self, metrics: RunMetrics, observer: Observer) -> None:
        self._metrics = metrics
        self._observer = observer

    def settled(self, count: int) -> None:
        self._metrics.settled(count)
        self._observer.settled(count)

    def fetched(self, fetched: FetchedObject) -> None:
        self._metrics.fetched(fetched)
        self._observer.fetched(fetched)

    def rendering(self, ref: ObjectRef) -> None:
        self._observer.rendering(ref)

    def outcome(self, outcome: Outcome) -> None:
        self._metrics.outcome(outcome)
        self._observer.outcome(outcome)


class _Labelled:
    """A registry whose series all have some labels more."""

    def __init__(self, registry: CollectorRegistry, labels: Mapping[str, str]) -> None:
        self._registry = registry
        self._labels = labels

    def collect(self) -> Iterator[Metric]:
        for metric in self._registry.collect():
            labelled = Metric(metric.name, metric.documentation, metric.type)
            labelled.samples = [
                Sample(each.name, {**each.labels, **self._labels}, each.value)
                for each in metric.samples
                if not each.name.endswith("_created")  # would double the series
            ]
            yield labelled


def _gauge(registry: CollectorRegistry, name: str, text: str) -> Gauge:
    return Gauge(PREFIX + name, text, registry=registry)
