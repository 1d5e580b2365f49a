"""What a protocol asks, and how its answers are found, apart from the index."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Int64

from fpbench.errors import FpbenchError
from fpbench.generators.expected_hit_rates import MatchedQueries
from fpbench.hashing import content_key, rows_digest
from fpbench.progress import Stage
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.audio_inputs import inputs_of_audio
from fpbench.runs.protocols.definitions import SequenceSettings
from fpbench.runs.protocols.distractors import ProtocolDistractors
from fpbench.runs.protocols.inputs import ProtocolInputs, inputs_of_vectors
from fpbench.runs.protocols.outcomes import Outcome
from fpbench.runs.protocols.test_ids import TestIds
from fpbench.runs.ready_made import VectorSource
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.nearest_rows import RowSearch

CreateIndex = Callable[[], NamedIndex]
Evaluate = Callable[[CreateIndex, ProtocolDistractors, Stage], Iterator[Outcome]]
MatchRuns = Callable[[int, Int64[np.ndarray, " chosen"]], MatchedQueries]
"""Some of the queries, by their numbers, cut to so many fingerprints, and the runs they match."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The queries of a protocol, and its search.

    Args:
        settings: Settings of the protocol, with the options of the run.
        test_ids: Where queries begin.
        segments: Lengths of queries, in fingerprints.
        tracks: Track of each query.
        groups: Group of each query's track; None if groups are unknown.
        evaluate: Searches with an index among distractors; one outcome for each database, by
            ascending size.
        tempo: Rows of the reference for each row of the queries; None if row i of both belong
            together, or tracks are known.
        match_runs: Gives the queries of a length, to judge a generator by; None if their scores are
            not those of runs.
    """

    inputs: ProtocolInputs = field(repr=False)
    settings: SequenceSettings
    test_ids: TestIds
    segments: Sequence[int]
    tracks: Int64[np.ndarray, " queries"] = field(repr=False)
    groups: Int64[np.ndarray, " queries"] | None = field(repr=False)
    evaluate: Evaluate = field(repr=False)
    tempo: float | None = None
    match_runs: MatchRuns | None = field(default=None, repr=False)


def evaluate_rows(
    inputs: ProtocolInputs,
    rows: Int64[np.ndarray, " queries"],
    evaluate: Evaluate,
    *,
    settings: SequenceSettings,
    test_ids: TestIds,
    segments: Sequence[int],
    tempo: float | None = None,
    match_runs: MatchRuns | None = None,
) -> Evaluation:
    """The evaluation of queries for rows of the reference, whose tracks and groups are theirs."""
    return Evaluation(
        inputs=inputs,
        settings=settings,
        test_ids=test_ids,
        segments=segments,
        tracks=inputs.tracks[rows],
        groups=None if inputs.groups is None else inputs.groups[rows],
        evaluate=evaluate,
        tempo=tempo,
        match_runs=match_runs,
    )


def build_inputs(prepared: PreparedRun, stage: Stage, *, aligned: bool = False) -> ProtocolInputs:
    """The matrices of the run's dataset, made from its recordings if it has no fingerprints.

    Args:
        stage: Shows progress.
        aligned: Whether row i of the queries must be the degraded row i of the reference.

    Raises:
        FpbenchError: They are not aligned, or recordings cannot be used.
    """
    source = prepared.source
    if isinstance(source, VectorSource):
        inputs = inputs_of_vectors(source)
    else:
        inputs = inputs_of_audio(source, prepared.store, stage)
    if aligned and len(inputs.query) != len(inputs.reference):
        raise FpbenchError(
            f"'{prepared.config.dataset}' has {len(inputs.query)} rows of query and "
            f"{len(inputs.reference)} of db, and this protocol compares row i of both",
            hint="use another --protocol, or none, for queries that are not aligned",
        )
    return inputs


def row_search(
    prepared: PreparedRun,
    inputs: ProtocolInputs,
    distractors: ProtocolDistractors,
    settings: SequenceSettings,
    rows: Int64[np.ndarray, " used"],
    *,
    create: CreateIndex,
) -> RowSearch:
    """A search of some rows of the queries' matrix among distractors and reference."""
    return RowSearch(
        create=create,
        queries=np.asarray(inputs.query[rows]),
        distractors=distractors.rows,
        reference=inputs.reference,
        key=content_key(inputs=inputs.key, rows=rows_digest(rows), distractors=distractors.key),
        k=settings.neighbours,
        retrain=settings.retrain,
        most_training=settings.max_train,
        seed=prepared.config.seed,
        store=prepared.store,
        device=prepared.config.device,
    )
