"""Measures what a run costs, stage by stage, and describes it for the result."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from fpbench.hardware import load_average
from fpbench.machine import arithmetic_threads
from fpbench.progress import Report, Stage
from fpbench.results.costs import Costs, EncoderCost, IndexCost, StageCost, StageName
from fpbench.results.data import DataInfo
from fpbench.results.fields import DistractorKind
from fpbench.results.tails import TailInfo
from fpbench.runs.costs.calibration import calibration
from fpbench.runs.costs.described_stages import (
    MeasuredRun,
    count_asked,
    describe_drawing,
    describe_generators,
    describe_inputs,
    describe_searches,
)
from fpbench.runs.costs.kept_costs import WatchedStore
from fpbench.runs.costs.latencies import index_cost
from fpbench.runs.costs.measured_parts import (
    MeasuredDistractors,
    MeasuredFingerprinter,
    measure_index,
)
from fpbench.runs.costs.measured_stages import MeasuredSearch, MeasuredStage, length_suffix
from fpbench.runs.costs.stage_clock import StageClock
from fpbench.runs.costs.stage_costs import StageCosts
from fpbench.runs.costs.worker_costs import Note, WorkerCost, WorkersTotal
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.inputs import AudioSource
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.stage_titles import stage_of
from fpbench.search.distractors import DistractorSource
from fpbench.search.inputs import Inputs
from fpbench.search.named_indexes import NamedIndex, names_that_fill
from fpbench.search.tasks import SearchTask


class RunCosts:
    """The costs of one run, from its first stage on.

    Args:
        prepared: The run.
    """

    def __init__(self, prepared: PreparedRun) -> None:
        self._load_before = load_average()
        self._clock = StageClock()
        self._longest_s = prepared.source.lengths[-1].length_s
        self._timed: dict[str, IndexCost] = {}
        self._open: list[tuple[StageName, str]] = []
        self._fingerprinter: MeasuredFingerprinter | None = None
        source = prepared.source
        if isinstance(source, AudioSource):
            named = source.fingerprinter
            self._fingerprinter = MeasuredFingerprinter(named.fingerprinter)
            source = replace(
                source, fingerprinter=replace(named, fingerprinter=self._fingerprinter)
            )
        store = WatchedStore(prepared.store.root, prepared.store.made, prepared.store.sources)
        self._run = MeasuredRun(
            prepared=replace(prepared, store=store, source=source),
            store=store,
            stages=StageCosts(store),
        )

    @property
    def prepared(self) -> PreparedRun:
        """The run, with parts that count what they do."""
        return self._run.prepared

    def watch(self, stage: Stage) -> Stage:
        """The same display of stages, of which each is measured."""

        @contextmanager
        def measured(title: str) -> Iterator[Report]:
            known = stage_of(title)
            with stage(title) as report:
                if known is None:
                    yield report
                    return
                name, of = known
                # As of searches: the longest queries need no name.
                with self.measure(name, of.removesuffix(f", {self._longest_s:g} s")):
                    yield report

        return measured

    @contextmanager
    def measure(self, stage: StageName, of: str) -> Iterator[None]:
        """Measure a block as a stage; several blocks of one stage add up."""
        one = self._run.stages.measured.setdefault((stage, of), MeasuredStage())
        found, added, rows, audio_s, encoder_s = self._counts()
        self._open.append((stage, of))
        with self._clock.measure(one.elapsed, with_processes=stage == "making"):
            yield
        self._open.pop()
        now = self._counts()
        one.times += 1
        one.found += now[0] - found
        one.added += now[1] - added
        one.rows += now[2] - rows
        one.audio_s += now[3] - audio_s
        one.encoder_s += now[4] - encoder_s

    def add_workers(self, costs: Iterable[WorkerCost], suffix: str = "") -> None:
        """Add what workers have taken; those that fingerprint work on the stage that is open.

        Args:
            costs: What they have measured.
            suffix: End of the names of searches and their stages.
        """
        for cost in costs:
            of = cost.of if cost.stage == "drawing" else cost.of + suffix
            if cost.index is not None:
                self._timed.setdefault(of, cost.index)
                continue
            key = (cost.stage, of)
            if cost.stage == "fingerprinting":
                key = self._open[-1]
                one = self._run.stages.measured[key]
                one.rows += cost.rows
                one.audio_s += cost.audio_s
                one.encoder_s += cost.encoder_s
            self._run.stages.of_workers.setdefault(key, WorkersTotal()).add(cost)

    def note_searches(self, inputs: Inputs) -> Note:
        """Takes what workers have taken to search with these queries; they know no others."""
        return partial(self.add_workers, suffix=length_suffix(self._shorter_s(inputs)))

    def _shorter_s(self, inputs: Inputs) -> float | None:
        """Length of these queries; None for the longest of the run."""
        length_s = inputs.query_info.length_s
        return None if length_s == self._longest_s else length_s

    def _counts(self) -> tuple[int, int, int, float, float]:
        """Files found and added, rows, seconds of audio, and seconds in the fingerprinter."""
        uses, made = self._run.store.use.values(), self._fingerprinter
        files = (sum(use.found for use in uses), sum(use.added for use in uses))
        return (*files, *((made.rows, made.audio_s, made.wall_s) if made else (0, 0.0, 0.0)))

    def watch_searches(self, tasks: list[SearchTask]) -> list[SearchTask]:
        """The same searches of one database, with parts that count what they do."""
        if not tasks:
            return tasks
        database, inputs = tasks[0].database, tasks[0].inputs
        shorter_s = self._shorter_s(inputs)
        source = MeasuredDistractors(database.source)
        if database.kind == "synthetic":
            self._run.sources.append(source)
        watched = []
        filling = names_that_fill([task.named for task in tasks])
        for task in tasks:
            named = task.named
            search = self._run.searches.setdefault(
                (named.name, database.kind, shorter_s),
                MeasuredSearch(
                    named.name, database.kind, length_s=shorter_s, segments=inputs.segments
                ),
            )
            search.trains = named.name in filling
            index = measure_index(named.index, search.of, self.measure)
            search.measured.append(index)
            search.keys.append(task.key)
            # A trained index searches the fingerprints of a query one by one.
            alone = inputs.segments if index.kind == "block" and index.training_rows else 1
            size = max(database.sizes, default=0)
            search.total += alone * (len(inputs.reference) + size)
            search.size += size
            watched.append(
                replace(
                    task,
                    named=replace(named, index=index),
                    database=replace(database, source=source),
                )
            )
        return watched

    def watch_drawing(self, source: DistractorSource) -> DistractorSource:
        """Synthetic distractors that count how many are drawn, of a protocol."""
        self._run.sources.append(MeasuredDistractors(source))
        return self._run.sources[-1]

    def watch_index(
        self, named: NamedIndex, kind: DistractorKind, key: str, *, size: int, rows: int
    ) -> NamedIndex:
        """An index that counts what it does, of a protocol, which has one for each database.

        Only the last one is kept, because one that grows holds its database.

        Args:
            named: The index.
            kind: Kind of the distractors.
            key: Identifies queries and databases.
            size: Distractors of the largest database.
            rows: Its rows.
        """
        search = self._run.searches.setdefault(
            (named.name, kind, None), MeasuredSearch(named.name, kind)
        )
        search.earlier, search.keys, search.size = search.made, [key], size
        search.total = max(search.total, rows)
        search.measured = [measure_index(named.index, search.of, self.measure)]
        return replace(named, index=search.measured[0])

    def describe(
        self, inputs: Inputs, generator: FittedGenerator | None, tails: Sequence[TailInfo]
    ) -> Costs:
        """What the run has cost until now; notes what was made, for runs that find it in the cache.

        Args:
            inputs: Queries, reference and distractors of the run.
            generator: Generator of the first fit.
            tails: How far the simulations beyond the sizes went.
        """
        asked, absent = count_asked(self._fingerprinter, inputs)
        decoded = {(tail.index, tail.query_length_s): tail.decoded for tail in tails}
        stages = [
            *describe_inputs(self._run, inputs.data, inputs.key, asked, absent),
            *describe_generators(self._run, inputs.key, generator),
        ]
        return self._sum_up(stages, inputs.hop_s, decoded)

    def describe_protocol(
        self,
        data: DataInfo,
        key: str,
        asked: int,
        hop_s: float,
        *,
        generator: FittedGenerator | None,
    ) -> Costs:
        """What a run by a protocol has cost until now, likewise.

        Args:
            data: Its data.
            key: Identifies the queries.
            asked: Fingerprints of queries.
            hop_s: Time from one fingerprint to the next.
            generator: The generator of synthetic distractors.
        """
        stages = [
            *describe_inputs(self._run, data, key, asked, 0),
            *describe_generators(self._run, key, generator),
        ]
        return self._sum_up(stages, hop_s, {})

    def _sum_up(
        self,
        until_search: Sequence[StageCost],
        hop_s: float,
        decoded: Mapping[tuple[str, float | None], int],
    ) -> Costs:
        """The costs of the stages up to the search, and of those that follow."""
        stages = [
            *until_search,
            *describe_drawing(self._run),
            *describe_searches(self._run, decoded),
            *self._run.stages.not_kept("statistics"),
        ]
        indexes = [
            replace(
                index_cost(
                    self._run.store,
                    search.index,
                    search.distractors,
                    search.measured[0],
                    key={"index": search.keys[0]},
                    segments=search.segments,
                    hop_s=hop_s,
                    by_worker=self._timed.get(search.of),
                ),
                query_length_s=search.length_s,
            )
            for search in self._run.searches.values()
        ]
        self._clock.advance()
        total = self._clock.total
        return Costs(
            wall_s=total.wall_s,
            processor_s=total.processor_s
            + sum(one.processor_s for one in self._run.stages.of_workers.values()),
            peak_memory_bytes=total.peak_memory_bytes,
            threads=arithmetic_threads(),
            load_before=self._load_before,
            load_after=load_average(),
            stages=stages,
            encoder=self._encoder(),
            indexes=indexes,
            calibration=calibration(self._run.store, total.wall_s),
        )

    def _encoder(self) -> EncoderCost | None:
        source = self.prepared.source
        if not isinstance(source, AudioSource):
            return None
        device = self.prepared.config.device
        return self._run.stages.encoder(
            {"encoder": source.fingerprinter.identity, "device": device}
        )
