"""What of a run is in the cache."""

from collections.abc import Sequence
from dataclasses import dataclass

from fpbench.cache import Store
from fpbench.progress import Stage
from fpbench.results.fields import DistractorKind
from fpbench.runs.beyond import can_simulate, is_exact, is_simulated
from fpbench.runs.databases import list_databases
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.prepared_fits import prepare_fit
from fpbench.runs.searches import list_tolerances, prepare_fitting, search_tasks
from fpbench.search.inputs import Inputs
from fpbench.search.tasks import is_finished


@dataclass(frozen=True, slots=True)
class FinishedWork:
    """What of a run is in the cache.

    Args:
        fitted: Whether the generator exists.
        searches: Kind of distractors, name of the index and fingerprints of a query, of each
            finished search.
        simulated: Whether the simulation beyond the searched sizes is finished.
    """

    fitted: bool = False
    searches: frozenset[tuple[DistractorKind, str, int]] = frozenset()
    simulated: bool = False


def find_finished(
    prepared: PreparedRun, stage: Stage, elsewhere: Sequence[Store] = ()
) -> FinishedWork:
    """Find out what is in the cache of a run whose fingerprints are all there; nothing is made.

    Args:
        prepared: The run.
        stage: Shows progress.
        elsewhere: Other folders with blocks, such as that of shards.

    Raises:
        FpbenchError: As :func:`fpbench.runs.run.run_prepared`.
    """
    inputs = prepared.source.build_inputs(prepared.store, stage)
    first, *others = (
        _find_finished_fit(prepare_fit(prepared, fit), inputs, stage, elsewhere)
        for fit in range(1, prepared.config.fits + 1)
    )
    finished = {
        search
        for search in first.searches
        if search[0] == "real" or all(search in other.searches for other in others)
    }
    return FinishedWork(
        fitted=all(one.fitted for one in (first, *others)),
        searches=frozenset(finished),
        simulated=all(one.simulated for one in (first, *others)),
    )


def _find_finished_fit(
    prepared: PreparedRun, inputs: Inputs, stage: Stage, elsewhere: Sequence[Store]
) -> FinishedWork:
    fitting = prepare_fitting(prepared, inputs, stage)
    generator = fitting.generator() if fitting and fitting.is_fitted() else None
    tasks = [
        task
        for of_length in inputs.by_length()
        for database in list_databases(prepared.config, of_length, generator)
        if database.kind in prepared.indexes
        for task in search_tasks(prepared, of_length, database)
    ]
    searches = {
        (task.database.kind, task.named.name, task.inputs.segments)
        for task in tasks
        if is_finished(task, elsewhere)
    }
    config, tolerances = prepared.config, list_tolerances(prepared)
    if generator is None:
        return FinishedWork(searches=frozenset(searches))
    simulated = bool(config.beyond) and all(
        is_simulated(
            task, config, tolerances, generator=generator.generator, name=generator.info.name
        )
        for task in tasks
        if task.database.kind == "synthetic"
        and is_exact(task.named)
        and can_simulate(generator.generator, task.inputs.segments)
    )
    return FinishedWork(fitted=True, searches=frozenset(searches), simulated=simulated)
