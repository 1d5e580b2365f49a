"""Search databases with indexes, and gather the evidence."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise

import numpy as np
from jaxtyping import Int64

from fpbench.cache import Store
from fpbench.evidence.block_edges import search_edges
from fpbench.evidence.distractor_tracks import DistractorTracks
from fpbench.evidence.evidence import Evidence, GrownEvidence
from fpbench.evidence.truth import distances_s
from fpbench.hashing import code_key, content_key
from fpbench.plugin.blame import blame
from fpbench.plugin.datasets import Positions
from fpbench.plugin.index_names import index_base
from fpbench.plugin.indexes import BlockIndex, Candidates, GrowingIndex
from fpbench.progress import Stage
from fpbench.results.fields import DistractorKind
from fpbench.search.blocks import (
    BlockSearch,
    CandidateStore,
    ReferenceRows,
    gather_evidence,
    group_searches,
    grow_index,
    match_scores,
    search_reference,
)
from fpbench.search.distractors import DistractorSource
from fpbench.search.engines.engine import Block, Engine
from fpbench.search.engines.local import LocalEngine
from fpbench.search.engines.missing import cut_blocks, fill_cache
from fpbench.search.engines.shards import Shard
from fpbench.search.inputs import Inputs
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.sequences import PositionwiseIndex
from fpbench.search.shared_contents import share_contents

SHORTLIST = 20
"""Candidates kept per query and block: as many as the paper re-ranks, and more than HR@10 needs."""


@dataclass(frozen=True, slots=True)
class Database:
    """One kind of distractors, and the sizes at which to search them.

    Args:
        kind: Real or synthetic.
        source: Where distractors come from.
        sizes: Numbers of distractors, ascending; none means the reference alone.
        key: Key of the distractors.
        training: Distractors of the same kind, but from independent draws, to train indexes on.
        tracks: Tracks and groups of real distractors, in the order of ``source``.
        beyond: Whether curves go on beyond the sizes.
    """

    kind: DistractorKind
    source: DistractorSource
    sizes: Sequence[int]
    key: str
    training: DistractorSource
    tracks: DistractorTracks | None = None
    beyond: bool = False

    def tracks_of(self, distractors: int) -> DistractorTracks | None:
        """The tracks and groups of the first so many distractors."""
        if self.tracks is None or distractors == 0:
            return None
        group = self.tracks.group
        return DistractorTracks(
            track=self.tracks.track[:distractors],
            group=None if group is None else group[:distractors],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchTask:
    """The search of one database with one index."""

    named: NamedIndex
    inputs: Inputs
    database: Database
    store: Store
    device: str

    @property
    def key(self) -> str:
        """Key of the evidence: equal keys mean equal evidence."""
        return content_key(
            code=code_key(__name__),
            index=index_base(self.named.name),  # its settings are among the parameters
            source=self.named.code,
            parameters=self.named.parameters,
            inputs=self.inputs.key,
            distractors=self.database.key,
            device=self.device,
        )

    @property
    def edges(self) -> Sequence[int]:
        """Where blocks begin and end in the sequence of distractors."""
        database = self.database
        return search_edges(database.sizes, beyond=database.beyond) if database.sizes else [0]


def search(
    tasks: Sequence[SearchTask], stage: Stage, engines: Sequence[Engine] = (LocalEngine(),)
) -> list[Evidence | GrownEvidence]:
    """Carry out search tasks, of which finished parts are read from the cache.

    Args:
        tasks: One for each index. All have the same inputs and database, so each block is drawn
            once for all of them.
        stage: Shows progress.
        engines: Find what the cache lacks; each is asked for what those before it have left.

    Returns:
        The evidence of each task.
    """
    search_blocks(tasks, stage, engines)
    _search_growing(tasks, stage)
    return [
        gather(task) if task.named.index.kind == "block" else _gather_grown(task) for task in tasks
    ]


def search_blocks(
    tasks: Sequence[SearchTask],
    stage: Stage,
    engines: Sequence[Engine],
    shard: Shard | None = None,
) -> int:
    """Find the candidates that the cache lacks, and keep them there.

    An index that grows has no blocks, and is left out.

    Args:
        tasks: As for :func:`search`.
        stage: Shows progress.
        engines: As for :func:`search`.
        shard: Only the blocks of this shard; None means all.

    Returns:
        Number of blocks of the shard, or of all, whether they were missing or not.
    """
    blocks = list_blocks(tasks, stage)
    if not blocks:
        return 0
    if shard is not None:
        blocks = [blocks[i] for i in shard.share([one.stop - one.start for one in blocks])]
    names = ", ".join(task.named.name for task in tasks if task.named.index.kind == "block")
    task = tasks[0]
    with stage(f"{names}, {task.database.kind}") as report:
        fill_cache(blocks, task.inputs.all_queries, engines, task.database.source, report)
    return len(blocks)


def search_again(
    task: SearchTask, blocks: Sequence[int], queries: Int64[np.ndarray, " some"], stage: Stage
) -> Iterator[Candidates]:
    """Search the reference and some blocks for some queries, whatever the cache holds.

    Args:
        task: Of an index that searches block by block.
        blocks: Numbers of the blocks.
        queries: Numbers of the queries.
        stage: Shows progress.

    Yields:
        The candidates of the reference, then those of each block.
    """
    index = task.named.index
    if index.kind != "block":
        raise ValueError(f"index '{task.named.name}' does not search block by block")
    again, rows = _block_search(task, index, stage), task.inputs.queries[queries]
    again.train()
    yield search_reference(again, rows, task.inputs.reference)
    with stage(f"{task.named.name}, {task.database.kind}: again") as report:
        for done, number in enumerate(blocks, start=1):
            start, stop = task.edges[number], task.edges[number + 1]
            drawn = task.database.source.rows(start, stop)
            yield again.search(rows, drawn, again.candidates.k, stop - start)
            report(done / len(blocks), f"{done} of {len(blocks)} blocks")


def is_finished(task: SearchTask, elsewhere: Sequence[Store] = ()) -> bool:
    """Whether all candidates of a task are in the cache, or some of them in other folders."""
    if task.named.index.kind == "growing":
        sizes = list(task.database.sizes) or [0]
        return all(_grown_candidates(task, sizes).holds(0, size) for size in sizes)

    def holds(kept: CandidateStore, start: int, stop: int) -> bool:
        return any(kept.of(store).holds(start, stop) for store in (task.store, *elsewhere))

    if not holds(_reference_candidates(task), 0, len(task.inputs.reference)):
        return False
    return all(holds(_block_candidates(task), *block) for block in pairwise(task.edges))


def _block_search(task: SearchTask, index: BlockIndex, stage: Stage) -> BlockSearch:
    """The search of a task; its index accepts queries of several fingerprints."""
    length = task.inputs.segments
    # A trained index has learnt single fingerprints; another one accepts a run as a long vector.
    if length > 1 and index.training_rows > 0:
        index = PositionwiseIndex(index, length)
    train = partial(_train, index, task, stage)
    return BlockSearch(
        index, _block_candidates(task), task.named.plugin, train, task.named.contents
    )


def _block_candidates(task: SearchTask) -> CandidateStore:
    return CandidateStore(store=task.store, key=task.key, k=SHORTLIST)


def _reference_candidates(task: SearchTask) -> CandidateStore:
    """Keeps the candidates of the reference, like those of a block, but under another key.

    They are one more per query than those of a block, see :class:`Evidence`.
    """
    return CandidateStore(store=task.store, key=content_key(reference=task.key), k=SHORTLIST + 1)


def _grown_candidates(task: SearchTask, sizes: Sequence[int]) -> CandidateStore:
    """Keeps the candidates of a growing index.

    A graph depends on how its rows are divided into additions, so the key holds all sizes.
    """
    return replace(_block_candidates(task), key=content_key(search=task.key, sizes=list(sizes)))


def list_blocks(tasks: Sequence[SearchTask], stage: Stage) -> list[Block]:
    """All blocks of one database: the reference for each index, then the distractors for all.

    Indexes that share their contents have one block of the reference.

    Args:
        tasks: As for :func:`search`. Indexes that grow have no blocks.
        stage: Shows the progress of training.
    """
    searches: list[tuple[SearchTask, BlockSearch]] = []
    for task in tasks:
        index = task.named.index
        if index.kind == "block":
            searches.append((task, _block_search(task, index, stage)))
    if not searches:
        return []
    task = searches[0][0]
    reference = ReferenceRows(task.inputs.reference)
    kept = [replace(one, candidates=_reference_candidates(task)) for task, one in searches]
    of_reference = [
        Block(reference, 0, len(reference.vectors), group) for group in group_searches(kept)
    ]
    all_searches = [search for _, search in searches]
    return of_reference + cut_blocks(all_searches, task.database.source, task.edges)


def gather(task: SearchTask) -> Evidence:
    """The evidence of a finished search that goes block by block."""
    inputs = task.inputs
    evidence = gather_evidence(
        _reference_candidates(task).require(0, len(inputs.reference)),
        _block_candidates(task),
        task.edges,
        queries=inputs.all_queries,
        reference=inputs.reference,
        reference_positions=inputs.reference_positions,
        truth=_truth_of_all(inputs),
    )
    count, absent = len(inputs.queries), inputs.absent
    of_absent = None
    if absent is not None:
        of_absent = replace(
            evidence.part(slice(count, None)),
            query_track=absent.recording,
            queries=absent.columns,
        )
    return replace(
        evidence if absent is None else evidence.part(slice(None, count)),
        absent=of_absent,
        query_track=inputs.query_tracks,
        query_group=inputs.query_groups,
        queries=inputs.query_columns,
        distractor_tracks=task.database.tracks_of(int(evidence.edges[-1])),
    )


def _truth_of_all(inputs: Inputs) -> Positions:
    """The ground truth of all queries; absent ones are of track -1, which is none."""
    if inputs.absent is None:
        return inputs.truth
    count = len(inputs.absent.queries)
    track = np.concatenate([inputs.truth.track, np.full(count, -1, dtype=np.int64)])
    return Positions(track, np.concatenate([inputs.truth.start_s, np.zeros(count)]))


def _search_growing(tasks: Sequence[SearchTask], stage: Stage) -> None:
    """Search with the indexes that grow; those that share their contents grow together."""
    groups: dict[object, list[tuple[SearchTask, GrowingIndex]]] = {}
    for task in tasks:
        index = task.named.index
        if index.kind == "growing" and not is_finished(task):
            groups.setdefault(task.named.contents or id(task), []).append((task, index))
    for group in groups.values():
        _search_grown([task for task, _ in group], [index for _, index in group], stage)


def _search_grown(
    tasks: Sequence[SearchTask], indexes: Sequence[GrowingIndex], stage: Stage
) -> None:
    """Search one size after the other; after an interruption the index is filled again."""
    task = tasks[0]
    sizes = list(task.database.sizes) or [0]
    stores = [_grown_candidates(one, sizes) for one in tasks]
    _train(indexes[0], task, stage)
    for other in indexes[1:]:
        share_contents(other, indexes[0])
    names = ", ".join(one.named.name for one in tasks)
    with stage(f"{names}, {task.database.kind}") as report:
        steps = grow_index(
            indexes,
            task.inputs.queries,
            task.inputs.reference,
            task.database.source,
            sizes=sizes,
            k=SHORTLIST,
            plugin=task.named.plugin,
        )
        for done, at_size in steps:
            for store, candidates in zip(stores, at_size, strict=False):
                store.write(0, done, candidates)
            report(done / max(sizes[-1], 1), f"{done:,} distractors")


def _gather_grown(task: SearchTask) -> GrownEvidence:
    inputs, sizes = task.inputs, list(task.database.sizes) or [0]
    store = _grown_candidates(task, sizes)
    candidates = [store.require(0, size) for size in sizes]
    return GrownEvidence(
        query_track=inputs.query_tracks,
        query_group=inputs.query_groups,
        queries=inputs.query_columns,
        match_score=match_scores(
            inputs.queries, inputs.reference, inputs.reference_positions, inputs.truth
        ),
        sizes=sizes,
        candidates=candidates,
        distances_s=[
            distances_s(at_size.ids, inputs.reference_positions, inputs.truth)
            for at_size in candidates
        ],
    )


def _train(index: BlockIndex | GrowingIndex, task: SearchTask, stage: Stage) -> None:
    """Train an index on distractors, as in the paper, and not on the reference.

    The reference is used only if there are no distractors at all.
    """
    if index.training_rows == 0:
        return
    with stage(f"{task.named.name}, {task.database.kind}: training") as report:
        report(0.0, f"{index.training_rows:,} rows")
        chunks = list(task.database.training.rows(0, _distractors_to_train_on(task)))
        vectors = np.concatenate(chunks) if chunks else task.inputs.reference[:]
        with blame(task.named.plugin, f"training on {len(vectors)} rows"):
            index.train(vectors)


def training_size(task: SearchTask) -> int:
    """Number of fingerprints that the index of a task is trained on; 0 if it needs none."""
    if task.named.index.training_rows == 0:
        return 0
    return _distractors_to_train_on(task) or len(task.inputs.reference)


def _distractors_to_train_on(task: SearchTask) -> int:
    wanted, available = task.named.index.training_rows, task.database.training.rows_available
    return wanted if available is None else min(available, wanted)
