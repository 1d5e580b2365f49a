"""The searches of a run: real and synthetic distractors, and further fits of the generator."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from logging import getLogger
from typing import NamedTuple

from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.fits import fit_rates
from fpbench.generators.fidelity_limits import find_deviation, find_marginal_alarm
from fpbench.progress import Stage
from fpbench.results.fidelity import Fidelity
from fpbench.results.fits import FitRates, GeneratorFits
from fpbench.results.tails import TailInfo
from fpbench.runs.beyond import can_simulate, is_exact, simulate_beyond
from fpbench.runs.costs.run_costs import RunCosts
from fpbench.runs.databases import list_databases
from fpbench.runs.fit_splits import split_tracks
from fpbench.runs.generator import FittedGenerator, GeneratorFitting
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.prepared_fits import prepare_fit
from fpbench.runs.workers.engines import EngineChoice
from fpbench.search.inputs import Inputs
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.tasks import Database, SearchTask, search

logger = getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SearchOutcome:
    """One index, one database, and the evidence of their search.

    Args:
        tail: How the tail of its evidence was simulated; None if it was not.
    """

    named: NamedIndex
    database: Database
    evidence: Evidence | GrownEvidence
    tail: TailInfo | None = None

    def sizes(self, beyond: Sequence[int]) -> Sequence[int]:
        """Sizes of its curves, of which the last may be simulated."""
        return [*(self.database.sizes or (0,)), *(beyond if self.tail else ())]


class FurtherFit(NamedTuple):
    """Another fit of the generator: the hash of its file, and the searches of its draws."""

    weights_sha256: str
    outcomes: Sequence[SearchOutcome]


def prepare_fitting(prepared: PreparedRun, inputs: Inputs, stage: Stage) -> GeneratorFitting | None:
    """The fitting of the generator; None for a run without synthetic distractors."""
    if prepared.generator is None:
        return None
    return GeneratorFitting(
        config=prepared.config,
        catalog=prepared.catalog,
        store=prepared.store,
        named=prepared.generator,
        inputs=inputs,
        split=split_tracks(prepared.config, inputs),
        system=prepared.system,
        stage=stage,
    )


def fit_generator(
    prepared: PreparedRun, inputs: Inputs, stage: Stage
) -> tuple[FittedGenerator | None, Fidelity | None]:
    """The generator and its fidelity; None for a run without synthetic distractors."""
    fitting = prepare_fitting(prepared, inputs, stage)
    if fitting is None:
        return None, None
    generator = fitting.generator()
    return generator, judge_generator(fitting, generator)


def judge_generator(fitting: GeneratorFitting, generator: FittedGenerator) -> Fidelity:
    """The fidelity of the generator, with a warning if it is unlike real fingerprints."""
    fidelity = fitting.fidelity(generator)
    deviation = find_deviation(fidelity, generator.info.name)
    if deviation is not None:
        logger.warning(
            "generator '%s' is unlike real fingerprints: %s; `fpbench validate` refuses the result",
            generator.info.name,
            deviation,
        )
    alarm = find_marginal_alarm(fidelity, generator.info.name)
    if alarm is not None:
        logger.warning("generator '%s' has other marginals: %s", generator.info.name, alarm)
    return fidelity


def search_database(
    prepared: PreparedRun,
    inputs: Inputs,
    database: Database,
    stage: Stage,
    costs: RunCosts,
    *,
    generator: FittedGenerator | None,
    choice: EngineChoice,
) -> list[SearchOutcome]:
    """Search one database with all indexes, so that every block is drawn once.

    Args:
        prepared: The run.
        inputs: Queries of one length.
        database: The distractors, of one kind.
        stage: Shows progress.
        costs: Measures the search.
        generator: Of synthetic distractors; workers load it.
        choice: Engines that search.
    """
    tasks = search_tasks(prepared, inputs, database)
    engines = choice.engines(prepared, inputs, database, generator, costs.note_searches(inputs))
    evidence = search(costs.watch_searches(tasks), stage, engines)
    return [
        SearchOutcome(task.named, database, one) for task, one in zip(tasks, evidence, strict=True)
    ]


def with_tail(
    prepared: PreparedRun,
    inputs: Inputs,
    generator: FittedGenerator,
    outcome: SearchOutcome,
    stage: Stage,
) -> SearchOutcome:
    """The outcome with a simulated tail, if the run goes beyond the searched sizes.

    Args:
        prepared: The run.
        inputs: Queries of one length.
        generator: Of the distractors.
        outcome: An index's search among them.
        stage: Shows progress.
    """
    config = prepared.config
    if not (config.beyond and is_exact(outcome.named) and isinstance(outcome.evidence, Evidence)):
        return outcome
    if not can_simulate(generator.generator, inputs.segments):
        return outcome
    (task,) = (
        task
        for task in search_tasks(prepared, inputs, outcome.database)
        if task.named is outcome.named
    )
    evidence, tail = simulate_beyond(
        task,
        outcome.evidence,
        config,
        list_tolerances(prepared),
        generator=generator.generator,
        name=generator.info.name,
        stage=stage,
    )
    return replace(outcome, evidence=evidence, tail=tail)


def fit_again(prepared: PreparedRun, inputs: Inputs, fit: int, stage: Stage) -> FittedGenerator:
    """Fit the generator once more, with another seed and to other halves of the tracks.

    Args:
        prepared: The run.
        inputs: Its distractors.
        fit: Number of the fit, from 2.
        stage: Shows progress.

    Raises:
        ValueError: The run has no generator.
    """
    fitting = prepare_fitting(prepare_fit(prepared, fit), inputs, stage)
    if fitting is None:
        raise ValueError("a run without a generator has no fits")
    return fitting.generator()


def search_fit(
    prepared: PreparedRun,
    inputs: Inputs,
    fit: int,
    stage: Stage,
    costs: RunCosts,
    *,
    generator: FittedGenerator,
    choice: EngineChoice,
) -> FurtherFit:
    """Search the draws of another fit.

    Args:
        prepared: The run.
        inputs: Queries of one length.
        fit: Number of the fit, from 2.
        stage: Shows progress.
        costs: Measures the search.
        generator: What was fitted.
        choice: Engines that search.
    """
    again = prepare_fit(prepared, fit)
    databases = list_databases(again.config, inputs, generator)
    (synthetic,) = (database for database in databases if database.kind == "synthetic")
    outcomes = [
        with_tail(again, inputs, generator, one, stage)
        for one in search_database(
            again, inputs, synthetic, stage, costs, generator=generator, choice=choice
        )
    ]
    return FurtherFit(generator.info.weights_sha256, outcomes)


def summarise_fits(
    prepared: PreparedRun,
    generator: FittedGenerator,
    outcomes: Sequence[SearchOutcome],
    fits: Sequence[FurtherFit],
) -> GeneratorFits:
    """The rates of all fits, and their means.

    Args:
        generator: Of the first fit.
        outcomes: Of the first fit; those with real distractors are left out.
        fits: The other fits.
    """
    rates: list[FitRates] = []
    for first in (one for one in outcomes if one.database.kind == "synthetic"):
        others = [o for fit in fits for o in fit.outcomes if o.named.name == first.named.name]
        for tolerance_s in list_tolerances(prepared):
            rates += fit_rates(
                [first.evidence, *(other.evidence for other in others)],
                first.sizes(prepared.config.beyond),
                index=first.named.name,
                tolerance_s=tolerance_s,
            )
    hashes = [generator.info.weights_sha256, *(fit.weights_sha256 for fit in fits)]
    return GeneratorFits(weights_sha256=hashes, rates=rates)


def search_tasks(prepared: PreparedRun, inputs: Inputs, database: Database) -> list[SearchTask]:
    """One task for each index."""
    return [
        SearchTask(
            named=named,
            inputs=inputs,
            database=database,
            store=prepared.store,
            device=prepared.config.device,
        )
        for named in prepared.indexes[database.kind]
    ]


def list_tolerances(prepared: PreparedRun) -> list[float | None]:
    """The tolerances of the curves: that of the config, and any time in the right track."""
    # Ready-made fingerprints without tracks lie on one timeline.
    anywhere = (None,) if prepared.has_tracks else ()
    return list(dict.fromkeys((prepared.config.tolerance_s, *anywhere)))
