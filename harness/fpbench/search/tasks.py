"""Search one index among one kind of distractors, and put together the evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.truth import distances_s
from fpbench.hashing import content_key
from fpbench.plugin.blame import blame
from fpbench.plugin.indexes import BlockIndex, Candidates, GrowingIndex, IndexPlan
from fpbench.progress import Stage
from fpbench.results.document import DistractorKind
from fpbench.search.blocks import (
    BlockSearch,
    CandidateStore,
    gather_evidence,
    grow_index,
    match_scores,
    search_blocks,
    search_reference,
)
from fpbench.search.distractors import DistractorSource, block_edges
from fpbench.search.inputs import Inputs
from fpbench.search.sequences import PositionwiseIndex

SHORTLIST = 20
"""Candidates kept for each query and block: what the paper re-ranks, and more than HR@10 needs."""


@dataclass(frozen=True, slots=True)
class Database:
    """One kind of distractors, the sizes at which to look, and a name for the rows.

    Args:
        kind: Real or synthetic.
        source: Where rows come from.
        sizes: Rising; none means the reference alone.
        key: Names the rows.
        training: Rows of the same kind, but drawn on their own, for indexes that learn.
    """

    kind: DistractorKind
    source: DistractorSource
    sizes: Sequence[int]
    key: str
    training: DistractorSource


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTask:
    """All that shapes one search, and the key that names its outcome.

    Args:
        name: Of the index.
        plugin: Where it comes from.
    """

    name: str
    plugin: str
    plan: IndexPlan
    inputs: Inputs
    database: Database
    store: Store
    key: str


def parameters(plan: IndexPlan) -> Mapping[str, int | float | str]:
    """What shapes an index's answers.

    Raises:
        FpbenchError: The plan is empty, or a parameter is neither a number nor text.
    """
    index = plan.block or plan.growing
    if index is None:
        raise FpbenchError(
            "an index plugin breaks a rule: its IndexPlan is empty",
            hint="give IndexPlan(block=...) or IndexPlan(growing=...)",
        )
    for name, value in index.parameters.items():
        if not isinstance(value, int | float | str):
            raise FpbenchError(
                f"an index plugin breaks a rule: its parameter {name} is {value!r}",
                hint="parameters are numbers and texts, because a result holds them",
            )
    return index.parameters


def search(tasks: Sequence[SearchTask], stage: Stage) -> list[Evidence | GrownEvidence]:
    """Search all there is to search, going on from what the store has.

    Args:
        tasks: One for each index, all with the same inputs and database, of which every block is
            drawn once.
    """
    by_block = [
        (task, BlockSearch(_block_index(task), _block_candidates(task), task.plugin))
        for task in tasks
        if task.plan.growing is None
    ]
    _search_blocks(by_block, stage)
    return [
        _search_grown(task, task.plan.growing, stage) if task.plan.growing else _gather(task)
        for task in tasks
    ]


def _block_index(task: SearchTask) -> BlockIndex:
    """The task's index, made to take queries of several fingerprints."""
    length, block = task.inputs.segments, task.plan.block
    assert block is not None  # noqa: S101 - parameters() has refused empty plans
    # An index that learns has learnt single fingerprints; any other takes a run as a long one.
    return PositionwiseIndex(block, length) if length > 1 and block.training_rows > 0 else block


def _edges(task: SearchTask) -> Sequence[int]:
    sizes = task.database.sizes
    return block_edges(sizes) if sizes else [0]


def _block_candidates(task: SearchTask) -> CandidateStore:
    return CandidateStore(store=task.store, key=task.key, k=SHORTLIST)


def _reference_candidates(task: SearchTask) -> CandidateStore:
    """Where the reference's cell is: kept like a block, under a name of its own.

    One wider than the blocks', see :class:`Evidence`.
    """
    return CandidateStore(store=task.store, key=content_key(reference=task.key), k=SHORTLIST + 1)


def _search_blocks(tasks: Sequence[tuple[SearchTask, BlockSearch]], stage: Stage) -> None:
    """Leave in the store whatever cells are missing."""
    for task, searcher in tasks:
        reference = task.inputs.reference
        unknown = _reference_candidates(task).read(0, len(reference)) is None
        if unknown or any(
            _block_candidates(task).read(*pair) is None for pair in pairwise(_edges(task))
        ):
            _train(searcher.index, task, stage)
        if unknown:
            cell = search_reference(searcher, task.inputs.queries, reference)
            _reference_candidates(task).write(0, len(reference), cell)
    if not tasks:
        return
    task, searchers = tasks[0][0], [searcher for _, searcher in tasks]
    edges, database = _edges(task), task.database
    with stage(f"{', '.join(task.name for task, _ in tasks)}, {database.kind}") as report:
        for done, _ in search_blocks(searchers, task.inputs.queries, database.source, edges):
            report(done / edges[-1], f"{done:,} distractors")


def _gather(task: SearchTask) -> Evidence:
    inputs = task.inputs
    reference_cell = _reference_candidates(task).read(0, len(inputs.reference))
    assert reference_cell is not None  # noqa: S101 - written just now
    evidence = gather_evidence(
        reference_cell,
        _block_candidates(task),
        _edges(task),
        queries=inputs.queries,
        reference=inputs.reference,
        reference_positions=inputs.reference_positions,
        truth=inputs.truth,
    )
    return replace(evidence, query_track=inputs.clusters)


def _search_grown(task: SearchTask, index: GrowingIndex, stage: Stage) -> GrownEvidence:
    """One size after the other; a killed run fills the index anew."""
    inputs, database = task.inputs, task.database
    queries = inputs.queries
    sizes = list(database.sizes) or [0]
    # How a graph grows depends on where additions are cut, so answers belong to all the sizes.
    cells = replace(_block_candidates(task), key=content_key(search=task.key, sizes=sizes))
    if any(cells.read(0, size) is None for size in sizes):
        _train(index, task, stage)
        with stage(f"{task.name}, {database.kind}") as report:
            grown = grow_index(
                index,
                queries,
                inputs.reference,
                database.source,
                sizes=sizes,
                k=SHORTLIST,
                plugin=task.plugin,
            )
            for done, answer in grown:
                if answer is not None:
                    cells.write(0, done, answer)
                report(done / max(sizes[-1], 1), f"{done:,} distractors")
    answers = [cells.read(0, size) for size in sizes]
    found: list[Candidates] = [cell for cell in answers if cell is not None]
    return GrownEvidence(
        query_track=inputs.clusters,
        match_score=match_scores(
            queries, inputs.reference, inputs.reference_positions, inputs.truth
        ),
        sizes=sizes,
        cells=found,
        distances_s=[
            distances_s(cell.ids, inputs.reference_positions, inputs.truth) for cell in found
        ],
    )


def _train(index: BlockIndex | GrowingIndex, task: SearchTask, stage: Stage) -> None:
    """What all blocks share is learnt from distractors, as in the paper, never from the reference.

    Only where there are no distractors at all does the reference have to do.
    """
    if index.training_rows == 0:
        return
    with stage(f"{task.name}, {task.database.kind}: training") as report:
        report(0.0, f"{index.training_rows:,} rows")
        source = task.database.training
        have = source.rows_available
        rows = index.training_rows if have is None else min(have, index.training_rows)
        chunks = list(source.rows(0, rows))
        vectors = np.concatenate(chunks) if chunks else task.inputs.reference[:]
        with blame(task.plugin, f"training on {len(vectors)} rows"):
            index.train(vectors)
