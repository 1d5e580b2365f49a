"""Describes the measured stages of a run: what each of them made, and what it has cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from fpbench.fingerprints.query_sets import keeps_fingerprints
from fpbench.plugin.fingerprinters import AnyFingerprinter
from fpbench.results.costs import StageCost
from fpbench.results.data import DataInfo
from fpbench.results.fields import DistractorKind
from fpbench.runs.costs.kept_costs import WatchedStore
from fpbench.runs.costs.measured_parts import MeasuredDistractors
from fpbench.runs.costs.measured_stages import MeasuredSearch, MeasuredStage
from fpbench.runs.costs.stage_clock import Elapsed
from fpbench.runs.costs.stage_costs import StageCosts
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.inputs import AudioSource
from fpbench.runs.prepare import PreparedRun
from fpbench.search.inputs import Inputs

_SearchKey = tuple[str, DistractorKind, float | None]
"""Index, kind of distractors, and length of the queries in seconds; None for the longest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRun:
    """What was measured of a run until now.

    Args:
        prepared: The run, with parts that count what they do.
        store: Its cache, which counts what is read and added.
        stages: What was measured of the stages.
        searches: What was measured of the searches; grows during the run.
        sources: Synthetic distractors that were drawn from, likewise.
    """

    prepared: PreparedRun
    store: WatchedStore
    stages: StageCosts
    searches: dict[_SearchKey, MeasuredSearch] = field(default_factory=dict)
    sources: list[MeasuredDistractors] = field(default_factory=list)


def count_asked(fingerprinter: AnyFingerprinter | None, inputs: Inputs) -> tuple[int, int]:
    """Fingerprints of the queries, and of those that match nothing, of all lengths.

    Args:
        fingerprinter: None for ready-made fingerprints, whose shorter queries are cut.
        inputs: Those of the longest queries, which know the others.
    """
    of_lengths = [inputs]
    if fingerprinter is not None:
        of_lengths += [
            one
            for one in inputs.shorter
            if not keeps_fingerprints(fingerprinter.spec, one.query_info.length_s)
        ]
    return (
        sum(len(one.queries) * one.segments for one in of_lengths),
        sum(one.query_info.absent * one.segments for one in of_lengths),
    )


def describe_inputs(
    run: MeasuredRun, data: DataInfo, queries: str, asked: int, absent: int
) -> list[StageCost]:
    """Stages up to the fingerprints.

    Args:
        run: What was measured.
        data: Recordings of the run.
        queries: Key of the queries.
        asked: Their fingerprints.
        absent: Fingerprints of queries that match nothing.
    """
    source = run.prepared.source
    stages = run.stages.not_kept("making")
    if not isinstance(source, AudioSource):
        return [*stages, *run.stages.not_kept("near copies")]
    surveyed_s = run.store.use_of("surveys").audio_s
    hours = data.reference_hours + data.distractor_hours
    key: dict[str, object] = {"content": data.content}
    total_s = max(surveyed_s, 3600 * hours)
    stages.append(run.stages.cost("reading", "recordings", surveyed_s, total_s, key=key))
    # An object and a new edition of a plugin have an identity of their own.
    key |= {"fingerprinter": source.fingerprinter.identity}
    for of, total in (
        ("reference", data.reference_fingerprints),
        ("distractors", data.distractor_fingerprints),
        ("queries", asked),
        ("queries that match nothing", absent),
    ):
        own = {**key, "of": of, "queries": queries if of.startswith("queries") else ""}
        made = run.stages.find("fingerprinting", of).rows
        if total:
            stages.append(run.stages.cost("fingerprinting", of, made, max(made, total), key=own))
    if ("near copies", "recordings") in run.stages.measured:
        stages.append(run.stages.cost("near copies", "recordings", key=key))
    return stages


def describe_generators(
    run: MeasuredRun, inputs: str, generator: FittedGenerator | None
) -> list[StageCost]:
    """Fitting of all generators that were fitted, and judging.

    Args:
        run: What was measured.
        inputs: Key of queries and reference.
        generator: The first fit; None for a run without synthetic distractors.
    """
    if generator is None:
        return []
    name, rows = generator.info.name, generator.info.fitted_fingerprints or 0
    fits = run.prepared.config.fits
    key: dict[str, object] = {"generator": generator.key, "fits": fits}
    stages = []
    if rows:
        times = run.stages.find("fitting", name).times
        stages.append(run.stages.cost("fitting", name, times * rows, fits * rows, key=key))
    others = [of for stage, of in run.stages.measured if stage == "fitting" and of != name]
    stages += [run.stages.cost("fitting", of, rows, rows, key={}) for of in others]
    return [
        *stages,
        run.stages.cost("judging", "generator", key={**key, "inputs": inputs}),
    ]


def describe_searches(
    run: MeasuredRun, decoded: Mapping[tuple[str, float | None], int]
) -> list[StageCost]:
    """Training and searching, and the simulation beyond the searched sizes.

    Args:
        run: What was measured.
        decoded: Fingerprints that were simulated for each index and length of the queries.
    """
    stages = []
    for search in run.searches.values():
        key: dict[str, object] = {"searches": search.keys, "rows": search.total}
        made = search.made + run.stages.find_workers("searching", search.of).rows
        trains = search.trains or ("training", search.of) in run.stages.measured
        if search.measured[0].training_rows and trains:
            stages.append(run.stages.cost("training", search.of, key={**key, "part": "training"}))
        # A protocol searches more than its largest database, if it trains for each size.
        total = max(made, search.total)
        stages.append(run.stages.cost("searching", search.of, made, total, key=key))
        which = (search.index, search.length_s)
        if search.distractors == "synthetic" and which in decoded:
            of = f"{search.index}{search.of_length}"
            one = run.stages.find("simulating", of)
            total = decoded[which] * run.prepared.config.fits
            simulated = total * one.added / max(1, one.added + one.found)
            key |= {"beyond": list(run.prepared.config.beyond)}
            stages.append(run.stages.cost("simulating", of, simulated, total, key=key))
    return stages


def describe_drawing(run: MeasuredRun) -> list[StageCost]:
    """Drawing in its own thread, whose share of processors and memory is not known."""
    searches = [one for one in run.searches.values() if one.distractors == "synthetic"]
    if not searches:
        return []
    made = sum(source.made for source in run.sources)
    made += run.stages.find_workers("drawing", "synthetic").rows
    wall_s = sum(source.wall_s for source in run.sources)
    run.stages.measured["drawing", "synthetic"] = MeasuredStage(elapsed=Elapsed(wall_s=wall_s))
    key = {"searches": [one.keys for one in searches], "size": searches[0].size}
    # A block is drawn once for all indexes that search it; an index that grows has its own.
    total = max(made, searches[0].size)
    cost = run.stages.cost("drawing", "synthetic", made, total, key=key)
    return [replace(cost, processor_s=None)]
