"""The result of a run, from what its searches found."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from fpbench.folder_names import change_texts, record_setting, without_folders
from fpbench.results.costs import Costs
from fpbench.results.data import TaskInfo
from fpbench.results.document import ESTIMATOR, FORMAT, EvidenceInfo, Result
from fpbench.results.environment import describe_machine, environment
from fpbench.results.fidelity import Fidelity
from fpbench.results.harness import describe_harness
from fpbench.runs.generator import FittedGenerator
from fpbench.runs.numbers import LengthFindings, Numbers
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.ready_made import VectorSource
from fpbench.runs.tasks import describe_task
from fpbench.search.inputs import Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a run made and found: the generator, and the evidence of all searches.

    Args:
        generator: None for a run without synthetic distractors.
        fidelity: How like real fingerprints its draws are.
        by_length: The searches for each length of the queries, ascending.
    """

    generator: FittedGenerator | None
    fidelity: Fidelity | None
    by_length: Sequence[LengthFindings]


def describe_run(
    prepared: PreparedRun,
    inputs: Inputs,
    findings: Findings,
    numbers: Numbers,
    *,
    evidence: Sequence[EvidenceInfo],
    task: TaskInfo | None,
    command: str,
    costs: Costs,
) -> Result:
    """The result, without names of the user's folders.

    Args:
        prepared: The run.
        inputs: Its fingerprints.
        findings: What it found.
        numbers: What follows from that.
        evidence: Files of the evidence.
        task: The task that it is a run of.
        command: The command line.
        costs: What it took.
    """
    config, generator = prepared.config, findings.generator
    fewest = min(len(of_length.real) for of_length in inputs.by_length())
    ends_early = config.distractors == "real" and max(config.sizes, default=0) > fewest
    result = Result(
        result_format=FORMAT,
        harness=describe_harness(),
        status="partial" if ends_early else "complete",
        fingerprinter=prepared.info,
        data=inputs.data,
        queries=inputs.query_info,
        generator=generator.info if generator else None,
        fidelity=findings.fidelity,
        curves=numbers.curves,
        gaps=numbers.gaps or (),
        index_losses=numbers.index_losses or (),
        false_accepts=numbers.false_accepts or (),
        tails=numbers.tails or (),
        fits=numbers.fits,
        extrapolations=numbers.extrapolations or (),
        indexes=numbers.indexes,
        evidence=evidence,
        environment=environment(config.device),
        machine=describe_machine(config.device),
        config=config.recorded(),
        command=command,
        check=prepared.check,
        task=task,
        estimator=ESTIMATOR,
        costs=costs,
    )
    return leave_folders_out(result, prepared)


def describe_task_of(prepared: PreparedRun, inputs: Inputs) -> TaskInfo | None:
    """The task that a run is of; None for a run of no task.

    Raises:
        FpbenchError: The run has other data or other queries than its task.
    """
    task = prepared.config.task
    if task is None:
        return None
    offer, _ = prepared.catalog.offer("task", task)
    expected = prepared.catalog.task(task)
    return describe_task(offer.entry.name, expected, inputs.data, inputs.query_info)


def leave_folders_out(result: Result, prepared: PreparedRun) -> Result:
    """The result without names of the user's folders, in whatever text they are."""
    source = prepared.source
    tracks = () if isinstance(source, VectorSource) else source.dataset.all_tracks()
    roots = {
        str(track.path).removesuffix(track.name)
        for track in tracks
        if track.path.is_absolute() and str(track.path).endswith(f"{os.sep}{track.name}")
    }
    cleaned: Result = change_texts(result, partial(without_folders, folders=roots - {os.sep}))
    skipped = [  # names below the dataset's folder are no messages
        replace(new, track=record_setting(old.track).text)
        for new, old in zip(cleaned.data.skipped, result.data.skipped, strict=True)
    ]
    return replace(cleaned, data=replace(cleaned.data, skipped=skipped))
