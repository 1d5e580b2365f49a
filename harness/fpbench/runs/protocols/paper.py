"""The evaluation of arXiv 2509.18620: single fingerprints among distractors, several times.

Real distractors give random parts at each size; synthetic ones are drawn afresh for each repeat, of
which the smaller sizes are the first rows of the largest.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float32, Int64

from fpbench.errors import FpbenchError
from fpbench.evidence.protocol_evidence import RuleSet
from fpbench.evidence.protocol_rates import count_near_starts
from fpbench.hashing import content_key
from fpbench.plugin.options import apply_options
from fpbench.progress import Stage
from fpbench.randomness import Stream, rng_at
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.aligned import choose_starts, sequence_queries
from fpbench.runs.protocols.definitions import PaperSettings, Protocol
from fpbench.runs.protocols.distractors import ProtocolDistractors
from fpbench.runs.protocols.evaluation import (
    CreateIndex,
    Evaluation,
    build_inputs,
    evaluate_rows,
    row_search,
)
from fpbench.runs.protocols.outcomes import Outcome
from fpbench.search.distractors import CHUNK
from fpbench.search.drawn_rows import write_rows
from fpbench.search.nearest_rows import RowSearch
from fpbench.search.sequence_ranking import propose_starts, rank_starts


def plan_paper(prepared: PreparedRun, protocol: Protocol, stage: Stage) -> Evaluation:
    """Query t matches row trunc(t · tempo) of the reference.

    Raises:
        FpbenchError: Queries have several fingerprints, or an option is wrong.
    """
    settings: PaperSettings = apply_options(protocol.settings, prepared.config.protocol_options)
    inputs = build_inputs(prepared, stage)
    segments = inputs.segments(prepared.config.query_lengths_s, inputs.hop_s)
    if segments != [1]:
        raise FpbenchError(
            f"protocol paper has queries of one fingerprint, not {segments}",
            hint="leave --query-lengths out, or use --protocol nafp",
        )
    test_ids = choose_starts(prepared, protocol, inputs, 1)
    tempo = settings.tempo or len(inputs.reference) / len(inputs.query)
    row = np.trunc(test_ids.rows * tempo).astype(np.int64)
    if row.max() >= len(inputs.reference):
        raise FpbenchError(
            f"at tempo {tempo:g}, query {test_ids.rows.max()} is of row {row.max()} of "
            f"{len(inputs.reference)} rows of db",
            hint="use another --protocol-set tempo, or smaller test ids",
        )
    queries = sequence_queries(inputs, test_ids.rows, segments)

    def evaluate(
        create: CreateIndex, distractors: ProtocolDistractors, stage: Stage
    ) -> Iterator[Outcome]:
        used = queries.rows()
        whole = row_search(prepared, inputs, distractors, settings, used, create=create)
        outcomes = []
        for search, sizes in _repeats(whole, distractors, settings):
            for size, near in search.nearest(sizes, stage):
                database = search.database(size, propose_starts(queries, used, near))
                ranked = rank_starts(queries, used, near, database)
                hits = count_hits(ranked.starts, size + row, tempo, settings.tempo)
                outcomes.append(Outcome(size=size, truth=size + row, ranked=ranked, hits=hits))
        yield from sorted(outcomes, key=lambda one: one.size)

    return evaluate_rows(
        inputs,
        row,
        evaluate,
        settings=settings,
        test_ids=test_ids,
        segments=segments,
        tempo=tempo,
    )


def count_hits(
    starts: Int64[np.ndarray, "queries lengths places"],
    truth: Int64[np.ndarray, " queries"],
    tempo: float,
    given: float | None,
) -> dict[tuple[RuleSet, str], Bool[np.ndarray, "queries lengths"]]:
    """The hits by the rules that apply.

    The authors' driver never gives a tempo, and its script then accepts a start up to four rows
    away, also where query and reference are equally long. Only stretched queries need that.

    Args:
        starts: The best starts.
        truth: The right start of each query.
        tempo: Rows of the reference for each row of the queries.
        given: The tempo that the user gave; None if it follows from the numbers of rows.
    """
    of_lengths = np.broadcast_to(truth[:, None], starts.shape[:2])
    exact, within = (
        count_near_starts(starts, of_lengths, name) for name in ("top1_exact", "top1_within_4")
    )
    if tempo != 1:
        return {("both", "top1_within_4"): within}
    if given is not None:
        return {("both", "top1_exact"): exact}
    return {("right", "top1_exact"): exact, ("official", "top1_within_4"): within}


def _repeats(
    whole: RowSearch, distractors: ProtocolDistractors, settings: PaperSettings
) -> Iterator[tuple[RowSearch, Sequence[int]]]:
    """The searches of all repeats, and the sizes of each."""
    named = whole.create()
    trains_once = not settings.retrain and named.index.kind == "block"
    if trains_once and len(distractors.training):
        whole = replace(whole, create=lambda: named, training=distractors.training)
    for search, sizes in _databases(whole, distractors, settings.repeats):
        yield replace(search, trained=whole.trained if trains_once else {}), sizes


def _databases(
    whole: RowSearch, distractors: ProtocolDistractors, repeats: int
) -> Iterator[tuple[RowSearch, Sequence[int]]]:
    if distractors.draw_again is None:
        for size in distractors.sizes:
            for search in _real_repeats(whole, whole.distractors[:], size, repeats):
                yield search, [size]
        return
    for repeat in range(repeats):
        key = content_key(whole=whole.key, repeat=repeat)
        yield (
            replace(whole, distractors=distractors.draw_again(repeat), key=key),
            distractors.sizes,
        )


def _real_repeats(
    whole: RowSearch, rows: Float32[np.ndarray, "rows dim"], size: int, repeats: int
) -> Iterator[RowSearch]:
    """The search among all distractors, or among random parts of them, one for each repeat."""
    if size in (0, len(rows)):
        yield whole
        return
    for repeat in range(repeats):
        chosen = rng_at(whole.seed, Stream.REAL_ORDER, size, repeat).permutation(len(rows))[:size]
        pieces = (rows[chosen[start : start + CHUNK]] for start in range(0, size, CHUNK))
        yield replace(
            whole,
            distractors=write_rows(pieces, rows.shape[1], whole.store),
            key=content_key(whole=whole.key, size=size, repeat=repeat, seed=whole.seed),
        )
