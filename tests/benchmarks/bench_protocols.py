"""Time of NAFP's protocol in one pass, and of the per-query loop of the authors' script.

python tests/benchmarks/bench_protocols.py [--rows 1000000] [--ids 2000] [--loop-ids 20]

The loop is the script's arrangement: for each test id and each length, the rows of the query are
searched again, and each candidate is scored by a product of all its rows with all of the query's.
It is timed for a few test ids, and its time for all is in proportion. Training the index is in
neither time; filling it is in that of the one pass only, which fills it block by block. Prints
elapsed and processor times of both, their ratios, and hits that differ, which must be none. On a
machine that computes something else, too, the ratio of processor times is the one to believe.
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from fpbench import Settings, Vectors
from fpbench.cache import Store
from fpbench.evidence.protocol_rates import count_near_starts
from fpbench.plugin.catalog import Catalog
from fpbench.progress_display import hide_progress
from fpbench.search.named_indexes import NamedIndex
from fpbench.search.nearest_rows import RowSearch
from fpbench.search.sequence_ranking import RankedStarts, SequenceQueries, rank_starts

SEGMENTS = [1, 3, 5, 9, 11, 19]
K = 20
OPTIONS = {"nlist": "256", "nprobe": "40"}
CLOCKS = (time.perf_counter, time.process_time)
METRICS = ("top1_exact", "top1_near", "top3_exact", "top10_exact")


def now() -> np.ndarray:
    """Elapsed and processor time, in seconds."""
    return np.array([clock() for clock in CLOCKS])


def walk(rows: int, rng: np.random.Generator) -> Vectors:
    """Fingerprints of tracks of 59 rows, in which neighbours are alike."""
    steps = rng.standard_normal((rows, 128), dtype=np.float32)
    for row in range(1, rows):
        if row % 59:
            steps[row] += np.float32(0.8) * steps[row - 1]
    return steps / np.linalg.norm(steps, axis=1, keepdims=True)


def in_one_pass(
    queries: SequenceQueries, distractors: Vectors, reference: Vectors, store: Store
) -> tuple[RankedStarts, np.ndarray, Any]:
    """The ranked starts, the times of search and of ranking, and the trained index."""
    index = Catalog.load().index("ivfpq", Settings(options=OPTIONS))
    index.train(distractors)
    used = queries.rows()
    search = RowSearch(
        create=lambda: NamedIndex(name="ivfpq", plugin="bench", code="", index=index),
        queries=queries.vectors[used],
        distractors=distractors,
        reference=reference,
        key="bench",
        k=K,
        retrain=False,
        most_training=1,  # trained above, so that the time has no training
        seed=0,
        store=store,
        device="cpu",
    )
    train, index.train = index.train, lambda _: None  # type: ignore[method-assign]
    times = [now()]
    ((size, near),) = search.nearest([len(distractors)], hide_progress)
    times.append(now())
    ranked = rank_starts(queries, used, near, search.database(size))
    times.append(now())
    index.train = train  # type: ignore[method-assign]
    return ranked, np.diff(times, axis=0), index


def by_loop(
    query: Vectors, database: Vectors, index: Any, ids: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The ten best starts of some test ids as the script finds them, and the times it takes."""
    starts = np.full((len(ids), len(SEGMENTS), 10), -1, dtype=np.int64)
    times = np.zeros((2, 2))
    for number, first in enumerate(ids):
        for column, length in enumerate(SEGMENTS):
            q = query[first : first + length]
            begin = now()
            _, near = index.search(q, K)
            searched = now()
            near -= np.arange(len(q))[:, None]
            candidates = np.unique(near[near >= 0])
            scores = np.zeros(len(candidates))
            for place, c in enumerate(candidates):
                scores[place] = np.mean(np.diag(q @ database[c : c + len(q)].T))
            best = candidates[np.argsort(-scores, kind="stable")[:10]]
            times += np.array([searched - begin, now() - searched])
            starts[number, column, : len(best)] = best
    return starts, times


def print_times(name: str, times: np.ndarray) -> None:
    """Print the elapsed and processor times of search and ranking."""
    (search, search_cpu), (rank, rank_cpu) = times
    print(f"{name}: search {search:.1f} s, ranking {rank:.1f} s elapsed;", end=" ")
    print(f"{search_cpu:.1f} s and {rank_cpu:.1f} s of processors", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--ids", type=int, default=2_000)
    parser.add_argument("--loop-ids", type=int, default=20)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    database = walk(given.rows + 29_500, rng)
    distractors, reference = database[: given.rows], database[given.rows :]
    noise = rng.standard_normal(reference.shape, dtype=np.float32) / np.float32(128**0.5)
    query = reference + np.float32(1.2) * noise
    query /= np.linalg.norm(query, axis=1, keepdims=True)
    ids = rng.permutation(len(reference) - SEGMENTS[-1])[: given.ids]
    last = np.full(len(ids), len(query))
    queries = SequenceQueries(vectors=query, first=ids, segments=SEGMENTS, last=last)
    with tempfile.TemporaryDirectory() as folder:
        ranked, seconds, index = in_one_pass(queries, distractors, reference, Store(Path(folder)))
    threads = faiss.omp_get_max_threads()
    print(f"{given.rows:,} distractors, {len(ids)} test ids, {threads} threads")
    print_times("one pass", seconds)
    whole = index._contents.index
    whole.reset()
    whole.add(database)
    some = ids[: given.loop_ids]
    starts, sampled = by_loop(query, database, whole, some)
    truth = np.broadcast_to((given.rows + some)[:, None], starts.shape[:2])
    different = sum(
        int(
            (
                count_near_starts(starts, truth, name)
                != count_near_starts(ranked.starts[: len(some)], truth, name)
            ).sum()
        )
        for name in METRICS
    )
    loop = sampled * len(ids) / len(some)
    print_times(f"loop, of {len(some)} ids", loop)
    elapsed, processor = loop.sum(axis=0) / seconds.sum(axis=0)
    print(f"ratio: {elapsed:.1f} elapsed, {processor:.1f} of processors")
    print(f"hits that differ: {different} of {len(some) * len(SEGMENTS) * len(METRICS)}")


if __name__ == "__main__":
    main()
