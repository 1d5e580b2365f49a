"""Measures in a worker what its orders cost, and adds this up where the run is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from fpbench.hardware import cpu_model
from fpbench.machine import arithmetic_threads
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.results.costs import IndexCost, StageName
from fpbench.runs.costs.latencies import time_index
from fpbench.runs.costs.measured_parts import (
    MeasuredDistractors,
    MeasuredFingerprinter,
    MeasuredIndex,
    measure_index,
)
from fpbench.runs.costs.stage_clock import Elapsed, StageClock
from fpbench.search.engines.worker import WorkerNote
from fpbench.search.tasks import SearchTask
from fpbench.units import count_label


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerCost:
    """What a worker has taken for one stage, since it was last asked.

    Args:
        worker: Machine and process of the worker.
        stage: Name of the stage.
        of: What the stage works on; of fingerprinting, the sender knows it.
        wall_s: Time of the worker.
        processor_s: Time of all its processors; None if it is part of another stage.
        peak_memory_bytes: Largest memory of its process; None if that is not known.
        rows: Fingerprints that it has made or searched.
        audio_s: Audio of those that it has made.
        encoder_s: Time in the fingerprinter.
        index: What its index takes to serve queries; then nothing else was measured.
    """

    worker: str
    stage: StageName
    of: str
    wall_s: float
    processor_s: float | None
    peak_memory_bytes: int | None
    rows: int = 0
    audio_s: float = 0.0
    encoder_s: float = 0.0
    index: IndexCost | None = None


Note = Callable[[Iterable[WorkerCost]], None]
"""Takes what the orders of workers have cost."""


class WorkerMeter:
    """Measures the stages of one work in a worker."""

    def __init__(self) -> None:
        note = WorkerNote.of_this_process("fpbench.search.tasks")
        self._worker = f"{note.machine}, {note.process}"
        self._clock = StageClock()
        self._stages: dict[tuple[StageName, str], Elapsed] = {}
        self._indexes: dict[str, MeasuredIndex] = {}
        self._tasks: dict[str, SearchTask] = {}
        self._drawn: MeasuredDistractors | None = None
        self._fingerprinter: MeasuredFingerprinter | None = None
        self._before: dict[tuple[StageName, str], WorkerCost] = {}

    @contextmanager
    def measure(self, stage: StageName, of: str) -> Iterator[None]:
        """Measure a block as a stage; several blocks of one stage add up."""
        with self._clock.measure(self._stages.setdefault((stage, of), Elapsed())):
            yield

    def watch_fingerprinter(self, fingerprinter: AnyFingerprinter) -> AnyFingerprinter:
        """A fingerprinter that counts what it makes."""
        self._fingerprinter = MeasuredFingerprinter(fingerprinter)
        return self._fingerprinter

    def watch_searches(self, tasks: Sequence[SearchTask]) -> list[SearchTask]:
        """The same searches of one database, with parts that count what they do."""
        database = tasks[0].database
        source = MeasuredDistractors(database.source)
        self._drawn = source if database.kind == "synthetic" else None
        watched = []
        for task in tasks:
            of = f"{task.named.name}, {database.kind}"
            index = measure_index(task.named.index, of, self.measure)
            self._indexes[of], self._tasks[of] = index, task
            named = replace(task.named, index=index)
            watched.append(replace(task, named=named, database=replace(database, source=source)))
        return watched

    def time_indexes(self, search_some: Callable[[], object]) -> list[WorkerCost]:
        """What each index takes to serve queries, with rows that this worker has searched.

        Args:
            search_some: Searches some rows. It is called if this worker has not searched any, and
                what it costs does not count.
        """
        if not any(index.rows for index in self._indexes.values()):
            search_some()
            self.take()
        return [cost for of in self._indexes if (cost := self._time_index(of)) is not None]

    def _time_index(self, of: str) -> WorkerCost | None:
        task = self._tasks[of]
        if not self._indexes[of].rows:
            return None
        cost = time_index(
            task.named.name,
            task.database.kind,
            self._indexes[of],
            segments=task.inputs.segments,
            hop_s=task.inputs.hop_s,
        )
        threads = count_label(arithmetic_threads(), "thread")
        return WorkerCost(
            worker=self._worker,
            stage="searching",
            of=of,
            wall_s=0.0,
            processor_s=None,
            peak_memory_bytes=None,
            index=replace(cost, worker=f"{cpu_model()}, {threads}"),
        )

    def take(self) -> list[WorkerCost]:
        """What was measured since the last call."""
        costs = []
        for now in self._totals():
            before = self._before.get((now.stage, now.of))
            self._before[now.stage, now.of] = now
            since = now if before is None else _subtract(now, before)
            if since.wall_s or since.rows:
                costs.append(since)
        return costs

    def _totals(self) -> Iterator[WorkerCost]:
        for (stage, of), elapsed in self._stages.items():
            cost = WorkerCost(
                worker=self._worker,
                stage=stage,
                of=of,
                wall_s=elapsed.wall_s,
                processor_s=elapsed.processor_s,
                peak_memory_bytes=elapsed.peak_memory_bytes,
            )
            made = self._fingerprinter
            if stage == "searching":
                cost = replace(cost, rows=self._indexes[of].rows)
            elif stage == "fingerprinting" and made is not None:
                cost = replace(cost, rows=made.rows, audio_s=made.audio_s, encoder_s=made.wall_s)
            yield cost
        if self._drawn is not None:
            yield WorkerCost(
                worker=self._worker,
                stage="drawing",
                of="synthetic",
                wall_s=self._drawn.wall_s,
                processor_s=None,
                peak_memory_bytes=None,
                rows=self._drawn.made,
            )


def _subtract(now: WorkerCost, before: WorkerCost) -> WorkerCost:
    """What has come since; the memory is the largest until now."""
    processor_s = None
    if now.processor_s is not None and before.processor_s is not None:
        processor_s = now.processor_s - before.processor_s
    return replace(
        now,
        wall_s=now.wall_s - before.wall_s,
        processor_s=processor_s,
        rows=now.rows - before.rows,
        audio_s=now.audio_s - before.audio_s,
        encoder_s=now.encoder_s - before.encoder_s,
    )


@dataclass(slots=True)
class WorkersTotal:
    """What all workers have taken for one stage.

    Args:
        wall_s: Sum of their times.
        processor_s: Likewise.
        peak_memory_bytes: The largest of any of them.
        rows: Fingerprints that they have made or searched.
        workers: Machines and processes.
    """

    wall_s: float = 0.0
    processor_s: float = 0.0
    peak_memory_bytes: int | None = None
    rows: int = 0
    workers: set[str] = field(default_factory=set)

    def add(self, cost: WorkerCost) -> None:
        """Add what one worker has taken."""
        self.wall_s += cost.wall_s
        self.processor_s += cost.processor_s or 0.0
        self.rows += cost.rows
        self.workers.add(cost.worker)
        if cost.peak_memory_bytes is not None:
            self.peak_memory_bytes = max(cost.peak_memory_bytes, self.peak_memory_bytes or 0)

    @property
    def mean_wall_s(self) -> float:
        """Time of a worker on average."""
        return self.wall_s / max(1, len(self.workers))
