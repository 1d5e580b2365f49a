"""What a run cost: time, memory and throughput of each stage, encoder and index."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

from fpbench.results.fields import Count, DistractorKind, Name, Positive, Seconds, Words

NotNegative = Annotated[float, Meta(ge=0)]

StageName = Literal[
    "making",
    "reading",
    "fingerprinting",
    "near copies",
    "fitting",
    "judging",
    "training",
    "drawing",
    "searching",
    "simulating",
    "statistics",
]

Unit = Literal["seconds of audio", "fingerprints", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class StageCost:
    """What one stage of a run took.

    A stage that found everything in the cache has the cost with which this was made, if the cache
    holds it, and None otherwise. The reading of a small dataset is unknown, too, because it is read
    while the run is estimated.

    Args:
        stage: ``making`` is that of audio that a dataset makes, such as the demo; ``reading``
            decodes all recordings once; ``fingerprinting`` decodes them again, degrades queries,
            and runs the fingerprinter; ``near copies`` compares reference and distractors;
            ``fitting`` and ``judging`` are those of the generator; ``training`` is that of an
            index; ``drawing`` makes distractors while they are searched, in a thread of its own;
            ``simulating`` goes beyond the searched sizes; ``statistics`` makes curves and
            intervals, and ranks the starts that a protocol's search proposes.
        of: What the stage works on, such as ``reference``, ``queries`` and ``distractors``; or the
            name of the generator; or that of the index and the kind of its distractors.
        wall_s: Elapsed time. Of several indexes the first waits for rows that are drawn, and the
            others read them from a file. Of training, drawing and searching by workers, it is the
            mean time of a worker.
        processor_s: Time of all processors together, of this process and of its workers. That of
            ``drawing`` is None, because it is part of ``searching``.
        peak_memory_bytes: Largest memory of a process during the stage, with all libraries and
            what earlier stages hold; None where the system does not say it, and for ``drawing``.
        amount: Work that was done in this time, in ``unit``; None if it has no measure.
        total: Work of the whole stage. What ``amount`` lacks came from the cache.
        unit: ``fingerprints`` are rows of the database, however many queries search them.
        cached: Whether all of the stage came from the cache, so that its cost is that of an
            earlier run.
        workers: Number of processes beside that of the run which carried it out, as with
            ``--engine ray`` or on several GPUs; None if there was none.
    """

    stage: StageName
    of: Words
    wall_s: NotNegative | None
    processor_s: NotNegative | None
    peak_memory_bytes: Count | None
    amount: NotNegative | None
    total: NotNegative | None
    unit: Unit
    cached: bool
    workers: Positive | None = None

    @property
    def per_s(self) -> float | None:
        """Throughput in units per second, of all workers; that of reading is in times real time."""
        return self.amount / self.wall_s if self.amount and self.wall_s else None


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderCost:
    """The speed of the fingerprinter alone: decoded audio in, fingerprints out.

    Args:
        audio_s: Length of the audio of reference, distractors and queries that was fingerprinted,
            which is a hop for each fingerprint.
        wall_s: Elapsed time in the fingerprinter. Threads that decode run at the same time.
        cached: Whether this was measured by an earlier run.
    """

    audio_s: NotNegative
    wall_s: Seconds
    cached: bool

    @property
    def x_real_time(self) -> float:
        """Seconds of audio per second."""
        return self.audio_s / self.wall_s


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Time of a search, per query, of queries that are searched together.

    Args:
        batch: Number of queries that are searched together.
        ms: Median over repeats, in milliseconds per query.
        low_ms: Shortest of the repeats.
        high_ms: Longest of the repeats.
        repeats: Number of searches that were timed, after one that was not.
    """

    batch: Positive
    ms: NotNegative
    low_ms: NotNegative
    high_ms: NotNegative
    repeats: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCost:
    """What one index takes to serve queries from memory.

    Args:
        index: Name of the search index.
        distractors: Kind of distractors in it.
        rows: Number of fingerprints in memory when it was timed. An index that grows is timed with
            the whole database; one that a run searches block by block, such as exact search, with
            the first rows that it has searched, because a run never holds all. The time of exact
            search grows in proportion to the rows; that of inverted lists nearly so.
        bytes_per_fingerprint: Size of a fingerprint as the index stores it, with its number, links
            and its share of centroids where the index has any; None if the index does not say it.
        bytes_per_hour: The same for an hour of audio, at the hop of the fingerprinter.
        latencies: Time per query at batches of 1 and 100; empty if nothing was searched in this
            run, and the cache does not hold it.
        cached: Whether it was measured by an earlier run.
        query_length_s: Length of the queries; None if it is that of ``queries``.
        worker: Processor of the worker that was timed after the search, and its threads; None if
            it was the process of the run.
    """

    index: Name
    distractors: DistractorKind
    rows: Positive | None
    bytes_per_fingerprint: NotNegative | None
    bytes_per_hour: NotNegative | None
    latencies: Annotated[Sequence[Latency], Meta(max_length=10)]
    cached: bool
    query_length_s: Seconds | None = None
    worker: Words | None = None

    def latency(self, batch: int) -> Latency | None:
        """The time per query at a batch; None if it was not measured."""
        return next((one for one in self.latencies if one.batch == batch), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """How fast the machine was in a fixed computation of about a second.

    Args:
        gflops: Median rate of float32 products of two matrices of 512 rows and columns, with the
            threads of the run, in 10⁹ operations per second.
        gflops_low: Slowest tenth of a second.
        gflops_high: Fastest tenth of a second.
        copy_gb_s: Median rate of copies of 64 MB by one thread, in 10⁹ bytes read and written per
            second.
        copy_gb_s_low: Slowest tenth of a second.
        copy_gb_s_high: Fastest tenth of a second.
        age_s: Time from this measurement to the end of the run.
    """

    gflops: NotNegative
    gflops_low: NotNegative
    gflops_high: NotNegative
    copy_gb_s: NotNegative
    copy_gb_s_low: NotNegative
    copy_gb_s_high: NotNegative
    age_s: NotNegative


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What the run took on its machine. Nothing of it enters a cache key.

    Args:
        wall_s: Elapsed time of this run, from the first recording to the last interval.
        processor_s: Time of all processors together, with those of workers.
        peak_memory_bytes: Largest memory of the process; None where the system does not say it.
        threads: Threads of the libraries that compute.
        load_before: Average number of processes that ran or waited in the minute before, of all
            programs on the machine; None where the system does not say it.
        load_after: The same in the last minute of the run, which counts itself.
        stages: Stages in the order of the run.
        encoder: Speed of the fingerprinter; None for ready-made fingerprints, and if all came from
            the cache, which does not hold it.
        indexes: What each index takes, for each kind of distractors.
        calibration: Speed of the machine; None for a run of less than a minute, unless it was
            measured in the twelve hours before.
    """

    wall_s: NotNegative
    processor_s: NotNegative
    peak_memory_bytes: Count | None
    threads: Positive
    load_before: NotNegative | None
    load_after: NotNegative | None
    stages: Annotated[Sequence[StageCost], Meta(max_length=1_000)]
    encoder: EncoderCost | None
    indexes: Annotated[Sequence[IndexCost], Meta(max_length=200)]
    calibration: Calibration | None

    def index(self, name: str, distractors: DistractorKind) -> IndexCost | None:
        """What an index takes with one kind of distractors; None if it is not there."""
        found = (o for o in self.indexes if (o.index, o.distractors) == (name, distractors))
        return next(found, None)
