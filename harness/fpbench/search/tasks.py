"""Search one index among one kind of distractors, and put together the evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from fpbench.cache import Store
from fpbench.errors import FpbenchError
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.truth import distances_s
from fpbench.hashing import code_key, content_key
from fpbench.plugin.blame import blame
from fpbench.plugin.indexes import BlockIndex, GrowingIndex, Index
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
class NamedIndex:
    """An empty index as errors, results and caches know it.

    Args:
        name: As the user gave it, such as ``faiss:HNSW32``.
        plugin: What errors call its plugin.
        code: A hash of the plugin's files.
    """

    name: str
    plugin: str
    code: str
    index: Index

    @property
    def parameters(self) -> Mapping[str, int | float | str]:
        """What shapes the index's answers."""
        return self.index.parameters

    def refuse_broken(self) -> None:
        """Refuse what no run can use and no result can hold, before the long work.

        Raises:
            FpbenchError: It is of no known kind, or a parameter is neither a number nor text.
        """
        if self.index.kind not in ("block", "growing"):
            raise FpbenchError(
                f"plugin '{self.plugin}' breaks a rule: index '{self.name}' is of the kind "
                f"{self.index.kind!r}",
                hint="kind is 'block' for a BlockIndex and 'growing' for a GrowingIndex",
            )
        for name, value in self.index.parameters.items():
            if not isinstance(value, int | float | str):
                raise FpbenchError(
                    f"plugin '{self.plugin}' breaks a rule: parameter {name} of index "
                    f"'{self.name}' is {value!r}",
                    hint="parameters are numbers and texts, because a result holds them",
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTask:
    """One index to search one database with."""

    named: NamedIndex
    inputs: Inputs
    database: Database
    store: Store
    device: str

    @property
    def key(self) -> str:
        """Names the outcome: equal keys, equal evidence."""
        return content_key(
            code=code_key(__name__),
            index=self.named.name,
            source=self.named.code,
            parameters=self.named.parameters,
            inputs=self.inputs.key,
            distractors=self.database.key,
            device=self.device,
        )


def search(tasks: Sequence[SearchTask], stage: Stage) -> list[Evidence | GrownEvidence]:
    """Search all there is to search, going on from what the store has.

    Args:
        tasks: One for each index, all with the same inputs and database, of which every block is
            drawn once.
    """
    searches: list[tuple[SearchTask, BlockSearch]] = []
    for task in tasks:
        index = task.named.index
        if index.kind == "block":
            searches.append((task, _block_search(task, index)))
    _search_blocks(searches, stage)
    return [_collect(task, stage) for task in tasks]


def _collect(task: SearchTask, stage: Stage) -> Evidence | GrownEvidence:
    index = task.named.index
    return _gather(task) if index.kind == "block" else _search_grown(task, index, stage)


def _block_search(task: SearchTask, index: BlockIndex) -> BlockSearch:
    """The task's index, made to take queries of several fingerprints."""
    length = task.inputs.segments
    # An index that learns has learnt single fingerprints; any other takes a run as a long one.
    if length > 1 and index.training_rows > 0:
        index = PositionwiseIndex(index, length)
    return BlockSearch(index, _block_candidates(task), task.named.plugin)


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
    with stage(f"{', '.join(task.named.name for task, _ in tasks)}, {database.kind}") as report:
        for done, _ in search_blocks(searchers, task.inputs.queries, database.source, edges):
            report(done / edges[-1], f"{done:,} distractors")


def _gather(task: SearchTask) -> Evidence:
    inputs = task.inputs
    evidence = gather_evidence(
        _reference_candidates(task).require(0, len(inputs.reference)),
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
        with stage(f"{task.named.name}, {database.kind}") as report:
            grown = grow_index(
                index,
                queries,
                inputs.reference,
                database.source,
                sizes=sizes,
                k=SHORTLIST,
                plugin=task.named.plugin,
            )
            for done, answer in grown:
                if answer is not None:
                    cells.write(0, done, answer)
                report(done / max(sizes[-1], 1), f"{done:,} distractors")
    found = [cells.require(0, size) for size in sizes]
    return GrownEvidence(
        query_track=inputs.clusters,
        match_score=match_scores(
            queries, inputs.reference, inputs.reference_positions, inputs.truth
        ),
        sizes=sizes,
        candidates=found,
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
    with stage(f"{task.named.name}, {task.database.kind}: training") as report:
        report(0.0, f"{index.training_rows:,} rows")
        source = task.database.training
        have = source.rows_available
        rows = index.training_rows if have is None else min(have, index.training_rows)
        chunks = list(source.rows(0, rows))
        vectors = np.concatenate(chunks) if chunks else task.inputs.reference[:]
        with blame(task.named.plugin, f"training on {len(vectors)} rows"):
            index.train(vectors)
