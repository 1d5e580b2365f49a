"""The evaluation of arXiv 2509.18620: single fingerprints among random parts of the distractors."""

from collections.abc import Iterator
from dataclasses import replace
from tempfile import TemporaryFile

import numpy as np
from jaxtyping import Bool, Float32, Int64

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.protocol_evidence import RuleSet
from fpbench.evidence.protocol_rates import count_near_starts
from fpbench.files import make_folder
from fpbench.hashing import content_key
from fpbench.plugin.options import apply_options
from fpbench.progress import Stage
from fpbench.randomness import Stream, rng_at
from fpbench.runs.prepare import PreparedRun
from fpbench.runs.protocols.aligned import choose_starts, sequence_queries
from fpbench.runs.protocols.definitions import PaperSettings, Protocol
from fpbench.runs.protocols.evaluation import (
    CreateIndex,
    Evaluation,
    build_inputs,
    database_sizes,
    evaluate_rows,
    row_search,
)
from fpbench.runs.protocols.outcomes import Outcome
from fpbench.search.distractors import CHUNK
from fpbench.search.nearest_rows import RowSearch
from fpbench.search.sequence_ranking import rank_starts


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
    sizes = database_sizes(prepared, inputs)

    def evaluate(create: CreateIndex, stage: Stage) -> Iterator[Outcome]:
        used = queries.rows()
        whole = row_search(prepared, inputs, settings, used, create)
        named = create()
        if not settings.retrain and named.index.kind == "block" and len(inputs.distractors):
            whole = replace(whole, create=lambda: named, training=inputs.distractors)
        for size in sizes:
            for search in _repeats(whole, size, settings.repeats):
                for _, near in search.nearest([size], stage):
                    ranked = rank_starts(queries, used, near, search.database(size))
                    hits = count_hits(ranked.starts, size + row, tempo, settings.tempo)
                    yield Outcome(size=size, truth=size + row, ranked=ranked, hits=hits)

    return evaluate_rows(
        inputs,
        row,
        evaluate,
        settings=settings,
        test_ids=test_ids,
        segments=segments,
        sizes=sizes,
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


def _repeats(search: RowSearch, size: int, repeats: int) -> Iterator[RowSearch]:
    """The search among all distractors, or among random parts of them, one for each repeat."""
    if size in (0, len(search.distractors)):
        yield search
        return
    for repeat in range(repeats):
        rng = rng_at(search.seed, Stream.REAL_ORDER, size, repeat)
        chosen = rng.permutation(len(search.distractors))[:size]
        yield replace(
            search,
            distractors=_copy_rows(search.distractors, chosen, search.store),
            key=content_key(whole=search.key, size=size, repeat=repeat, seed=search.seed),
        )


def _copy_rows(
    vectors: Float32[np.ndarray, "rows dim"], chosen: Int64[np.ndarray, " some"], store: Store
) -> Float32[np.ndarray, "some dim"]:
    """Rows in the order of ``chosen``, in a file that vanishes with its last use."""
    with TemporaryFile(dir=make_folder(store.root)) as file:
        for start in range(0, len(chosen), CHUNK):
            file.write(np.ascontiguousarray(vectors[chosen[start : start + CHUNK]]).data)
        file.flush()
        shape = (len(chosen), vectors.shape[1])
        return np.memmap(file, dtype=np.float32, mode="r", shape=shape)
