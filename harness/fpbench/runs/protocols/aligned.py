"""The evaluation that the NAFP family shares: where in the reference does a query begin?"""

from collections.abc import Iterator, Sequence

import numpy as np
from jaxtyping import Int64

from fpbench.evidence.protocol_rates import count_near_starts
from fpbench.plugin.options import apply_options
from fpbench.progress import Stage
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.definitions import Protocol, SequenceSettings
from fpbench.runs.protocols.distractors import ProtocolDistractors
from fpbench.runs.protocols.evaluation import (
    CreateIndex,
    Evaluation,
    build_inputs,
    evaluate_rows,
    row_search,
)
from fpbench.runs.protocols.inputs import ProtocolInputs
from fpbench.runs.protocols.judged_queries import match_rows
from fpbench.runs.protocols.outcomes import Outcome
from fpbench.runs.protocols.test_ids import TestIds, choose_test_ids
from fpbench.search.sequence_ranking import SequenceQueries, propose_starts, rank_starts

METRICS = ("top1_exact", "top1_near", "top3_exact", "top10_exact")


def plan_aligned(prepared: PreparedRun, protocol: Protocol, stage: Stage) -> Evaluation:
    """A query that begins at row t matches row t of the reference.

    Raises:
        FpbenchError: The dataset does not have what the protocol needs, or an option is wrong.
    """
    settings: SequenceSettings = apply_options(protocol.settings, prepared.config.protocol_options)
    inputs = build_inputs(prepared, stage, aligned=True)
    segments = inputs.segments(prepared.config.query_lengths_s, protocol.hop_s(inputs.hop_s))
    test_ids = choose_starts(prepared, protocol, inputs, segments[-1])
    queries = sequence_queries(inputs, test_ids.rows, segments)
    clusters = inputs.tracks if inputs.groups is None else inputs.groups

    def evaluate(
        create: CreateIndex, distractors: ProtocolDistractors, stage: Stage
    ) -> Iterator[Outcome]:
        used = queries.rows()
        search = row_search(prepared, inputs, distractors, settings, used, create=create)
        for size, near in search.nearest(distractors.sizes, stage):
            starts = propose_starts(queries, used, near)
            database = search.database(size, starts, segments[-1])
            ranked = rank_starts(queries, used, near, database)
            truth = size + queries.first
            of_lengths = np.broadcast_to(truth[:, None], ranked.starts.shape[:2])
            yield Outcome(
                size=size,
                truth=truth,
                ranked=ranked,
                hits={
                    ("both", name): count_near_starts(ranked.starts, of_lengths, name)
                    for name in METRICS
                },
            )

    return evaluate_rows(
        inputs,
        test_ids.rows,
        evaluate,
        settings=settings,
        test_ids=test_ids,
        segments=segments,
        match_runs=match_rows(queries, inputs.reference, clusters[test_ids.rows]),
    )


def choose_starts(
    prepared: PreparedRun,
    protocol: Protocol,
    inputs: ProtocolInputs,
    longest: int,
    *,
    rows: int | None = None,
) -> TestIds:
    """The start rows that the run asks for, or else those of the protocol.

    Args:
        longest: Fingerprints in the longest query.
        rows: Rows that test ids count; None means those of the queries.
    """
    return choose_test_ids(
        prepared.config.test_ids,
        default=protocol.test_ids,
        rows=len(inputs.query) if rows is None else rows,
        longest=longest,
        folder=inputs.folder,
        seed=prepared.config.seed,
        official_seed=protocol.official_seed,
    )


def sequence_queries(
    inputs: ProtocolInputs, starts: Int64[np.ndarray, " queries"], segments: Sequence[int]
) -> SequenceQueries:
    """Queries that begin at these rows; near the end of all rows they are cut."""
    last = np.full(len(starts), len(inputs.query), dtype=np.int64)
    return SequenceQueries(vectors=inputs.query, first=starts, segments=segments, last=last)
