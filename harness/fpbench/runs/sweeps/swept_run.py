"""Reduces a run to the settings of a sweep that are worth searching; what was searched is kept."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from fpbench.errors import FpbenchError
from fpbench.evidence.hit_rates import ranks_at
from fpbench.plugin.shared_indexes import SharedIndex
from fpbench.progress import Stage
from fpbench.results.costs import Costs
from fpbench.runs.costs.run_costs import RunCosts
from fpbench.runs.databases import list_databases
from fpbench.runs.empty_indexes import with_empty_indexes
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.searches import SearchOutcome, prepare_fitting, search_database
from fpbench.runs.sweeps.sweep import Measured, Setting, Sweep, explore
from fpbench.runs.workers.engines import LOCAL, EngineChoice
from fpbench.runs.workers.sent_tracks import with_track_workers
from fpbench.search.inputs import Inputs
from fpbench.search.named_indexes import NamedIndex


class _Made(NamedTuple):
    """What all rounds of a sweep have in common."""

    inputs: Inputs
    generator: FittedGenerator | None


def sweep_indexes(
    prepared: PreparedRun, swept: Collection[str], stage: Stage, choice: EngineChoice = LOCAL
) -> tuple[PreparedRun, Sweep]:
    """Search the indexes of a run, except for swept ones that can be no better than others.

    Every round is kept in the cache, with its costs, so that an interrupted sweep goes on, and the
    run that follows finds its searches there. Settings are compared by HR@1 within the tolerance
    of the run, at the largest size, with the first fit of the generator.

    Args:
        prepared: The run with all settings.
        swept: Names of those that may be skipped.
        stage: Shows progress.
        choice: Which engines search.

    Returns:
        The run with the settings that were searched, and why others were not.

    Raises:
        FpbenchError: Queries have several lengths.
    """
    if len(prepared.source.lengths) > 1:
        raise FpbenchError(
            "--sweep skips settings by their hit rate at one length, but --query-lengths has "
            f"{len(prepared.source.lengths)}",
            hint="sweep with one --query-length, or name the settings with --index",
        )
    (indexes, *_) = prepared.indexes.values()
    settings = [_setting_of(named) for named in indexes]

    made: list[_Made] = []  # in the first round

    def measure(names: Sequence[str]) -> Mapping[str, Measured]:
        return _measure(with_empty_indexes(prepared, names), made, stage, choice)

    sweep = explore(
        [one for one in settings if one.name not in swept],
        [one for one in settings if one.name in swept],
        measure,
    )
    searched = [one.name for one in settings if one in sweep.measured]
    return with_empty_indexes(prepared, searched), sweep


def _setting_of(named: NamedIndex) -> Setting:
    index = named.index
    if not isinstance(index, SharedIndex) or named.contents is None:
        return Setting(named.name, None, None)
    names = sorted(set(index.search_parameters) & named.parameters.keys())
    try:
        values = tuple(float(named.parameters[name]) for name in names)
    except ValueError:  # a word, which has no order
        return Setting(named.name, named.contents, None)
    return Setting(named.name, named.contents, values)


def _measure(
    prepared: PreparedRun, made: list[_Made], stage: Stage, choice: EngineChoice
) -> dict[str, Measured]:
    costs = RunCosts(prepared)
    prepared = with_track_workers(costs.prepared, choice.workers, costs.add_workers)
    stage = costs.watch(stage)
    if not made:
        inputs = prepared.source.build_inputs(prepared.store, stage)
        fitting = prepare_fitting(prepared, inputs, stage)
        made.append(_Made(inputs, None if fitting is None else fitting.generator()))
    inputs, generator = made[0]
    outcomes = [
        one
        for database in list_databases(prepared.config, inputs, generator)
        for one in search_database(
            prepared, inputs, database, stage, costs, generator=generator, choice=choice
        )
    ]
    described = costs.describe(inputs, generator, ())
    return {
        name: _measured([one for one in outcomes if one.named.name == name], prepared, described)
        for name in prepared.config.indexes
    }


def _measured(
    outcomes: Sequence[SearchOutcome], prepared: PreparedRun, described: Costs
) -> Measured:
    """What one index finds and takes among all kinds of distractors."""
    rates, found = [], []
    for one in outcomes:
        size = max(one.database.sizes, default=0)
        ranks = [at for _, at in ranks_at(one.evidence, size, prepared.config.tolerance_s)]
        rates.append(float(np.mean(np.concatenate(ranks) == 0)))
        found.append(described.index(one.named.name, one.database.kind))
    times = [None if cost is None else cost.latency(1) for cost in found]
    ms = [(latency.low_ms, latency.high_ms) for latency in times if latency is not None]
    sizes = [cost.bytes_per_fingerprint for cost in found if cost is not None]
    known = [size for size in sizes if size is not None]
    return Measured(
        rates=tuple(rates),
        ms=tuple(ms) if len(ms) == len(outcomes) else None,
        size_bytes=max(known) if len(known) == len(outcomes) else None,
        rows=tuple(None if cost is None else cost.rows for cost in found),
    )
